"""Linear programs with integer columns, for oracles: nothing is relaxed, no gap is left."""

from __future__ import annotations

from dataclasses import dataclass, field

import highspy

from tests.oracles.lp import LinearProgram


@dataclass
class MixedProgram(LinearProgram):
    """A linear program in which some columns must be whole."""

    integers: set[int] = field(default_factory=set)

    def binary(self, cost: float = 0.0) -> int:
        """Append a variable that is 0 or 1; return its position."""
        position = self.column(0.0, 1.0, cost)
        self.integers.add(position)
        return position

    def fix(self, column: int, value: float) -> None:
        """Hold a column at a value; it then needs no integrality."""
        self.lower[column] = self.upper[column] = value
        self.integers.discard(column)

    def load(self) -> highspy.Highs:
        """Hand the program to a solver that proves its optimum without a gap."""
        highs = super().load()
        for column in sorted(self.integers):
            highs.changeColIntegrality(column, highspy.HighsVarType.kInteger)
        if self.integers:
            highs.setOptionValue("mip_rel_gap", 0.0)
            highs.setOptionValue("mip_abs_gap", 1e-9)
            highs.setOptionValue("mip_feasibility_tolerance", 1e-9)
            highs.setOptionValue("primal_feasibility_tolerance", 1e-9)
        return highs
