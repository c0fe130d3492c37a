"""Many days together: trends, owners by hours of pivotality, capping, markup, every decision."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from cases.errors import CounterflowError, DataWarning
from counterflow.pages.blocks import Block, Card, Cards, Chart, Column, Grid, Note, Panel, Sheet
from counterflow.pages.day import Day
from counterflow.pages.panels.before_after import constraint_changes
from counterflow.pages.panels.decisions import decision_frame, notable, panel_of
from counterflow.pages.panels.structure import sheets_of
from counterflow.pages.text import say
from counterflow.plots.daily import daily_counts, daily_prices
from counterflow.tables.money import average_price, run_money, uplift_total
from counterflow.tables.monitor_tables import monitor_tables

__all__ = [
    "day_table",
    "days_panel",
    "limits_panel",
    "month_decisions",
    "month_decisions_panel",
    "month_tables_panels",
    "owner_hours",
    "owners_panel",
    "trends_panel",
]


def day_table(days: Sequence[Day]) -> pd.DataFrame:
    """One row a day: what it cleared at and cost, before and after, and what was decided.

    Returns
    -------
    DataFrame
        day, price_after (load-weighted LMP), load_payment_after, cost_after, uplift_after;
        ``_before`` of price and load payment where every day has its run as submitted;
        tested, conduct_failed, replaced, near (0 where a day was not mitigated); run; link.
    """
    rows = []
    paired = all(day.whole_parent is not None for day in days)
    for day in days:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            money = run_money(day.whole)
            row: dict[str, Any] = {
                "day": str(day.starts[0].date()),
                "price_after": average_price(day.whole),
                "load_payment_after": money["load_payment"],
                "cost_after": money["production_cost"],
                "uplift_after": uplift_total(day.whole),
            }
            if paired and day.whole_parent is not None:
                row["price_before"] = average_price(day.whole_parent)
                row["load_payment_before"] = run_money(day.whole_parent)["load_payment"]
        funnel = (day.manifest.get("mitigation") or {}).get("funnel", {})
        row["tested"] = int(funnel.get("tested", 0))
        row["conduct_failed"] = int(funnel.get("conduct_failed", 0))
        row["replaced"] = int(funnel.get("mitigated", 0))
        row["near"] = int(funnel.get("near_misses", 0))
        row["run"] = str(day.manifest["run_id"])[:12]
        rows.append(row)
    return pd.DataFrame(rows)


def trends_panel(days: Sequence[Day], table: pd.DataFrame) -> Panel:
    """Totals of all days, and their prices and decisions day by day."""
    unit, money = days[0].per_mwh, days[0].money
    total = table.sum(numeric_only=True)
    cards = [
        Card("card.days", say("value.count", n=("count", len(days)))),
        Card("card.tested", say("value.count", n=("count", int(total["tested"])))),
        Card("card.conduct_failed", say("value.count", n=("count", int(total["conduct_failed"])))),
        Card("card.replaced", say("value.count", n=("count", int(total["replaced"])))),
        Card("card.near_misses", say("value.count", n=("count", int(total["near"])))),
    ]
    blocks: list[Block] = []
    if "load_payment_before" in table:
        change = float(total["load_payment_after"] - total["load_payment_before"])
        value = say(
            "value.arrow",
            a=("money", float(total["load_payment_before"])),
            b=("money", float(total["load_payment_after"])),
        )
        detail = say(
            "card.change",
            change=("signed_money", change),
            percent=("signed_percent", 100.0 * change / float(total["load_payment_before"] or 1)),
            unit=money,
        )
        cards.append(Card("card.load_payment", value, detail))
    else:
        value = say("value.one", n=("money", float(total["load_payment_after"])))
        cards.append(Card("card.load_payment", value, say("value.unit", unit=money)))
        blocks.append(Note(say("note.month_unpaired")))
    cost = say("value.one", n=("money", float(total["cost_after"])))
    cards.append(Card("card.production_cost", cost, say("value.unit", unit=money)))
    labels = {"xaxis": "axis.day", "yaxis": "axis.lmp"}
    prices = Chart("daily_prices", daily_prices(table, unit), say("trends.prices"), labels)
    blocks = [Cards(tuple(cards)), *blocks, prices]
    if total["conduct_failed"]:
        axes = {"xaxis": "axis.day", "yaxis": "axis.offers"}
        axes |= {"trace:mitigated": "outcome.mitigated", "trace:kept after failing": "outcome.kept"}
        blocks.append(Chart("daily_counts", daily_counts(table), say("trends.counts"), axes, 260))
    title = say(
        "trends.title",
        days=("count", int((table["replaced"] > 0).sum())),
        all=("count", len(days)),
        n=("count", int(total["replaced"])),
    )
    return Panel("verdict", "panel.trends", title, tuple(blocks))


def days_panel(days: Sequence[Day], table: pd.DataFrame) -> Panel:
    """A row a day; it opens to the command that writes the page of that day."""
    unit, money = days[0].per_mwh, days[0].money
    kinds: Final = {
        "price_before": ("column.lmp_before", "price", unit),
        "price_after": ("column.lmp_after", "price", unit),
        "load_payment_before": ("column.load_payment_before", "money", money),
        "load_payment_after": ("column.load_payment_after", "money", money),
        "cost_after": ("card.production_cost", "money", money),
        "uplift_after": ("card.uplift", "money", money),
        "conduct_failed": ("column.conduct_failed", "count", ""),
        "replaced": ("column.replaced", "count", ""),
        "near": ("card.near_misses", "count", ""),
    }
    columns = [Column("day", "axis.day")]
    for name, (label, kind, told) in kinds.items():
        if name in table:
            columns.append(Column(name, label, kind, told))  # type: ignore[arg-type]
    columns.append(Column("run", "fact.run"))
    columns.append(Column("command", "column.command", hidden=True))
    folders = [day.folder or "RUN" for day in days]
    names = [f"counterflow report {folder} -o day.html" for folder in folders]
    frame = table.assign(command=names)
    dear = table.sort_values("price_after", ascending=False, kind="stable").iloc[0]
    title = say(
        "days.title", day=str(dear["day"]), price=("price", float(dear["price_after"])), unit=unit
    )
    sheet = Sheet("days", tuple(columns), frame, say("days.caption"))
    return Panel("days", "panel.days", title, (sheet,))


def owner_hours(days: Sequence[Day]) -> pd.DataFrame:
    """Hours in which an owner alone was pivotal for the market or for some limit, by day.

    Returns
    -------
    DataFrame
        Owners (index) by days (columns, text), most hours first.
    """
    rows = []
    for day in days:
        tests = day.run.tests_structure
        alone = tests[(tests["rsi1"] < 1.0) & (tests["owner"] != "")]
        indices = day.run.indices
        market = indices[
            (indices["measure"] == "rsi1") & (indices["scope"] == "owner") & (indices["value"] < 1)
        ]
        both = pd.concat(
            [
                alone[["owner", "interval_start"]],
                market[["subject", "interval_start"]].rename(columns={"subject": "owner"}),
            ]
        ).drop_duplicates()
        own = both.groupby("owner").size() * day.run.case.interval_hours
        rows.append(own.rename(str(day.starts[0].date())))
    table = pd.concat(rows, axis=1).fillna(0.0)
    return table.loc[(-table.sum(axis=1)).sort_values(kind="stable").index]


def owners_panel(days: Sequence[Day]) -> Panel:
    """Owners by days: hours in which each alone was pivotal."""
    table = owner_hours(days)
    if table.empty:
        note = say("note.no_tests")
        return Panel("owners", "panel.owners", note, (Note(note, "missing"),))
    cells = table.to_numpy(dtype=float)
    grid = Grid(
        "owners",
        tuple(str(owner) for owner in table.index),
        cells,
        ("", "mark.pivotal"),
        (cells > 0).astype(int),
        label="column.owner",
        scale="count",
        value="number",
        heads=tuple(str(day)[5:] for day in table.columns),
    )
    totals = pd.DataFrame({"owner": table.index.astype(str), "hours": cells.sum(axis=1)})
    hours = sum(float(day.hours.sum()) for day in days)
    totals["share"] = totals["hours"] / hours
    columns = (
        Column("owner", "column.owner", dim="owner"),
        Column("hours", "column.hours", "number", "h"),
        Column("share", "column.share", "percent"),
    )
    title = say(
        "owners.title",
        owner=str(table.index[0]),
        hours=("number", float(cells[0].sum())),
        all=("number", hours),
    )
    sheet = Sheet("owner_hours", columns, totals, say("owners.caption"))
    return Panel("owners", "panel.owners", title, (grid, sheet))


def month_decisions(days: Sequence[Day]) -> pd.DataFrame:
    """Decisions of all days that are worth a look, most money first."""
    parts = [notable(decision_frame(day)) for day in days]
    frame = pd.concat(parts, ignore_index=True)
    order = np.argsort(-frame["money_effect"].abs().fillna(-1.0).to_numpy(), kind="stable")
    return frame.iloc[order].reset_index(drop=True)


def month_decisions_panel(days: Sequence[Day]) -> Panel:
    """The decision table of all days; offers that passed have no row."""
    frame = month_decisions(days)
    if frame.empty and any(len(day.run.decisions) for day in days):
        none = say("note.no_chain")
        return Panel("decisions", "panel.decisions", none, (Note(none, "good"),))
    passed = sum(len(day.run.decisions) for day in days) - len(frame)
    panel = panel_of(days[0], frame)
    if frame.empty:
        return panel
    note = Note(say("decisions.month", n=("count", passed)))
    return Panel(panel.id, panel.name, panel.title, (*panel.blocks, note), panel.lead)


def month_tables_panels(days: Sequence[Day]) -> list[Panel]:
    """Capping, markup and structure: the monitor's tables over all days."""
    names = {
        "capping": ("capping", "capped_units", "mitigated"),
        "markup": ("markup_in_prices", "markup_by_owner", "markup_by_fuel", "output_gap"),
        "structure": ("concentration", "pivotal_together", "pivotal_alone", "marginal_by_owner"),
    }
    if any(day.audience.kind != "monitor" for day in days):
        return [_missing(name, "note.not_disclosed") for name in names]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            made = monitor_tables([day.whole for day in days])
    except CounterflowError as error:
        told = say("note.failed", reason=str(error).splitlines()[0])
        return [Panel(name, f"panel.{name}", told, (Note(told, "missing"),)) for name in names]
    panels = []
    for name, tables in names.items():
        sheets = sheets_of(made.tables, tables, days[0].per_mwh, days[0].money)
        if sheets:
            panels.append(Panel(name, f"panel.{name}", say(f"{name}.month"), sheets))
        else:
            reason = next((made.notes[t] for t in tables if t in made.notes), "")
            told = say("note.failed", reason=reason)
            panels.append(Panel(name, f"panel.{name}", told, (Note(told, "missing"),)))
    return panels


