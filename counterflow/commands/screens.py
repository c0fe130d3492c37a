"""``counterflow screens``: withholding, output gap, alike offers and FERC's screens of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from counterflow.commands.monitor_options import (
    Earlier,
    References,
    Rulebook,
    Settings,
    earlier_of,
    read_frame,
)
from counterflow.commands.options import (
    AsOf,
    Json,
    RunFolder,
    TablesFolder,
    free_folder,
    pairs,
    read_run,
)

_HEADINGS = {
    "withholding": (
        "Physical withholding, failed",
        {
            "interval_start": "interval",
            "unit": "unit",
            "owner": "owner",
            "screen": "screen",
            "reference_mw": "reference MW",
            "actual_mw": "actual MW",
            "economic_mw": "economic MW held back",
            "limit_mw": "limit MW",
            "why": "why",
        },
    ),
    "output_gap": (
        "Output gap",
        {
            "unit": "unit",
            "owner": "owner",
            "threshold_percent": "threshold %",
            "mwh": "MWh",
            "most_mw": "most MW",
        },
    ),
    "similarity": (
        "Offers that are alike, of different owners",
        {
            "unit": "unit",
            "owner": "owner",
            "other_unit": "and",
            "other_owner": "of",
            "similarity": "similarity",
            "least": "least",
        },
    ),
    "market_share": (
        "FERC: share of uncommitted capacity",
        {
            "season": "season",
            "owner": "owner",
            "uncommitted_mw": "uncommitted MW",
            "share": "share",
            "passed": "passed",
        },
    ),
    "pivotal_supplier": (
        "FERC: pivotal supplier at the peak",
        {
            "owner": "owner",
            "uncommitted_mw": "uncommitted MW",
            "net_supply_mw": "net supply MW",
            "passed": "passed",
        },
    ),
}


def run(
    run: RunFolder,
    rulebook: Rulebook = None,
    as_of: AsOf = None,
    earlier: Earlier = None,
    references: References = None,
    metered: Annotated[
        Path | None,
        typer.Option("--metered", metavar="FILE", help="CSV: unit, interval_start, mw produced."),
    ] = None,
    excused: Annotated[
        Path | None,
        typer.Option("--excused", metavar="FILE", help="CSV: unit, interval_start, mw approved."),
    ] = None,
    setting: Settings = None,
    output: TablesFolder = None,
    as_json: Json = False,
) -> None:
    """Screen a run: MW held back, output gap, alike offers, FERC's annual screens."""
    from counterflow import console
    from counterflow.commands.show import print_warnings
    from counterflow.monitor import screens

    settings = pairs(setting or [], "--set")
    if output is not None:
        free_folder(output, "a folder")
    parent = read_run(run)
    found = screens(
        parent,
        rulebook=rulebook,
        as_of=as_of,
        settings=settings,
        earlier=earlier_of(parent, earlier),
        references=read_frame(references, "--references"),
        metered=read_frame(metered, "--metered"),
        excused=read_frame(excused, "--excused"),
    )
    if output is not None:
        found.write(output)
    if as_json:
        told = {"ok": True, "folder": output, "notes": list(found.notes)}
        console.print_json({**told, **found.tables()})
        return
    page = console.out()
    for name, table in found.tables().items():
        title, headings = _HEADINGS[name]
        shown = table[table["result"] == "fail"] if name == "withholding" else table
        if not len(shown):
            page.print(f"{title}: none", markup=False)
            continue
        page.print(console.table(shown, title, headings, digits=3, limit=20))
    print_warnings(found.notes)
    if output is not None:
        page.print(f"\nwritten to {output}", markup=False)
