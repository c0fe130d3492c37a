"""``counterflow show``: a cleared run in short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from counterflow.commands.options import Json, RunFolder, read_run

if TYPE_CHECKING:
    from counterflow.summary import Summary


def run(run: RunFolder, as_json: Json = False) -> None:
    """Show a run: prices by zone, binding constraints, objective, penalties used."""
    from counterflow import console
    from counterflow.summary import summarize

    found = read_run(run)
    summary = summarize(found)
    if as_json:
        console.print_json({"ok": True, "manifest": found.manifest, **summary.to_dict()})
        return
    print_summary(summary, found.manifest)
    print_warnings(found.manifest["warnings"])


def print_warnings(warnings: Sequence[str], limit: int = 10) -> None:
    """Write the warnings of a run to standard error."""
    from counterflow import console

    page = console.err()
    for text in warnings[:limit]:
        page.print(f"warning: {text}", style="yellow", markup=False)
    if len(warnings) > limit:
        page.print(f"{len(warnings) - limit:,d} more warnings in the manifest", style="yellow")


def print_summary(summary: Summary, manifest: Mapping[str, Any]) -> None:
    """Write the tables of a summary."""
    from counterflow import console

    page = console.out()
    money = f"{summary.currency}"
    price = f"{summary.currency}/MWh"
    page.print(
        f"{summary.case}  {console.stamp(summary.start)} to {console.stamp(summary.end)}  "
        f"{console.count(summary.intervals, 'interval')}  "
        f"run {summary.run[:12]}",
        markup=False,
        style="bold",
    )
    status = manifest.get("status")
    if status not in (None, "", "optimal"):
        page.print(f"status: {status}, gap {manifest.get('gap')}", markup=False, style="yellow")
    page.print()
    zones = {
        "zone": "zone",
        "lmp_load_weighted": "load-weighted",
        "lmp_mean": "mean",
        "lmp_min": "least",
        "lmp_max": "largest",
        "mcc_mean": "congestion",
        "load_mwh": "load MWh",
        "load_payment": f"load pays {money}",
    }
    page.print(console.table(summary.zones, f"LMP by zone, {price}", zones, limit=40))
    page.print()
    if summary.constraints.empty:
        page.print("No constraint binds.")
    else:
        binding = {
            "constraint": "constraint",
            "contingency": "contingency",
            "direction": "limit",
            "intervals": "intervals",
            "shadow_price_mean": f"mean {price}",
            "shadow_price_max": f"largest {price}",
            "rent": f"rent {money}",
        }
        if summary.constraints["penalty_mwh"].any():
            binding["penalty_mwh"] = "exceeded MWh"
        page.print(console.table(summary.constraints, "Binding constraints", binding, limit=20))
    page.print()
    page.print(
        console.table(
            summary.breakdown, f"Objective, {money}", {"item": "item", "amount": "amount"}
        )
    )
    if len(summary.slacks):
        page.print()
        slacks = {
            "interval_start": "interval",
            "kind": "kind",
            "constraint": "constraint",
            "contingency": "contingency",
            "direction": "limit",
            "mw": "MW",
            "penalty": f"penalty {price}",
            "cost": f"cost {money}",
        }
        title = "Limits exceeded at a penalty"
        page.print(console.table(summary.slacks, title, slacks, limit=20))
