"""``counterflow check``: every data and rule failure of a case."""

from counterflow.commands.options import CaseSource, Json, size_of


def run(case: CaseSource, as_json: Json = False) -> None:
    """Check a case: every failure with file, row and column; exit code 1 when there is one."""
    from cases import read_case
    from counterflow import console

    found = read_case(case)
    if as_json:
        console.print_json(
            {
                "ok": True,
                "case": found.meta.name,
                "hash": found.hash,
                "failures": [],
                "warnings": console.failure_rows(found.warnings),
            }
        )
        return
    console.out().print(f"{found.meta.name}: no failures in {size_of(found)}", markup=False)
