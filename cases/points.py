"""Points that are traded: a bus, or the weighted buses of a hub or a zone.

A point is written as its bare name, looked up among buses, then hubs, then zones, or with the kind
in front where names collide: "bus:1", "hub:WEST", "zone:1".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.case import Case
from cases.point_names import KINDS

__all__ = ["Point", "Points", "shares"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Point:
    """A point and how 1 MW there spreads over buses."""

    name: str
    kind: str
    """bus, hub, zone, or "" for other sets of buses."""
    buses: NDArray[np.intp]
    """Positions of its buses in the case, (n,)."""
    weights: Floats
    """Weight of each in every interval, (T, n); rows sum to 1."""


@dataclass(frozen=True, eq=False)
class Points:
    """The points of a case, looked up by name."""

    case: Case

    def __getitem__(self, point: str) -> Point:
        """Find a point by its name; KeyError where there is none."""
        kind, colon, name = point.partition(":")
        if colon and kind in KINDS:
            found = self._find(kind, name)
            if found is not None:
                return found
        for candidate in KINDS:
            found = self._find(candidate, point)
            if found is not None:
                return found
        raise KeyError(point)

    def hub(self, name: str) -> Point:
        """A hub: its buses by their weights."""
        hubs = self.case.tables["hubs"]
        rows = np.flatnonzero(hubs["hub"] == name)
        weight = hubs["weight"].to_numpy(dtype=np.float64)[rows]
        share = np.broadcast_to(weight / weight.sum(), (self.case.meta.intervals, len(rows)))
        at = self._buses.get_indexer(pd.Index(hubs["bus"].iloc[rows]))
        return Point(name, "hub", at.astype(np.intp), share)

    def zone(self, name: str) -> Point:
        """A zone: its buses by their firm demand in the interval, evenly where there is none."""
        at = self._zones[name]
        return Point(name, "zone", at, self.weights(at))

    def market(self) -> Point:
        """The whole market: all buses, weighed as those of a zone."""
        return self.together(self._buses)

    def together(self, names: Iterable[str]) -> Point:
        """Buses of these names, weighed as those of a zone."""
        at = self._buses.get_indexer(pd.Index(list(names), dtype=self._buses.dtype))
        at = np.unique(at[at >= 0]).astype(np.intp)
        return Point("", "", at, self.weights(at))

    def fixed(self, point: str) -> Floats:
        """Weights of all buses in a point, (B,), the same in every interval; KeyError for none.

        Those of a zone follow from the mean of its firm demand over the case.
        """
        found = self[point]
        weights = found.weights[0]
        if found.kind == "zone":
            weights = shares(self._demand[:, found.buses].mean(axis=0, keepdims=True))[0]
        everywhere = np.zeros(len(self._buses))
        np.add.at(everywhere, found.buses, weights)
        return everywhere

    def weights(self, buses: NDArray[np.intp]) -> Floats:
        """Weights of buses, by position (n,), in their common price in every interval, (T, n).

        Demand at any price counts, not accepted bids: weights are known before the clearing. A bus
        whose loads are negative in total counts as one without demand.
        """
        return shares(self._demand[:, buses])

    @property
    def hubs(self) -> list[str]:
        """Names of the hubs."""
        return [str(name) for name in self.case.tables["hubs"]["hub"].unique()]

    @property
    def zones(self) -> list[str]:
        """Names of the zones."""
        return list(self._zones)

    def _find(self, kind: str, name: str) -> Point | None:
        if kind == "bus":
            at = self._buses.get_indexer(pd.Index([name]))
            one = np.ones((self.case.meta.intervals, 1))
            return Point(name, "bus", at.astype(np.intp), one) if at[0] >= 0 else None
        if kind == "hub":
            return self.hub(name) if name in set(self.hubs) else None
        return self.zone(name) if name in self._zones else None

    @cached_property
    def _buses(self) -> pd.Index[str]:
        names: pd.Index[str] = pd.Index(self.case.tables["buses"]["bus"])
        return names

    @cached_property
    def _zones(self) -> dict[str, NDArray[np.intp]]:
        groups = self.case.tables["buses"].groupby("zone", sort=False).indices
        return {str(name): np.asarray(at, dtype=np.intp) for name, at in groups.items() if name}

    @cached_property
    def _demand(self) -> Floats:
        """Demand at any price by bus, (T, B), MW."""
        loads, demand = self.case.tables["loads"], self.case.tables["demand"]
        total = np.zeros((self.case.meta.intervals, len(self._buses)))
        if len(loads):
            mw = demand[loads["load"].tolist()].to_numpy(dtype=np.float64)
            np.add.at(total.T, self._buses.get_indexer(pd.Index(loads["bus"])), mw.T)
        return total


def shares(mw: Floats) -> Floats:
    """Share of each column in the positive part of its row, (T, n); evenly where there is none."""
    taken = np.maximum(mw, 0.0)
    total = taken.sum(axis=1, keepdims=True)
    even = np.full(taken.shape, 1.0 / max(taken.shape[1], 1))
    return np.where(total > 0.0, taken / np.where(total > 0.0, total, 1.0), even)
