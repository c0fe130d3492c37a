"""A small step from the optimum of a linear program: which limits it must keep, what it moves."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np

from clearing.program.live import LiveProgram
from clearing.program.solver import quiet, run
from network.arrays import Flags, Floats, Positions

__all__ = ["Met", "StepProgram"]

_AT_BOUND = 1e-7
"""Distance from a limit, relative above 1, at which it is met."""
_MOVES = 1e-7
"""Step of a variable per MW of demand below which it stays where it is."""


@dataclass(frozen=True, eq=False)
class Met:
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
    def of(cls, live: LiveProgram) -> Met:
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


class StepProgram:
    """The program of a step away from the optimum: only the limits that are met hold."""

    def __init__(self, live: LiveProgram, state: Met) -> None:
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
        if not self._solved(moved):
            return None
        return np.asarray(self._highs.getSolution().row_dual, dtype=float)

    def moves(self, moved: Floats) -> Floats | None:
        """The cheapest step itself, (n + N,): what each column moves; None where there is none."""
        if not self._solved(moved):
            return None
        return np.asarray(self._highs.getSolution().col_value, dtype=float)

    def _solved(self, moved: Floats) -> bool:
        low = np.where(self._state.row_low, moved, -np.inf)
        high = np.where(self._state.row_high, moved, np.inf)
        self._highs.changeRowsBounds(len(self._rows), self._rows, low, high)
        left = max(self._deadline - time.perf_counter(), 0.0)
        self._highs.setOptionValue("time_limit", min(self._highs.getRunTime() + left, 1e30))
        return run(self._highs) == "optimal"


def _met(value: Any, low: Any, high: Any) -> tuple[Flags, Flags]:
    value, low, high = (np.asarray(part, dtype=float) for part in (value, low, high))
    near = _AT_BOUND * np.maximum(1.0, np.abs(value))
    return value - low <= near, high - value <= near
