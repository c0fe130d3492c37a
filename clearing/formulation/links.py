"""Controllable DC lines between two buses."""

from __future__ import annotations

import numpy as np

from clearing.formulation.market import Family, Market
from clearing.formulation.opposed import define_opposed
from clearing.formulation.order import family

__all__ = ["define_links"]


@family()
def define_links(market: Market) -> None:
    """Define what each link sends, ``link[k,t]`` forward and ``link_back[k,t]`` the other way.

        max(0, min_mw) <= link[k,t] <= max_mw
        max(0, -max_mw) <= link_back[k,t] <= -min_mw                              (link limits)

    What is sent leaves the sending bus; (1 - loss_fraction) of it arrives. A link without losses
    is one variable between min_mw and max_mw; one with losses never sends both ways at once.
    """
    day, links = market.day, market.day.case.tables["links"]
    grid, periods = day.grid, np.arange(day.intervals)
    start, end = grid.bus_positions(links["from_bus"]), grid.bus_positions(links["to_bus"])
    loss = links["loss_fraction"].to_numpy(dtype=float)
    least, most = (links[name].to_numpy(dtype=float) for name in ("min_mw", "max_mw"))
    lossy = loss > 0.0
    forward = ~lossy | (most > 0.0)
    back = lossy & (least < 0.0)
    families = (
        ("link", forward, np.where(lossy, np.maximum(least, 0.0), least), most, start, end),
        ("link_back", back, np.maximum(-most, 0.0), -least, end, start),
    )
    names = links["link"].tolist()
    both = np.tile(forward & back, day.intervals)
    ways: list[Family] = []
    for name, there, low, high, source, sink in families:
        chosen = np.flatnonzero(there)
        keys = [(names[k], t) for t in periods.tolist() for k in chosen.tolist()]
        each = np.tile(chosen, day.intervals)
        sent = market.define(name, keys, low[each], high[each])
        when = np.repeat(periods, len(chosen))
        market.inject(sent.at, when, source[each], -np.ones(len(each)))
        market.inject(sent.at, when, sink[each], 1.0 - loss[each])
        ways.append(sent.among(both[np.tile(there, day.intervals)]))
    define_opposed(market, "link", *ways)
