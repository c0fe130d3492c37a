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

import time
from dataclasses import dataclass
from typing import Any, Literal

import highspy
import numpy as np

from clearing.limits.loss_rows import LossRows
from clearing.limits.network import NetworkLimits
from clearing.program.live import LiveProgram, LpSolution
from clearing.program.solver import quiet, run
from clearing.session.price_rows import PriceRows
from network.arrays import Flags, Floats, Positions

__all__ = ["one_sided", "unique_prices"]

_AT_BOUND = 1e-7
"""Distance from a limit, relative above 1, at which it is met."""
_MOVES = 1e-7
"""Step of a variable per MW of demand below which it stays where it is."""
_SAME_PRICE = 1e-6
"""Difference of prices, relative above 1, that is none."""
_STEP_MW = 1e-4
_BASIC = int(highspy.HighsBasisStatus.kBasic)


def unique_prices(
    live: LiveProgram, network: NetworkLimits, balance: Positions, losses: LossRows | None
) -> Flags | None:
    """Where the prices of a solved program are unique, (T, B); None where that cannot be told.

    `balance` are the rows of the energy balance by interval and island, (T * I,).
    """
    state = _State.of(live)
    rows = PriceRows.of(live, network, balance, losses, state.row_met[live.hard :])
    unique = np.ones(rows.shape, dtype=bool)
    asked = unique.copy()
    draw = np.random.default_rng(0)
    step: _Step | None = None
    while asked.any():
        demand = np.where(asked, draw.uniform(0.5, 1.5, rows.shape), 0.0)
        moved = rows.moved(demand, len(state.row_met))
        if state.follows(live.highs, moved):
            break
        step = step or _Step(live, state)
        more, less = step.duals(moved), step.duals(-moved)
        if more is None or less is None:
            return None
        apart = _differ(rows.prices(more), rows.prices(less))
        unique &= ~apart
        if not (apart & asked).any():
            break
        asked &= ~apart
    return unique


@dataclass(frozen=True, eq=False)
class _State:
    """Which limits an optimal basis meets: lower and upper ones of columns (n,) and rows (m,)."""

    column_low: Flags
    column_high: Flags
    row_low: Flags
    row_high: Flags
    tight: Positions
    """Places in the basis of variables that sit at one of their limits."""

    @property
    def row_met(self) -> Flags:
        """Rows at a limit, (m,)."""
        return np.asarray(self.row_low | self.row_high)

    @classmethod
    def of(cls, live: LiveProgram) -> _State:
        """Compare the solution with its limits."""
        highs = live.highs
        model, solution = highs.getLp(), highs.getSolution()
        column = _met(solution.col_value, model.col_lower_, model.col_upper_)
        row = _met(solution.row_value, model.row_lower_, model.row_upper_)
        _, basic = highs.getBasicVariables()
        basic = np.asarray(basic, dtype=np.int64)
        # Tangents of the losses meet where they are nearly the same: that is not another price.
        tangent = -1 - basic[basic < 0]
        tangent = tangent[(tangent >= len(live.compiled.row_low)) & (tangent < live.hard)]
        for side in row:
            side[tangent] = False
        tight = np.empty(len(basic), dtype=bool)
        on_column = basic >= 0
        tight[on_column] = (column[0] | column[1])[basic[on_column]]
        tight[~on_column] = (row[0] | row[1])[-1 - basic[~on_column]]
        return cls(*column, *row, np.flatnonzero(tight))

    def follows(self, highs: highspy.Highs, moved: Floats) -> bool:
        """Whether the basis stays optimal a little way along right-hand sides, both ways."""
        if not len(self.tight):
            return True
        _, step = highs.getBasisSolve(moved)
        return bool(np.abs(np.asarray(step)[self.tight]).max() <= _MOVES)


class _Step:
    """The program of a step away from the optimum: only the limits that are met hold."""

    def __init__(self, live: LiveProgram, state: _State) -> None:
        self._state = state
        model: Any = live.highs.getLp()
        model.col_lower_ = np.where(state.column_low, 0.0, -np.inf)
        model.col_upper_ = np.where(state.column_high, 0.0, np.inf)
        model.offset_ = 0.0
        self._highs, self._deadline = quiet(), live.deadline
        for name, value in (("presolve", "off"), ("solver", "simplex")):
            self._highs.setOptionValue(name, value)
        for name in ("threads", "random_seed", "primal_feasibility_tolerance"):
            self._highs.setOptionValue(name, live.highs.getOptionValue(name)[1])
        model.row_lower_ = np.where(state.row_low, 0.0, -np.inf)
        model.row_upper_ = np.where(state.row_high, 0.0, np.inf)
        self._highs.passModel(model)
        # Every step goes on from the basis of the one before: its duals stay feasible.
        self._highs.setBasis(live.highs.getBasis())
        self._rows = np.arange(len(state.row_met), dtype=np.int32)

    def duals(self, moved: Floats) -> Floats | None:
        """Duals of all rows of the cheapest step that follows right-hand sides, (m,)."""
        low = np.where(self._state.row_low, moved, -np.inf)
        high = np.where(self._state.row_high, moved, np.inf)
        self._highs.changeRowsBounds(len(self._rows), self._rows, low, high)
        left = max(self._deadline - time.perf_counter(), 0.0)
        self._highs.setOptionValue("time_limit", min(self._highs.getRunTime() + left, 1e30))
        if run(self._highs) != "optimal":
            return None
        return np.asarray(self._highs.getSolution().row_dual, dtype=float)


def _met(value: Any, low: Any, high: Any) -> tuple[Flags, Flags]:
    value, low, high = (np.asarray(part, dtype=float) for part in (value, low, high))
    near = _AT_BOUND * np.maximum(1.0, np.abs(value))
    return value - low <= near, high - value <= near


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
