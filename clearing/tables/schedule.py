"""Tables of what units, links and loads do."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clearing.day.day import Day
from clearing.formulation.links import fixed_link_loss, link_chords
from clearing.session.cleared import Cleared
from clearing.tables.frames import long, stamps, tiled
from network.arrays import Floats

__all__ = ["dispatch", "link_flows", "load_awards", "offers_used"]


def dispatch(c: Cleared) -> pd.DataFrame:
    """Output and offered cost of every unit and interval."""
    day = c.day
    units, output = day.case.tables["units"], c.output
    cost = day.offers.cost(output) * day.hours
    if day.commitment is not None:
        cost = cost + day.commitment.cost
    return pd.DataFrame(
        {
            **long(day, day.units, "unit"),
            "owner": tiled(units["owner"], day.intervals),
            "bus": tiled(units["bus"], day.intervals),
            "mw": output.ravel(),
            "available_mw": _known_limit(day).ravel(),
            "on": day.on.ravel(),
            "start": day.start.ravel(),
            "stop": day.stop.ravel(),
            "cost": cost.ravel(),
        }
    )


def _known_limit(day: Day) -> Floats:
    """What a unit can reach, (T, U); NaN where nothing limits it."""
    endless = np.isinf(day.limit) & np.isnan(day.self_scheduled)
    return np.where(endless, np.nan, day.available)


def link_flows(c: Cleared) -> pd.DataFrame:
    """What every link sends and loses."""
    day = c.day
    links, model = day.case.tables["links"], c.compiled.market.model
    position = pd.Index(links["link"])
    sent = np.zeros((day.intervals, len(links)))
    lost = np.zeros_like(sent)
    loss = links["loss_fraction"].to_numpy(dtype=float)
    for name, sign in (("link", 1.0), ("link_back", -1.0)):
        family = getattr(model, name)
        if len(family):
            link, when = zip(*family.keys(), strict=True)
            at = (np.array(when), position.get_indexer(pd.Index(link)))
            mw = c.values(name)
            sent[at] += sign * mw
            lost[at] += np.abs(mw) * loss[at[1]]
    for chords, sign in zip(link_chords(day), (1.0, -1.0), strict=True):
        lost += chords.losses(sign * sent)
    lost += fixed_link_loss(day)
    return pd.DataFrame(
        {
            **long(day, position, "link"),
            "from_bus": tiled(links["from_bus"], day.intervals),
            "to_bus": tiled(links["to_bus"], day.intervals),
            "mw": sent.ravel(),
            "loss_mw": lost.ravel(),
        }
    )


def load_awards(c: Cleared) -> pd.DataFrame:
    """What every load is served, accepted bids included."""
    day, loads = c.day, c.day.case.tables["loads"]
    accepted = np.zeros_like(day.demand)
    np.add.at(accepted, (day.bids.interval, day.bids.of), c.values("bid"))
    return pd.DataFrame(
        {
            **long(day, day.loads, "load"),
            "owner": tiled(loads["owner"], day.intervals),
            "bus": tiled(loads["bus"], day.intervals),
            "mw": (day.demand + accepted - _unserved_by_load(c)).ravel(),
            "bid_mw": accepted.ravel(),
        }
    )


def _unserved_by_load(c: Cleared) -> Floats:
    """MW of each load, (T, D), that is not served; negative where it must take a surplus.

    What a bus is short of, or has too much of, is shared among its loads by their demand; negative
    loads (injections) take no part unless the bus has nothing else.
    """
    day = c.day
    short, over = c.unserved
    net = (short - over)[:, day.grid.islands] * day.load_shares
    taken = np.maximum(day.demand, 0.0)
    at_bus = np.zeros_like(day.bus_demand)
    np.add.at(at_bus.T, day.load_bus, taken.T)
    total = at_bus[:, day.load_bus]
    count = np.bincount(day.load_bus, minlength=len(day.grid.buses))
    even = (1.0 / np.maximum(count, 1))[day.load_bus]
    share = np.where(total > 0.0, taken / np.where(total > 0.0, total, 1.0), even)
    return net[:, day.load_bus] * share


def offers_used(c: Cleared) -> pd.DataFrame:
    """Every offer block of every unit and interval, as it was cleared."""
    day, blocks = c.day, c.day.offers
    return pd.DataFrame(
        {
            "unit": day.units.take(blocks.of),
            **stamps(day, blocks.interval, end=False),
            "segment": blocks.segment,
            "mw": blocks.mw,
            "price": blocks.price,
            "source": "submitted",
        }
    )
