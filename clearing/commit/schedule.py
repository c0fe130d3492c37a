"""What a mixed-integer solve ends with: the best states, what they cost, and what is proven."""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from network.arrays import Floats

__all__ = ["Schedule"]

_SAME = 1e-8
"""Relative distance of the cost that the solver tells from the cost of what it gives."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """The best states that a mixed-integer solve found, and what it proved."""

    x: Floats
    """All columns of the program, (n,)."""
    objective: float
    bound: float
    """What no schedule costs less than, those that were left out of the solve included."""
    claimed: float
    """What the solver says that no schedule of the solve costs less than."""
    finished: bool
    """Whether the gap that was asked for was proven."""
    told: float
    """What the solver says that the schedule costs."""

    @classmethod
    def of(cls, highs: highspy.Highs, lp: highspy.HighsLp) -> Schedule | None:
        """Read the best solution of the program that was handed over; None where there is none."""
        info = highs.getInfo()
        status = highs.getModelStatus()
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return None
        x = np.asarray(highs.getSolution().col_value, dtype=float)
        return cls(
            x,
            float(np.asarray(lp.col_cost_) @ x) + lp.offset_,
            float(info.mip_dual_bound),
            float(info.mip_dual_bound),
            status
            in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kObjectiveTarget),
            float(info.objective_function_value),
        )

    @property
    def consistent(self) -> bool:
        """Whether it costs what the solver says.

        HiGHS can lose a part of the cost of a first solution on the way through presolve; then it
        compares all others with a cost that none has, and its bound is worth nothing.
        """
        return abs(self.told - self.objective) <= _SAME * max(1.0, abs(self.objective))
