"""``counterflow check``: every data and rule failure of a case."""

from counterflow.commands.options import CaseSource, Json


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
    console.out().print(
        f"{found.meta.name}: no failures in {len(found.buses):,d} buses, "
        f"{len(found.branches):,d} branches, {len(found.units):,d} units, "
        f"{len(found.loads):,d} loads, {len(found.interval_starts):,d} intervals",
        markup=False,
    )
