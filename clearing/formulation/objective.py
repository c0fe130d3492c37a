"""The objective: offered cost less the value of accepted bids, plus penalties."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from clearing.formulation.market import Market, linear
from clearing.formulation.order import family

__all__ = ["define_objective"]


@family(needs=("energy_balance",))
def define_objective(market: Market) -> None:
    """Minimize the cost of the day.

    hours * sum of price * MW over all variables, plus what is fixed               (objective)
    """
    hours, price = market.day.hours, market.hourly_cost
    paid = np.flatnonzero(price)
    market.model.cost = pyo.Objective(
        expr=linear(
            [market.variables[k] for k in paid.tolist()],
            hours * price[paid],
            hours * market.constant_cost,
        )
    )
