"""The hours of a case: the days that were asked for, none of them missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from cases.errors import InputError
from cases.market_time import day_of, first_moment
from cases.readers.published.read import Offers

__all__ = ["Horizon", "horizon_of"]


@dataclass(frozen=True)
class Horizon:
    """Hours of a case, from `start` up to `end`, and what must be known of those left out."""

    start: pd.Timestamp
    end: pd.Timestamp
    starts: pd.DatetimeIndex
    notes: tuple[str, ...]


def horizon_of(offers: Offers, first: str | date | None, days: int | None) -> Horizon:
    """Find the hours of a case among those that have offers.

    Raises
    ------
    InputError
        No day like that, hours without any offer inside (each day named), so that the days before
        or after them must be chosen.
    """
    stamps = pd.DatetimeIndex(offers.units["interval_start"].unique()).sort_values()
    have = f"the files hold {stamps[0].date()} to {stamps[-1].date()}"
    if first is None:
        start = stamps[0]
    else:
        start = first_moment(pd.Timestamp(_day(first, have)), offers.timezone)
    if first is None and days is None:
        end = stamps[-1] + pd.Timedelta(hours=1)
    else:
        count = 1 if days is None else days
        last = pd.Timestamp(start.date() + timedelta(days=count))
        end = first_moment(last, offers.timezone)
    utc = pd.date_range(start.tz_convert("UTC"), end.tz_convert("UTC"), freq="h", unit="us",
                        inclusive="left")  # fmt: skip
    starts = pd.DatetimeIndex(utc.tz_convert(offers.timezone), name="interval_start")
    if not len(starts):
        raise InputError.one("", None, None, "days", f"days must be 1 or more; {have}")
    missing = starts[~starts.isin(stamps)]
    if len(missing):
        by_day = pd.Series(1, index=day_of(missing)).groupby(level=0).sum()
        told = ", ".join(f"{str(day)[:10]} ({n} h)" for day, n in by_day.head(5).items())
        more = f" and {len(by_day) - 5} more days" if len(by_day) > 5 else ""
        empty = f"; without a row: {', '.join(offers.empty)}" if offers.empty else ""
        message = (
            f"{len(missing)} of {len(starts)} hours have no offer, first {missing[0].isoformat()}: "
            f"{told}{more}{empty}. Choose whole days with --date and --days; {have}"
        )
        raise InputError.one(offers.files[0], None, None, "missing_hour", message)
    before, after = int((stamps < start).sum()), int((stamps >= end).sum())
    notes = []
    if before:
        notes.append(f"{before} hours before the first are its look-back (offer_history)")
    if after:
        notes.append(f"{after} hours after the last were left out")
    return Horizon(start, end, starts, tuple(notes))


def _day(given: str | date, have: str) -> date:
    if isinstance(given, date):
        return given
    try:
        return date.fromisoformat(given)
    except ValueError:
        message = f"{given} is not a day like 2024-07-10; {have}"
        raise InputError.one("", None, None, "usage", message) from None
