"""``counterflow check``: every data and rule failure of a case."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Annotated

import typer

from counterflow.commands.options import CaseSource, Json, Strict, size_of

if TYPE_CHECKING:
    from cases import Case


def run(
    case: CaseSource,
    rulebook: Annotated[
        str,
        typer.Option("--rulebook", metavar="NAME|FILE", help="Rulebook whose penalties count."),
    ] = "default",
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Check a case: every failure with file, row and column; exit code 1 when there is one."""
    from cases import DataWarning, InputError, RuleBook, read_case
    from cases.penalty_warnings import offers_above_penalties
    from cases.warned import Warned, grouped
    from counterflow import console

    found = read_case(case)
    dear = offers_above_penalties(found, RuleBook.load(rulebook))
    warned = (*found.warnings, *dear)
    if strict and warned:
        raise InputError(warned)
    for text in grouped(map(Warned.of, dear)):
        warnings.warn(DataWarning(text), stacklevel=2)
    split = islanding(found)
    if as_json:
        console.print_json(
            {
                "ok": True,
                "case": found.meta.name,
                "hash": found.hash,
                "failures": [],
                "warnings": console.failure_rows(warned),
                "islanding": split,
            }
        )
        return
    console.out().print(f"{found.meta.name}: no failures in {size_of(found)}", markup=False)
    for contingency, lost in split.items():
        said = f"contingency {contingency} splits the grid: it cuts off {lost}"
        console.out().print(said, markup=False)


def islanding(case: Case) -> dict[str, str]:
    """Say of each contingency of the case that splits the grid what it cuts off."""
    from network import Grid, contingencies
    from network.lost import lost_with

    if not len(case.contingencies):
        return {}
    listed = contingencies(case, Grid.from_case(case))
    return {entry.contingency.name: lost_with(case, entry.cut_off) for entry in listed.islanding}
