"""Two directions of one device, of which one at a time may act."""

from __future__ import annotations

import numpy as np

from clearing.formulation.market import Family, Market, Opposed
from clearing.formulation.terms import Terms

__all__ = ["define_opposed"]


def define_opposed(market: Market, kind: str, first: Family, second: Family) -> None:
    """Let member k of `first` and member k of `second`, of the same key, not act at once.

    What a device loses on the way earns money where prices are negative, so that a linear model
    would send power round in a circle. In a commitment a binary ``KIND_first`` chooses:

        first[k] <= high_first * KIND_first[k],
        second[k] <= high_second * (1 - KIND_first[k])                    (one direction)

    In a dispatch, whose duals are prices, the direction is data: the session holds a device that
    goes both ways at once to the way that it goes more, and solves again.
    """
    can = np.flatnonzero((first.high > 0.0) & (second.high > 0.0))
    if not len(can):
        return
    one, other = first.at[can], second.at[can]
    keys = [first.members[k].index() for k in can.tolist()]
    if not market.commits:
        names = [str(key[0]) for key in keys]
        market.opposed.append(Opposed(kind, names, one, other))
        return
    count = len(can)
    way = market.define(f"{kind}_first", keys, np.zeros(count), np.ones(count), integer=True)
    ahead, back = first.high[can], second.high[can]
    for name, terms in (
        (f"{kind}_first_limit", Terms.of(one) - Terms.of(way.at, ahead)),
        (
            f"{kind}_second_limit",
            Terms.of(other) + Terms.of(way.at, back) - Terms.constants(back),
        ),
    ):
        market.constrain(name, keys, terms, np.full(count, -np.inf), np.zeros(count))
