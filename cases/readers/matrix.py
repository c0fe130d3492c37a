"""A matrix of a MATPOWER file: its numbers, and the line of every row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Matrix"]

Floats = NDArray[np.float64]
Lines = NDArray[np.int64]


@dataclass(frozen=True)
class Matrix:
    """A matrix of numbers: `values` (rows, columns), `widths` (numbers in each row), `lines`."""

    values: Floats
    widths: NDArray[np.int64]
    lines: Lines
    columns: tuple[str, ...]

    def __getitem__(self, column: str) -> Floats:
        """Return a column by its MATPOWER name; one that the file does not have is all zero."""
        position = self.columns.index(column)
        if position >= self.values.shape[1]:
            return np.zeros(len(self.values))
        return self.values[:, position]

    def keep(self, rows: NDArray[np.bool_]) -> Matrix:
        """Return the matrix without the rows where `rows` is False."""
        return Matrix(self.values[rows], self.widths[rows], self.lines[rows], self.columns)
