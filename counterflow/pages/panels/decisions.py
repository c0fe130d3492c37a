"""Every decision with its numbers, and the chains of reasons behind those worth opening."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from counterflow.explain.decision_explanation import explain_decision
from counterflow.pages.blocks import Block, Chain, Column, Note, Panel, Sheet
from counterflow.pages.day import Day
from counterflow.pages.text import say

__all__ = [
    "EXPLAINED",
    "chains",
    "decision_frame",
    "decisions_panel",
    "notable",
    "panel_of",
    "why_panel",
]

EXPLAINED: Final = 300
"""Units and hours whose chain is written out: those that moved most money."""
ROWS: Final = 20_000
"""Above this many decisions, of those that passed only the closest to its limit of each unit and
component has a row of its own."""
SHOWN: Final = 3

_COLUMNS: Final = (
    ("unit", "text", "", "unit", False),
    ("interval_start", "time", "", "t", False),
    ("component", "state", "", "", False),
    ("action", "state", "", "", False),
    ("money_effect", "money", "currency", "", False),
    ("offered", "price", "money", "", False),
    ("reference", "price", "money", "", False),
    ("conduct_limit", "price", "money", "", False),
    ("over", "price", "money", "", False),
    ("conduct_result", "state", "", "", False),
    ("impact", "price", "money", "", False),
    ("impact_limit", "price", "money", "", False),
    ("impact_result", "state", "", "", False),
    ("constraint", "text", "", "constraint", False),
    ("rsi3", "factor", "", "", False),
    ("tps_result", "state", "", "", False),
    ("offer_used", "price", "money", "", False),
    ("owner", "text", "", "owner", False),
    ("bus", "text", "", "bus", False),
    ("reference_method", "state", "", "", True),
    ("lmp_with_offer", "price", "money", "", True),
    ("lmp_with_reference", "price", "money", "", True),
    ("view", "text", "", "", True),
    ("kind", "state", "", "", True),
    ("contingency", "text", "", "", True),
    ("direction", "state", "", "", True),
    ("mw", "mw", "MW", "", True),
    ("shadow_price", "price", "money", "", True),
    ("need_mw", "mw", "MW", "", True),
    ("effective_supply_mw", "mw", "MW", "", True),
    ("relevant_price", "price", "money", "", True),
    ("pivotal_group", "text", "", "", True),
    ("rsi1", "factor", "", "", True),
    ("rsi2", "factor", "", "", True),
    ("impact_scope", "state", "", "", True),
    ("impact_subject", "text", "", "", True),
    ("impact_interval", "time", "", "", True),
    ("area", "text", "", "", True),
    ("rule_id", "text", "", "", True),
    ("override_by", "text", "", "", True),
    ("override_reason", "text", "", "", True),
    ("note", "text", "", "", True),
    ("decision_id", "text", "", "", True),
)


def decision_frame(day: Day) -> pd.DataFrame:
    """Decisions with what a reader sees beside them, most money first.

    Returns
    -------
    DataFrame
        The columns of ``decisions``; ``bus`` of the unit; ``over`` = offered - conduct_limit
        (above zero it failed); ``impact`` = lmp_with_offer - lmp_with_reference; ``view``:
        mitigated, override, impact, conduct, near or passed, what it is worth looking at for.
    """
    table = day.run.decisions
    case = day.run.case
    bus = {
        str(name): str(place)
        for kind, key in (("units", "unit"), ("storage", "storage"), ("loads", "load"))
        for name, place in zip(case.tables[kind][key], case.tables[kind]["bus"], strict=True)
    }
    conditions = [
        table["action"] == "mitigated",
        table["override_by"] != "",
        table["impact_result"] == "fail",
        table["conduct_result"] == "fail",
        table["near"].astype(bool),
    ]
    names = ["mitigated", "override", "impact", "conduct", "near"]
    frame = table.assign(
        bus=table["unit"].map(bus).fillna(""),
        over=table["offered"] - table["conduct_limit"],
        impact=table["lmp_with_offer"] - table["lmp_with_reference"],
        view=np.select(conditions, names, default="passed"),
    )
    rank = frame["view"].map({name: i for i, name in enumerate([*names, "passed"])})
    money = frame["money_effect"].abs().fillna(-1.0)
    order = np.lexsort((frame["interval_start"].isna(), -money, rank.ge(4)))
    return frame.iloc[order].reset_index(drop=True)


def notable(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows worth opening: replaced, overridden, failed, or close to a limit."""
    return frame[frame["view"] != "passed"]


