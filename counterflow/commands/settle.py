"""``counterflow settle``: the money of a run, in statements."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from counterflow.commands.options import For, Json, Seen, Strict, bad, free_folder, pairs, read_run

if TYPE_CHECKING:
    import pandas as pd

    from settlement import Statement
    from settlement.disclosure import Viewer
    from settlement.resettle import Resettlement

_TABLE = "A folder with the table, or its CSV or Parquet file, in place of the case's own."


def run(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            help="A run folder; with --month a study, or many runs, a version as final=RUN.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Folder to write; must be new."),
    ] = None,
    contracts: Annotated[
        Path | None,
        typer.Option("--contracts", metavar="PATH", help=f"contracts and their curves. {_TABLE}"),
    ] = None,
    futures: Annotated[
        Path | None,
        typer.Option(
            "--futures",
            metavar="PATH",
            help=f"futures, with settlement_prices and collateral beside them. {_TABLE}",
        ),
    ] = None,
    settlement_prices: Annotated[
        Path | None,
        typer.Option(
            "--settlement-prices",
            metavar="PATH",
            help=f"Daily marks of futures: price limits, and what delivery counts from. {_TABLE}",
        ),
    ] = None,
    collateral: Annotated[
        Path | None,
        typer.Option("--collateral", metavar="PATH", help=f"Refuses trades beyond it. {_TABLE}"),
    ] = None,
    meter_readings: Annotated[
        Path | None,
        typer.Option("--meter-readings", metavar="PATH", help=f"Metered energy. {_TABLE}"),
    ] = None,
    rights: Annotated[
        Path | None, typer.Option("--rights", metavar="PATH", help=f"rights. {_TABLE}")
    ] = None,
    real_time: Annotated[
        Path | None,
        typer.Option("--real-time", metavar="RUN", help="Real-time run: settle deviations."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="RUN",
            help="Parent run: say who pays whom. Real time counts on both sides.",
        ),
    ] = None,
    against_real_time: Annotated[
        Path | None,
        typer.Option(
            "--against-real-time",
            metavar="RUN",
            help="Real-time run of the parent, where it is not that of --real-time.",
        ),
    ] = None,
    month: Annotated[
        str | None,
        typer.Option(
            "--month", metavar="YYYY-MM", help="Settle all runs of a month as one, with invoices."
        ),
    ] = None,
    no_spot: Annotated[
        bool,
        typer.Option(
            "--no-spot",
            help="With --month: RUN is a folder of energy_trades, metered, must_run and an "
            "auction's tables; deviations at the month's end.",
        ),
    ] = False,
    base_price: Annotated[
        float | None,
        typer.Option("--base-price", help="With --no-spot: what an auction's spread is added to."),
    ] = None,
    timezone: Annotated[
        str, typer.Option("--timezone", help="With --no-spot: IANA name of the market's clock.")
    ] = "UTC",
    partial: Annotated[
        bool, typer.Option("--partial", help="With --month: settle although days are missing.")
    ] = False,
    scenario: Annotated[
        str | None,
        typer.Option("--scenario", help="With --month and a study: whose runs."),
    ] = None,
    rulebook: Annotated[
        str,
        typer.Option(
            "--rulebook",
            metavar="NAME",
            help="With a study: days as mitigated by it; with --no-spot: the rules.",
        ),
    ] = "",
    products: Annotated[
        str | None,
        typer.Option(
            "--products",
            metavar="NAME|FILE",
            help="Product file of the futures. [default: the run's rulebook]",
        ),
    ] = None,
    override: Annotated[
        list[str] | None,
        typer.Option(
            "--override",
            metavar="NAME=WHO: WHY",
            help="Allow a contract's curve that was fixed after signing, or a trade that breaks a "
            "rule of trading, on record; may be repeated.",
        ),
    ] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Show one owner's statement, line by line.")
    ] = None,
    who: For = None,
    moment: Seen = None,
    version: Annotated[
        str, typer.Option("--version-name", help="Name of this settlement.")
    ] = "initial",
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Settle a run, or a month of them: energy, reserves, uplift, contracts, futures, rights."""
    overrides = pairs(override or [], "--override")
    if no_spot:
        if month is None or len(runs) != 1:
            raise bad("usage", "--no-spot needs --month and one folder of tables")
        from counterflow.commands.settle_month import settle_energy

        settle_energy(
            Path(runs[0]), month, output, rulebook or "default", timezone, base_price, as_json
        )
        return
    if base_price is not None:
        raise bad("usage", "--base-price needs --no-spot")
    if month is not None:
        if real_time is not None or against is not None or owner is not None:
            raise bad("usage", "--month takes real-time runs among its RUNs, and no --real-time, "
                      "--against or --owner")  # fmt: skip
        from counterflow.commands.settle_month import settle_a_month

        paths = {"contracts": contracts, "futures": futures, "rights": rights,
                 "settlement_prices": settlement_prices, "collateral": collateral,
                 "meter_readings": meter_readings}  # fmt: skip
        settle_a_month(
            runs,
            month,
            output,
            paths,
            overrides,
            scenario=scenario,
            rulebook=rulebook,
            partial=partial,
            products=products,
            viewer=_viewer(who, moment),
            strict=strict,
            as_json=as_json,
        )
        return
    if partial or len(runs) != 1:
        raise bad("usage", "several runs, and --partial, need --month")
    if scenario is not None or rulebook:
        raise bad("usage", "--scenario and --rulebook need --month and a study")
    if against_real_time is not None and against is None:
        raise bad("usage", "--against-real-time needs --against")
    if output is not None:
        free_folder(output, "a statement")

    from counterflow import console
    from counterflow.commands.settle_month import read_given, read_product_file
    from counterflow.heard import no_warnings
    from settlement import settle
    from settlement.resettle import resettle

    found = read_run(Path(runs[0]))
    given = read_given(
        found.case.meta.timezone,
        contracts=contracts,
        futures=futures,
        rights=rights,
        settlement_prices=settlement_prices,
        collateral=collateral,
        meter_readings=meter_readings,
    )
    given |= read_product_file(products)
    later = read_run(real_time) if real_time is not None else None
    if later is not None and later.id == found.id:
        raise bad("real_time", "the real-time run is the day-ahead run itself")
    statement = settle(
        found, **given, real_time=later, overrides=overrides or None, version=version
    )
    viewer = _viewer(who, moment)
    if viewer is not None:
        from settlement.disclosure import disclosed

        if against is not None and viewer.kind != "monitor":
            raise bad("usage", "--against compares all owners: it does not go with --for")
        statement = disclosed(statement, viewer, found.rulebook.settlement.disclosure)
    if owner is not None:
        statement.of(owner)
    change = None
    if against is not None:
        before = read_run(against_real_time) if against_real_time is not None else later
        parent = settle(
            read_run(against),
            **given,
            real_time=before,
            overrides=overrides or None,
            version="parent",
        )
        change = resettle(parent, statement)
    no_warnings(strict)
    if output is not None:
        _write(statement, output)
    if as_json:
        console.print_json({"ok": True, "folder": output, **_document(statement, change)})
        return
    if owner is None:
        print_statement(statement)
    else:
        print_owner(statement, owner)
    if change is not None:
        print_change(change)
    if output is not None:
        console.out().print(f"\nwritten to {output}", markup=False)


