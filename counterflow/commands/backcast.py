"""``counterflow backcast``: merit order against the published price, residual demand by owner."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from counterflow.commands.options import Json, bad


def run(
    case: Annotated[
        Path, typer.Argument(metavar="CASE", help="A case of published offers, see import.")
    ],
    levels: Annotated[
        int, typer.Option("--levels", min=1, max=100, help="Load levels of the error figure.")
    ] = 4,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Write the tables as CSV files there."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Backcast the price by merit order; who was pivotal; congestion stays as published."""
    from cases.files.folders import new_folder
    from cases.files.sheets import write_sheet
    from cases.folder import read_case_folder
    from counterflow import console
    from mitigation.published import backcast, residual_by_owner

    if not (case / "case.toml").is_file():
        raise bad("usage", f"{case} is no case folder: import published offers first")
    market = read_case_folder(case)
    made, owners = backcast(market, levels=levels), residual_by_owner(market)
    tables = {
        "errors": made.errors,
        "hours": made.hours,
        "owners": owners.owners,
        "residual_demand": owners.hours,
    }
    if output is not None:
        with new_folder(output) as part:
            for name, table in tables.items():
                write_sheet(table, part / f"{name}.csv")
    if as_json:
        console.print_json({"ok": True, "case": market.meta.name, "folder": output, **tables})
        return
    page = console.out()
    money = f"{market.meta.currency}/MWh"
    headings = {
        "load_level": "load level",
        "hours": "hours",
        "least_mw": "from MW",
        "largest_mw": "to MW",
        "bias": "bias",
        "mean_absolute": "mean absolute",
        "root_mean_square": "root mean square",
        "published_price": "published price",
    }
    page.print(console.table(made.errors, f"Backcast less published price, {money}", headings))
    page.print()
    ranks = {
        "owner": "owner",
        "pivotal_hours": "pivotal hours",
        "pivotal_share": "share of hours",
        "least_rsi": "least RSI",
        "mean_rsi": "mean RSI",
    }
    page.print(
        console.table(owners.owners, "Pivotal owners, all supply", ranks, digits=3, limit=20)
    )
    short = int((made.hours["short_mw"] > 0).sum())
    if short:
        page.print(f"\nin {short} hours demand is above all supply: no merit price", markup=False)
    if output is not None:
        page.print(f"\nwritten to {output}", markup=False)
