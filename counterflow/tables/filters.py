"""Rows and columns of a table that a user asks for: ``unit=COAL``, ``lmp>=100``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from cases.errors import InputError
from cases.files.convert import nearest
from cases.market_time import instants

__all__ = ["chosen"]

_CONDITION = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(!=|<=|>=|=|<|>)(.*)")
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def chosen(
    name: str, rows: pd.DataFrame, where: Sequence[str], columns: Sequence[str]
) -> pd.DataFrame:
    """Choose rows that meet every condition, and columns in the order asked for.

    Parameters
    ----------
    name
        Of the table.
    where
        ``COLUMN=VALUE`` with =, !=, <, <=, > or >=; times are ISO 8601 (without an offset in the
        time zone of the column) or ``HH:MM`` of any day, which has only = and !=.
    columns
        None of them: all.

    Raises
    ------
    InputError
        A column that the table does not have, or a value that its column cannot be compared with.
    """
    for text in where:
        match = _CONDITION.fullmatch(text)
        if match is None:
            raise _usage(f"--where expects COLUMN=VALUE (or !=, <, <=, >, >=), not {text!r}")
        column, sign, value = (part.strip() for part in match.groups())
        _known(name, rows, column)
        rows = rows[_meets(rows[column], sign, value)]
    for column in columns:
        _known(name, rows, column)
    return rows[list(columns)] if columns else rows


def _known(name: str, rows: pd.DataFrame, column: str) -> None:
    if column not in rows.columns:
        raise _usage(f"{name} has no column {column}{nearest(column, rows.columns)}")


def _meets(cells: pd.Series[Any], sign: str, value: str) -> pd.Series[Any]:
    compare = _COMPARE[sign]
    if pd.api.types.is_bool_dtype(cells.dtype):
        known = {"true": True, "yes": True, "false": False, "no": False}
        if value.lower() not in known:
            raise _usage(f"{cells.name} is true or false, not {value!r}")
        found = compare(cells, known[value.lower()])
    elif pd.api.types.is_numeric_dtype(cells.dtype):
        try:
            number = float(value)
        except ValueError:
            raise _usage(f"{cells.name} is a number, not {value!r}") from None
        found = compare(cells, number)
    elif isinstance(cells.dtype, pd.DatetimeTZDtype):
        found = _at(cells, sign, value)
    else:
        found = compare(cells.astype(str), value)
    return pd.Series(found).fillna(sign == "!=").astype(bool)


def _at(cells: pd.Series[Any], sign: str, value: str) -> pd.Series[Any]:
    """Compare times: a whole instant, or a time of day."""
    if re.fullmatch(r"\d{1,2}:\d{2}", value):
        if sign not in ("=", "!="):
            raise _usage(f"{cells.name}: a time of day has only = and !=, give a date too")
        clock = cells.dt.strftime("%H:%M")
        return pd.Series(_COMPARE[sign](clock, value.zfill(5)))
    try:
        moment = pd.Timestamp(value)
    except ValueError:
        raise _usage(f"{cells.name} is a time such as 2024-07-16T17:00, not {value!r}") from None
    if moment.tzinfo is None:
        found = instants(moment, cells.dt.tz)
        if not found:
            raise _usage(f"{cells.name}: the clock skips {value}")
        moment = found[0]
    return pd.Series(_COMPARE[sign](cells, moment))


def _usage(message: str) -> InputError:
    return InputError.one("", None, None, "usage", message)
