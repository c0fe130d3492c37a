"""What a day-ahead analyst looks at: which units ran, what it cost, what the data look like."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases import Proof
from counterflow.pages.blocks import Block, Chart, Column, Facts, Grid, Note, Panel, Sheet
from counterflow.pages.day import Day
from counterflow.pages.text import Text, say
from counterflow.plots.merit_order import merit_order
from counterflow.plots.stack import generation_stack
from counterflow.tables.summary import objective_breakdown

__all__ = ["checks_panel", "commitment_panel", "generation_panel", "objective_panel"]


def commitment_panel(day: Day) -> Panel:
    """Units by interval: on, off, starting, stopping; those that change first."""
    table = day.run.dispatch
    if table.empty:
        note = say("note.not_disclosed")
        return Panel("commitment", "panel.commitment", note, (Note(note, "missing"),))
    on, start, stop, mw = (
        table.pivot(index="unit", columns="interval_start", values=name)
        .reindex(columns=day.starts)
        .to_numpy()
        for name in ("on", "start", "stop", "mw")
    )
    names = np.sort(table["unit"].astype(str).unique())
    marks = np.where(
        start.astype(bool), 2, np.where(stop.astype(bool), 3, np.where(on.astype(bool), 1, 0))
    )
    changes = (marks > 1).sum(axis=1)
    changing = np.flatnonzero(
        changes | (on.astype(bool).any(axis=1) & ~on.astype(bool).all(axis=1))
    )
    order = changing[np.argsort(-on[changing].astype(float).sum(axis=1), kind="stable")]
    rest = np.setdiff1d(np.arange(len(names)), changing)
    rest = rest[np.argsort(-on[rest].astype(float).sum(axis=1), kind="stable")]
    rows = np.concatenate([order, rest]).astype(int)
    grid = Grid(
        "commitment",
        tuple(str(names[i]) for i in rows),
        mw[rows].astype(float),
        ("mark.off", "mark.on", "mark.start", "mark.stop"),
        marks[rows],
        label="column.unit",
        scale="state",
        value="mw",
        dim="unit",
        legend=(("■", "mark.on"), ("▲", "mark.start"), ("▼", "mark.stop"), ("", "mark.off")),
    )
    title = say(
        "commitment.title",
        on=("count", int(on.astype(bool).any(axis=1).sum())),
        units=("count", len(names)),
        starts=("count", int(start.astype(bool).sum())),
        stops=("count", int(stop.astype(bool).sum())),
    )
    return Panel("commitment", "panel.commitment", title, (grid,))


def generation_panel(day: Day) -> Panel:
    """Generation by fuel, and the merit order of the peak."""
    if day.run.dispatch.empty:
        note = say("note.not_disclosed")
        return Panel("generation", "panel.generation", note, (Note(note, "missing"),))
    output = day.run.dispatch.groupby("interval_start")["mw"].sum()
    peak = pd.DatetimeIndex(output.index)[int(output.to_numpy().argmax())]
    stack = Chart(
        "stack",
        generation_stack(day.run),
        say("stack.title"),
        {"xaxis": "axis.interval", "yaxis": "axis.mw"},
    )
    merit = Chart(
        "merit",
        merit_order(day.run, peak),
        say("merit.title", at=("time", peak.isoformat())),
        {"xaxis": "axis.cumulative_mw", "yaxis": "axis.offer"},
        400,
    )
    title = say("generation.title", at=("time", peak.isoformat()))
    return Panel("generation", "panel.generation", title, (stack, merit))


def objective_panel(day: Day) -> Panel:
    """What the day cost, item by item, and how sure the schedule is."""
    table = objective_breakdown(day.whole)
    items = table.assign(item=[_ITEMS.get(str(item), "other") for item in table["item"]])
    columns = (
        Column("item", "column.item", "state"),
        Column("amount", "column.amount", "money", day.money),
    )
    proof = Proof.of(day.whole.stated)
    facts: list[tuple[str, str | Text]] = [
        ("fact.proof", proof.text(day.money)),
        ("fact.status", str(day.whole.stated.get("status", ""))),
        ("fact.solver", _solver(day)),
    ]
    seconds = sum(float(value) for value in day.whole.stated.get("times", {}).values())
    if seconds:
        facts.append(("fact.seconds", f"{seconds:.1f}"))
    blocks: tuple[Block, ...] = (
        Sheet("objective", columns, items, say("objective.caption")),
        Facts(tuple(facts)),
    )
    title = say("objective.title", n=("money", float(day.whole.objective)), money=day.money)
    return Panel("objective", "panel.objective", title, blocks)


_ITEMS = {
    "energy": "item_energy",
    "no-load, start-up, shut-down": "item_commitment",
    "accepted bids": "item_bids",
    "penalties": "item_penalties",
    "reserves": "item_reserves",
    "objective": "item_objective",
}


def _solver(day: Day) -> str:
    told = day.whole.stated.get("solver", {})
    if not isinstance(told, dict):
        return str(told)
    return " ".join(str(told[key]) for key in ("name", "version") if key in told)


def checks_panel(day: Day) -> Panel:
    """What the checks of the data said, and every limit that was exceeded at a penalty."""
    warnings = [str(text) for text in day.run.stated.get("warnings", [])]
    blocks: list[Block] = []
    if warnings:
        frame = pd.DataFrame({"n": range(1, len(warnings) + 1), "warning": warnings})
        columns = (Column("n", "column.n", "count"), Column("warning", "column.warning"))
        blocks.append(Sheet("warnings", columns, frame, say("warnings.caption")))
    else:
        blocks.append(Note(say("checks.none"), "good"))
    slacks = day.run.slacks
    if len(slacks):
        blocks.append(_slacks(day, slacks))
    else:
        blocks.append(Note(say("slacks.none"), "good"))
    title = say("checks.title", n=("count", len(warnings)), short=("count", len(slacks)))
    return Panel("checks", "panel.checks", title, tuple(blocks))


def _slacks(day: Day, slacks: pd.DataFrame) -> Sheet:
    columns = (
        Column("interval_start", "column.interval_start", "time", dim="t"),
        Column("kind", "column.kind", "state"),
        Column("constraint", "column.constraint", dim="constraint"),
        Column("contingency", "column.contingency"),
        Column("direction", "column.direction", "state"),
        Column("mw", "column.mw", "mw", "MW"),
        Column("penalty", "column.penalty", "price", day.per_mwh),
        Column("cost", "column.cost", "money", day.money),
    )
    frame = slacks.sort_values("cost", ascending=False, kind="stable", ignore_index=True)
    return Sheet("slacks", columns, frame, say("slacks.caption"))
