"""Places that have a price: a bus, a zone, a hub or a priced node, as weights on buses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases import InputError, Run
from cases.place_prices import PlacePrices
from cases.points import Point
from counterflow.explain.lookup import nearest, resolve_name

__all__ = ["PARTS", "Place", "place_of"]

PARTS = ("lmp", "mec", "mcc", "mlc")
"""Price, and the three that it is split into."""


@dataclass(frozen=True, eq=False)
class Place:
    """A place and the buses that its price is made from; `kind` is bus, zone, hub or node."""

    kind: str
    name: str
    zone: str
    """Of a bus; blank for what lies in several zones."""
    weights: NDArray[np.float64]
    """Weight of each bus of the case in every interval, (T, B)."""

    buses: tuple[str, ...]
    """Names of the buses of the case, (B,)."""

    def price(self, prices: PlacePrices, part: str, position: int) -> float:
        """Price, or a part of it, in one interval (money per MWh); NaN where a bus has none."""
        return prices.weighed(self.weights, part, position)

    def shares(self, position: int) -> dict[str, float]:
        """Weight of each bus that counts in one interval."""
        share = self.weights[position]
        return {self.buses[k]: float(share[k]) for k in np.flatnonzero(share).tolist()}


def place_of(run: Run, name: str, kind: str = "bus") -> Place:
    """Find a place of a run by its name and kind.

    A bus may also be written as any other point of trade, "hub:WEST" or "zone:1", or by the bare
    name of a hub, zone or node where no bus has it.

    Raises
    ------
    InputError
        There is no such place: the nearest names.
    """
    points = PlacePrices(run).points
    buses = run.case.tables["buses"]
    names = tuple(buses["bus"].tolist())
    if kind == "bus" and name not in set(run.prices["bus"]):
        prefix, colon, rest = name.partition(":")
        if colon and prefix in ("zone", "hub", "node"):
            return place_of(run, rest, prefix)
        for other, known in (("hub", points.hubs), ("zone", points.zones), ("node", _nodes(run))):
            if name in known:
                return place_of(run, name, other)
    if kind == "bus":
        bus = resolve_name(name, run.prices["bus"], "bus")
        zone = buses.set_index("bus")["zone"].astype(str).get(bus, "")
        return Place("bus", bus, zone, _spread(run, points[f"bus:{bus}"]), names)
    if kind == "hub":
        hub = resolve_name(name, points.hubs, "hub")
        return Place("hub", hub, "", _spread(run, points.hub(hub)), names)
    if kind == "zone":
        zone = resolve_name(name, points.zones, "zone")
        return Place("zone", zone, zone, _spread(run, points.zone(zone)), names)
    if kind == "node":
        node = resolve_name(name, _nodes(run), "node")
        return Place("node", node, "", _node(run, node), names)
    listed = ", ".join(nearest(kind, ("bus", "zone", "hub", "node")))
    raise InputError.one("", None, "kind", "known_option", f"a place is one of {listed}")


def _spread(run: Run, point: Point) -> NDArray[np.float64]:
    weights = np.zeros((run.case.meta.intervals, len(run.case.tables["buses"])))
    np.add.at(weights.T, point.buses, np.asarray(point.weights, dtype=float).T)
    return weights


def _table(run: Run) -> pd.DataFrame | None:
    return run.case.tables.get("price_nodes")


def _nodes(run: Run) -> list[str]:
    table = _table(run)
    return [] if table is None else [str(name) for name in table["node"].unique()]


def _node(run: Run, node: str) -> NDArray[np.float64]:
    table = _table(run)
    assert table is not None
    own = table[table["node"] == node]
    at = pd.Index(run.case.tables["buses"]["bus"]).get_indexer(pd.Index(own["bus"]))
    weights = np.zeros((run.case.meta.intervals, len(run.case.tables["buses"])))
    weights[:, at] = own["weight"].to_numpy(dtype=float)
    return weights
