"""Prices where every bus has a balance of its own."""

from __future__ import annotations

import numpy as np

from clearing.program.compiled import Compiled
from network.arrays import Floats, Positions

__all__ = ["bus_balance_rows", "nodal_prices"]


def bus_balance_rows(compiled: Compiled) -> Positions:
    """Rows of the balances of buses, in the order of `Nodal.bus`; none where there are none."""
    market = compiled.market
    if market.nodal is None:
        return np.zeros(0, dtype=np.intp)
    return compiled.rows(market.model.bus_balance)


def nodal_prices(compiled: Compiled, row_dual: Floats, balance: Positions) -> Floats | None:
    """What one MW is worth at every bus, (T, B), money per MWh; None without balances of buses.

    The balance of a bus counts on top of that of its island: lmp_b = island's dual + bus's dual.
    """
    market = compiled.market
    nodal, day = market.nodal, market.day
    if nodal is None:
        return None
    lmp = row_dual[balance].reshape(day.intervals, day.islands)[:, day.grid.islands].copy()
    np.add.at(lmp, (nodal.interval, nodal.bus), row_dual[bus_balance_rows(compiled)])
    return np.asarray(lmp / day.hours)