def _viewer(who: str | None, moment: str | None) -> Viewer | None:
    from settlement.disclosure import Viewer

    if who is None and moment is not None:
        raise bad("usage", "--at needs --for")
    return None if who is None else Viewer.of(who, moment)


def _write(statement: Statement, output: Path) -> None:
    if statement.balance.empty:
        statement.write(output)
        return

    from plotly.offline import get_plotlyjs

    from counterflow.plots.page import SCRIPT, figure_page
    from counterflow.plots.waterfall import settlement_waterfall

    page = figure_page(settlement_waterfall(statement), "waterfall")
    statement.write(output, pages={"waterfall.html": page, SCRIPT: get_plotlyjs()})


def _document(statement: Statement, change: Resettlement | None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "manifest": dict(statement.manifest),
        "lines": len(statement.lines),
        "balance": statement.balance,
        "uplift": statement.uplift,
        "total": statement.total(),
    }
    if change is not None:
        document |= {"change": change.owners, "payments": change.payments}
    return document


def print_statement(statement: Statement) -> None:
    """Write the balance of every owner, then what was paid to keep units whole."""
    from counterflow import console

    page = console.out()
    manifest = statement.manifest
    page.print(
        f"{manifest['name']}   run {str(manifest['run'])[:12]}   {manifest['version']}   "
        f"rulebook {manifest['rulebook']}",
        markup=False,
        style="bold",
    )
    page.print()
    money = [name for name in statement.balance.columns if name != "owner"]
    used = [name for name in money if (statement.balance[name] != 0).any() or name == "total"]
    headings = {"owner": "owner", **{name: name for name in used}}
    title = f"Received, {statement.currency} (negative: paid)"
    page.print(console.table(_floats(statement.balance, money), title, headings))
    page.print(f"\nsum of all totals: {statement.total():,.2f}", markup=False)
    if len(statement.uplift):
        page.print()
        columns = {name: name for name in ("unit", "owner", "interval_start", "cost", "revenue",
                                           "amount", "reason")}  # fmt: skip
        table = _floats(statement.uplift, ["cost", "revenue", "amount"])
        page.print(console.table(table, "Guarantee payments", columns, limit=20))
    loose = [name for name, words in manifest["curves"].items() if "decomposed" in words]
    if loose:
        page.print(
            f"\ncurves decomposed by this rulebook, not frozen: {', '.join(loose)}", markup=False
        )
    open_sides = manifest["futures"]["unmatched"]
    if open_sides:
        page.print(
            f"\nfutures without another side: {manifest['futures']['clearing_house']} stands in "
            f"for {', '.join(open_sides)}",
            markup=False,
        )
    if "rights" in manifest:
        rights = manifest["rights"]
        page.print(
            f"\nrights: credits {rights['credits']}, charges {rights['charges']}, rent "
            f"{rights['rent']}, funding ratio {rights['ratio']}, not paid {rights['shortfall']}",
            markup=False,
        )