def _shown(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Rows that the page carries, and how many decisions that passed it leaves out."""
    if len(frame) <= ROWS:
        return frame, 0
    passed = frame[frame["view"] == "passed"]
    closest = passed.sort_values("over", ascending=False, kind="stable")
    kept = closest.drop_duplicates(["unit", "component"]).index
    rows = frame.loc[notable(frame).index.union(kept)]
    return rows.reset_index(drop=True), len(frame) - len(rows)


def decisions_panel(day: Day) -> Panel:
    """The decision table: sorted by money, passing rows behind a view."""
    return panel_of(day, *_shown(decision_frame(day)))


def panel_of(day: Day, frame: pd.DataFrame, left_out: int = 0) -> Panel:
    """The decision table of rows like those of `decision_frame`, in the words of a day."""
    if frame.empty:
        why = "note.no_decisions" if day.audience.kind == "monitor" else "note.not_disclosed"
        return Panel("decisions", "panel.decisions", say(why), (Note(say(why), "missing"),))
    counts = frame["view"].value_counts()
    columns = []
    for name, kind, unit, dim, hidden in _COLUMNS:
        told = {"money": day.per_mwh, "currency": day.money}.get(unit, unit)
        columns.append(Column(name, f"column.{name}", kind, told, dim, hidden))  # type: ignore[arg-type]
    sheet = Sheet(
        "decisions",
        tuple(columns),
        frame,
        caption=say("decisions.caption"),
        sort="money_effect",
        group=("owner", "unit", "constraint", "component"),
        fold=("unit", "component", "action", "conduct_result", "impact_result"),
        worst="over",
        detail="decision",
        views=("notable", "mitigated", "impact", "conduct", "near", "all"),
    )
    title = say(
        "decisions.title",
        replaced=("count", int(counts.get("mitigated", 0))),
        kept=("count", int(counts.get("conduct", 0) + counts.get("impact", 0))),
        near=("count", int(counts.get("near", 0))),
    )
    blocks: list[Block] = [sheet]
    if left_out:
        blocks.append(Note(say("decisions.left_out", n=("count", left_out))))
    return Panel("decisions", "panel.decisions", title, tuple(blocks))


def chains(day: Day, most: int = EXPLAINED) -> dict[str, list[str]]:
    """Sentences of `counterflow.explain_decision` by "unit|interval start", most money first.

    A decision that holds in every interval has the start of the first.
    """
    rows = notable(decision_frame(day))
    rows = rows[rows["unit"].isin(day.run.case.tables["units"]["unit"])]
    first = day.starts[0]
    out: dict[str, list[str]] = {}
    for unit, start in zip(rows["unit"], rows["interval_start"], strict=True):
        at = first if pd.isna(start) else start
        key = f"{unit}|{at.isoformat()}"
        if key not in out:
            if len(out) >= most:
                break
            out[key] = list(explain_decision(day.run, unit=str(unit), at=at).sentences)
    return out


def why_panel(day: Day, told: dict[str, list[str]]) -> Panel:
    """The decisions most worth opening, written out as an argument.

    Parameters
    ----------
    told
        What `chains` gives.
    """
    frame = notable(decision_frame(day))
    blocks: list[Block] = []
    seen: set[str] = set()
    for unit, start, view in zip(
        frame["unit"], frame["interval_start"], frame["view"], strict=True
    ):
        at = day.starts[0] if pd.isna(start) else start
        key = f"{unit}|{at.isoformat()}"
        if f"{unit}{view}" in seen or key not in told or len(blocks) >= SHOWN:
            continue
        seen.add(f"{unit}{view}")
        title = say("why.heading", unit=str(unit), at=("time", at.isoformat()))
        chain = tuple(told[key])
        blocks.append(Chain(f"why-{len(blocks)}", title, chain, str(unit), at.isoformat()))
    if not blocks:
        blocks = [Note(say("note.no_chain"), "missing")]
    return Panel("why", "panel.why", say("why.title"), tuple(blocks), say("why.lead"))
