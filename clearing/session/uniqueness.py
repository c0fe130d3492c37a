"""Where prices are not unique, and the rulebook's choice among them.

At an optimum whose basis has a variable exactly at its bound, other dual solutions may exist. The
row of the basis inverse that belongs to such a variable is the direction in which duals could
move; the intervals whose energy balance or network rows it touches are reported. The choice:
`upper` takes the price of one more MW of demand, `lower` that of one MW less, `solver` the duals
as they come.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from clearing.program.live import LiveProgram, LpSolution
from clearing.program.rows import Kind
from network.arrays import Floats, Positions

__all__ = ["one_sided", "open_intervals"]

_AT_BOUND = 1e-7
_DIRECTION = 1e-7
_MOST = 300
_STEP_MW = 1e-4


def open_intervals(live: LiveProgram, balance_rows: Positions, intervals: int) -> Positions:
    """Intervals whose prices may not be unique, sorted.

    `balance_rows` are the energy balances by interval and island, (T * I,). Where more variables
    than 300 sit at a bound, every interval counts as one of them.
    """
    highs = live.highs
    model, solution = highs.getLp(), highs.getSolution()
    _, basic = highs.getBasicVariables()
    basic = np.asarray(basic, dtype=np.int64)
    is_column = basic >= 0
    value, low, high = (np.empty(len(basic)) for _ in range(3))
    for here, at, values, least, most in (
        (is_column, basic[is_column], solution.col_value, model.col_lower_, model.col_upper_),
        (
            ~is_column,
            -1 - basic[~is_column],
            solution.row_value,
            model.row_lower_,
            model.row_upper_,
        ),
    ):
        value[here] = np.asarray(values, dtype=float)[at]
        low[here] = np.asarray(least, dtype=float)[at]
        high[here] = np.asarray(most, dtype=float)[at]
    size = np.maximum(1.0, np.abs(value))
    # Tangents of the losses meet where they are nearly the same: that is not another price.
    of_market, first = len(live.compiled.row_low), live.hard
    tangent = ~is_column & (-1 - basic >= of_market) & (-1 - basic < first)
    at_bound = np.flatnonzero(
        ((value - low <= _AT_BOUND * size) | (high - value <= _AT_BOUND * size)) & ~tangent
    )
    if len(at_bound) > _MOST:
        return np.arange(intervals)
    interval_of = np.full(len(basic), -1, dtype=np.intp)
    per_interval = len(balance_rows) // intervals
    interval_of[balance_rows] = np.repeat(np.arange(intervals), per_interval)
    interval_of[of_market:first] = live.cut_place // per_interval
    network = live.soft.kind != Kind.RAMP
    interval_of[first + np.flatnonzero(network)] = live.soft.interval[network]
    found = np.zeros(intervals, dtype=bool)
    for row in at_bound.tolist():
        _, direction = highs.getBasisInverseRow(row)
        touched = interval_of[np.abs(np.asarray(direction)) > _DIRECTION]
        found[touched[touched >= 0]] = True
    return np.flatnonzero(found)


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
