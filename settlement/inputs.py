"""Tables that a user hands to a settlement: typed and checked like those of a case."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

from cases.errors import Failure, InputError
from cases.files.convert import Source, convert
from cases.files.tables import read_csv, read_parquet, write_csv, write_parquet
from cases.tables.schema import CASE_TABLES

__all__ = ["read_tables", "typed", "write_table"]


def typed(
    name: str, frame: pd.DataFrame, timezone: str, source: Source | None = None
) -> pd.DataFrame:
    """A frame as the case table `name`: declared columns, types and defaults.

    `source` names the file and lines that the frame came from.

    Raises
    ------
    InputError
        With every cell that cannot be read, limit that is broken and key that is there twice.
    """
    failures: list[Failure] = []
    table, source = CASE_TABLES[name], source or Source(name)
    result = convert(table, frame, source, timezone, failures)
    if not failures:
        for position in np.flatnonzero(result.duplicated(list(table.key), keep="first")).tolist():
            key = ", ".join(str(result[column].iloc[position]) for column in table.key)
            failures.append(
                source.failure(position, table.key[0], "duplicate", f"{key} is there twice")
            )
        for column in table.columns:
            if column.largest is not None:
                most = column.largest
                for position in np.flatnonzero(result[column.name].abs() > most).tolist():
                    value = result[column.name].iloc[position]
                    message = f"{value:g} is beyond any real number here (at most {most:g})"
                    failures.append(source.failure(position, column.name, "range", message))
            if column.isin is None:
                continue
            for position in np.flatnonzero(~result[column.name].isin(column.isin)).tolist():
                value = result[column.name].iloc[position]
                message = f"must be one of {', '.join(column.isin)}, not {value!r}"
                failures.append(source.failure(position, column.name, "value", message))
    if failures:
        raise InputError(failures)
    return result


def read_tables(path: str | Path, names: tuple[str, ...], timezone: str) -> dict[str, pd.DataFrame]:
    """Tables from a folder that holds them, or from the file of the first one.

    Other tables are looked for beside it; those that are not there are left out. CSV or Parquet.

    Raises
    ------
    InputError
        If the first table is not there, or one cannot be read.
    """
    path = Path(path)
    folder, suffixes = (
        (path, (".csv", ".parquet")) if path.is_dir() else (path.parent, (path.suffix,))
    )
    tables: dict[str, pd.DataFrame] = {}
    failures: list[Failure] = []
    for position, name in enumerate(names):
        files = [folder / f"{name}{suffix}" for suffix in suffixes]
        if position == 0 and not path.is_dir():
            files = [path]
        found = next((file for file in files if file.is_file()), None)
        if found is None:
            if position == 0:
                expected = " or ".join(str(file) for file in files)
                message = f"no file with the table {name}: expected {expected}"
                failures.append(Failure(str(path), None, None, "missing", message))
            continue
        source = Source(found.name)
        read = read_parquet if found.suffix == ".parquet" else read_csv
        frame = read(CASE_TABLES[name], found, source, failures)
        if frame is not None:
            try:
                tables[name] = typed(name, frame, timezone, source)
            except InputError as error:
                failures += error.failures
    if failures:
        raise InputError(failures)
    return tables


def write_table(name: str, frame: pd.DataFrame, path: str | Path, timezone: str) -> None:
    """Write a table as one new file, CSV or Parquet by its ending, whole or not at all.

    Raises
    ------
    InputError
        If the file exists, cannot be written, or ends in something else.
    """
    path = Path(path)
    if path.suffix not in (".csv", ".parquet"):
        raise InputError.one("", None, None, "suffix", f"{path} must end in .csv or .parquet")
    if path.exists():
        message = f"{path} exists already; nothing is ever overwritten"
        raise InputError.one("", None, None, "exists", message)
    table = typed(name, frame, timezone)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if path.suffix == ".csv":
            write_csv(CASE_TABLES[name], table, part)
        else:
            write_parquet(CASE_TABLES[name], table, part, timezone)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
