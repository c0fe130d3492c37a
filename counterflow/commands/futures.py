"""``counterflow futures``: lots, acceptance and daily marks of a trade ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from counterflow.commands.options import Json, bad, pairs

if TYPE_CHECKING:
    import pandas as pd

    from settlement.futures import Futures

app = typer.Typer(
    name="futures", help="Futures: lots, acceptance of trades, daily marks.", no_args_is_help=True
)

Trades = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="futures, with settlement_prices and collateral beside it."
    ),
]
Rules = Annotated[str, typer.Option("--rulebook", metavar="NAME|FILE", help="Rulebook.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A rulebook key; may be repeated."),
]
Zone = Annotated[str, typer.Option("--timezone", help="IANA name of the market's clock.")]


@app.callback()
def _group() -> None:
    """Futures: lots, acceptance of trades, daily marks."""


@app.command("lots")
def lots(
    month: Annotated[str, typer.Argument(metavar="YYYY-MM", help="Delivery month.")],
    timezone: Zone = "",
    rulebook: Rules = "default",
    setting: Settings = None,
    as_json: Json = False,
) -> None:
    """Hours and MWh of a lot, and the last trading day of a delivery month."""
    import pandas as pd

    from counterflow import console
    from settlement.futures import last_trading_day
    from settlement.futures.product import PRODUCTS

    product = _product(timezone, rulebook, setting)
    last = last_trading_day(product, month)
    rows = [
        (name, float(product.hours(name, month)), float(product.lot_mwh(name, month)))
        for name in PRODUCTS
    ]
    table = pd.DataFrame(rows, columns=["product", "hours", "mwh"])
    if as_json:
        console.print_json({"ok": True, "month": month, "last_trading_day": last, "lots": table})
        return
    columns = {"product": "product", "hours": "hours", "mwh": "MWh"}
    console.out().print(console.table(table, f"One lot of {month}", columns, digits=0))
    console.out().print(f"\nlast trading day: {last}", markup=False)


@app.command("accept")
def accept_trades(
    trades: Trades,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", help="The ledger, .csv or .parquet."),
    ],
    timezone: Zone = "",
    rulebook: Rules = "default",
    setting: Settings = None,
    override: Annotated[
        list[str] | None,
        typer.Option("--override", metavar="TRADE=WHO: WHY", help="Accept it, on record."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check every trade against the rules of trading and its owner's collateral; all or none."""
    from cases import InputError
    from counterflow import console
    from settlement.credit import margin_problems
    from settlement.futures.acceptance import accept
    from settlement.inputs import write_table

    product = _product(timezone, rulebook, setting)
    tables = _tables(trades, product)
    overrides = pairs(override or [], "--override")
    accepted = accept(
        tables["futures"], product, marks=tables.get("settlement_prices"), overrides=overrides
    )
    if "collateral" in tables:
        own = tables["collateral"]
        collateral = dict(zip(own["owner"], own["amount"], strict=True))
        failures = margin_problems(accepted.trades, collateral, product)
        if failures:
            raise InputError(failures)
    write_table("futures", accepted.trades, output, product.zone)
    unmatched = {name: str(number) for name, number in accepted.matched.unmatched.items()}
    if as_json:
        console.print_json(
            {
                "ok": True,
                "file": output,
                "trades": len(accepted.trades),
                "overrides": overrides,
                "warnings": console.failure_rows(tuple(accepted.warnings)),
                "unmatched": unmatched,
            }
        )
        return
    page = console.out()
    page.print(f"{len(accepted.trades)} trades accepted", markup=False)
    for warning in accepted.warnings:
        page.print(f"on record: {warning}", markup=False)
    if unmatched:
        house = product.rules.clearing_house
        page.print(f"without another side, {house} stands in: {accepted.matched.words}",
                   markup=False)  # fmt: skip
    page.print(f"\nwritten to {output}", markup=False)


@app.command("mark")
def mark(
    trades: Trades,
    timezone: Zone = "",
    rulebook: Rules = "default",
    setting: Settings = None,
    as_json: Json = False,
) -> None:
    """Daily account of every position: settlement price, variation, margin, fees."""
    from counterflow import console
    from settlement.futures import mark_to_market

    product = _product(timezone, rulebook, setting)
    tables = _tables(trades, product)
    if "settlement_prices" not in tables:
        raise bad("missing", f"there are no settlement_prices beside {trades}")
    account = mark_to_market(tables["futures"], tables["settlement_prices"], product, product.zone)
    if as_json:
        console.print_json({"ok": True, "account": account})
        return
    money = ["lots", "price", "variation", "total", "margin", "fee"]
    table = account.astype({**dict.fromkeys(money, float), "date": str})
    headings = {name: name for name in account.columns}
    console.out().print(console.table(table, "Mark to market", headings, limit=100))


def _product(timezone: str, rulebook: str, setting: list[str] | None) -> Futures:
    from cases import RuleBook
    from settlement.futures import Futures

    rules = RuleBook.load(rulebook).with_settings(pairs(setting or [], "--set"))
    product = Futures(rules.settlement.futures, timezone)
    if not product.zone:
        calendar = rules.settlement.futures.calendar
        raise bad("usage", f"--timezone is needed: the calendar {calendar} has several")
    return product


def _tables(path: Path, product: Futures) -> dict[str, Any]:
    from settlement.inputs import read_tables

    names = ("futures", "settlement_prices", "collateral")
    tables: dict[str, pd.DataFrame] = read_tables(path, names, product.zone)
    return tables
