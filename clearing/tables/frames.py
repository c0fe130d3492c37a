"""Keys that the result tables share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from clearing.day.day import Day
from network.arrays import Positions

__all__ = ["long", "stamps", "tiled"]


def stamps(day: Day, interval: Positions, end: bool = True) -> dict[str, pd.DatetimeIndex]:
    """Start and, where wanted, end of each row's interval."""
    columns = {"interval_start": day.case.interval_starts[interval]}
    if end:
        columns["interval_end"] = day.case.interval_ends[interval]
    return columns


def long(day: Day, names: pd.Index[str], column: str, end: bool = True) -> dict[str, Any]:
    """Keys of a table with one row per interval and name."""
    interval = np.repeat(np.arange(day.intervals), len(names))
    return {**stamps(day, interval, end), column: tiled(names, day.intervals)}


def tiled(values: Any, times: int) -> Any:
    """Repeat a column of names once per interval."""
    return pd.array(values).take(np.tile(np.arange(len(values)), times))
