"""Energy: what is injected in an island is withdrawn there, and loads get what they are said to."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clearing.validation.facts import Facts
from clearing.validation.losses import at_buses
from clearing.validation.report import above, below, differing

__all__ = ["bids", "energy_balance", "links", "loads"]


def energy_balance(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check generation + imports - demand - bids + shortage - surplus = losses in every island."""
    islands = facts.grid.islands
    count = int(islands.max()) + 1
    total = np.zeros((len(facts.starts), count))
    np.add.at(total.T, islands, facts.injections.T)
    if facts.lossy:
        np.add.at(total.T, islands, -at_buses(facts).T)
    if facts.chords is not None:
        np.add.at(total.T, islands, -facts.chord_losses(facts.computed_flow).T)
    names = [str(k) for k in range(count)]
    slack = facts.tolerance * max(1.0, np.sqrt(len(islands) / count))
    yield differing("balance.energy", names, facts.starts, total, 0.0, slack)


def loads(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check awards: demand and accepted bids, less a share of the island's shortage.

    A bus's part of the shortage is shared over its loads by demand, injections (negative demand)
    left out; evenly where no load of the bus takes anything.
    """
    names = facts.names("loads")
    at = facts.bus_of("loads")
    demand = facts.demand
    taken = demand.clip(min=0.0)
    by_bus = facts.at_bus(taken, at)[:, at]
    missing = (facts.shares * facts.unserved[:, facts.grid.islands])[:, at]
    even = (1.0 / np.bincount(at, minlength=len(facts.names("buses"))).clip(min=1))[at]
    some = by_bus > 0.0
    within = np.where(some, taken / np.where(some, by_bus, 1.0), even)
    expected = demand + facts.bid_mw - missing * within
    served = facts.by_name("load_awards", "mw")
    yield differing("balance.load", names, facts.starts, served, expected, facts.tolerance)


def bids(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that accepted price-sensitive demand is between 0 and what was bid."""
    names = facts.names("loads")
    bid = facts.bids.width(facts.bid_mw.shape)
    yield above("balance.bid", names, facts.starts, facts.bid_mw, bid, facts.tolerance)
    yield below("balance.bid", names, facts.starts, facts.bid_mw, 0.0, facts.tolerance)


def links(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check min_mw <= flow sent <= max_mw, and that what the case says is lost."""
    table, names = facts.case.tables["links"], facts.names("links")
    if table.empty:
        return
    sent = facts.link_mw
    for check, limit in ((below, "min_mw"), (above, "max_mw")):
        bound = table[limit].to_numpy(dtype=np.float64)
        yield check("links.limit", names, facts.starts, sent, bound, facts.tolerance)
    loss = facts.by_name("link_flows", "loss_mw")
    expected = facts.link_loss + facts.fixed_link_loss
    yield differing("links.loss", names, facts.starts, loss, expected, facts.tolerance)
