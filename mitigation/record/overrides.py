"""Manual overrides: what a monitor decides against the tests, with name and reason."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from cases.case import Case
from cases.errors import Failure, InputError
from cases.files.convert import Source, convert, nearest
from cases.files.tables import read_csv
from cases.tables.columns import Column, Table
from network.arrays import Positions
from settlement.ledger.frames import records

__all__ = ["ACTIONS", "OVERRIDES", "applied_to", "no_overrides", "read_overrides"]

ACTIONS: Final = ("mitigated", "kept", "exempt")

OVERRIDES: Final = Table(
    "overrides",
    "manual decisions, each with its author and reason",
    (
        Column("unit", "str", "", "unit", required=True, key=True),
        Column(
            "interval_start",
            "timestamp",
            "",
            "start of the interval; blank = every interval",
            key=True,
        ),
        Column(
            "component",
            "str",
            "",
            "energy, no_load, startup, ...; blank = every component",
            default="",
            key=True,
        ),
        Column(
            "action",
            "str",
            "",
            "mitigated (substitute it), kept (leave it), exempt (leave it out of the tests)",
            required=True,
            isin=ACTIONS,
        ),
        Column("author", "str", "", "who decides", required=True),
        Column("reason", "str", "", "why", required=True),
    ),
    key=("unit", "interval_start", "component"),
)


def no_overrides(case: Case) -> pd.DataFrame:
    """Give a table of overrides without rows."""
    failures: list[Failure] = []
    empty = pd.DataFrame(columns=[column.name for column in OVERRIDES.columns])
    return convert(OVERRIDES, empty, Source("overrides"), case.meta.timezone, failures)


def read_overrides(given: str | Path | pd.DataFrame | None, case: Case) -> pd.DataFrame:
    """Read and check overrides, from a CSV file or a frame.

    Columns unit, interval_start (blank = every interval), component (blank = every one), action
    (mitigated, kept, exempt), author, reason. Of two that meet in a component the later one holds.

    Raises
    ------
    InputError
        Every row that names no unit or interval of the case, another action, no author or reason.
    """
    if given is None:
        return no_overrides(case)
    failures: list[Failure] = []
    if isinstance(given, pd.DataFrame):
        source, frame = Source("overrides"), given
    else:
        path = Path(given)
        source = Source(str(path))
        if not path.is_file():
            message = f"{path} does not exist; expected a CSV file of overrides"
            raise InputError.one("", None, None, "overrides", message)
        read = read_csv(OVERRIDES, path, source, failures)
        if read is None:
            raise InputError(failures)
        frame = read
    rows = convert(OVERRIDES, frame, source, case.meta.timezone, failures)
    failures += _failures(rows, source, case)
    if failures:
        raise InputError(failures)
    return rows


def _failures(rows: pd.DataFrame, source: Source, case: Case) -> list[Failure]:
    found = []
    units = {*case.tables["units"]["unit"], *case.tables["storage"]["storage"]}
    starts = case.interval_starts
    for position, row in enumerate(records(rows)):
        if row["unit"] and row["unit"] not in units:
            message = f"there is no unit {row['unit']}{nearest(row['unit'], units)}"
            found.append(source.failure(position, "unit", "unknown_unit", message))
        stamp = row["interval_start"]
        if not pd.isna(stamp) and stamp not in starts:
            message = f"no interval of the run starts at {stamp.isoformat()}"
            found.append(source.failure(position, "interval_start", "unknown_interval", message))
        if row["action"] not in ACTIONS and row["action"]:
            message = f"must be one of {', '.join(ACTIONS)}, not {row['action']!r}"
            found.append(source.failure(position, "action", "unknown_action", message))
        for column in ("unit", "action", "author", "reason"):
            if not row[column].strip():
                message = f"an override needs its {column}"
                found.append(source.failure(position, column, "missing", message))
    return found


def applied_to(keys: pd.DataFrame, overrides: pd.DataFrame) -> Positions:
    """Position of the override that holds for each key (unit, interval_start, component); -1 none.

    An override of one interval does not reach components that have one value for all intervals.
    """
    found = np.full(len(keys), -1, dtype=np.intp)
    for position, row in enumerate(records(overrides)):
        hit = (keys["unit"] == row["unit"]).to_numpy()
        if row["component"]:
            hit = hit & (keys["component"] == row["component"]).to_numpy()
        if not pd.isna(row["interval_start"]):
            hit = hit & (keys["interval_start"] == row["interval_start"]).to_numpy()
        found[hit] = position
    return found
