"""The price at a point: a bus, a hub, a zone, or a reserve product.

A point is written as its bare name, looked up among buses, then hubs, then zones, or with the kind
in front where names collide: "bus:1", "hub:WEST", "zone:1", "reserve:spin", "reserve:spin:1".
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.case import Case
from cases.files.convert import nearest
from cases.points import Point, Points

__all__ = ["Prices"]

Weights = dict[str, float]


class Prices:
    """Prices of a run by point, shape (T,) over the run's intervals.

    Parameters
    ----------
    prices
        Table `prices` of a run.
    load_awards
        Table `load_awards`: what places take, by which their intervals are weighed.
    case
        The case of the run: what weighs the buses of hubs and zones (`cases.points`).
    reserve_prices
        Table `reserve_prices` of a run.
    """

    def __init__(
        self,
        prices: pd.DataFrame,
        load_awards: pd.DataFrame,
        case: Case,
        reserve_prices: pd.DataFrame | None = None,
    ) -> None:
        self._prices = prices
        self._awards = load_awards
        self._case = case
        self._points = Points(case)
        self._hubs = case.hubs
        self._reserves = pd.DataFrame() if reserve_prices is None else reserve_prices
        self.starts = pd.DatetimeIndex(prices["interval_start"].unique()).sort_values()
        self._zone = dict(zip(prices["bus"], prices["zone"], strict=True))
        self.buses = list(self._zone)

    @cached_property
    def zones(self) -> dict[str, list[str]]:
        """Buses of each zone."""
        zones: dict[str, list[str]] = {}
        for bus, zone in self._zone.items():
            if zone:
                zones.setdefault(zone, []).append(bus)
        return zones

    def table(self, component: str) -> pd.DataFrame:
        """One price component, intervals by buses, shape (T, B)."""
        cached: dict[str, pd.DataFrame] = self.__dict__.setdefault("_tables", {})
        if component not in cached:
            wide = self._prices.pivot(index="interval_start", columns="bus", values=component)
            cached[component] = wide.reindex(index=self.starts, columns=self.buses)
        return cached[component]

    def kind(self, point: str) -> tuple[str, str]:
        """The kind (bus, hub, zone, reserve) and the name of a point; ("", point) if unknown."""
        kind, colon, name = point.partition(":")
        if colon and kind in ("bus", "hub", "zone", "reserve") and self._has(kind, name):
            return kind, name
        for candidate in ("bus", "hub", "zone"):
            if self._has(candidate, point):
                return candidate, point
        return "", point

    def _has(self, kind: str, name: str) -> bool:
        if kind == "bus":
            return name in self._zone
        if kind == "hub":
            return bool((self._hubs["hub"] == name).any()) if len(self._hubs) else False
        if kind == "zone":
            return name in self.zones
        return bool(self._reserve_rows(name).any()) if len(self._reserves) else False

    def problem(self, point: str) -> str:
        """What is wrong with a point; "" if it has a price."""
        if self.kind(point)[0]:
            return ""
        if not point:
            return "no point: give a bus, hub or zone"
        hubs = self._hubs["hub"].unique().tolist() if len(self._hubs) else []
        known = [*self.buses, *hubs, *self.zones]
        return f"there is no bus, hub or zone {point!r}{nearest(point, known)}"

    def label(self, point: str) -> str:
        """A point in words: "bus A"."""
        return " ".join(self.kind(point)).strip()

    def weights(self, point: str) -> NDArray[np.float64]:
        """Weight of every bus in the point's price, shape (T, B), rows sum to 1."""
        kind, name = self.kind(point)
        return self._spread(self._points[f"{kind}:{name}"])

    def _spread(self, point: Point) -> NDArray[np.float64]:
        """Weights of a point over the buses and intervals that have prices, (T, B)."""
        names = self._case.tables["buses"]["bus"].to_numpy()[point.buses]
        at = pd.Index(self.buses).get_indexer(pd.Index(names))
        weights = np.zeros((len(self.starts), len(self.buses)))
        when = self._case.interval_starts.get_indexer(self.starts)
        np.add.at(weights.T, at, point.weights[when].T)
        return weights

    @cached_property
    def _load(self) -> NDArray[np.float64]:
        """MW that loads take by interval and bus, shape (T, B); injections count as zero."""
        if self._awards.empty:
            return np.zeros((len(self.starts), len(self.buses)))
        wide = self._awards.pivot_table(
            index="interval_start", columns="bus", values="mw", aggfunc="sum"
        ).reindex(index=self.starts, columns=self.buses)
        return np.asarray(np.clip(np.nan_to_num(wide.to_numpy()), 0.0, None))

    def taken(self, point: str = "") -> NDArray[np.float64]:
        """MW that loads take at a bus, at the buses of a hub or zone, or everywhere, (T,)."""
        if not point:
            return np.asarray(self._load.sum(axis=1))
        return np.asarray(np.where(self._members(point), self._load, 0.0).sum(axis=1))

    def _members(self, point: str) -> NDArray[np.bool_]:
        kind, name = self.kind(point)
        if kind == "bus":
            return np.array([bus == name for bus in self.buses])
        if kind == "hub":
            rows = self._hubs[(self._hubs["hub"] == name) & (self._hubs["weight"] != 0)]
            return np.isin(self.buses, rows["bus"].tolist())
        return np.isin(self.buses, self.zones.get(name, []))

    def of(self, point: str, component: str = "lmp") -> pd.Series:
        """Price of a point by interval start; `component` is lmp, mec, mcc or mlc.

        NaN where a bus that counts has no price.
        """
        kind, name = self.kind(point)
        if kind == "reserve":
            rows = self._reserves[self._reserve_rows(name)]
            return rows.set_index("interval_start")["price"].reindex(self.starts)
        return self._weighed(self.weights(point), component)

    def load_weighted(self, component: str = "lmp") -> pd.Series:
        """Price of the whole market, weighed as that of a zone of all buses."""
        return self._weighed(self._spread(self._points.market()), component)

    def _weighed(self, weights: NDArray[np.float64], component: str) -> pd.Series:
        used = np.where(weights == 0, 0.0, self.table(component).to_numpy())
        return pd.Series((weights * used).sum(axis=1), index=self.starts)

    def _reserve_rows(self, name: str) -> pd.Series:
        product, _, zone = name.partition(":")
        return (self._reserves["product"] == product) & (self._reserves["zone"] == zone)