def print_owner(statement: Statement, owner: str) -> None:
    """Write one owner's lines: when, what, quantity x price = amount."""
    from counterflow import console

    page = console.out()
    lines = statement.of(owner)
    columns = {"interval_start": "from", "item": "item", "subject": "subject",
               "quantity": "quantity", "price": "price", "amount": "amount"}  # fmt: skip
    table = _floats(lines, ["quantity", "price", "amount"])
    title = f"{owner}, {statement.currency} (negative: paid)"
    page.print(console.table(table, title, columns, digits=2, limit=100))
    page.print(f"\ntotal: {statement.total(owner):,.2f}", markup=False)


def print_change(change: Resettlement) -> None:
    """Write what each owner gains or loses against the parent, and who pays whom."""
    from counterflow import console

    page = console.out()
    money = [name for name in change.owners.columns if name != "owner"]
    used = [
        name
        for name in money
        if (change.owners[name] != 0).any() or name in ("before", "after", "difference")
    ]
    page.print()
    headings = {"owner": "owner", **{name: name for name in used}}
    page.print(console.table(_floats(change.owners, money), "Against the parent", headings))
    if len(change.payments):
        page.print()
        columns = {"payer": "payer", "receiver": "receiver", "amount": "amount"}
        table = _floats(change.payments, ["amount"])
        page.print(console.table(table, "Who pays whom (pro rata)", columns, limit=40))


def _floats(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Give exact amounts as numbers that the table writer aligns; for reading only."""
    return table.astype(dict.fromkeys(columns, float))
