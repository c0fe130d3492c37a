"""A program at one moment: its families, its parameters and its rows, as the solver has them.

What is solved is a `Program`; everything that shows it is made from one. `LiveProgram` holds one in
HiGHS and changes it by the difference, `clearing.program.faces` writes one as a Pyomo model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, eye_array, hstack, vstack

from clearing.program.compiled import Compiled
from clearing.program.rows import SoftRows
from network.arrays import Flags, Floats, Positions

__all__ = ["Program", "Tangents"]


@dataclass(frozen=True, eq=False)
class Tangents:
    """Loss tangents of the energy balance, C of them: ``least <= matrix @ x <= most``."""

    matrix: csr_array
    """(C, n)."""
    least: Floats
    most: Floats
    place: Positions
    """Interval and island, t * I + i, of each, (C,)."""
    balance: Positions
    """Rows of the lossless balance, by place, that they stand for."""

    def __len__(self) -> int:
        return len(self.least)

    @classmethod
    def none(cls, columns: int) -> Tangents:
        """No tangents over so many columns."""
        empty = np.zeros(0, dtype=np.intp)
        return cls(csr_array((0, columns)), np.zeros(0), np.zeros(0), empty, empty)


@dataclass(frozen=True, eq=False)
class Program:
    """What is solved, complete: it never changes, and it is cheap to keep.

    n columns of the compiled market and N excess columns; m rows of the market, C loss tangents and
    N soft rows, in these orders.
    """

    compiled: Compiled
    cost: Floats
    """Money per unit of each column of the market over the interval, (n,)."""
    constant: float
    """Money that no column changes."""
    low: Floats
    """Bounds of the market's columns, (n,): directions that are held are 0 here."""
    high: Floats
    soft: SoftRows
    tangents: Tangents
    integer: bool = False
    """Whether families of whole numbers are whole; False for a linear program."""
    closed: Flags | None = None
    """Soft rows that may not be exceeded, (N,); None = none of them."""
    x: Floats | None = None
    """A solution, (n + N,), where one is known."""

    @classmethod
    def of(cls, compiled: Compiled) -> Program:
        """Give the program of a compiled market before any row was found."""
        n = len(compiled.cost)
        return cls(
            compiled,
            compiled.cost,
            compiled.constant,
            compiled.low,
            compiled.high,
            SoftRows.none(n),
            Tangents.none(n),
        )

    @property
    def most_excess(self) -> Floats:
        """Upper bounds of the excess columns, (N,)."""
        most = np.full(len(self.soft), np.inf)
        if self.closed is not None:
            most[self.closed] = 0.0
        return most

    @property
    def matrix(self) -> csr_array:
        """All rows over all columns, (m + C + N, n + N)."""
        c, soft, count = self.compiled, self.soft, len(self.soft)
        if not count and not len(self.tangents):
            return c.matrix
        blank = csr_array((len(c.row_low) + len(self.tangents), count))
        hard = csr_array(vstack([c.matrix, self.tangents.matrix], format="csr"))
        return csr_array(
            vstack(
                [
                    hstack([hard, blank], format="csr"),
                    hstack([soft.coefficients, -eye_array(count)], format="csr"),
                ],
                format="csr",
            )
        )

    @property
    def row_bounds(self) -> tuple[Floats, Floats]:
        """Least and most of all rows, (m + C + N,) each."""
        c, cuts = self.compiled, self.tangents
        low, high = c.row_low.copy(), c.row_high.copy()
        low[cuts.balance], high[cuts.balance] = -np.inf, np.inf
        none = np.full(len(self.soft), -np.inf)
        return (
            np.concatenate([low, cuts.least, none]),
            np.concatenate([high, cuts.most, self.soft.limit]),
        )
