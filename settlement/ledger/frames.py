"""Rows of frames with the types that settlement code relies on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from cases.errors import Failure

__all__ = ["Problems", "Row", "grouped", "items", "line_of", "records"]

Row = dict[str, Any]
"""One row of a table by column name."""


@dataclass
class Problems:
    """Failures of one table, collected; rows are positions, counted from 0."""

    file: str
    failures: list[Failure] = field(default_factory=list)

    def add(self, row: int | None, column: str | None, rule: str, message: str) -> None:
        """One more failure."""
        line = None if row is None else row + 2
        self.failures.append(Failure(self.file, line, column, rule, message))


def records(frame: pd.DataFrame) -> list[Row]:
    """The rows of a frame, in order."""
    rows: list[Row] = frame.to_dict("records")  # type: ignore[assignment]
    return rows


def line_of(index: Any) -> int:
    """The line that a row of a table has in a CSV file, the header being line 1."""
    return int(index) + 2


def grouped(frame: pd.DataFrame, by: list[str]) -> list[tuple[Any, pd.DataFrame]]:
    """Groups of a frame with their key, sorted by key."""
    return list(frame.groupby(by, sort=True))


def items(series: pd.Series) -> list[tuple[Any, Any]]:
    """Index and value pairs of a series."""
    return list(series.items())
