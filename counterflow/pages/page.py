"""A page as data: which panels a reader gets, and everything that scripts need to draw them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

import pandas as pd
import plotly.io

from cases.errors import CounterflowError
from counterflow.pages.blocks import Chart, Grid, Map, Note, Panel, Sheet, WhatIf
from counterflow.pages.day import Day
from counterflow.pages.panels.analyst import (
    checks_panel,
    commitment_panel,
    generation_panel,
    objective_panel,
)
from counterflow.pages.panels.audit import audit_panel
from counterflow.pages.panels.before_after import (
    constraints_panel,
    dispatch_panel,
    settlement_panel,
)
from counterflow.pages.panels.conduct import conduct_panel, what_if_panel
from counterflow.pages.panels.decisions import (
    chains,
    decision_frame,
    decisions_panel,
    notable,
    why_panel,
)
from counterflow.pages.panels.prices import prices_panel, zones_panel
from counterflow.pages.panels.structure import pivotal_panel, structure_panel, tests_of
from counterflow.pages.panels.verdict import cleared_panel, verdict_panel
from counterflow.pages.text import Text, say
from counterflow.plots.style import interval_labels

__all__ = ["MONITOR_PANELS", "Opener", "Page", "day_page", "shared_chains", "things_of"]

MONITOR_PANELS: Final = (
    "verdict",
    "decisions",
    "why",
    "pivotal",
    "conduct",
    "prices",
    "constraints",
    "dispatch",
    "settlement",
    "structure",
    "whatif",
    "audit",
)
"""The twelve panels of a mitigated run, in the order of a decision."""
DECK_BUSES: Final = 1_500
"""Above this many buses the map is drawn by deck.gl; below as SVG, which prints and is read out."""


@dataclass(frozen=True)
class Opener:
    """Something worth opening, and the part of the page that shows it."""

    text: Text
    link: str


@dataclass(frozen=True)
class Page:
    """A page: what its head says, its panels, and the facts that its filters know."""

    kind: Literal["monitor", "analyst", "study"]
    name: str
    date: str
    timezone: str
    facts: tuple[tuple[str, str | Text], ...]
    panels: tuple[Panel, ...]
    starts: pd.DatetimeIndex
    openers: tuple[Opener, ...] = ()
    audience: str = "monitor"
    extra: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def uses_deck(self) -> bool:
        """Whether the map is large enough to need deck.gl."""
        return any(
            len(block.data["buses"]) > DECK_BUSES
            for panel in self.panels
            for block in panel.blocks
            if isinstance(block, Map)
        )

    def data(self) -> dict[str, Any]:
        """Everything that the scripts of the page draw from."""
        out: dict[str, Any] = {
            "kind": self.kind,
            "times": [start.isoformat() for start in self.starts],
            "labels": interval_labels(self.starts) if len(self.starts) else [],
            "sheets": {},
            "charts": {},
            "grids": {},
            **self.extra,
        }
        for panel in self.panels:
            for block in panel.blocks:
                if isinstance(block, Sheet):
                    out["sheets"][block.id] = block.plain(self.starts)
                elif isinstance(block, Chart):
                    out["charts"][block.id] = _chart(block)
                elif isinstance(block, Grid):
                    out["grids"][block.id] = _grid(block)
                elif isinstance(block, Map):
                    out["map"] = {**block.data, "deck": self.uses_deck}
                elif isinstance(block, WhatIf):
                    out["whatif"] = block.data
        return out


def _chart(chart: Chart) -> dict[str, Any]:
    """A figure without what the page says itself: its title, its template, its width."""
    figure = json.loads(plotly.io.to_json(chart.figure, validate=False))
    layout = {
        name: value
        for name, value in figure["layout"].items()
        if name not in ("title", "template", "font", "height", "paper_bgcolor", "plot_bgcolor")
    }
    traces = [
        {name: _inert(value) if name in _NAMES else value for name, value in trace.items()}
        for trace in figure["data"]
    ]
    return {"data": traces, "layout": layout, "labels": chart.labels, "height": chart.height}


_NAMES: Final = ("name", "x", "y", "text", "customdata", "legendgroup")


def _inert(value: Any) -> Any:
    """Texts of the data without markup: plotly reads a few tags in them."""
    if isinstance(value, str):
        return value.replace("&", "&amp;").replace("<", "&lt;")
    return [_inert(each) for each in value] if isinstance(value, list) else value


def _grid(grid: Grid) -> dict[str, Any]:
    cells = grid.cells.round(4)
    return {
        "names": list(grid.names),
        "cells": [[None if value != value else value for value in row] for row in cells.tolist()],
        "marks": list(grid.marks),
        "mark": grid.mark.astype(int).tolist(),
        "label": grid.label,
        "scale": grid.scale,
        "value": grid.value,
        "dim": grid.dim,
        "target": grid.target,
        **({"heads": list(grid.heads)} if grid.heads else {}),
    }


def day_page(day: Day) -> Page:
    """Make the page of one day: the monitor's where offers were tested, else the analyst's."""
    told = chains(day) if day.mitigated else {}
    made = _monitor(told) if day.mitigated else _ANALYST
    panels = tuple(_panel(day, *entry) for entry in made)
    return Page(
        kind="monitor" if day.mitigated else "analyst",
        name=day.run.case.meta.name,
        date=_date(day.starts),
        timezone=day.run.case.meta.timezone,
        facts=_facts(day),
        panels=panels,
        starts=day.starts,
        openers=tuple(_openers(day)),
        audience=str(day.audience),
        extra={"chains": shared_chains(told), **things_of(day)},
    )


_Entry = tuple[str, Callable[[Day], Panel], tuple[str, ...]]
"""A panel's id, what makes it, and the tables without which it cannot be made."""

