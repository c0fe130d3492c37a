"""Average prices of a run: of places in an interval, and over intervals.

In an interval the buses of a place are weighed by their positive firm demand, evenly without any
(`cases.points`); intervals are weighed by the MWh that the place takes in them. What injects is
never withdrawn, so it weighs in neither.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.case import Case
from cases.points import Point, Points
from cases.run import Run

__all__ = ["PlacePrices", "place_weights", "taken"]

Floats = NDArray[np.float64]


class PlacePrices:
    """Prices of a run at points of its case; T are the case's intervals, B its buses."""

    def __init__(self, run: Run) -> None:
        self.points = Points(run.case)
        self._run = run
        self._starts = run.case.interval_starts
        self._buses = pd.Index(run.case.tables["buses"]["bus"])
        self._tables: dict[str, Floats] = {}

    def at(self, point: Point, component: str = "lmp") -> pd.Series[float]:
        """Price by interval start (money per MWh); NaN where a bus that weighs has no price."""
        values = self._table(component)[:, point.buses]
        used = np.where(point.weights == 0.0, 0.0, values)
        return pd.Series((used * point.weights).sum(axis=1), index=self._starts, name=component)

    def weighed(self, weights: Floats, component: str, position: int) -> float:
        """Price in one interval by weights of all buses (T, B); NaN where one has none."""
        share = weights[position]
        used = np.flatnonzero(share)
        return float(share[used] @ self._table(component)[position, used])

    def taken(self, point: Point) -> Floats:
        """MW that the loads at the buses of a point take, (T,)."""
        return np.asarray(self._taken[:, point.buses].sum(axis=1))

    def average(self, point: Point, component: str = "lmp") -> float:
        """Price over all intervals, weighed by what the point takes; NaN where it takes nothing."""
        weight = self.taken(point)
        counted = weight > 0.0
        if not counted.any():
            return float("nan")
        prices = self.at(point, component).to_numpy()[counted]
        return float((prices * weight[counted]).sum() / weight[counted].sum())

    @cached_property
    def _taken(self) -> Floats:
        return np.nan_to_num(self._wide(taken(self._run), "mw"))

    def _table(self, component: str) -> Floats:
        if component not in self._tables:
            self._tables[component] = self._wide(self._run.prices, component)
        return self._tables[component]

    def _wide(self, rows: pd.DataFrame, column: str) -> Floats:
        values = np.full((len(self._starts), len(self._buses)), np.nan)
        at = self._starts.get_indexer(pd.DatetimeIndex(rows["interval_start"]))
        of = self._buses.get_indexer(pd.Index(rows["bus"]))
        known = (at >= 0) & (of >= 0)
        values[at[known], of[known]] = rows[column].to_numpy(dtype=np.float64)[known]
        return values


def taken(run: Run) -> pd.DataFrame:
    """MW that loads take at each bus: interval_start, bus, mw (>= 0); injections take nothing."""
    loads = run.load_awards.groupby(["interval_start", "bus"], sort=False)["mw"].sum()
    return loads.clip(lower=0.0).reset_index()


def place_weights(case: Case, point: Point) -> pd.DataFrame:
    """Weights of a point's buses in its price, those above 0: interval_start, bus, weight."""
    when, which = np.nonzero(point.weights)
    names = case.tables["buses"]["bus"].take(point.buses[which])
    return pd.DataFrame(
        {
            "interval_start": case.interval_starts[when],
            "bus": names.to_numpy(),
            "weight": point.weights[when, which],
        }
    )
