"""Parse the cells of one column, whatever kind of cells they are.

Each parser gives the values, the positions that it could not read, and a function that says of
such a cell which rule it breaks and what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from cases.files.text import CONTROL, control_free
from cases.market_time import day_of
from cases.tables.columns import Column
from cases.tables.schema import pandas_dtype

__all__ = ["PARSERS", "is_text", "not_finite", "why_not_text"]

_STAMP = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,6})?)?\s*(?P<offset>Z|[+-]\d\d(:?\d\d)?)?"
)
NOT_ONE_LINE = (
    "holds a control character (line break, tab, escape or change of writing direction): "
    "a name is one line of plain text"
)
NOT_TEXT = "holds characters that cannot be text (NUL or broken encoding)"
_TRUE = {"true", "yes", "1"}
_FALSE = {"false", "no", "0"}

Reason = Callable[[Any], tuple[str, str]]
Parsed = tuple[pd.Series, list[int], Reason]


def is_text(text: str) -> bool:
    """Tell whether a string can be stored and shown as text on one line."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return control_free(text)


def why_not_text(text: str) -> str:
    """Say what is wrong with a string that is no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return NOT_TEXT
    return NOT_TEXT if "\x00" in text else NOT_ONE_LINE


def not_finite(cell: object) -> str:
    """Say what is wrong with NaN and infinity."""
    return f"must be a finite number, not {cell}; leave it blank where there is none"


def _is_blank(cell: object) -> bool:
    if isinstance(cell, str):
        return not cell
    if cell is None or cell is pd.NaT or cell is pd.NA:
        return True
    return isinstance(cell, float | np.floating | np.datetime64 | Decimal) and cell != cell


def _text(cells: pd.Series, column: Column, timezone: str) -> Parsed:
    def reason(cell: object) -> tuple[str, str]:
        if isinstance(cell, str):
            return "text", why_not_text(cell)
        return "text", f"must be text, not the {type(cell).__name__} {cell}"

    if isinstance(cells.dtype, pd.StringDtype) and cells.dtype.storage == "pyarrow":
        result = cells.fillna("")
        distinct = pd.Series(result.unique(), dtype=result.dtype)
        if not distinct.str.contains(CONTROL, regex=True).any():
            return result, [], reason
        odd = result.str.contains(CONTROL, regex=True).to_numpy(dtype=bool)
        return result.mask(odd, ""), [int(p) for p in np.nonzero(odd)[0]], reason
    if isinstance(cells.dtype, np.dtype) and cells.dtype.kind in "iu":
        return cells.astype("str"), [], reason
    texts: list[str] = []
    bad: list[int] = []
    for position, cell in enumerate(cells.tolist()):
        text = ""
        if isinstance(cell, str):
            if is_text(cell):
                text = cell
            else:
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
                return "finite", not_finite(cell)
        except OverflowError:
            return "range", "the number is too large"
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
        except (TypeError, ValueError, OverflowError):
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
        odd = (cells.notna() & (cells != day_of(cells))).to_numpy()
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


PARSERS: dict[str, Callable[[pd.Series, Column, str], Parsed]] = {
    "str": _text,
    "float": _float,
    "int": _int,
    "bool": _bool,
    "timestamp": _timestamp,
    "date": _date,
    "decimal": _decimal,
}
