"""A solved day, with everything that its tables and its later passes are made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clearing.day.day import Day
from clearing.limits.network import NetworkLimits
from clearing.limits.ramps import RampLimits
from clearing.program.compiled import Compiled
from clearing.program.live import LpSolution
from clearing.program.program import Program
from clearing.program.rows import RowSet
from clearing.session.prices import Prices
from network.arrays import Floats

__all__ = ["Cleared"]


@dataclass(frozen=True, eq=False)
class Cleared:
    """A solved day with everything its tables are made from."""

    day: Day
    program: Program
    """What was solved, complete: rows, prices and bounds of this clearing."""
    network: NetworkLimits
    ramps: RampLimits
    solution: LpSolution
    soft: RowSet
    flows: Floats
    prices: Prices
    shadow: Floats
    """Shadow prices of all soft rows, money per MWh, (N,); may come from a pricing pass."""
    row_dual: Floats
    """Duals of the compiled market's rows that go with the prices, (m,); see `LpSolution`."""

    @property
    def compiled(self) -> Compiled:
        """The compiled market."""
        return self.program.compiled

    def values(self, name: str) -> Floats:
        """Values of a family of variables, in the order of its index."""
        return np.asarray(self.solution.x[self.compiled.columns(name)])

    @property
    def output(self) -> Floats:
        """Output of every unit, (T, U)."""
        return np.clip(self.ramps.output(self.solution.x), self.day.low, self.day.high)

    @property
    def unserved(self) -> tuple[Floats, Floats]:
        """MW not served and MW too many, by interval and island, (T, I) each."""
        shape = (self.day.intervals, self.day.islands)
        return self.values("shortage").reshape(shape), self.values("surplus").reshape(shape)
