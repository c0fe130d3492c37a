"""What starting, stopping and running without load cost, by unit."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from cases.start_tiers import held_tier
from clearing.day.day import Day
from network.arrays import Flags, Floats

__all__ = ["StartCosts", "commitment_cost"]


@dataclass(frozen=True, eq=False)
class StartCosts:
    """Commitment offers of all units; money per start and stop, money per hour without load."""

    tiers: tuple[tuple[Floats, Floats], ...]
    """By unit: hours off from which each start-up price holds, rising, and the prices."""
    shutdown: Floats
    no_load: Floats

    @classmethod
    def of(cls, day: Day) -> StartCosts:
        """Read `commitment_offers`; what is not offered costs nothing."""
        table = day.case.tables["commitment_offers"]
        place = day.units.get_indexer(pd.Index(table["unit"]))
        component = table["component"].to_numpy(dtype=object)
        price = table["price"].to_numpy(dtype=float)
        hours = np.nan_to_num(table["after_hours_off"].to_numpy(dtype=float))
        result = {}
        for name in ("shutdown", "no_load"):
            mine = component == name
            result[name] = np.zeros(len(day.units))
            result[name][place[mine]] = price[mine]
        start = np.flatnonzero(component == "startup")
        start = start[np.lexsort((hours[start], place[start]))]
        bounds = np.searchsorted(place[start], np.arange(len(day.units) + 1))
        tiers = []
        for first, last in pairwise(bounds.tolist()):
            rows = start[first:last]
            none = first == last
            tiers.append((np.zeros(1), np.zeros(1)) if none else (hours[rows], price[rows]))
        return cls(tuple(tiers), result["shutdown"], result["no_load"])

    @property
    def coldest(self) -> Floats:
        """Price of a start after any time off, (U,)."""
        return np.array([prices[-1] for _, prices in self.tiers])

    def price(self, unit: int, hours_off: Floats) -> Floats:
        """Price of a start: the tier with the largest `after_hours_off` that has passed."""
        after, prices = self.tiers[unit]
        return np.asarray(prices[np.maximum(held_tier(after, hours_off), 0)])

    def likeness(self, unit: int) -> tuple[bytes, bytes, float, float]:
        """All prices of a unit, to compare."""
        after, prices = self.tiers[unit]
        shutdown, no_load = float(self.shutdown[unit]), float(self.no_load[unit])
        return after.tobytes(), prices.tobytes(), shutdown, no_load


def commitment_cost(day: Day, on: Flags) -> Floats:
    """No-load, start-up and shut-down cost, money, (T, U), of a commitment (T, U).

    A start pays the tier with the largest `after_hours_off` that does not exceed the hours off,
    those before the first interval included; where they are not given, the coldest tier. A unit
    whose initial state is not given does not pay for being on in the first interval.
    """
    costs = StartCosts.of(day)
    hours = day.hours
    first = np.where(np.isnan(day.initial_on), on[0], day.initial_on > 0.5)
    before = np.vstack([first[None, :], on[:-1]])
    money = on * costs.no_load * hours + (~on & before) * costs.shutdown
    initial = day.unit_column("initial_hours")
    off = np.where(initial < 0.0, -initial, np.where(first, 0.0, np.inf))
    for t in range(len(on)):
        for unit in np.flatnonzero(on[t] & ~before[t]).tolist():
            money[t, unit] += float(costs.price(unit, np.array(off[unit])))
        off = np.where(on[t], 0.0, off + hours)
    return np.asarray(money)
