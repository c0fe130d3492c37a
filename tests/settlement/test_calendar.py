"""Working days against an independent package, and lot hours of settlement.md section 1.2."""

from datetime import date

import chinese_calendar
import pytest

from cases import InputError
from settlement import lot_hours
from settlement.time.calendar import Country, month_days, working_calendar

CHINA = working_calendar("CN")

# The notice for New Year 2006 made 31 December 2005 a working Saturday; chinesecalendar lacks it.
KNOWN_GAPS = {date(2005, 12, 31)}


@pytest.mark.parametrize("year", range(2005, 2027))
def test_working_days_of_a_year_agree_with_chinesecalendar(year: int) -> None:
    differing = {
        day
        for month in range(1, 13)
        for day in month_days(year, month)
        if CHINA.is_working(day) != chinese_calendar.is_workday(day)
    }
    assert differing == {day for day in KNOWN_GAPS if day.year == year}


@pytest.mark.parametrize("year", range(2005, 2027))
def test_lot_hours_of_a_year_agree_with_chinesecalendar(year: int) -> None:
    for month in range(1, 13):
        days = list(month_days(year, month))
        working = sum(chinese_calendar.is_workday(day) or day in KNOWN_GAPS for day in days)
        expected = {"base": 24 * len(days), "mid": 16 * working, "peak": 6 * working}
        assert lot_hours(year, month) == expected
        assert lot_hours(year, month, summer=True)["peak"] == 8 * working


def test_october_2016_has_eighteen_working_days() -> None:
    # 21 Mon-Fri - 5 (3 to 7 October) + 2 (Sat 8 and Sun 9 made up).
    working = [day.day for day in month_days(2016, 10) if CHINA.is_working(day)]
    assert working == [*range(8, 15), *range(17, 22), *range(24, 29), 31]
    assert lot_hours(2016, 10) == {"base": 744, "mid": 18 * 16, "peak": 18 * 6}
    assert lot_hours(2016, 10) == {"base": 744, "mid": 288, "peak": 108}


def test_july_2016() -> None:
    assert lot_hours(2016, 7) == {"base": 744, "mid": 336, "peak": 126}
    assert lot_hours(2016, 7, summer=True) == {"base": 744, "mid": 336, "peak": 168}


def test_monday_to_friday_gives_the_wrong_october() -> None:
    weekdays = working_calendar("weekdays")
    assert sum(weekdays.is_working(day) for day in month_days(2016, 10)) == 21


def test_a_year_that_is_not_announced_is_refused_and_says_what_to_do() -> None:
    assert isinstance(CHINA, Country)
    last = CHINA.last_announced
    assert last is not None
    with pytest.raises(
        InputError, match=rf"knows 2001 to {last}, not {last + 1}-01: once the year"
    ):
        lot_hours(last + 1, 1)
    assert lot_hours(last, 12)["mid"] > 0


def test_unknown_calendar_is_named() -> None:
    with pytest.raises(InputError, match="unknown working calendar 'Mars'"):
        working_calendar("Mars")


def test_other_countries_have_their_holidays() -> None:
    america = working_calendar("US")
    assert not america.is_working(date(2024, 7, 4))
    assert america.is_working(date(2024, 7, 5))
