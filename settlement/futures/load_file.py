"""Small tables that the futures commands take beside the trades: a load curve, spot costs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cases.errors import Failure, InputError
from cases.files.convert import Source, convert
from cases.files.tables import read_csv
from cases.tables.columns import Column, Table

__all__ = ["read_load", "read_spot_costs"]

LOAD = Table(
    "load",
    "a load curve",
    (
        Column("interval_start", "timestamp", "", "start of the interval", required=True, key=True),
        Column("mw", "float", "MW", "load", required=True),
    ),
    key=("interval_start",),
)

SPOT_COSTS = Table(
    "spot",
    "what a load costs on the spot market",
    (
        Column("owner", "str", "", "owner of the load", required=True, key=True),
        Column("forecast", "float", "money", "at the forecast prices", required=True),
        Column("actual", "float", "money", "at the actual prices", required=True),
    ),
    key=("owner",),
)


def read_load(path: str | Path, timezone: str) -> pd.Series:
    """MW by interval start, in order.

    Raises
    ------
    InputError
        With every cell that cannot be read, and stamps that are there twice.
    """
    table = _read(LOAD, Path(path), timezone).sort_values("interval_start", kind="stable")
    series = pd.Series(table["mw"].to_numpy(), index=pd.DatetimeIndex(table["interval_start"]))
    if series.empty:
        raise InputError.one(str(path), None, None, "load", "the load curve has no interval")
    return series


def read_spot_costs(path: str | Path) -> pd.DataFrame:
    """Table owner, forecast, actual.

    Raises
    ------
    InputError
        With every cell that cannot be read, and owners that are there twice.
    """
    return _read(SPOT_COSTS, Path(path), "UTC")


def _read(table: Table, path: Path, timezone: str) -> pd.DataFrame:
    failures: list[Failure] = []
    source = Source(path.name)
    frame = read_csv(table, path, source, failures)
    if frame is not None:
        result = convert(table, frame, source, timezone, failures)
        for column in table.columns:
            blank = result[column.name].isna() | (result[column.name].astype(str) == "")
            if not failures and blank.any():
                at = int(blank.to_numpy().argmax())
                failures.append(source.failure(at, column.name, "blank", "must not be blank"))
        twice = result.duplicated(list(table.key))
        if twice.any() and not failures:
            at = int(twice.to_numpy().argmax())
            failures.append(source.failure(at, table.key[0], "duplicate", "is there twice"))
        if not failures:
            return result
    raise InputError(failures)
