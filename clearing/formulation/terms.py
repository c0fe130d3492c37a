"""Linear expressions over a market's variables, many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from network.arrays import Flags, Floats, Positions

__all__ = ["Terms"]


@dataclass(frozen=True, eq=False)
class Terms:
    """Linear expressions, one per row: sum of coefficient * variable, plus a constant.

    What a family writes about a unit holds whether its state is a decision (a variable) or data (a
    constant): the families of reserves, storage and limits serve commitment and dispatch alike.
    """

    row: Positions
    """Row of each entry, rising, (E,)."""
    variable: Positions
    """Position of its variable in `Market.variables`, (E,)."""
    coefficient: Floats
    constant: Floats
    """(n,)."""

    def __len__(self) -> int:
        return len(self.constant)

    @classmethod
    def build(
        cls,
        count: int,
        row: Positions,
        variable: Positions,
        coefficient: Floats | float,
        constant: Floats | None = None,
    ) -> Terms:
        """Expressions from entries in any order."""
        row = np.asarray(row, dtype=np.intp)
        order = np.argsort(row, kind="stable")
        each = np.broadcast_to(np.asarray(coefficient, dtype=float), row.shape)
        fixed = np.zeros(count) if constant is None else np.asarray(constant, dtype=float)
        return cls(row[order], np.asarray(variable, dtype=np.intp)[order], each[order], fixed)

    @classmethod
    def of(cls, variables: Positions, coefficient: Floats | float = 1.0) -> Terms:
        """One variable per row, times a coefficient; -1 stands for none."""
        there = np.flatnonzero(variables >= 0)
        each = np.broadcast_to(np.asarray(coefficient, dtype=float), variables.shape)
        return cls.build(len(variables), there, variables[there], each[there])

    @classmethod
    def constants(cls, values: Floats) -> Terms:
        """Rows of constants, (n,)."""
        empty = np.zeros(0, dtype=np.intp)
        return cls(empty, empty, np.zeros(0), np.asarray(values, dtype=float).ravel())

    @classmethod
    def zeros(cls, count: int) -> Terms:
        """Rows of nothing."""
        return cls.constants(np.zeros(count))

    @classmethod
    def joined(cls, parts: Sequence[Terms]) -> Terms:
        """Rows of one after rows of the other."""
        shift = np.cumsum([0, *(len(part) for part in parts)])
        none = np.zeros(0, dtype=np.intp)
        return cls(
            np.concatenate([none, *(p.row + k for p, k in zip(parts, shift[:-1], strict=True))]),
            np.concatenate([none, *(part.variable for part in parts)]),
            np.concatenate([np.zeros(0), *(part.coefficient for part in parts)]),
            np.concatenate([np.zeros(0), *(part.constant for part in parts)]),
        )

    def __getitem__(self, rows: Positions | Flags) -> Terms:
        """Give the rows at these places, in this order; a place may be asked for twice."""
        given = np.asarray(rows)
        rows = np.flatnonzero(given) if given.dtype == bool else np.asarray(given, dtype=np.intp)
        start = np.searchsorted(self.row, np.arange(len(self) + 1))
        count = (start[1:] - start[:-1])[rows]
        new = np.repeat(np.arange(len(rows)), count)
        within = np.arange(len(new)) - np.repeat(np.cumsum(count) - count, count)
        entry = start[rows][new] + within
        return Terms(new, self.variable[entry], self.coefficient[entry], self.constant[rows])

    def __add__(self, other: Terms) -> Terms:
        return Terms.build(
            len(self),
            np.concatenate([self.row, other.row]),
            np.concatenate([self.variable, other.variable]),
            np.concatenate([self.coefficient, other.coefficient]),
            self.constant + other.constant,
        )

    def __neg__(self) -> Terms:
        return Terms(self.row, self.variable, -self.coefficient, -self.constant)

    def __sub__(self, other: Terms) -> Terms:
        return self + -other

    def __mul__(self, factor: float | Floats) -> Terms:
        each = np.broadcast_to(np.asarray(factor, dtype=float), self.constant.shape)
        return Terms(
            self.row, self.variable, self.coefficient * each[self.row], self.constant * each
        )

    def summed(self, group: Positions, count: int) -> Terms:
        """Add rows up into groups: `group` has the group of each row, (n,); -1 leaves it out."""
        inside = group[self.row] >= 0
        constant = np.zeros(count)
        kept = group >= 0
        np.add.at(constant, group[kept], self.constant[kept])
        return Terms.build(
            count,
            group[self.row][inside],
            self.variable[inside],
            self.coefficient[inside],
            constant,
        )

    def matrix(self, width: int) -> csr_array:
        """Coefficients as a sparse matrix of so many variables, (n, width)."""
        entries = (self.coefficient, (self.row, self.variable))
        made = csr_array(entries, shape=(len(self), width))
        made.sum_duplicates()
        return made

    def values(self, x: Floats) -> Floats:
        """Values at a solution by variable, (n,)."""
        moved = np.bincount(
            self.row, weights=self.coefficient * x[self.variable], minlength=len(self)
        )
        return np.asarray(self.constant + moved)
