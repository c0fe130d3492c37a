"""``counterflow index``: price indices of one run or of many."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from counterflow.commands.options import For, Json, Seen, bad


def run(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="Run folders, or folders of them.")
    ],
    place: Annotated[
        str, typer.Option("--place", help="Bus, hub or zone. [default: the whole market]")
    ] = "",
    weighting: Annotated[
        str, typer.Option("--weighting", help="load (what the place takes), system or time.")
    ] = "load",
    block: Annotated[
        str, typer.Option("--block", help="all, or a block of the rulebook: base, mid, peak.")
    ] = "all",
    period: Annotated[str, typer.Option("--period", help="interval, day or month.")] = "day",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Constituents and weights, as CSV."),
    ] = None,
    who: For = None,
    moment: Seen = None,
    as_json: Json = False,
) -> None:
    """Price index of the day-ahead market, with its definition and what it was made from."""
    from cases.files.folders import new_file
    from cases.files.sheets import write_sheet
    from counterflow import console
    from counterflow.commands.settle_month import runs_of
    from settlement.index import IndexDefinition, price_index

    found, _ = runs_of(runs)
    ahead = [item for item in found if item.settings.get("market") != "rt"] or found
    name = f"{place or 'market'} {block} {period}"
    definition = IndexDefinition(name, place, weighting, block, period)  # type: ignore[arg-type]
    index = price_index(ahead, definition)
    values = index.values
    if who is not None:
        from settlement.disclosure import Viewer, shown_periods

        viewer = Viewer.of(who, moment)
        if output is not None and viewer.kind != "monitor":
            raise bad("for", "constituents hold what single places take: for the monitor only")
        rules = ahead[0].rulebook.settlement.disclosure
        values = shown_periods(values, viewer, rules.indices_days, ahead[0].case.meta.timezone)
    if output is not None:
        with new_file(output) as part:
            write_sheet(index.constituents, part)
    if as_json:
        console.print_json(
            {
                "ok": True,
                "definition": {"place": place, "weighting": weighting, "block": block,
                               "period": period},
                "values": values,
                "file": output,
            }
        )  # fmt: skip
        return
    table = values.astype({"value": float})
    columns = {"period": "period", "value": "price", "weight": "MWh or hours"}
    title = f"{place or 'whole market'}, weighed by {weighting}, block {block}"
    console.out().print(console.table(table, title, columns))
    if output is not None:
        console.out().print(f"\nwritten to {output}", markup=False)