_PRICES: Final[_Entry] = ("prices", prices_panel, ("prices", "price_terms", "flows"))
_LIMITS: Final[_Entry] = ("constraints", constraints_panel, ("constraints",))
_MONEY: Final = ("prices", "dispatch", "load_awards")
_ANALYST: Final[tuple[_Entry, ...]] = (
    ("cleared", cleared_panel, _MONEY),
    ("zones", zones_panel, ("prices", "load_awards")),
    _PRICES,
    _LIMITS,
    ("commitment", commitment_panel, ("dispatch",)),
    ("generation", generation_panel, ("dispatch", "offers_used")),
    ("objective", objective_panel, ("dispatch", "offers_used", "load_awards")),
    ("settlement", settlement_panel, _MONEY),
    ("checks", checks_panel, ()),
    ("audit", audit_panel, ()),
)


def _monitor(told: dict[str, list[str]]) -> tuple[_Entry, ...]:
    """The twelve panels of a mitigated run."""
    return (
        ("verdict", verdict_panel, _MONEY),
        ("decisions", decisions_panel, ("decisions",)),
        ("why", lambda day: why_panel(day, told), ("decisions",)),
        ("pivotal", pivotal_panel, ()),
        ("conduct", conduct_panel, ("decisions",)),
        _PRICES,
        _LIMITS,
        ("dispatch", dispatch_panel, ("dispatch",)),
        ("settlement", settlement_panel, _MONEY),
        ("structure", structure_panel, ("dispatch",)),
        ("whatif", what_if_panel, ("decisions",)),
        ("audit", audit_panel, ()),
    )


def _panel(day: Day, name: str, make: Callable[[Day], Panel], needs: tuple[str, ...]) -> Panel:
    """Make a panel, or one that says which table is missing or what is wrong."""
    missing = [table for table in needs if table not in day.whole.tables]
    if missing:
        text = say("note.missing_table", tables=", ".join(missing))
    else:
        try:
            return make(day)
        except CounterflowError as error:
            text = say("note.failed", reason=str(error).splitlines()[0])
    home = "verdict" if name == "cleared" else name
    return Panel(home, f"panel.{name}", text, (Note(text, "missing"),))


