"""``counterflow export``: prices in a published market's columns."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from counterflow.commands.options import Json, RunFolder, read_run


def run(
    run: RunFolder,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="A .csv or .parquet file.")
    ],
    profile: Annotated[
        Literal["gridstatus", "pjm", "nyiso"],
        typer.Option(
            "--profile",
            metavar="gridstatus|pjm|nyiso",
            help="Whose columns; nyiso writes congestion with the opposite sign, as NYISO does.",
        ),
    ] = "gridstatus",
    as_json: Json = False,
) -> None:
    """Export prices: buses, and zones and hubs in the gridstatus profile."""
    from counterflow import console
    from counterflow.export import write_prices

    rows = write_prices(read_run(run), output, profile)
    if as_json:
        console.print_json({"ok": True, "file": output, "profile": profile, "rows": rows})
    else:
        console.out().print(f"{rows:,d} rows written to {output}", markup=False)
