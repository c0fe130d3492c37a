"""A whole hour in one page: its prices by who sets them, what binds, what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from cases import InputError, Run
from counterflow.console import number, stamp
from counterflow.explain.explanation import PriceExplanations, explain_prices, setters_text
from counterflow.explain.limits import active
from counterflow.explain.pockets import pocket_text
from counterflow.html import block, html_table, paragraph

__all__ = ["IntervalExplanation", "explain_interval"]

GROUP_COLUMNS = ("buses", "lowest", "highest", "setters", "held_by", "names")
LIMIT_COLUMNS = (
    "constraint",
    "contingency",
    "kind",
    "direction",
    "limit_mw",
    "flow_mw",
    "shadow_price",
    "penalty_mw",
    "behind",
)


@dataclass(frozen=True)
class IntervalExplanation:
    """One interval of a run.

    `groups`: buses whose prices the same movers set, with the lowest and the highest of them
    (money per MWh), the movers of the first and what holds them together, the largest group first.
    `limits`: what binds, the dearest first, and what lies behind it. `shortages`: what was exceeded
    at a penalty. `prices` has the explanation of every bus.
    """

    run: str
    case: str
    currency: str
    interval_start: pd.Timestamp
    interval_end: pd.Timestamp
    groups: pd.DataFrame
    limits: pd.DataFrame
    shortages: pd.DataFrame
    prices: PriceExplanations

    @property
    def title(self) -> str:
        """Case, interval and how many prices there are."""
        return (
            f"{self.case}: {stamp(self.interval_start)} to {stamp(self.interval_end)}, "
            f"{len(self.prices)} prices"
        )

    @property
    def sentences(self) -> tuple[str, ...]:
        """The hour in sentences."""
        unit = f"{self.currency}/MWh"
        said = [f"{self.title}."]
        for row in self.groups.to_dict("records"):
            low, high = number(row["lowest"]), number(row["highest"])
            span = low if low == high else f"{low} to {high}"
            buses = "1 bus" if row["buses"] == 1 else f"{row['buses']} buses"
            held = f", held together by {row['held_by']}" if row["held_by"] else ""
            said.append(f"{buses} at {span} {unit}: {row['setters']}{held} ({row['names']}).")
        for row in self.limits.to_dict("records"):
            after = f" after {row['contingency']}" if row["contingency"] else ""
            what = row["behind"] or f"{row['constraint']}{after} binds"
            said.append(f"{what}: {number(row['shadow_price'])} {unit}.")
        for row in self.shortages.to_dict("records"):
            said.append(
                f"{row['constraint']} is missed by {number(row['mw'])} MW at a penalty of "
                f"{number(row['penalty'])} {unit}."
            )
        return tuple(said)

    def __str__(self) -> str:
        return "\n".join(self.sentences)

    def _repr_html_(self) -> str:
        unit = f"{self.currency}/MWh"
        headings = {"buses": "buses", "lowest": f"from {unit}", "highest": f"to {unit}"}
        headings |= {"setters": "set by", "held_by": "held together by", "names": "where"}
        parts = [html_table(self.groups, headings)]
        if len(self.limits):
            headings = {"constraint": "limit", "contingency": "contingency", "flow_mw": "flow MW"}
            headings |= {"limit_mw": "limit MW", "shadow_price": unit, "behind": "behind it"}
            parts.append(html_table(self.limits, headings))
        missed = (
            f"{r['constraint']}: {number(r['mw'])} MW" for r in self.shortages.to_dict("records")
        )
        parts += [paragraph(text) for text in missed]
        return block(self.title, parts)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        names = ("run", "case", "currency", "interval_start", "interval_end")
        out: dict[str, Any] = {name: getattr(self, name) for name in names}
        for name in ("groups", "limits", "shortages"):
            out[name] = getattr(self, name).to_dict("records")
        return {**out, **self.prices.to_dict(), "sentences": list(self.sentences)}


def explain_interval(run: Run, *, at: str) -> IntervalExplanation:
    """Explain all prices of the interval that holds `at`.

    Parameters
    ----------
    run
        A cleared run.
    at
        As in `explain_price`.

    Raises
    ------
    InputError
        No interval there: one line with the nearest times; or a range of several.
    """
    prices = explain_prices(run, at=at)
    first = prices[0]
    start = first.interval_start
    if any(one.interval_start != start for one in prices):
        raise InputError.one("", None, None, "usage", f"{at!r} is a range, expected one interval")
    slacks = run.slacks[run.slacks["interval_start"] == start]
    return IntervalExplanation(
        run=run.id,
        case=run.case.meta.name,
        currency=run.case.meta.currency,
        interval_start=start,
        interval_end=first.interval_end,
        groups=_groups(prices),
        limits=_limits(run, start, prices),
        shortages=slacks[["constraint", "kind", "direction", "mw", "penalty"]],
        prices=prices,
    )


def _groups(prices: PriceExplanations) -> pd.DataFrame:
    """Prices by the names of their movers, the largest group first."""
    found: dict[tuple[str, ...], list[Any]] = {}
    for one in prices:
        movers = sorted({row["name"] for row in one.setter_rows if row["amount"]})
        movers = movers or sorted({row["name"] for row in one.setter_rows})
        key = tuple(movers) if one.determined else ("not determined", one.reason)
        found.setdefault(key, []).append(one)
    rows = []
    for own in found.values():
        lmp = [one.lmp for one in own]
        names = [one.bus for one in own]
        more = f", and {len(names) - 6} more" if len(names) > 6 else ""
        rows.append(
            {
                "buses": len(own),
                "lowest": min(lmp),
                "highest": max(lmp),
                "setters": setters_text(own[0]) or own[0].reason,
                "held_by": ", ".join(own[0].ties),
                "names": ", ".join(names[:6]) + more,
            }
        )
    table = pd.DataFrame(rows, columns=list(GROUP_COLUMNS))
    return table.sort_values("buses", ascending=False, kind="stable", ignore_index=True)


def _limits(run: Run, start: pd.Timestamp, prices: PriceExplanations) -> pd.DataFrame:
    """What binds, the dearest first, with what lies behind it."""
    now = active(run.constraints[run.constraints["interval_start"] == start])
    behind = {
        (row["constraint"], row["contingency"]): pocket_text(row)
        for one in prices
        for row in one.pocket_rows
    }
    keys = zip(now["constraint"], now["contingency"], strict=True)
    own = now.assign(behind=[behind.get(key, "") for key in keys])
    own = own.sort_values("shadow_price", ascending=False, kind="stable", ignore_index=True)
    return own[list(LIMIT_COLUMNS)]
