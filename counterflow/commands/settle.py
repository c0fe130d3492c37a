"""``counterflow settle``: the money of a run, in statements."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from counterflow.commands.options import Json, RunFolder, free_folder, pairs, read_run

if TYPE_CHECKING:
    import pandas as pd

    from cases import Run
    from settlement import Statement
    from settlement.resettle import Resettlement

_TABLE = "A folder with the table, or its CSV or Parquet file, in place of the case's own."


def run(
    run: RunFolder,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Folder to write; must be new."),
    ] = None,
    contracts: Annotated[
        Path | None,
        typer.Option("--contracts", metavar="PATH", help=f"contracts, contract_curves. {_TABLE}"),
    ] = None,
    futures: Annotated[
        Path | None, typer.Option("--futures", metavar="PATH", help=f"futures. {_TABLE}")
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
    override: Annotated[
        list[str] | None,
        typer.Option(
            "--override",
            metavar="CONTRACT=WHO: WHY",
            help="Allow a curve that was fixed after signing, on record; may be repeated.",
        ),
    ] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Show one owner's statement, line by line.")
    ] = None,
    version: Annotated[
        str, typer.Option("--version-name", help="Name of this settlement.")
    ] = "initial",
    as_json: Json = False,
) -> None:
    """Settle a run: energy, deviations, reserves, uplift, contracts, futures, rights, rent."""
    overrides = pairs(override or [], "--override")
    if against_real_time is not None and against is None:
        raise typer.BadParameter("--against-real-time needs --against")
    if output is not None:
        free_folder(output, "a statement")

    from counterflow import console
    from settlement import settle
    from settlement.resettle import resettle

    found = read_run(run)
    given = _tables(found, contracts, futures, rights)
    later = read_run(real_time) if real_time is not None else None
    statement = settle(
        found, **given, real_time=later, overrides=overrides or None, version=version
    )
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


def _tables(
    run: Run, contracts: Path | None, futures: Path | None, rights: Path | None
) -> dict[str, Any]:
    from settlement.inputs import read_tables

    timezone = run.case.meta.timezone
    found: dict[str, pd.DataFrame] = {}
    for path, names in (
        (contracts, ("contracts", "contract_curves")),
        (futures, ("futures",)),
        (rights, ("rights",)),
    ):
        if path is not None:
            found |= read_tables(path, names, timezone)
    return found


def _write(statement: Statement, output: Path) -> None:
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
