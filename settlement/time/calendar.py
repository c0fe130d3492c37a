"""Working days: weekends, holidays and the make-up working weekends of China."""

from __future__ import annotations

import calendar as months
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import Protocol

import holidays
from holidays.countries.china import ChinaStaticHolidays

from cases.errors import InputError

__all__ = ["Country", "Nerc", "Weekdays", "WorkingCalendar", "month_days", "working_calendar"]


class WorkingCalendar(Protocol):
    """Tells working days from rest days."""

    @property
    def name(self) -> str:
        """Name of the calendar, shown in statements."""
        ...

    def is_working(self, day: date) -> bool:
        """Whether `day` is a working day; InputError on a day the calendar does not know."""
        ...


class Weekdays:
    """Monday to Friday, no holidays."""

    name = "weekdays"

    def is_working(self, day: date) -> bool:
        """Whether `day` is a Monday to Friday."""
        return day.weekday() < 5


class Nerc:
    """Monday to Friday less the six holidays that NERC counts as off-peak.

    New Year's Day, Memorial Day, Independence Day, Labor Day, Thanksgiving and Christmas; one that
    falls on a Sunday is kept on the Monday, one on a Saturday is not moved.
    """

    name = "NERC"

    def is_working(self, day: date) -> bool:
        """Whether `day` is a Monday to Friday and none of the six holidays."""
        return day.weekday() < 5 and day not in _nerc_holidays(day.year)


@cache
def _nerc_holidays(year: int) -> frozenset[date]:
    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 12, 25)]
    kept = [day + timedelta(days=1) if day.weekday() == 6 else day for day in fixed]
    last_of_may = date(year, 5, 31)
    memorial = last_of_may - timedelta(days=last_of_may.weekday())
    labor = date(year, 9, 1) + timedelta(days=-date(year, 9, 1).weekday() % 7)
    november = date(year, 11, 1)
    thanksgiving = november + timedelta(days=(3 - november.weekday()) % 7 + 21)
    return frozenset([*kept, memorial, labor, thanksgiving])


class Country:
    """Public holidays of a country, from the `holidays` package.

    For China (CN) the make-up working weekends count as working days. They are announced year by
    year, so a day in a year that is not announced is refused: Monday to Friday less the public
    holidays would give a wrong number of hours without anybody noticing.
    """

    def __init__(self, code: str) -> None:
        self.name = code
        self._announced = (
            sorted(ChinaStaticHolidays.special_public_holidays) if code == "CN" else None
        )

    @property
    def last_announced(self) -> int | None:
        """Last year whose working days are announced; None where they follow from a rule."""
        return self._announced[-1] if self._announced else None

    def is_working(self, day: date) -> bool:
        """Whether `day` is a working day.

        Raises
        ------
        InputError
            If the year's working days are not announced (or not recorded).
        """
        if self._announced is not None and day.year not in self._announced:
            first, last = self._announced[0], self._announced[-1]
            raise InputError.one(
                "",
                None,
                None,
                "calendar",
                f"the working calendar {self.name} knows {first} to {last}, not "
                f"{day:%Y-%m}: once the year's notice is out, upgrade the package `holidays`, or "
                "give a calendar of your own",
            )
        return bool(_holidays(self.name, day.year).is_working_day(day))


@cache
def _holidays(code: str, year: int) -> holidays.HolidayBase:
    # The next year's notice may turn the last days of December into working days or holidays.
    return holidays.country_holidays(code, years=(year, year + 1), expand=False)


@cache
def working_calendar(name: str) -> WorkingCalendar:
    """The working calendar of a country code ("CN", "US", ...), "weekdays" or "NERC".

    Raises
    ------
    InputError
        If no such calendar exists.
    """
    if name == "weekdays":
        return Weekdays()
    if name == "NERC":
        return Nerc()
    if name not in holidays.list_supported_countries():
        raise InputError.one(
            "",
            None,
            None,
            "calendar",
            f"unknown working calendar {name!r}: a country code such as CN, weekdays or NERC",
        )
    return Country(name)


def month_days(year: int, month: int) -> Iterator[date]:
    """Every day of a month."""
    first = date(year, month, 1)
    for offset in range(months.monthrange(year, month)[1]):
        yield first + timedelta(days=offset)
