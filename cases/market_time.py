"""A market's time: its days, their first moments, and the hours of intervals.

A day is a date on the clock of the market's zone, written as a midnight without a zone, for where
clocks change at midnight (Chile, Cuba, Egypt, Lebanon, Paraguay) the midnight of a day may not
exist, or exist twice.
"""

from __future__ import annotations

from typing import overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "all_instants",
    "comes_again",
    "day_of",
    "days_in",
    "first_moment",
    "from_utc",
    "hours_of",
    "instants",
]


@overload
def day_of(stamps: pd.Series) -> pd.Series: ...


@overload
def day_of(stamps: pd.DatetimeIndex) -> pd.DatetimeIndex: ...


@overload
def day_of(stamps: pd.Timestamp) -> pd.Timestamp: ...


def day_of(
    stamps: pd.Series | pd.DatetimeIndex | pd.Timestamp,
) -> pd.Series | pd.DatetimeIndex | pd.Timestamp:
    """Date of each stamp on its own clock, as a midnight without a zone; blank stays blank."""
    if isinstance(stamps, pd.Series):
        days: pd.Series = stamps.dt.tz_localize(None).dt.normalize()
        return days
    return stamps.tz_localize(None).normalize()


def days_in(starts: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Days of a run of intervals, each once, in order."""
    return day_of(starts).unique()


def first_moment(day: pd.Timestamp, timezone: str) -> pd.Timestamp:
    """First instant of a day (a midnight without a zone) in a zone.

    Where the clock skips midnight it is the instant after the gap; where midnight comes twice, the
    first of the two.
    """
    moment: pd.Timestamp = day.tz_localize(timezone, ambiguous=True, nonexistent="shift_forward")
    return moment


def instants(clock: pd.Timestamp, timezone: str) -> list[pd.Timestamp]:
    """Instants at which a zone's clock shows a time: one, none where it is skipped, or two."""
    both = {
        clock.tz_localize(timezone, ambiguous=first, nonexistent="NaT") for first in (True, False)
    }
    return sorted(moment for moment in both if not pd.isna(moment))


def hours_of(table: pd.DataFrame) -> pd.Series[float]:
    """Hours from `interval_start` to `interval_end`, row by row."""
    return (table["interval_end"] - table["interval_start"]).dt.total_seconds() / 3600.0


def all_instants(
    clock: pd.DatetimeIndex, timezone: str
) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    """First and last instant at which a zone's clock shows each time, in UTC.

    They differ where the time comes twice; where it is skipped both are NaT.
    """
    early, late = (
        clock.tz_localize(
            timezone, ambiguous=np.full(len(clock), summer), nonexistent="NaT"
        ).tz_convert("UTC")
        for summer in (True, False)
    )
    return early, late


def from_utc(stamps: pd.Series, timezone: str) -> pd.Series:
    """Put moments that are written in UTC, without a zone, on a zone's clock."""
    utc = stamps.astype("datetime64[us]").dt.tz_localize("UTC")
    moments: pd.Series = utc.dt.tz_convert(timezone)
    return moments


def comes_again(stamps: pd.Series) -> NDArray[np.bool_]:
    """Whether each stamp is the second at which its clock shows its time."""
    index = pd.DatetimeIndex(stamps)
    early, _ = all_instants(index.tz_localize(None), str(index.tz))
    return np.asarray(early != index.tz_convert("UTC"), dtype=np.bool_)
