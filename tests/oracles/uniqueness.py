"""Where a price is unique: left and right derivative of the optimal cost in one bus's demand.

The optimal cost of a linear program is convex and piecewise linear in the demand of a bus, so its
one-sided derivatives bracket every dual price: where they agree the price is unique, and where they
do not (a limit met exactly, a block just full) any price between them is right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tests.oracles.dcopf import Model
from tests.oracles.lp import optimum


@dataclass(frozen=True)
class PriceRange:
    """Lowest and highest dual price of every interval and bus, money per MWh."""

    left: pd.DataFrame
    right: pd.DataFrame

    def unique(self, tolerance: float = 1e-4) -> pd.DataFrame:
        """True where the price is unique."""
        return (self.right - self.left) <= tolerance


def price_range(model: Model, step_mw: float = 1e-2) -> PriceRange:
    """Cost change per MW when a bus's demand moves by ``step_mw`` down and up.

    A kink nearer than the step widens the range, never narrows it.
    """
    highs = model.lp.load()
    base = optimum(highs).objective
    buses = list(dict.fromkeys(bus for _, bus in model.balance))
    sides = {}
    for name, sign in (("left", -1.0), ("right", 1.0)):
        slope = pd.DataFrame(np.nan, index=pd.DatetimeIndex(model.starts), columns=buses)
        for (t, bus), row in model.balance.items():
            demand = model.lp.row_lower[row]
            highs.changeRowBounds(row, demand + sign * step_mw, demand + sign * step_mw)
            cost = optimum(highs).objective
            highs.changeRowBounds(row, demand, demand)
            slope.iloc[t, buses.index(bus)] = sign * (cost - base) / step_mw / model.hours
        sides[name] = slope
    return PriceRange(**sides)