def _date(starts: pd.DatetimeIndex) -> str:
    first, last = starts[0].date(), starts[-1].date()
    return f"{first}" if first == last else f"{first} – {last}"


def _facts(day: Day) -> tuple[tuple[str, str | Text], ...]:
    """The head: which rules, from which run, for whom, all short; ids are in the audit trail."""
    manifest = day.manifest
    rulebook = f"{manifest['rulebook']} {str(manifest['rulebook_hash'])[:8]}"
    facts: list[tuple[str, str | Text]] = [("fact.rulebook", rulebook)]
    if day.mitigated:
        found = "head.pair" if day.whole_parent is not None else "head.alone"
        parent = str(manifest.get("parent") or "")[:8]
        facts.append(("fact.runs", say(found, run=str(manifest["run_id"])[:8], parent=parent)))
    else:
        facts.append(("fact.run", str(manifest["run_id"])[:8]))
    facts.append(("fact.currency", day.money))
    facts.append(("fact.for", str(day.audience)))
    return tuple(facts)


def _openers(day: Day) -> list[Opener]:
    """At most three things most worth opening."""
    out: list[Opener] = []
    if day.mitigated and len(rows := notable(decision_frame(day))):
        row = rows.iloc[0]
        at = day.starts[0] if pd.isna(row["interval_start"]) else row["interval_start"]
        text = say(
            f"opener.{row['view']}" if row["view"] in ("mitigated", "near") else "opener.failed",
            unit=str(row["unit"]),
            at=("time", at.isoformat()),
            offered=("price", float(row["offered"])),
            reference=("price", float(row["reference"])),
        )
        out.append(Opener(text, f"unit={row['unit']}&t={at.isoformat()}"))
    tests = tests_of(day)
    failed = tests[~tests["passed"].astype(bool)]
    if len(failed):
        row = failed.sort_values("shadow_price", ascending=False, kind="stable").iloc[0]
        text = say(
            "opener.pivotal",
            constraint=str(row["name"]),
            at=("time", row["interval_start"].isoformat()),
            rsi=("factor", float(row["rsi3"]) if row["rsi3"] == row["rsi3"] else 0.0),
        )
        out.append(Opener(text, f"panel=pivotal&constraint={row['constraint']}"))
    prices = day.run.prices.dropna(subset=["lmp"])
    if len(prices):
        top = prices.sort_values("lmp", ascending=False, kind="stable").iloc[0]
        text = say(
            "opener.price",
            bus=str(top["bus"]),
            at=("time", top["interval_start"].isoformat()),
            price=("price", float(top["lmp"])),
            unit=day.per_mwh,
        )
        link = f"panel=prices&bus={top['bus']}&t={top['interval_start'].isoformat()}"
        out.append(Opener(text, link))
    return out


def shared_chains(told: dict[str, list[str]]) -> dict[str, Any]:
    """Chains with every sentence once."""
    at: dict[str, int] = {}
    chain = {
        key: [at.setdefault(sentence, len(at)) for sentence in sentences]
        for key, sentences in told.items()
    }
    return {"sentences": list(at), "of": chain}


def things_of(day: Day) -> dict[str, Any]:
    """What the global filter knows: the owner and bus of a unit, the zone of a bus."""
    case = day.run.case
    units = case.units
    return {
        "owner_of": dict(zip(units["unit"].astype(str), units["owner"].astype(str), strict=True)),
        "bus_of": dict(zip(units["unit"].astype(str), units["bus"].astype(str), strict=True)),
        "zone_of": dict(
            zip(
                case.buses["bus"].astype(str),
                case.buses["zone"].fillna("").astype(str),
                strict=True,
            )
        ),
        "currency": case.meta.currency,
        "per_mwh": day.per_mwh,
        "folder": day.folder or "RUN",
    }
