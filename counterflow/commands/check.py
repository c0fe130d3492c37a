"""``counterflow check``: every data and rule failure of a case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterflow.commands.options import CaseSource, Json, size_of

if TYPE_CHECKING:
    from cases import Case


def run(case: CaseSource, as_json: Json = False) -> None:
    """Check a case: every failure with file, row and column; exit code 1 when there is one."""
    from cases import read_case
    from counterflow import console

    found = read_case(case)
    split = islanding(found)
    if as_json:
        console.print_json(
            {
                "ok": True,
                "case": found.meta.name,
                "hash": found.hash,
                "failures": [],
                "warnings": console.failure_rows(found.warnings),
                "islanding": split,
            }
        )
        return
    console.out().print(f"{found.meta.name}: no failures in {size_of(found)}", markup=False)
    for contingency, lost in split.items():
        text = f"contingency {contingency} splits the grid: it cuts off {lost}"
        console.out().print(text, markup=False)


def islanding(case: Case) -> dict[str, str]:
    """Say of each contingency of the case that splits the grid what it cuts off."""
    from network import Grid, contingencies
    from network.lost import lost_with

    if not len(case.contingencies):
        return {}
    listed = contingencies(case, Grid.from_case(case))
    return {entry.contingency.name: lost_with(case, entry.cut_off) for entry in listed.islanding}
