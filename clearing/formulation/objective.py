"""The objective: offered cost less the value of accepted bids, plus penalties."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from clearing.formulation.market import Market, linear

__all__ = ["define_objective"]


def define_objective(market: Market) -> None:
    """Minimize the cost of the day.

        hours * sum of price * MW over all variables, plus what is fixed               (objective)
    """
    variables = [v for paid, _ in market.costs for v in paid]
    prices = np.concatenate([price for _, price in market.costs])
    hours = market.day.hours
    market.model.cost = pyo.Objective(
        expr=linear(variables, hours * prices, hours * market.constant_cost)
    )
