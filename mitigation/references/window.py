"""The hours of the look-back: so many days, a window of hours, working days."""

from __future__ import annotations

from datetime import date

import pandas as pd

from cases.rulebook.references import WindowRules
from mitigation.references.fuel import days_before
from network.arrays import Booleans
from settlement.time.calendar import working_calendar

__all__ = ["in_window"]


def in_window(stamps: pd.Series, day: date, rules: WindowRules, *, hours: bool = True) -> Booleans:
    """Which interval starts, in market time, lie in the look-back of a market day.

    The ``days`` before ``day``; hour beginning ``first_hour`` to hour beginning ``last_hour``, over
    midnight where the last is before the first; days that the calendar counts. ``hours=False``
    leaves the hours out: for samples that are made once a day.

    Source: NYISO Services Tariff, attachment H 23.3.1.4: 90 days, hours beginning 6 to 21,
    weekdays, without holidays.
    """
    place, distinct = pd.factorize(stamps)
    found = _inside(pd.Series(distinct), day, rules, hours)
    return found[place]


def _inside(stamps: pd.Series, day: date, rules: WindowRules, hours: bool) -> Booleans:
    dates = stamps.dt.date
    recent = (dates >= days_before(day, rules.days)) & (dates < day)
    kept: Booleans = recent.to_numpy(dtype=bool, copy=True)
    if hours:
        hour = stamps.dt.hour
        after, before = hour >= rules.first_hour, hour <= rules.last_hour
        inside = after & before if rules.first_hour <= rules.last_hour else after | before
        kept &= inside.to_numpy(dtype=bool)
    if rules.calendar != "every day":
        calendar = working_calendar(rules.calendar)
        working = {each: calendar.is_working(each) for each in set(dates[kept])}
        kept &= dates.map(working).eq(True).to_numpy(dtype=bool)
    return kept
