"""Time stamps against the intervals of the case."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cases.checks.context import Context, positions
from cases.tables.schema import CASE_TABLES

__all__ = ["check_time"]


def check_time(context: Context) -> None:
    """Check that stamps are starts of the case's intervals, and that series have each one once.

    Intervals are steps of absolute time, so a day on which clocks change has 23 or 25 hours.
    """
    if context.meta is None:
        return
    grid = context.meta.interval_starts()
    for name, table in CASE_TABLES.items():
        frame = context.tables[name]
        if "interval_start" not in table.names or not table.on_grid or name in context.unusable:
            continue
        if len(frame):
            _check_on_grid(context, name, frame["interval_start"], grid)
        if table.wide is not None and (len(frame) or name == "demand"):
            _check_complete(context, name, frame["interval_start"], grid)


def _check_on_grid(context: Context, name: str, stamps: pd.Series, grid: pd.DatetimeIndex) -> None:
    assert context.meta is not None
    off = ~stamps.isin(grid).to_numpy() & stamps.notna().to_numpy()
    for position in positions(off):
        stamp: Any = stamps.iat[position]
        message = (
            f"{stamp.isoformat()} is not an interval of the case, which has {len(grid)} of "
            f"{context.meta.interval_minutes} minutes from {grid[0].isoformat()}"
        )
        context.fail(name, position, "interval_start", "off_grid", message)


def _check_complete(context: Context, name: str, stamps: pd.Series, grid: pd.DatetimeIndex) -> None:
    for position in positions(stamps.duplicated().to_numpy() & stamps.notna()):
        stamp: Any = stamps.iat[position]
        first = context.sources[name].row(int(np.argmax((stamps == stamp).to_numpy())))
        message = f"{stamp.isoformat()} is there already, in row {first}"
        context.fail(name, position, "interval_start", "repeated_timestamp", message)
    if context.reported(name, "interval_start").any():
        return
    missing = grid[~grid.isin(stamps)]
    if len(missing):
        shown = ", ".join(stamp.isoformat() for stamp in missing[:24])
        more = f" and {len(missing) - 24} more" if len(missing) > 24 else ""
        noun = "interval is" if len(missing) == 1 else "intervals are"
        message = f"{len(missing)} {noun} missing: {shown}{more}"
        context.fail_file(name, "interval_start", "missing_interval", message)
