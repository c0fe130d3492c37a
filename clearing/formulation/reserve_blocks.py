"""Reserve offers in blocks: those of units beside their award, those of loads."""

from __future__ import annotations

import numpy as np

from clearing.formulation.market import Market
from clearing.formulation.terms import Terms
from network.arrays import Positions

__all__ = ["define_load_reserves", "define_reserve_blocks"]


def define_reserve_blocks(market: Market, awards: Terms) -> None:
    """Cut awards of units into their blocks, which are tied to output where the offer says so.

        reserve[u,k,t] = sum over s of reserve_block[u,k,t,s]                (reserve blocks)
        0 <= reserve_block[u,k,t,s] <= MW of block s
        reserve_block[u,k,t,s] <= share * p[u,t]                             (share of output)

    A block costs its price. Offers of one block that is not tied have none of this. `awards` are by
    offer, (O,).
    """
    day, reserves = market.day, market.day.reserves
    blocks, offers = reserves.unit_blocks, reserves.offers
    _, of = reserves.offer_of_block
    there = np.zeros(len(offers), dtype=bool)
    there[awards.row] = True
    chosen = np.flatnonzero(~offers.plain[of] & there[of]) if len(of) else of
    if not len(chosen):
        return
    units, products = (names.to_numpy(dtype=object) for names in (day.units, reserves.products))
    keys = list(
        zip(
            units[blocks.of[chosen]].tolist(),
            products[blocks.product[chosen]].tolist(),
            blocks.interval[chosen].tolist(),
            blocks.segment[chosen].tolist(),
            strict=True,
        )
    )
    block = market.define(
        "reserve_block", keys, np.zeros(len(keys)), blocks.mw[chosen], of_unit=True
    )
    market.pay(block.at, blocks.price[chosen])
    cut, row = np.unique(of[chosen], return_inverse=True)
    sums = Terms.build(len(cut), row.reshape(-1), block.at, 1.0) - awards[cut]
    first = np.unique(row.reshape(-1), return_index=True)[1].tolist()
    names = [keys[k][:3] for k in first]
    market.constrain("reserve_blocks", names, sums, 0.0, 0.0, definition=True)
    share = blocks.share[chosen]
    tied = np.flatnonzero(~np.isnan(share))
    output = market.output[blocks.interval[chosen[tied]] * len(day.units) + blocks.of[chosen[tied]]]
    body = Terms.of(block.at[tied]) - output * share[tied]
    market.constrain("reserve_share", [keys[k] for k in tied.tolist()], body, -np.inf, 0.0)
    market.reserve_blocks = chosen.astype(np.intp)


def define_load_reserves(market: Market) -> Positions:
    """Define what loads give, ``load_reserve[l,k,t,s]``; gives its variables by block.

        0 <= load_reserve[l,k,t,s] <= MW of the block
        load_reserve[l,k,t,s] <= share * accepted bids of l                      (share of load)

    A block costs its price.
    """
    day, reserves = market.day, market.day.reserves
    blocks, bids = reserves.load_blocks, market.day.bids
    loads, products = (names.to_numpy(dtype=object) for names in (day.loads, reserves.products))
    keys = list(
        zip(
            loads[blocks.of].tolist(),
            products[blocks.product].tolist(),
            blocks.interval.tolist(),
            blocks.segment.tolist(),
            strict=True,
        )
    )
    given = market.define("load_reserve", keys, np.zeros(len(keys)), blocks.mw)
    market.pay(given.at, blocks.price)
    tied = np.flatnonzero(~np.isnan(blocks.share))
    if len(tied):
        accepted = Terms.build(
            day.demand.size,
            bids.interval * len(day.loads) + bids.of,
            market.families["bid"].at,
            1.0,
        )
        taken = accepted[blocks.interval[tied] * len(day.loads) + blocks.of[tied]]
        body = Terms.of(given.at[tied]) - taken * blocks.share[tied]
        market.constrain("load_reserve_share", [keys[k] for k in tied.tolist()], body, -np.inf, 0.0)
    return given.at
