"""From frames as they come (text of a CSV file, a user's DataFrame) to typed tables.

Every cell that cannot be read gives a Failure and a blank in its place, so that all later checks
still run and one pass reports everything.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.errors import Failure
from cases.files.parsing import PARSERS, is_text, not_finite, why_not_text
from cases.tables.columns import Column, Table
from cases.tables.schema import empty_frame, pandas_dtype

__all__ = ["Source", "convert", "nearest"]

Mask = NDArray[np.bool_]


@dataclass
class Source:
    """Where a table came from: the name of its file and the line of each row.

    A `partial` table has rows that could not be read; `reported` marks cells that could not.
    """

    file: str
    lines: NDArray[np.int64] | None = None
    partial: bool = False
    reported: dict[str, Mask] = field(default_factory=dict)

    def row(self, position: int) -> int:
        """The line of a row, the header being line 1."""
        return int(position) + 2 if self.lines is None else int(self.lines[position])

    def failure(self, position: int, column: str | None, rule: str, message: str) -> Failure:
        """A failure of one row."""
        return Failure(self.file, self.row(position), column, rule, message)

    def header(self, column: str | None, rule: str, message: str) -> Failure:
        """A failure of the header line."""
        return Failure(self.file, 1, column, rule, message)

    def file_failure(self, rule: str, message: str) -> Failure:
        """A failure of the file as a whole."""
        return Failure(self.file, None, None, rule, message)


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint ' (did you mean ...?)', or the known names where nothing is near and they are few."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6) if len(names) < 20_000 else []
    if near:
        return f"; did you mean {' or '.join(near)}?"
    return f"; known: {', '.join(names)}" if 0 < len(names) <= 20 else ""


def convert(
    table: Table, frame: pd.DataFrame, source: Source, timezone: str, failures: list[Failure]
) -> pd.DataFrame:
    """The typed table of a frame: declared columns in order, defaults filled, ids as text.

    Failures are appended to `failures`; the cells they are about are blank in the result and
    marked in `source.reported`.
    """
    frame = _columns(frame.reset_index(drop=True), source, failures)
    names = frame.columns.tolist()
    if table.wide is not None:
        return _convert_wide(table, frame, source, timezone, failures)
    for name in names:
        if name not in table.names:
            failures.append(
                source.header(
                    name,
                    "unknown_column",
                    f"{table.name} has no such column{nearest(name, table.names)}",
                )
            )
    columns: dict[str, pd.Series] = {}
    for column in table.columns:
        if column.name in frame:
            columns[column.name] = _column(column, frame[column.name], source, timezone, failures)
        else:
            if column.required or column.present:
                failures.append(
                    source.header(column.name, "missing_column", "the column is missing")
                )
                source.reported[column.name] = np.ones(len(frame), dtype=bool)
            columns[column.name] = _blank(column, len(frame), timezone)
    return pd.DataFrame(columns)


def _convert_wide(
    table: Table, frame: pd.DataFrame, source: Source, timezone: str, failures: list[Failure]
) -> pd.DataFrame:
    start, value = table.columns[0], table.value
    assert value is not None
    if start.name not in frame:
        failures.append(source.header(start.name, "missing_column", "the column is missing"))
        return empty_frame(table, timezone)
    stamps = _column(start, frame[start.name], source, timezone, failures)
    values = frame.drop(columns=start.name)
    if all(isinstance(dtype, np.dtype) and dtype.kind in "fiu" for dtype in set(values.dtypes)):
        block = values.to_numpy(dtype=np.float64, copy=True)
        infinite = np.isinf(block)
        if infinite.any():
            for row, position in np.argwhere(infinite).tolist():
                failures.append(
                    source.failure(row, values.columns[position], "finite", not_finite("inf"))
                )
            block[infinite] = np.nan
            for position in np.flatnonzero(infinite.any(axis=0)).tolist():
                source.reported[values.columns[position]] = infinite[:, position]
    else:
        quick = _text_block(values)
        block = np.empty(values.shape) if quick is None else quick
        for position, name in enumerate(values.columns if quick is None else ()):
            cells = _column(value, values[name], source, timezone, failures, name)
            block[:, position] = cells.to_numpy()
    result = pd.DataFrame(block, columns=pd.Index(values.columns, dtype="str"))
    result.insert(0, start.name, stamps)
    return result


def _columns(frame: pd.DataFrame, source: Source, failures: list[Failure]) -> pd.DataFrame:
    """The columns that have a name of their own, the names as text."""
    kept: dict[str, int] = {}
    repeated: dict[str, None] = {}
    for position, label in enumerate(frame.columns):
        name = str(label)
        if not name or not is_text(name):
            message = why_not_text(name) if name else "the column has no name"
            failures.append(source.header(ascii(name), "text", message))
        elif name in kept:
            repeated[name] = None
        else:
            kept[name] = position
    for name in repeated:
        failures.append(source.header(name, "duplicate_column", "the column is there twice"))
    if len(kept) < frame.shape[1]:
        frame = frame.iloc[:, list(kept.values())]
    return frame.set_axis(pd.Index(list(kept), dtype="str"), axis=1)


def _text_block(values: pd.DataFrame) -> NDArray[np.float64] | None:
    """All numbers of a block of text at once; None where any cell needs a closer look."""
    cells = values.to_numpy(dtype=object).ravel().tolist()
    if set(map(type, cells)) != {str} or "_" in "".join(cells):
        return None
    try:
        block = np.array([float(cell) for cell in cells]).reshape(values.shape)
    except ValueError:
        return None
    return block if np.isfinite(block).all() else None


def _blank(column: Column, rows: int, timezone: str) -> pd.Series:
    dtype = pandas_dtype(column, timezone)
    fill: Any = column.default
    if fill is None:
        fill = {"str": "", "float": np.nan, "int": 0, "bool": False}.get(column.dtype, pd.NaT)
    blank: pd.Series = pd.Series([fill] * rows, dtype=dtype)
    return blank


def _column(
    column: Column,
    cells: pd.Series,
    source: Source,
    timezone: str,
    failures: list[Failure],
    name: str | None = None,
) -> pd.Series:
    """One typed column; blanks become the default of the column."""
    name = name or column.name
    result, bad, reason = PARSERS[column.dtype](cells, column, timezone)
    if bad:
        mask = np.zeros(len(cells), dtype=bool)
        for position in bad:
            mask[position] = True
            rule, message = reason(cells.iloc[position])
            failures.append(source.failure(position, name, rule, message))
        source.reported[name] = mask
    if column.default is not None and column.dtype != "str":
        result = result.fillna(column.default)
    elif column.dtype == "str" and column.default:
        result = result.where(result != "", column.default)
    dtype = pandas_dtype(column, timezone)
    if column.dtype == "int":
        blank = result.isna().to_numpy()
        if blank.any():
            reported = source.reported.setdefault(name, np.zeros(len(cells), dtype=bool))
            for position in np.flatnonzero(blank & ~reported).tolist():
                failures.append(source.failure(position, name, "blank", "must not be blank"))
            reported |= blank
        result = result.fillna(0 if column.ge is None else column.ge)
    typed: pd.Series = result.astype(dtype)
    return typed