def _missing(name: str, key: str) -> Panel:
    return Panel(name, f"panel.{name}", say(key), (Note(say(key), "missing"),))


def limits_panel(days: Sequence[Day]) -> Panel:
    """Rent and hours of every limit over all days."""
    parts = [constraint_changes(day) for day in days]
    every = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    if every.empty:
        return _missing("constraints", "note.nothing_binds")
    key = ["constraint", "contingency", "direction"]
    sums = {
        name: "sum"
        for name in ("hours_before", "hours_after", "rent_before", "rent_after", "tests", "failed")
        if name in every
    }
    table = every.groupby(key, as_index=False).agg(sums)
    table = table.sort_values("rent_after", ascending=False, kind="stable", ignore_index=True)
    columns = [
        Column("constraint", "column.constraint", dim="constraint"),
        Column("contingency", "column.contingency"),
        Column("direction", "column.direction", "state"),
    ]
    for name in sums:
        kind = "money" if name.startswith("rent") else "number"
        unit = {"rent": days[0].money, "hours": "h"}.get(name.split("_")[0], "")
        columns.append(Column(name, f"column.{name}", kind, unit))  # type: ignore[arg-type]
    title = say(
        "constraints.title",
        n=("count", len(table)),
        constraint=str(table["constraint"].iloc[0]),
        hours=("number", float(table["hours_after"].iloc[0])),
    )
    sheet = Sheet("constraints", tuple(columns), table, say("constraints.caption"))
    return Panel("constraints", "panel.constraints", title, (sheet,))
