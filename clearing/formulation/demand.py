"""Price-sensitive demand, on top of demand that is taken at any price."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from clearing.formulation.market import Market, bounded

__all__ = ["define_bids"]


def define_bids(market: Market) -> None:
    """Define accepted demand ``bid[l,t,s]`` of each bid block, worth its price.

        0 <= bid[l,t,s] <= MW of the block                                          (bid limits)

    It withdraws at the bus of its load and enters the objective with minus its price. Prices fall
    from block to block, so blocks fill in order.
    """
    day, bids = market.day, market.day.bids
    keys = zip(
        day.loads[bids.of].tolist(), bids.interval.tolist(), bids.segment.tolist(), strict=True
    )
    market.model.bid = pyo.Var(list(keys))
    accepted = bounded(market.model.bid, np.zeros(len(bids)), bids.mw)
    bus = day.load_bus[bids.of]
    market.inject(market.add(accepted), bids.interval, bus, -np.ones(len(bids)))
    market.pay(accepted, -bids.price)
