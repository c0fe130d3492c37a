"""A linear program written row by row, for oracles that must be easy to believe.

Nothing here is fast and nothing is shared with the engine: columns and rows are appended one at a
time, the whole is handed to HiGHS once, and the duals come back in the order of the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import highspy
import numpy as np
import numpy.typing as npt

INF = highspy.kHighsInf


@dataclass(frozen=True)
class Solution:
    """Optimal objective, column values and row duals (d objective / d right-hand side)."""

    objective: float
    values: npt.NDArray[np.float64]
    duals: npt.NDArray[np.float64]


@dataclass
class LinearProgram:
    """minimize cost . x  subject to  lower <= A x <= upper, x within bounds."""

    cost: list[float] = field(default_factory=list)
    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    row_lower: list[float] = field(default_factory=list)
    row_upper: list[float] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])
    columns: list[int] = field(default_factory=list)
    coefficients: list[float] = field(default_factory=list)

    def column(self, lower: float, upper: float, cost: float = 0.0) -> int:
        """Append a variable; return its position."""
        self.cost.append(cost)
        self.lower.append(lower)
        self.upper.append(upper)
        return len(self.cost) - 1

    def row(self, lower: float, upper: float, terms: Mapping[int, float]) -> int:
        """Append lower <= sum coefficient * column <= upper; return its position."""
        for column, coefficient in terms.items():
            if coefficient != 0.0:
                self.columns.append(column)
                self.coefficients.append(coefficient)
        self.starts.append(len(self.columns))
        self.row_lower.append(lower)
        self.row_upper.append(upper)
        return len(self.row_lower) - 1

    def solve(self) -> Solution:
        """Solve to optimality, or raise ``RuntimeError`` naming the solver's verdict."""
        return optimum(self.load())

    def load(self) -> highspy.Highs:
        """Hand the whole program to a solver instance of its own."""
        lp = highspy.HighsLp()
        lp.num_col_ = len(self.cost)
        lp.num_row_ = len(self.row_lower)
        lp.col_cost_ = np.array(self.cost)
        lp.col_lower_ = np.array(self.lower)
        lp.col_upper_ = np.array(self.upper)
        lp.row_lower_ = np.array(self.row_lower)
        lp.row_upper_ = np.array(self.row_upper)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.array(self.starts)
        lp.a_matrix_.index_ = np.array(self.columns)
        lp.a_matrix_.value_ = np.array(self.coefficients)
        highs = highspy.Highs()
        highs.setOptionValue("output_flag", False)
        highs.setOptionValue("threads", 1)
        highs.passModel(lp)
        return highs


def optimum(highs: highspy.Highs) -> Solution:
    """Run a loaded program to its optimum."""
    highs.run()
    status = highs.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError(f"the oracle found no optimum: {highs.modelStatusToString(status)}")
    solution = highs.getSolution()
    return Solution(
        objective=highs.getInfo().objective_function_value,
        values=np.array(solution.col_value),
        duals=np.array(solution.row_dual),
    )
