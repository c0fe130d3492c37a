"""A market's time: its days, their first moments, and the hours of intervals.

A day is a date on the clock of the market's zone, written as a midnight without a zone, for where
clocks change at midnight (Chile, Cuba, Egypt, Lebanon, Paraguay) the midnight of a day may not
exist, or exist twice.
"""

from __future__ import annotations

from typing import overload

import pandas as pd

__all__ = ["day_of", "days_in", "first_moment", "hours_of", "instants"]


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
