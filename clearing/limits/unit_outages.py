"""Outages of units: what a unit produced is picked up by the other units on line.

With participation factors share[j,t], fixed by the commitment and summing to 1, the injections
after the outage of unit u are those before, plus

    p[u,t] * (sum over j of share[j,t] at the bus of j  -  1 at the bus of u)          (pick-up)

which is linear in what is decided. The factors are the shares of the units' ranges: the MW between
the least and the most output of a unit that is on, in its island, without the units that are out.
A factor by the headroom left (most output less output) would move with the dispatch: a row written
for one dispatch is wrong for the next, and taking turns need not converge. Where no other unit
can move, demand is shed in proportion to load. Generation-loss distribution factors of this kind:
CAISO, "Generator Contingency and Remedial Action Scheme Modeling", draft final proposal, 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from clearing.day.day import Day
from network import Contingency
from network.arrays import Flags, Floats, Positions

__all__ = ["UnitOutages"]

_NOTHING_MW = 1e-9


class UnitOutages:
    """Injections and flows after the contingencies that take units out."""

    def __init__(self, day: Day, contingencies: Sequence[Contingency]) -> None:
        self.day = day
        self.contingencies = contingencies
        self.members: Positions = np.array(
            [k for k, c in enumerate(contingencies) if c.units], dtype=np.intp
        )
        """Positions of the contingencies that take units out."""

    def units(self, contingency: int) -> Positions:
        """Units that a contingency takes out, (n,)."""
        names = list(dict.fromkeys(self.contingencies[contingency].units))
        return np.asarray(self.day.units.get_indexer(pd.Index(names)), dtype=np.intp)

    def happens(self, contingency: int) -> Flags:
        """Intervals in which a contingency takes a unit that is on, or a branch, out, (T,)."""
        out = self.units(contingency)
        some = np.asarray(self.day.on[:, out].any(axis=1))
        return some | bool(self.contingencies[contingency].branches)

    @cached_property
    def range(self) -> Floats:
        """MW between least and most output of the units that are on, (T, U)."""
        return np.asarray(np.maximum(self.day.high - self.day.low, 0.0) * self.day.on)

    @cached_property
    def _by_bus(self) -> Floats:
        """Ranges by bus, (T, B)."""
        total = np.zeros((self.day.intervals, len(self.day.grid.buses)))
        np.add.at(total.T, self.day.unit_bus, self.range.T)
        return total

    @cached_property
    def _by_island(self) -> Floats:
        """Ranges by island, (T, I)."""
        total = np.zeros((self.day.intervals, self.day.islands))
        np.add.at(total.T, self.day.grid.islands, self._by_bus.T)
        return total

    def _left(self, out: Positions) -> Floats:
        """Ranges by island without the units that are out, (T, I)."""
        left = self._by_island.copy()
        np.add.at(left.T, self.day.grid.islands[self.day.unit_bus[out]], -self.range[:, out].T)
        return np.where(left > _NOTHING_MW, left, 0.0)

    def pick_up(self, contingency: int, interval: int) -> Floats:
        """MW at each bus per MW that each unit of the contingency produced before, (n, B)."""
        day, out = self.day, self.units(contingency)
        bus = day.unit_bus[out]
        others = self._by_bus[interval].copy()
        np.add.at(others, bus, -self.range[interval, out])
        left = self._left(out)[interval]
        result = np.zeros((len(out), len(others)))
        for k, island in enumerate(day.grid.islands[bus].tolist()):
            inside = day.grid.islands == island
            shares = others / left[island] if left[island] else day.load_shares[interval]
            result[k, inside] = shares[inside]
            result[k, bus[k]] -= 1.0
        return result

    @cached_property
    def _range_flows(self) -> tuple[Floats, Floats]:
        """Flows that the ranges of all units, and all load shares, would cause, (L, T) each."""
        return self._linear(self._by_bus.T), self._linear(self.day.load_shares.T)

    @cached_property
    def _bus_flows(self) -> tuple[Positions, Floats]:
        """Place of each bus with a unit that may go out, (B,), and flows of 1 MW there, (L, n)."""
        day = self.day
        out = np.unique(np.concatenate([self.units(k) for k in self.members.tolist()]))
        buses = np.unique(day.unit_bus[out])
        place = np.full(len(day.grid.buses), -1, dtype=np.intp)
        place[buses] = np.arange(len(buses))
        one = np.zeros((len(place), len(buses)))
        one[buses, np.arange(len(buses))] = 1.0
        return place, self._linear(one)

    def _linear(self, injections: Floats) -> Floats:
        """Flows in MW, (L, n), of injections (B, n) alone, without those of phase shifts."""
        grid = self.day.grid
        return np.asarray(grid.flows(np.ascontiguousarray(injections)) - grid.shift_flow[:, None])

    def change(self, contingency: int, output: Floats) -> Floats:
        """Change of all flows by the loss and the pick-up, (L, T), given output (T, U), MW.

        All flows come from the flows of three sets of injections (all ranges, load shares, and 1 MW
        at the bus of each unit that may go out), so that a screen of all lines, hours and
        outages needs one solve in all.
        """
        day, out = self.day, self.units(contingency)
        ranges, loads = self._range_flows
        place, one = self._bus_flows
        at = place[day.unit_bus[out]]
        island = day.grid.islands[day.grid.from_bus]
        lost = np.zeros((day.intervals, day.islands))
        np.add.at(lost.T, day.grid.islands[day.unit_bus[out]], output[:, out].T)
        left = self._left(out)
        share = np.divide(lost, left, out=np.zeros_like(lost), where=left > 0.0)
        shed = np.where(left > 0.0, 0.0, lost)
        # The ranges of units that are out do not pick up: take their part of all ranges away.
        gone = output[:, out] + share[:, day.grid.islands[day.unit_bus[out]]] * self.range[:, out]
        return np.asarray(share.T[island] * ranges + shed.T[island] * loads - one[:, at] @ gone.T)

    @property
    def shed(self) -> list[str]:
        """Contingencies after which no other unit can pick up in some interval."""
        return [
            self.contingencies[k].name
            for k in self.members.tolist()
            if (
                self._left(self.units(k))[
                    :, self.day.grid.islands[self.day.unit_bus[self.units(k)]]
                ]
                == 0.0
            ).any()
        ]
