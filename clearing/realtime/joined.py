"""One run out of many windows: the tables of their first intervals, and what they add up to."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from clearing.day.day import Day
from clearing.formulation.energy_limits import Budgets
from clearing.limits.names import row_names
from clearing.program.rows import Kind, RowSet
from clearing.realtime.rolling import Window
from clearing.session.cleared import Cleared
from clearing.tables import result_tables
from network.arrays import Floats

__all__ = ["Joined"]

_NOT_JOINED = ("energy_budgets",)
_NOTHING = 1e-9


@dataclass(eq=False)
class Joined:
    """The binding intervals of the windows of a day."""

    day: Day
    tolerance: float
    parts: dict[str, list[pd.DataFrame]] = field(default_factory=dict)
    objective: float = 0.0
    """Energy, commitment, reserves and penalties less accepted bids, money, as far as joined."""
    warnings: list[str] = field(default_factory=list)
    passes: int = 0
    rows: int = 0
    """Soft rows of all windows."""

    def add(self, window: Window) -> None:
        """Take the first interval of a window."""
        c, session = window.cleared, window.session
        start = self.day.case.interval_starts[window.first]
        made = {}
        for name, table in result_tables(c).items():
            if name in _NOT_JOINED:
                continue
            frame = table if isinstance(table, pd.DataFrame) else table()
            if c.day.intervals > 1 and len(frame):
                inside = (pd.DatetimeIndex(frame["interval_start"]) == start).nonzero()[0]
                frame = frame.iloc[inside]
            made[name] = frame
        made["slacks"] = pd.concat(
            [frame for frame in (made["slacks"], self._imposed(window)) if len(frame)]
            or [made["slacks"]]
        )
        stopping = self.day.units[window.held]
        made["marginal_units"] = made["marginal_units"][
            ~made["marginal_units"]["unit"].isin(stopping)
        ]
        future = [self._future(window), made.get("future_values")]
        made["future_values"] = pd.concat(
            [f for f in future if f is not None and len(f)] or future[:1]
        )
        for name, frame in made.items():
            if len(frame) or name not in self.parts:
                self.parts.setdefault(name, []).append(frame)
        self.objective += self._money(c, made)
        for text in session.warnings:
            self.warnings += [text] if text not in self.warnings else []
        self.passes += session.passes
        self.rows += len(session.live.soft)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Give all tables of the day."""
        made = {}
        for name, parts in self.parts.items():
            filled = [part for part in parts if len(part)]
            made[name] = pd.concat(filled or parts[:1], ignore_index=True)
        mw = made["dispatch"]["mw"].to_numpy(dtype=float)
        made["energy_budgets"] = self._budgets(mw.reshape(self.day.intervals, -1))
        return made

    def _budgets(self, output: Floats) -> pd.DataFrame:
        """Budgets of the day; what one more MWh is worth differs by window (`future_values`)."""
        limits = Budgets(self.day)
        used = (limits.inside * output[:, limits.unit].T).sum(axis=1) * self.day.hours
        return pd.DataFrame(
            {
                "unit": self.day.units.take(limits.unit),
                "day": limits.day.to_numpy(),
                "max_mwh": limits.max_mwh,
                "used_mwh": used,
                "shadow_price": np.full(len(limits), np.nan),
            }
        )

    def _future(self, window: Window) -> pd.DataFrame:
        parts = []
        for reason, value in (("ramp", window.ramp_value), ("budget", window.budget_value)):
            at = np.flatnonzero(np.abs(value) > _NOTHING)
            parts.append((self.day.units.take(at), np.full(len(at), reason), value[at]))
        start = self.day.case.interval_starts[[window.first]]
        count = sum(len(part[0]) for part in parts)
        return pd.DataFrame(
            {
                "interval_start": start.repeat(count),
                "unit": np.concatenate([part[0].to_numpy(dtype=object) for part in parts]),
                "reason": np.concatenate([part[1] for part in parts]),
                "value": np.concatenate([part[2] for part in parts]),
            }
        )

    def _imposed(self, window: Window) -> pd.DataFrame:
        """Ramps that outputs break which leave no choice, such as a stop from too high a level."""
        c, ramps, when = window.cleared, window.session.ramps, window.first
        scheduled = ~np.isnan(self.day.self_scheduled)
        given = scheduled[when] & (scheduled[when - 1] if when else True)
        before = ramps.day.initial_output
        unit = np.flatnonzero((ramps.column[0] < 0) & ~given & np.isfinite(before))
        parts = []
        for direction in (1, -1):
            zero = np.zeros(len(unit), dtype=np.intp)
            way = np.full(len(unit), direction)
            rows = RowSet.of(Kind.RAMP, unit, zero, way, np.zeros(len(unit)))
            limit, change = ramps.limit_and_change(rows, c.output)
            over = direction * change - limit
            told = np.isin(rows.keys, c.soft.keys)
            at = np.flatnonzero((over > self.tolerance) & ~told)
            constraint, contingency = row_names(c.network, rows[at])
            of = self.day.units.take(unit[at])
            parts.append((constraint, contingency, of, np.full(len(at), direction), over[at]))
        names, blank, units, way, mw = (
            np.concatenate([np.asarray(p[k]) for p in parts]) for k in range(5)
        )
        penalty = self.day.rulebook.penalties.ramp
        stamp = self.day.case.interval_starts[[when]].repeat(len(names))
        end = self.day.case.interval_ends[[when]].repeat(len(names))
        return pd.DataFrame(
            {
                "interval_start": stamp,
                "interval_end": end,
                "constraint": names,
                "contingency": blank,
                "kind": "ramp",
                "direction": np.where(way > 0, "upper", "lower"),
                "element": units,
                "zone": "",
                "minutes": np.nan,
                "mw": mw,
                "penalty": penalty,
                "cost": mw * penalty * self.day.hours,
            }
        )

    def _money(self, c: Cleared, made: dict[str, pd.DataFrame]) -> float:
        """What an interval adds to the objective."""
        hours, day = self.day.hours, c.day
        total = float(made["dispatch"]["cost"].sum()) + float(made["slacks"]["cost"].sum())
        reserves = made["reserves"]
        total += float((reserves["mw"] * reserves["offer_price"]).sum()) * hours
        now = day.bids.interval == 0
        total -= float((c.values("bid") * day.bids.price)[now].sum()) * hours
        storage, table = made["storage_schedule"], day.case.tables["storage"]
        for way, sign in (("discharge", 1.0), ("charge", -1.0)):
            price = table[f"{way}_price"].to_numpy(dtype=float)
            mw = storage[f"{way}_mw"].to_numpy(dtype=float)
            total += sign * float((mw * price).sum()) * hours
        return total
