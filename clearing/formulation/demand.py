"""Price-sensitive demand, on top of demand that is taken at any price."""

from __future__ import annotations

import numpy as np

from clearing.formulation.market import Market
from clearing.formulation.order import family

__all__ = ["define_bids"]


@family()
def define_bids(market: Market) -> None:
    """Define accepted demand ``bid[l,t,s]`` of each bid block, worth its price.

        0 <= bid[l,t,s] <= MW of the block                                          (bid limits)

    It withdraws at the bus of its load and enters the objective with minus its price. Prices fall
    from block to block, so blocks fill in order.
    """
    day, bids = market.day, market.day.bids
    names = day.loads.to_numpy(dtype=object)[bids.of].tolist()
    keys = list(zip(names, bids.interval.tolist(), bids.segment.tolist(), strict=True))
    accepted = market.define("bid", keys, np.zeros(len(bids)), bids.mw)
    market.inject(accepted.at, bids.interval, day.load_bus[bids.of], -np.ones(len(bids)))
    market.pay(accepted.at, -bids.price)
