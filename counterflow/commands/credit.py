"""``counterflow credit``: exposure, margin calls, and what a default would cost whom."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from counterflow.commands.options import Json, bad, pairs

if TYPE_CHECKING:
    import pandas as pd

    from cases import RuleBook

app = typer.Typer(
    name="credit", help="Credit: exposure, margin calls, default waterfall.", no_args_is_help=True
)

Folder = Annotated[
    Path,
    typer.Argument(
        metavar="DIR",
        help="A folder with contracts (contract_curves, frozen_curves, forward_prices) or futures "
        "(settlement_prices) or both, and collateral.",
    ),
]
Statements = Annotated[
    list[Path] | None,
    typer.Option("--statement", metavar="DIR", help="An unpaid statement; may be repeated."),
]
After = Annotated[str, typer.Option("--after", metavar="DATE", help="Contracts are open from it.")]
Zone = Annotated[str, typer.Option("--timezone", help="IANA name of the market's clock.")]
Rules = Annotated[str, typer.Option("--rulebook", metavar="NAME|FILE", help="Rulebook.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A rulebook key; may be repeated."),
]


@app.callback()
def _group() -> None:
    """Credit: exposure, margin calls, default waterfall."""


@app.command("exposure")
def exposure(
    folder: Folder,
    after: After,
    timezone: Zone,
    statement: Statements = None,
    rulebook: Rules = "default",
    setting: Settings = None,
    as_json: Json = False,
) -> None:
    """Exposure of every owner: payable, losses, margins and bonds."""
    from counterflow import console

    rules = _rules(rulebook, setting)
    table = _exposures(folder, after, timezone, statement or [], rules)
    if as_json:
        console.print_json({"ok": True, "exposures": table})
        return
    _print(table, "Exposure")


@app.command("calls")
def calls(
    folder: Folder,
    after: After,
    timezone: Zone,
    statement: Statements = None,
    rulebook: Rules = "default",
    setting: Settings = None,
    as_json: Json = False,
) -> None:
    """Margin calls: owners whose collateral falls short, largest first; exit 3 if there are any."""
    from counterflow import console
    from settlement.credit import margin_calls

    rules = _rules(rulebook, setting)
    needed = _exposures(folder, after, timezone, statement or [], rules)
    collateral = _collateral(folder, timezone)
    table = margin_calls(needed, collateral, rules.settlement.credit)
    if as_json:
        console.print_json({"ok": not len(table), "calls": table})
    elif len(table):
        _print(table, "Margin calls")
    else:
        console.out().print("no margin calls", markup=False)
    if len(table):
        raise typer.Exit(3)


@app.command("default")
def default(
    owner: Annotated[str, typer.Argument(metavar="OWNER", help="Who does not pay.")],
    loss: Annotated[str, typer.Argument(metavar="AMOUNT", help="What is lost.")],
    folder: Annotated[Path, typer.Option("--accounts", metavar="DIR", help="collateral of all.")],
    bond: Annotated[str, typer.Option("--bond", metavar="AMOUNT", help="Its bond.")] = "0",
    funds: Annotated[
        str, typer.Option("--operator-funds", metavar="AMOUNT", help="The operator's own.")
    ] = "0",
    as_json: Json = False,
) -> None:
    """Who would bear the loss of a default: collateral, bond, operator, the other members."""
    from counterflow import console
    from settlement.credit import default_waterfall

    amounts = [_amount(text) for text in (loss, bond, funds)]
    collateral = _collateral(folder, "UTC")
    if owner not in collateral:
        known = ", ".join(collateral)
        raise bad("unknown_owner", f"{owner!r} has no collateral; owners: {known}")
    table = default_waterfall(
        owner,
        amounts[0],
        collateral=collateral[owner],
        bond=amounts[1],
        operator_funds=amounts[2],
        members=collateral,
    )
    if as_json:
        console.print_json({"ok": True, "layers": table})
        return
    _print(table, f"Default of {owner}")


@app.command("check")
def check(
    case: Annotated[str, typer.Argument(metavar="CASE", help="A case folder: the day.")],
    collateral: Annotated[
        Path | None,
        typer.Option("--collateral", metavar="PATH", help="In place of the case's own."),
    ] = None,
    statement: Statements = None,
    rulebook: Rules = "default",
    setting: Settings = None,
    as_json: Json = False,
) -> None:
    """Offers and bids of a day against credit, before clearing; exit 3 when somebody is short."""
    from cases import read_case
    from counterflow import console
    from counterflow.commands.check import judge_credit

    market = read_case(case)
    needed, refused = judge_credit(market, _rules(rulebook, setting), collateral, statement or [])
    if as_json:
        failures = console.failure_rows(tuple(refused))
        console.print_json({"ok": not refused, "credit": needed, "failures": failures})
    else:
        _print(needed.astype({"passed": str}), "Credit for the day", {"passed"})
        for failure in refused:
            console.err().print(f"refused: {failure}", markup=False, style="yellow")
    if refused:
        raise typer.Exit(3)


def _rules(rulebook: str, setting: list[str] | None) -> RuleBook:
    from cases import RuleBook

    return RuleBook.load(rulebook).with_settings(pairs(setting or [], "--set"))


def _exposures(
    folder: Path, after: str, timezone: str, statements: list[Path], rules: RuleBook
) -> pd.DataFrame:
    import pandas as pd

    from cases.market_time import first_moment
    from settlement.credit.accounts import account_exposures, unpaid_lines
    from settlement.inputs import read_tables

    tables: dict[str, Any] = {}
    for names in (
        ("contracts", "contract_curves", "frozen_curves", "forward_prices"),
        ("futures", "settlement_prices"),
    ):
        if any((folder / f"{names[0]}{end}").is_file() for end in (".csv", ".parquet")):
            tables |= read_tables(folder, names, timezone)
    if not tables and not statements:
        raise bad("missing", f"{folder} holds neither contracts nor futures")
    try:
        day = pd.Timestamp(after)
    except ValueError:
        raise bad("usage", f"--after expects a day like 2016-10-31, not {after!r}") from None
    if "frozen_curves" in tables:
        tables["frozen"] = tables.pop("frozen_curves")
    moment = first_moment(day, timezone) if day.tzinfo is None else day
    unpaid = [unpaid_lines(path) for path in statements]
    return account_exposures(rules, timezone, moment, statements=unpaid, **tables)


def _collateral(folder: Path, timezone: str) -> dict[str, Any]:
    from settlement.inputs import read_tables

    table = read_tables(folder, ("collateral",), timezone)["collateral"]
    return dict(zip(table["owner"], table["amount"], strict=True))


def _amount(text: str) -> Any:
    from decimal import Decimal, InvalidOperation

    try:
        return Decimal(text)
    except InvalidOperation:
        raise bad("usage", f"an amount is a number, not {text!r}") from None


def _print(table: pd.DataFrame, title: str, text: Collection[str] = ()) -> None:
    from counterflow import console

    words = {"owner", "layer", "payer", *text}
    money = [name for name in table.columns if name not in words]
    shown = table.astype(dict.fromkeys(money, float))
    console.out().print(console.table(shown, title, {name: name for name in table.columns}))
