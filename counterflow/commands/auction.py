"""``counterflow auction``: a monthly auction of price differences, one spread for all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from counterflow.commands.monitor_options import Settings
from counterflow.commands.options import AsOf, Json, TablesFolder, free_folder, pairs


def run(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help="Holds auction_sellers, auction_offers, auction_buyers and auction_bids, as CSV.",
        ),
    ],
    rulebook: Annotated[
        str, typer.Option("--rulebook", metavar="NAME|FILE", help="Whose auction rules count.")
    ] = "guangdong",
    as_of: AsOf = None,
    volume: Annotated[
        float | None,
        typer.Option(
            "--volume", metavar="MWH", help="Announced volume. [default: what buyers declare]"
        ),
    ] = None,
    average_hours: Annotated[
        float | None,
        typer.Option(
            "--average-hours",
            metavar="HOURS",
            help="Average hours of use: caps what each seller may sell by its coal rate.",
        ),
    ] = None,
    setting: Settings = None,
    output: TablesFolder = None,
    as_json: Json = False,
) -> None:
    """Match sellers and buyers of a month, and give the uniform spread and what caps took away."""
    from cases.files.folders import new_folder
    from cases.files.sheets import write_sheet
    from counterflow import console
    from counterflow.monthly_auction import auction

    settings = pairs(setting or [], "--set")
    if output is not None:
        free_folder(output, "a folder")
    found = auction(
        folder,
        rulebook=rulebook,
        as_of=as_of,
        settings=settings,
        volume_mwh=volume,
        average_hours=average_hours,
    )
    tables = {name: getattr(found, name) for name in ("offers", "bids", "groups", "cuts")}
    if output is not None:
        with new_folder(output) as part:
            for name, table in tables.items():
                write_sheet(table, part / f"{name}.csv")
    numbers = {
        "spread": found.spread,
        "reason": found.reason,
        "unrestricted_spread": found.unrestricted_spread,
        "matched_mwh": found.matched_mwh,
        "supply_demand_ratio": found.supply_demand_ratio,
    }
    if as_json:
        console.print_json({"ok": True, "folder": output, **numbers, **tables})
        return
    page = console.out()
    told = found.reason or f"{found.spread:,.4f}"
    page.print(f"spread {told}  matched {found.matched_mwh:,.3f} MWh", style="bold", markup=False)
    page.print(
        f"if every matched seller could set it {found.unrestricted_spread:,.4f}; supply over "
        f"demand {found.supply_demand_ratio:,.4f}",
        markup=False,
    )
    for name, table in tables.items():
        if len(table):
            headings = {column: column.replace("_", " ") for column in table}
            page.print(console.table(table, name.capitalize(), headings, digits=3, limit=30))
    if output is not None:
        page.print(f"\nwritten to {output}", markup=False)
