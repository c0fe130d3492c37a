"""Virtual supply, virtual demand and up-to-congestion trades at buses, hubs and zones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cases.points import Points
from clearing.day.day import Day
from clearing.formulation.market import Market
from clearing.formulation.order import family
from network.arrays import Floats, Positions

__all__ = ["Offered", "define_virtuals", "offered"]


@dataclass(frozen=True, eq=False)
class Offered:
    """Virtuals of every interval, by interval and then as in the case, (N,) each."""

    row: Positions
    """Row in the case's table `virtuals`."""
    interval: Positions


def offered(day: Day) -> Offered:
    """Expand `virtuals` to every interval; a stamped row replaces the blank one of its virtual."""
    table = day.case.tables["virtuals"]
    names = pd.Index(table["virtual"].unique())
    of = names.get_indexer(pd.Index(table["virtual"]))
    blank = table["interval_start"].isna().to_numpy()
    stamps = pd.DatetimeIndex(table["interval_start"][~blank])
    at = day.case.interval_starts.get_indexer(stamps)
    rows = np.full((day.intervals, len(names)), -1, dtype=np.intp)
    rows[:, of[blank]] = np.flatnonzero(blank)
    rows[at, of[~blank]] = np.flatnonzero(~blank)
    interval, virtual = np.nonzero(rows >= 0)
    return Offered(rows[interval, virtual], interval)


@family()
def define_virtuals(market: Market) -> None:
    """Define what is accepted, ``virtual[v,t]`` MW, of each virtual.

        0 <= virtual[v,t] <= mw                                                 (virtual limits)

    An inc injects at its point and costs its price. A dec withdraws at its point and is worth its
    price. A utc injects at its source and withdraws at its sink, worth its price: it is accepted
    where lmp(sink) - lmp(source) <= price (up to congestion; PJM Manual 11, section 2.3: the price
    is the most that is paid for the difference, and may be negative). A point is a bus, or the
    buses of a hub (by weight) or a zone (by demand in the interval); its MW spread over them.
    """
    day, table = market.day, market.day.case.tables["virtuals"]
    if table.empty:
        return
    which = offered(day)
    names = table["virtual"].to_numpy(dtype=object)[which.row].tolist()
    keys = list(zip(names, which.interval.tolist(), strict=True))
    most = table["mw"].to_numpy(dtype=float)[which.row]
    accepted = market.define("virtual", keys, np.zeros(len(keys)), most)
    kind = table["kind"].to_numpy(dtype=object)[which.row]
    price = table["price"].to_numpy(dtype=float)[which.row]
    market.pay(accepted.at, np.where(kind == "inc", price, -price))
    points = Points(day.case)
    _spread(market, points, accepted.at, which, "bus", np.where(kind == "dec", -1.0, 1.0))
    _spread(market, points, accepted.at, which, "sink_bus", np.where(kind == "utc", -1.0, 0.0))


def _spread(
    market: Market, points: Points, at: Positions, which: Offered, column: str, sign: Floats
) -> None:
    """Let each variable inject sign[k] MW at the point in `column`, over the point's buses."""
    names = market.day.case.tables["virtuals"][column].to_numpy(dtype=object)[which.row]
    used = np.flatnonzero(sign)
    for name in pd.unique(names[used]).tolist():
        point = points[name]
        own = used[names[used] == name]
        share = point.weights[which.interval[own]]
        k, bus = np.nonzero(share)
        here = own[k]
        market.inject(at[here], which.interval[here], point.buses[bus], sign[here] * share[k, bus])
