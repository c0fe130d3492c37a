"""The price at a point: a bus, a hub, a zone, or a reserve product.

A point is written as its bare name, looked up among buses, then hubs, then zones, or with the kind
in front where names collide: "bus:1", "hub:WEST", "zone:1", "reserve:spin", "reserve:spin:1".
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.files.convert import nearest

__all__ = ["Prices"]

Weights = dict[str, float]


class Prices:
    """Prices of a run by point, shape (T,) over the run's intervals.

    Parameters
    ----------
    prices
        Table `prices` of a run.
    load_awards
        Table `load_awards`: what zones are weighted by. A zone that takes no load in an interval
        has the plain mean of its buses.
    hubs
        Table `hubs` of the case (hub, bus, weight).
    reserve_prices
        Table `reserve_prices` of a run.
    """

    def __init__(
        self,
        prices: pd.DataFrame,
        load_awards: pd.DataFrame,
        hubs: pd.DataFrame,
        reserve_prices: pd.DataFrame | None = None,
    ) -> None:
        self._prices = prices
        self._awards = load_awards
        self._hubs = hubs
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
        weights = np.zeros((len(self.starts), len(self.buses)))
        position = {bus: i for i, bus in enumerate(self.buses)}
        if kind == "bus":
            weights[:, position[name]] = 1.0
        elif kind == "hub":
            rows = self._hubs[self._hubs["hub"] == name]
            for bus, weight in zip(rows["bus"], rows["weight"], strict=True):
                weights[:, position[bus]] += weight
            weights /= weights.sum(axis=1, keepdims=True)
        elif kind == "zone":
            members = [position[bus] for bus in self.zones[name]]
            weights[:, members] = self._load[:, members]
            empty = weights.sum(axis=1) == 0
            weights[np.ix_(empty, members)] = 1.0
            weights /= weights.sum(axis=1, keepdims=True)
        else:
            raise KeyError(point)
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
        weights = self.weights(point)
        values = self.table(component).to_numpy()
        used = np.where(weights == 0, 0.0, values)
        return pd.Series((weights * used).sum(axis=1), index=self.starts)

    def load_weighted(self, component: str = "lmp") -> pd.Series:
        """Price of the whole market, weighted by load; a plain mean where there is no load."""
        load = self._load.copy()
        load[load.sum(axis=1) == 0] = 1.0
        values = np.where(load == 0, 0.0, self.table(component).to_numpy())
        return pd.Series((load * values).sum(axis=1) / load.sum(axis=1), index=self.starts)

    def _reserve_rows(self, name: str) -> pd.Series:
        product, _, zone = name.partition(":")
        return (self._reserves["product"] == product) & (self._reserves["zone"] == zone)
