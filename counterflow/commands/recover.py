"""``counterflow recover``: claw-back, corrected guarantees, forfeits and penalties of a run."""

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
    bad,
    free_folder,
    pairs,
    read_run,
)

_HEADINGS = {
    "claw_back": (
        "Congestion payments",
        {
            "unit": "unit",
            "owner": "owner",
            "interval_start": "interval",
            "direction": "constrained",
            "payment": "payment",
            "reference_payment": "at reference",
            "claw_back": "clawed back",
            "kept": "kept",
        },
    ),
    "guarantees": (
        "Guarantee payments",
        {
            "unit": "unit",
            "owner": "owner",
            "interval_start": "from",
            "paid": "paid",
            "corrected": "corrected",
            "taken_back": "taken back",
        },
    ),
    "forfeits": (
        "Profit that is given up",
        {
            "owner": "owner",
            "profit": "profit",
            "competitive_profit": "competitive",
            "excess": "excess",
            "forfeit": "forfeit",
            "penalty": "penalty",
        },
    ),
    "penalties": (
        "Penalties for withholding",
        {
            "interval_start": "interval",
            "unit": "unit",
            "owner": "owner",
            "mwh": "MWh",
            "price_increase": "price increase",
            "multiplier": "times",
            "amount": "amount",
        },
    ),
    "second_level": (
        "Prices scaled to the second-level limit",
        {
            "interval_start": "interval",
            "bus": "bus",
            "price": "price",
            "day_mean": "day's mean",
            "settled": "settled at",
        },
    ),
}


def run(
    run: RunFolder,
    metered: Annotated[
        Path | None,
        typer.Option("--metered", metavar="FILE", help="CSV: unit, interval_start, mw produced."),
    ] = None,
    rulebook: Rulebook = None,
    as_of: AsOf = None,
    earlier: Earlier = None,
    references: References = None,
    finding: Annotated[
        list[str] | None,
        typer.Option(
            "--finding", metavar="OWNER=N", help="Earlier findings against it; repeatable."
        ),
    ] = None,
    setting: Settings = None,
    output: TablesFolder = None,
    as_json: Json = False,
) -> None:
    """Money corrected after the fact; no price and no schedule moves."""
    from counterflow import console
    from counterflow.commands.show import print_warnings
    from counterflow.monitor import recover

    settings = pairs(setting or [], "--set")
    findings = {o: _count(o, n) for o, n in pairs(finding or [], "--finding").items()}
    if output is not None:
        free_folder(output, "a folder")
    parent = read_run(run)
    found = recover(
        parent,
        metered=read_frame(metered, "--metered"),
        rulebook=rulebook,
        as_of=as_of,
        settings=settings,
        earlier=earlier_of(parent, earlier),
        references=read_frame(references, "--references"),
        findings=findings,
    )
    if output is not None:
        found.write(output)
    totals = found.totals()
    if as_json:
        told = {"ok": True, "folder": output, "notes": list(found.notes), "totals": totals}
        console.print_json({**told, **found.tables()})
        return
    page = console.out()
    for name, table in found.tables().items():
        title, headings = _HEADINGS[name]
        shown = table[table["direction"] != ""] if name == "claw_back" else table
        if len(shown):
            page.print(console.table(shown, title, headings, limit=20))
            page.print()
    columns = {"item": "item", "rows": "rows", "amount": "amount"}
    money = totals.astype({"amount": float})
    page.print(console.table(money, f"Recovered, {parent.case.meta.currency}", columns, digits=2))
    print_warnings(found.notes)
    if output is not None:
        page.print(f"\nwritten to {output}", markup=False)


def _count(owner: str, text: str) -> int:
    if not text.isdigit():
        raise bad("usage", f"--finding {owner} expects a whole number, not {text!r}")
    return int(text)
