"""``counterflow check``: every data and rule failure of a case."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from counterflow.commands.options import CaseSource, Json, Strict, bad, pairs, size_of

if TYPE_CHECKING:
    import pandas as pd

    from cases import Case, RuleBook
    from cases.errors import Failure


def run(
    case: CaseSource,
    rulebook: Annotated[
        str,
        typer.Option("--rulebook", metavar="NAME|FILE", help="Rulebook whose penalties count."),
    ] = "default",
    credit: Annotated[
        bool,
        typer.Option(
            "--credit", help="Offers and bids against collateral and register; exit 3 when short."
        ),
    ] = False,
    collateral: Annotated[
        Path | None,
        typer.Option("--collateral", metavar="PATH", help="With --credit: in place of the case's."),
    ] = None,
    statement: Annotated[
        list[Path] | None,
        typer.Option("--statement", metavar="DIR", help="With --credit: an unpaid statement."),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A rulebook key; may be repeated."),
    ] = None,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Check a case: every failure with file, row and column; exit code 1 when there is one."""
    from cases import DataWarning, InputError, RuleBook, read_case
    from cases.penalty_warnings import offers_above_penalties
    from cases.warned import Warned, grouped
    from counterflow import console

    found = read_case(case)
    rules = RuleBook.load(rulebook).with_settings(pairs(setting or [], "--set"))
    if not credit and (collateral is not None or statement):
        raise bad("usage", "--collateral and --statement need --credit")
    dear = offers_above_penalties(found, rules)
    warned = (*found.warnings, *dear)
    if strict and warned:
        raise InputError(warned)
    for text in grouped(map(Warned.of, dear)):
        warnings.warn(DataWarning(text), stacklevel=2)
    split = islanding(found)
    judged = judge_credit(found, rules, collateral, statement or []) if credit else None
    refused = [] if judged is None else judged[1]
    if as_json:
        extra = {} if judged is None else {"credit": judged[0]}
        console.print_json(
            {
                "ok": not refused,
                **extra,
                "case": found.meta.name,
                "hash": found.hash,
                "failures": console.failure_rows(tuple(refused)),
                "warnings": console.failure_rows(warned),
                "islanding": split,
            }
        )
        _leave(refused)
        return
    console.out().print(f"{found.meta.name}: no failures in {size_of(found)}", markup=False)
    for contingency, lost in split.items():
        said = f"contingency {contingency} splits the grid: it cuts off {lost}"
        console.out().print(said, markup=False)
    if judged is not None:
        money = [name for name in judged[0].columns if name not in ("owner", "passed")]
        shown = judged[0].astype(dict.fromkeys(money, float))
        headings = {name: name for name in shown.columns}
        console.out().print(console.table(shown, "Credit for the day", headings, limit=100))
        for failure in refused:
            console.err().print(f"refused: {failure}", markup=False, style="yellow")
    _leave(refused)


def _leave(refused: list[Failure]) -> None:
    if refused:
        raise typer.Exit(3)


def judge_credit(
    case: Case, rules: RuleBook, collateral: Path | None, statements: list[Path]
) -> tuple[pd.DataFrame, list[Failure]]:
    """Credit that a day needs, by owner, and who is refused."""
    from decimal import Decimal

    from settlement.credit import credit_problems, day_credit, exposures
    from settlement.credit.accounts import unpaid_lines
    from settlement.inputs import read_tables

    deposits = None
    if collateral is not None:
        table = read_tables(collateral, ("collateral",), case.meta.timezone)["collateral"]
        deposits = dict(zip(table["owner"], table["amount"], strict=True))
    owed: dict[str, Decimal] = {}
    if statements:
        due = exposures(
            rules.settlement.credit,
            statements=[unpaid_lines(path) for path in statements],
            operator=rules.settlement.operator,
        )
        owed = dict(zip(due["owner"], due["required"], strict=True))
    needed = day_credit(case, rules.settlement, deposits, owed)
    return needed, credit_problems(needed, case)


def islanding(case: Case) -> dict[str, str]:
    """Say of each contingency of the case that splits the grid what it cuts off."""
    from network import Grid, contingencies
    from network.lost import lost_with

    if not len(case.contingencies):
        return {}
    listed = contingencies(case, Grid.from_case(case))
    return {entry.contingency.name: lost_with(case, entry.cut_off) for entry in listed.islanding}
