"""``counterflow futures``: lots, cover, acceptance, daily marks and hedges of a trade ledger."""

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
Products = Annotated[
    str | None,
    typer.Option(
        "--products",
        metavar="NAME|FILE",
        help="A product file: china-2021, base-peak-08-20, us-peak, or TOML or CSV of one's own.",
    ),
]
Zone = Annotated[str, typer.Option("--timezone", help="IANA name of the market's clock.")]


@app.callback()
def _group() -> None:
    """Futures: lots, acceptance of trades, daily marks."""


@app.command("lots")
def lots(
    month: Annotated[
        str, typer.Argument(metavar="PERIOD", help="2016-10, 2016-Q4, 2016 or a day.")
    ],
    timezone: Zone = "",
    rulebook: Rules = "default",
    setting: Settings = None,
    products: Products = None,
    as_json: Json = False,
) -> None:
    """Hours and MWh of a lot, and the last trading day of a delivery month."""
    import pandas as pd

    from counterflow import console
    from settlement.futures import last_trading_day

    product = _product(timezone, rulebook, setting, products)
    last = last_trading_day(product, month)
    rows = [
        (name, float(product.hours(name, month)), float(product.lot_mwh(name, month)))
        for name in product.products
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
    products: Products = None,
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

    product = _product(timezone, rulebook, setting, products)
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
    products: Products = None,
    as_json: Json = False,
) -> None:
    """Daily account of every position: settlement price, variation, margin, fees."""
    from counterflow import console
    from settlement.futures import mark_to_market

    product = _product(timezone, rulebook, setting, products)
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


@app.command("cover")
def cover(
    load: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV of interval_start, mw: a whole month.")
    ],
    method: Annotated[
        str, typer.Option("--method", help="least_squares, or no_overcover.")
    ] = "least_squares",
    timezone: Zone = "",
    rulebook: Rules = "default",
    setting: Settings = None,
    products: Products = None,
    as_json: Json = False,
) -> None:
    """Lots that cover a load curve of a delivery month, and what they leave open."""
    import pandas as pd

    from counterflow import console
    from settlement.futures import cover_load
    from settlement.futures.load_file import read_load

    product = _product(timezone, rulebook, setting, products)
    found = cover_load(read_load(load, product.zone), product, method)  # type: ignore[arg-type]
    told = {
        "lots": found.lots,
        "hedge_ratio": found.hedge_ratio,
        "open_mwh": found.open_mwh,
        "over_mwh": found.over_mwh,
    }
    if as_json:
        console.print_json({"ok": True, "method": method, **told})
        return
    table = pd.DataFrame(list(found.lots.items()), columns=["product", "lots"])
    page = console.out()
    page.print(console.table(table, "Cover", {"product": "product", "lots": "lots"}, digits=0))
    page.print(
        f"\nhedge ratio {found.hedge_ratio:.4f}, open {found.open_mwh:,.3f} MWh, "
        f"over {found.over_mwh:,.3f} MWh",
        markup=False,
    )


@app.command("report")
def report(
    trades: Trades,
    spot: Annotated[
        Path, typer.Option("--spot", metavar="FILE", help="CSV of owner, forecast, actual costs.")
    ],
    convention: Annotated[
        str, typer.Option("--convention", help="Time value: nominal, formula-2, paper-2016, ...")
    ] = "nominal",
    unit: Annotated[str, typer.Option("--unit", help="Smallest unit of money.")] = "1",
    timezone: Zone = "",
    rulebook: Rules = "default",
    setting: Settings = None,
    products: Products = None,
    as_json: Json = False,
) -> None:
    """What a hedge was worth to each owner: tables 5 and 6 of the futures paper."""
    from decimal import Decimal, InvalidOperation

    from counterflow import console
    from settlement.futures import hedge_report
    from settlement.futures.load_file import read_spot_costs

    try:
        step = Decimal(unit)
    except InvalidOperation:
        raise bad("usage", f"--unit is a number such as 0.01, not {unit!r}") from None
    product = _product(timezone, rulebook, setting, products)
    table = hedge_report(
        _tables(trades, product)["futures"],
        read_spot_costs(spot),
        product,
        convention=convention,
        unit=step,
    )
    rows = table.reset_index()
    if as_json:
        console.print_json({"ok": True, "convention": convention, "report": rows})
        return
    shown = rows.astype(dict.fromkeys(table.columns, float))
    console.out().print(
        console.table(shown, f"Hedge by {convention}", {name: str(name) for name in shown.columns})
    )


def _product(
    timezone: str, rulebook: str, setting: list[str] | None, products: str | None
) -> Futures:
    from cases import RuleBook
    from settlement.futures import Futures, read_products

    if products is not None and setting:
        raise bad("usage", "--products and --set do not go together: change the product file")
    rules = RuleBook.load(rulebook).with_settings(pairs(setting or [], "--set"))
    futures = rules.settlement.futures if products is None else read_products(products)
    product = Futures(futures, timezone)
    if not product.zone:
        calendar = futures.calendar
        raise bad("usage", f"--timezone is needed: the calendar {calendar} has several")
    return product


def _tables(path: Path, product: Futures) -> dict[str, Any]:
    from settlement.inputs import read_tables

    names = ("futures", "settlement_prices", "collateral")
    tables: dict[str, pd.DataFrame] = read_tables(path, names, product.zone)
    return tables
