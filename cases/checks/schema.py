"""Checks of each table on its own: blanks, limits, choices, repeated keys.

Pandera says what is wrong with a table; whether anything is, a glance at its columns tells, and
then pandera need not even be loaded.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cases.checks.context import Context, positions
from cases.tables.columns import Column, Table
from cases.tables.schema import CASE_TABLES

if TYPE_CHECKING:
    import pandera.pandas as pa

__all__ = ["check_schema", "keeps", "pandera_column", "pandera_schema"]


def check_schema(context: Context) -> None:
    """Check every table that has rows against its declaration, all failures at once."""
    for name, table in CASE_TABLES.items():
        frame = context.tables[name]
        if len(frame) == 0:
            continue
        if table.value is None:
            _check_long(context, table, frame)
        else:
            _check_wide(context, table, table.value, frame)
        if table.key and table.wide is None and name != "owners":
            _check_keys(context, table, frame)


def keeps(column: Column, values: pd.Series) -> bool:
    """Whether a column keeps everything that is declared of it."""
    blank = values.isna().to_numpy()
    if column.required and blank.any():
        return False
    given = values[~blank] if blank.any() else values
    if column.required and column.dtype == "str" and given.eq("").any():
        return False
    if column.isin is not None:
        return bool(given.isin(column.isin if column.required else ("", *column.isin)).all())
    most = column.largest
    return (
        (column.ge is None or bool((given >= column.ge).all()))
        and (column.gt is None or bool((given > column.gt).all()))
        and (column.le is None or bool((given <= column.le).all()))
        and (column.lt is None or bool((given < column.lt).all()))
        and (most is None or bool(given.between(-most, most).all()))
    )


@cache
def pandera_schema(name: str) -> pa.DataFrameSchema:
    """Give the pandera schema of a long table: its columns that have something to check.

    Types and the set of columns hold by then (`cases.convert`).
    """
    import pandera.pandas as pa

    limited = [c for c in CASE_TABLES[name].columns if c.required or _limits(c)]
    return pa.DataFrameSchema({column.name: pandera_column(column) for column in limited})


def pandera_column(column: Column) -> pa.Column:
    """Give the pandera column of a declared column."""
    import pandera.pandas as pa

    return pa.Column(checks=_limits(column), nullable=not column.required, name=column.name)


def _limits(column: Column) -> list[pa.Check]:
    import pandera.pandas as pa

    checks = []
    for name, limit in (("ge", column.ge), ("gt", column.gt), ("le", column.le), ("lt", column.lt)):
        if limit is not None:
            checks.append(getattr(pa.Check, name)(limit, error=name))
    if column.largest is not None:
        checks.append(pa.Check.in_range(-column.largest, column.largest, error="largest"))
    if column.isin is not None:
        allowed = column.isin if column.required else ("", *column.isin)
        checks.append(pa.Check.isin(allowed, error="isin"))
    if column.required and column.dtype == "str":
        checks.append(pa.Check.ne("", error="blank"))
    return checks


def _check_long(context: Context, table: Table, frame: pd.DataFrame) -> None:
    if all(keeps(column, frame[column.name]) for column in table.columns):
        return
    from pandera.errors import SchemaErrors

    try:
        pandera_schema(table.name).validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        for name, check, position, cell in zip(
            cases["column"], cases["check"], cases["index"], cases["failure_case"], strict=True
        ):
            if name is None or pd.isna(position):
                raise
            column = table.column(name)
            if check == "isin" and cell == "" and column.required:
                continue
            if not context.reported(table.name, name)[int(position)]:
                rule, message = _explain(column, check, cell)
                context.fail(table.name, int(position), name, rule, message)


def _check_wide(context: Context, table: Table, value: Column, frame: pd.DataFrame) -> None:
    start = table.columns[0]
    blank = frame[start.name].isna().to_numpy() & ~context.reported(table.name, start.name)
    for position in positions(blank):
        context.fail(table.name, position, start.name, "blank", "must not be blank")
    ids = frame.columns[1:]
    block = frame.iloc[:, 1:].to_numpy(dtype=np.float64)
    values = pd.Series(block.ravel(), name=value.name)
    if not values.isna().any() and keeps(value, values):
        return
    import pandera.pandas as pa
    from pandera.errors import SchemaErrors

    schema = pa.SeriesSchema(checks=_limits(value), nullable=False, name=value.name)
    try:
        schema.validate(values, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        for check, place, cell in zip(
            cases["check"], cases["index"], cases["failure_case"], strict=True
        ):
            position, number = divmod(int(place), len(ids))
            name = str(ids[number])
            if not context.reported(table.name, name)[position]:
                rule, message = _explain(value, check, cell)
                context.fail(table.name, position, name, rule, message)


def _explain(column: Column, check: str, cell: Any) -> tuple[str, str]:
    """The rule and the message of a cell that pandera refused."""
    unit = f" {column.unit}" if column.unit and column.unit != "p.u." else ""
    if check in ("not_nullable", "blank"):
        return "blank", "must not be blank"
    if check == "isin":
        allowed = ", ".join(name for name in column.isin or () if name)
        return "choice", f"must be one of {allowed}, not {cell!r}"
    if check == "ge" and column.ge == 0:
        return "negative", f"must not be negative ({_number(cell)}{unit})"
    if check == "largest":
        most = f"{_number(column.largest)}{unit}"
        return (
            "range",
            f"{_number(cell)} is beyond any real number here (at most {most}, either way)",
        )
    limit = {"ge": column.ge, "gt": column.gt, "le": column.le, "lt": column.lt}[check]
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}[check]
    return "range", f"must be {words} {_number(limit)}{unit}, not {_number(cell)}"


def _number(value: Any) -> str:
    return f"{value:g}"


def _check_keys(context: Context, table: Table, frame: pd.DataFrame) -> None:
    keys = list(table.key)
    skip = context.reported(table.name, *keys)
    for key in keys:
        if table.column(key).required and table.column(key).dtype == "str":
            skip |= (frame[key] == "").to_numpy()
    repeated = frame.duplicated(keys).to_numpy() & ~skip
    if not repeated.any():
        return
    codes = frame.groupby(keys, dropna=False, sort=False).ngroup().to_numpy()
    first = {code: position for position, code in reversed(list(enumerate(codes)))}
    for position in positions(repeated):
        cells: list[Any] = [frame[key].iat[position] for key in keys]
        label = ", ".join("every interval" if pd.isna(cell) else str(cell) for cell in cells)
        row = context.sources[table.name].row(first[codes[position]])
        context.fail(
            table.name,
            position,
            ", ".join(keys),
            "duplicate_key",
            f"{label} is there already, in row {row}",
        )
