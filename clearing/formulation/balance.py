"""Energy balance of every island, soft at the rulebook's penalty."""

from __future__ import annotations

import numpy as np

from clearing.formulation.market import Market
from clearing.formulation.order import family
from clearing.formulation.terms import Terms

__all__ = ["define_energy_balance", "define_shortage"]


@family()
def define_shortage(market: Market) -> None:
    """Define MW not served, ``shortage[i,t]``, and MW too many, ``surplus[i,t]``, of an island.

        shortage, surplus >= 0, each at the penalty of the energy balance          (soft balance)

    Both act in proportion to the demand of the buses (load shares), whatever the reference is, so
    that prices do not depend on the reference when they are used.
    """
    day = market.day
    keys = [(i, t) for t in range(day.intervals) for i in range(day.islands)]
    buses = np.arange(len(day.grid.buses))
    interval = np.repeat(np.arange(day.intervals), len(buses))
    bus = np.tile(buses, day.intervals)
    shares = day.load_shares.ravel()
    used = shares != 0.0
    interval, bus, shares = interval[used], bus[used], shares[used]
    for name, sign in (("shortage", 1.0), ("surplus", -1.0)):
        slack = market.define_slack(name, keys, "balance")
        of = interval * day.islands + day.grid.islands[bus]
        market.inject(slack.at[of], interval, bus, sign * shares)


@family(needs=("output", "shortage"))
def define_energy_balance(market: Market) -> None:
    """Balance what enters each island in each interval.

        sum over buses b of island i of injection[b,t] = 0                        (energy balance)

    Injections are those of all variables and the fixed ones (self-schedules less demand). Its dual
    is the price at the reference that PTDF rows are measured against.
    """
    day, entries = market.day, market.injections
    island = day.grid.islands
    fixed = np.zeros((day.intervals, day.islands))
    np.add.at(fixed.T, island, market.fixed_injection.T)
    balance = Terms.build(
        fixed.size,
        np.concatenate([e.interval * day.islands + island[e.bus] for e in entries]),
        np.concatenate([e.variable for e in entries]),
        np.concatenate([e.coefficient for e in entries]),
        fixed.ravel(),
    )
    keys = [(i, t) for t in range(day.intervals) for i in range(day.islands)]
    market.constrain("energy_balance", keys, balance, 0.0, 0.0, definition=True)
