"""From frames as they come (text of a CSV file, a user's DataFrame) to typed tables.

Every cell that cannot be read gives a Failure and a blank in its place, so that all later checks
still run and one pass reports everything.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.columns import Column, Table
from cases.errors import Failure
from cases.schema import empty_frame, pandas_dtype

__all__ = ["Source", "convert", "nearest"]

Mask = NDArray[np.bool_]
_STAMP = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,6})?)?\s*(?P<offset>Z|[+-]\d\d(:?\d\d)?)?"
)
_TRUE = {"true", "yes", "1"}
_FALSE = {"false", "no", "0"}


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
    frame = frame.reset_index(drop=True)
    names = [str(name) for name in frame.columns]
    for name in sorted(
        {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else ()
    ):
        failures.append(source.header(name, "duplicate_column", "the column is there twice"))
    if len(set(names)) < len(names):
        keep = [names.index(name) == position for position, name in enumerate(names)]
        frame = frame.loc[:, keep]
        names = [name for name, kept in zip(names, keep, strict=True) if kept]
    frame = frame.set_axis(names, axis=1)
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
            if column.required:
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
                    source.failure(row, values.columns[position], "finite", _not_finite("inf"))
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
    result, bad, reason = _PARSERS[column.dtype](cells, column, timezone)
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


Reason = Callable[[Any], tuple[str, str]]
Parsed = tuple[pd.Series, list[int], Reason]


def _not_finite(cell: object) -> str:
    return f"must be a finite number, not {cell}; leave it blank where there is none"


def _is_blank(cell: object) -> bool:
    return cell is None or cell is pd.NaT or cell is pd.NA or cell == "" or cell != cell


def _text(cells: pd.Series, column: Column, timezone: str) -> Parsed:
    def reason(cell: object) -> tuple[str, str]:
        if isinstance(cell, str):
            return "text", "holds characters that cannot be text (NUL or broken encoding)"
        return "text", f"must be text, not the {type(cell).__name__} {cell}"

    if isinstance(cells.dtype, pd.StringDtype):
        result = cells.fillna("")
        odd = result.str.contains("\x00", regex=False).to_numpy(dtype=bool)
        return result.mask(odd, ""), [int(p) for p in np.nonzero(odd)[0]], reason
    if isinstance(cells.dtype, np.dtype) and cells.dtype.kind in "iu":
        return cells.astype("str"), [], reason
    texts: list[str] = []
    bad: list[int] = []
    for position, cell in enumerate(cells.tolist()):
        text = ""
        if isinstance(cell, str):
            try:
                cell.encode()
                text = cell
            except UnicodeEncodeError:
                bad.append(position)
            if "\x00" in text:
                text = ""
                bad.append(position)
        elif isinstance(cell, int) and not isinstance(cell, bool):
            text = str(cell)
        elif not _is_blank(cell):
            bad.append(position)
        texts.append(text)
    return pd.Series(texts, dtype="str"), bad, reason


def _float(cells: pd.Series, column: Column, timezone: str) -> Parsed:
    def reason(cell: object) -> tuple[str, str]:
        try:
            if "_" not in str(cell):
                float(str(cell))
                return "finite", _not_finite(cell)
        except ValueError:
            pass
        expected = f"a number of {column.unit}" if column.unit else "a number"
        return "number", f"must be {expected}, not {cell!r}"

    if isinstance(cells.dtype, np.dtype) and cells.dtype.kind in "fiu":
        values = cells.to_numpy(dtype=np.float64, copy=True)
        infinite = np.isinf(values)
        values[infinite] = np.nan
        return pd.Series(values), [int(p) for p in np.nonzero(infinite)[0]], reason
    values = np.full(len(cells), np.nan)
    bad: list[int] = []
    for position, cell in enumerate(cells.tolist()):
        if _is_blank(cell):
            continue
        try:
            if isinstance(cell, bool) or (isinstance(cell, str) and "_" in cell):
                raise ValueError
            value = float(cell)
        except (TypeError, ValueError):
            bad.append(position)
            continue
        if value - value == 0.0:
            values[position] = value
        else:
            bad.append(position)
    return pd.Series(values), bad, reason


def _int(cells: pd.Series, column: Column, timezone: str) -> Parsed:
    if isinstance(cells.dtype, np.dtype) and cells.dtype.kind in "iu":
        return cells.astype("int64"), [], lambda cell: ("number", "")
    result, bad, _ = _float(cells, column, timezone)
    values = result.to_numpy()
    with np.errstate(invalid="ignore"):
        whole = np.isnan(values) | ((values == np.floor(values)) & (np.abs(values) < 2**53))
    bad = sorted({*bad, *(int(p) for p in np.nonzero(~whole)[0])})
    return (
        result.where(whole),
        bad,
        lambda cell: ("number", f"must be a whole number, not {cell!r}"),
    )


def _bool(cells: pd.Series, column: Column, timezone: str) -> Parsed:
    def reason(cell: object) -> tuple[str, str]:
        return "yes_no", f"must be true or false, not {cell!r}"

    if cells.dtype == np.bool_:
        return cells, [], reason
    values: list[bool | None] = []
    bad: list[int] = []
    for position, cell in enumerate(cells.tolist()):
        if _is_blank(cell):
            values.append(None)
            continue
        text = str(cell).strip().lower().removesuffix(".0")
        if text not in _TRUE and text not in _FALSE:
            bad.append(position)
        values.append(text in _TRUE)
    return pd.Series(values, dtype="boolean"), bad, reason


def _timestamp(cells: pd.Series, column: Column, timezone: str) -> Parsed:
    def reason(cell: object) -> tuple[str, str]:
        text = str(cell)
        match = _STAMP.fullmatch(text.strip())
        naive = (match is not None and match["offset"] is None) or (
            isinstance(cell, datetime) and cell.tzinfo is None
        )
        if naive:
            return (
                "naive_timestamp",
                f"the timestamp {text} has no UTC offset; write it like 2020-07-10T17:00:00+02:00",
            )
        return (
            "timestamp",
            f"must be a timestamp with offset like 2020-07-10T17:00:00+02:00, not {text!r}",
        )

    dtype = pandas_dtype(column, timezone)
    if isinstance(cells.dtype, pd.DatetimeTZDtype):
        return cells.dt.tz_convert(timezone).astype(dtype), [], reason
    if isinstance(cells.dtype, np.dtype) and cells.dtype.kind == "M":
        present = np.nonzero(cells.notna().to_numpy())[0]
        return pd.Series(pd.NaT, index=cells.index, dtype=dtype), present.tolist(), reason
    return _distinct(cells, _parse_stamp, dtype, reason)


def _parse_stamp(cell: object) -> pd.Timestamp | None:
    """A timestamp with offset, or None where the cell is not one."""
    if isinstance(cell, str):
        match = _STAMP.fullmatch(cell.strip())
        if match is None or match["offset"] is None:
            return None
        try:
            return pd.Timestamp(datetime.fromisoformat(cell.strip().replace(",", ".")))
        except ValueError:
            return None
    if isinstance(cell, datetime) and cell.tzinfo is not None:
        return pd.Timestamp(cell)
    return None


def _date(cells: pd.Series, column: Column, timezone: str) -> Parsed:
    def reason(cell: object) -> tuple[str, str]:
        return "date", f"must be a date like 2020-07-10, not {str(cell)!r}"

    dtype: Any = "datetime64[us]"
    if isinstance(cells.dtype, np.dtype) and cells.dtype.kind == "M":
        odd = (cells.notna() & (cells != cells.dt.normalize())).to_numpy()
        return cells.mask(odd).astype(dtype), np.nonzero(odd)[0].tolist(), reason
    return _distinct(cells, _parse_date, dtype, reason)


def _parse_date(cell: object) -> pd.Timestamp | None:
    """A day at midnight without timezone, or None where the cell is not one."""
    try:
        if isinstance(cell, str):
            return pd.Timestamp(date.fromisoformat(cell.strip()))
        if isinstance(cell, date) and not isinstance(cell, datetime):
            return pd.Timestamp(cell)
        if (
            isinstance(cell, datetime)
            and cell.tzinfo is None
            and cell.time() == datetime.min.time()
        ):
            return pd.Timestamp(cell)
    except ValueError:
        pass
    return None


def _distinct(
    cells: pd.Series,
    parse: Callable[[object], pd.Timestamp | None],
    dtype: Any,
    reason: Reason,
) -> Parsed:
    """Parse each distinct cell once; stamps repeat over thousands of rows."""
    if len(cells) == 0 or cells.isna().all():
        return pd.Series(pd.NaT, index=cells.index, dtype=dtype), [], reason
    codes, uniques = pd.factorize(cells.astype(object))
    parsed = [None if _is_blank(cell) else parse(cell) for cell in uniques]
    failed = np.array(
        [stamp is None and not _is_blank(cell) for stamp, cell in zip(parsed, uniques, strict=True)]
        + [False]
    )
    zone = dtype.tz if isinstance(dtype, pd.DatetimeTZDtype) else None
    stamps = pd.to_datetime(pd.Series([*parsed, None], dtype=object), utc=zone is not None)
    if zone is not None:
        stamps = stamps.dt.tz_convert(zone)
    result = stamps.astype(dtype).iloc[codes].reset_index(drop=True)
    return result, np.nonzero(failed[codes])[0].tolist(), reason


def _decimal(cells: pd.Series, column: Column, timezone: str) -> Parsed:
    return cells.astype(object), [], lambda cell: ("number", "")


_PARSERS: dict[str, Callable[[pd.Series, Column, str], Parsed]] = {
    "str": _text,
    "float": _float,
    "int": _int,
    "bool": _bool,
    "timestamp": _timestamp,
    "date": _date,
    "decimal": _decimal,
}
