"""The declared schema of every table, and what follows from it.

One declaration per column (type, unit, description, default, limits) feeds the checks, the
Parquet field metadata and the column tables of the docs.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from cases.tables.case import CASE_TABLES
from cases.tables.columns import Column, Dtype, Table
from cases.tables.rounding import kept, kept_sums
from cases.tables.run import MARKET_TABLES, RUN_TABLES, STATEMENT_TABLES

__all__ = [
    "CASE_TABLES",
    "MARKET_TABLES",
    "RUN_TABLES",
    "STATEMENT_TABLES",
    "Column",
    "Dtype",
    "Table",
    "arrow_field",
    "arrow_type",
    "column_rows",
    "conform",
    "empty_frame",
    "pandas_dtype",
]


def pandas_dtype(column: Column, timezone: str) -> Any:
    """The dtype of a column in memory; timestamps are in the timezone of the case."""
    if column.dtype == "timestamp":
        return pd.DatetimeTZDtype("us", timezone)
    if column.open:
        return pd.BooleanDtype()
    return {
        "str": "str",
        "float": "float64",
        "int": "int64",
        "bool": "bool",
        "date": "datetime64[us]",
        "decimal": "object",
    }[column.dtype]


def empty_frame(table: Table, timezone: str = "UTC") -> pd.DataFrame:
    """Give a frame without rows that has the columns and dtypes of a table."""
    return _empty(table, timezone).copy(deep=False)


@cache
def _empty(table: Table, timezone: str) -> pd.DataFrame:
    return pd.DataFrame(
        {c.name: pd.Series([], dtype=pandas_dtype(c, timezone)) for c in table.columns}
    )


def arrow_type(column: Column, timezone: str) -> pa.DataType:
    """The type of a column in Parquet."""
    types: dict[str, pa.DataType] = {
        "str": pa.string(),
        "float": pa.float64(),
        "int": pa.int64(),
        "bool": pa.bool_(),
        "timestamp": pa.timestamp("us", tz=timezone),
        "date": pa.date32(),
        "decimal": pa.decimal128(38, 12),
    }
    return types[column.dtype]


def arrow_field(column: Column, timezone: str, name: str | None = None) -> pa.Field:
    """The Parquet field of a column, its unit and description as metadata."""
    metadata = {"unit": column.unit, "description": column.description}
    return pa.field(name or column.name, arrow_type(column, timezone), metadata=metadata)


def column_rows(table: Table) -> list[dict[str, str]]:
    """Rows (column, type, unit, decimals, required, default, meaning) of a table for the docs."""
    rows = []
    columns = list(table.columns)
    for column in columns + ([table.value] if table.value is not None else []):
        name = f"one per {table.wide}" if column is table.value else column.name
        default = "" if column.default is None else str(column.default)
        decimals = column.kept_decimals
        rows.append(
            {
                "column": name,
                "type": column.dtype,
                "unit": column.unit,
                "decimals": "" if decimals is None else str(decimals),
                "required": "yes" if column.required else "",
                "default": default,
                "meaning": column.description,
            }
        )
    return rows


def conform(table: Table, frame: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """Give a result table its declared columns, order, dtypes and decimals; absent ones are blank.

    For frames that the program itself makes: an unknown column is a ValueError.
    """
    unknown = [name for name in frame.columns if name not in table.names]
    if unknown:
        raise ValueError(f"{table.name} has no column {', '.join(map(str, unknown))}")
    columns = {}
    for column in table.columns:
        dtype = pandas_dtype(column, timezone)
        if column.name not in frame:
            columns[column.name] = pd.Series([_absent(column)] * len(frame), dtype=dtype)
            continue
        cells = frame[column.name].reset_index(drop=True)
        if column.dtype == "timestamp" and isinstance(cells.dtype, pd.DatetimeTZDtype):
            cells = cells.dt.tz_convert(timezone)
        elif column.dtype == "str":
            cells = cells.astype("str").fillna(_absent(column))
        cells = cells.astype(dtype)
        if column.kept_decimals is not None:
            cells = pd.Series(kept(cells, column.kept_decimals))
        columns[column.name] = cells
    columns |= {name: pd.Series(total) for name, total in kept_sums(table, frame, columns).items()}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))


def _absent(column: Column) -> Any:
    """What a result table has where a column is absent: its default, else blank."""
    if column.open:
        return pd.NA
    if column.default is not None:
        return column.default
    return {"str": "", "float": np.nan, "int": 0, "bool": False}.get(column.dtype)
