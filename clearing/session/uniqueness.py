r"""Where prices are unique, tested for every bus and interval, and the rulebook's choice elsewhere.

The optimal cost of a linear program is convex in its right-hand side, and its slopes are the dual
prices: with f'(w) the slope in a direction w of demand, MW at each bus and interval,

    f'(w) = max over dual optima y of  lmp(y) . w,      -f'(-w) = min of the same      (slopes)

(Bertsimas and Tsitsiklis, "Introduction to Linear Optimization", 1997, section 5.2). The prices of
all places are unique where both agree for every w, and for that one w drawn at random is enough:
duals that are not the same price differ in it with probability one. f'(w) is itself a small step
from the optimum: the same program around it, with every limit that is not met left out, for the
right-hand side w. Where the optimal basis meets no limit but those that it rests on, or moves along
w without breaking one, that step is one solve with the factor at hand; only else the program of the
step is solved, both ways, by the dual simplex from the basis. What the two solutions price
differently is not unique; what is left is asked again, until it moves nothing.

The choice: `upper` takes the price of one more MW of demand, `lower` that of one MW less, `solver`
the duals as they come.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from clearing.limits.loss_rows import LossRows
from clearing.limits.network import NetworkLimits
from clearing.program.live import LiveProgram, LpSolution
from clearing.session.price_rows import PriceRows
from clearing.session.step import Met, StepProgram
from network.arrays import Flags, Floats, Positions

__all__ = ["one_sided", "unique_prices"]

_SAME_PRICE = 1e-6
"""Difference of prices, relative above 1, that is none."""
_STEP_MW = 1e-4


def unique_prices(
    live: LiveProgram, network: NetworkLimits, balance: Positions, losses: LossRows | None
) -> Flags | None:
    """Where the prices of a solved program are unique, (T, B); None where that cannot be told.

    `balance` are the rows of the energy balance by interval and island, (T * I,).
    """
    state = Met.of(live)
    rows = PriceRows.of(live, network, balance, losses, state.row_met[live.hard :])
    unique = np.ones(rows.shape, dtype=bool)
    asked = unique.copy()
    draw = np.random.default_rng(0)
    step: StepProgram | None = None
    while asked.any():
        demand = np.where(asked, draw.uniform(0.5, 1.5, rows.shape), 0.0)
        moved = rows.moved(demand, len(state.row_met))
        if state.follows(live.highs, moved):
            break
        step = step or StepProgram(live, state)
        more, less = step.duals(moved), step.duals(-moved)
        if more is None or less is None:
            return None
        apart = _differ(rows.prices(more), rows.prices(less))
        unique &= ~apart
        if not (apart & asked).any():
            break
        asked &= ~apart
    return unique


def _differ(one: Floats, other: Floats) -> Flags:
    size = np.maximum(1.0, np.maximum(np.abs(one), np.abs(other)))
    return np.asarray(np.abs(one - other) > _SAME_PRICE * size)


def one_sided(live: LiveProgram, side: Literal["lower", "upper"]) -> LpSolution:
    """Solution whose duals are the prices of a little more (`upper`) or less demand (`lower`).

    A small negative shortage is more demand, a small negative surplus is less, both spread as
    demand is. The bounds are set back afterwards.
    """
    compiled = live.compiled
    columns = compiled.columns("shortage" if side == "upper" else "surplus")
    low: Floats = compiled.low[columns]
    high: Floats = compiled.high[columns]
    live.set_bounds(columns, low - _STEP_MW, high)
    shifted = live.solve()
    live.set_bounds(columns, low, high)
    return shifted
