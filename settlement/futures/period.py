"""Delivery periods: a day, a month, a quarter or a year, as a trade writes them."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from cases.errors import InputError

__all__ = ["Period", "parse_period"]

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MONTH = re.compile(r"(\d{4})-(\d\d)")
_QUARTER = re.compile(r"(\d{4})-Q([1-4])")
_YEAR = re.compile(r"\d{4}")


@dataclass(frozen=True, slots=True)
class Period:
    """Days of delivery, first and last included."""

    first: date
    last: date

    def days(self) -> Iterator[date]:
        """Every day of it."""
        day = self.first
        while day <= self.last:
            yield day
            day += timedelta(days=1)

    def months(self) -> Iterator[Period]:
        """Its parts by calendar month."""
        day = self.first
        while day <= self.last:
            end = min(_end_of_month(day.year, day.month), self.last)
            yield Period(day, end)
            day = end + timedelta(days=1)

    def in_month(self, year: int, month: int) -> Period | None:
        """Its part in a month; None where it does not reach it."""
        first = max(self.first, date(year, month, 1))
        last = min(self.last, _end_of_month(year, month))
        return Period(first, last) if first <= last else None


def parse_period(text: str) -> Period:
    """The days of "2016-10-05", "2016-10", "2016-Q4" or "2016".

    Raises
    ------
    InputError
        Where it is written otherwise, or is no such day or month.
    """
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text)
            return Period(day, day)
        if match := _MONTH.fullmatch(text):
            year, month = int(match[1]), int(match[2])
            return Period(date(year, month, 1), _end_of_month(year, month))
        if match := _QUARTER.fullmatch(text):
            year, last = int(match[1]), 3 * int(match[2])
            return Period(date(year, last - 2, 1), _end_of_month(year, last))
        if _YEAR.fullmatch(text):
            return Period(date(int(text), 1, 1), date(int(text), 12, 31))
    except ValueError:
        pass
    raise InputError.one(
        "futures",
        None,
        "month",
        "month",
        f"a delivery month is written like 2016-10, not {text!r}; a day like 2016-10-05, a "
        "quarter 2016-Q4, a year 2016",
    )


def _end_of_month(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])
