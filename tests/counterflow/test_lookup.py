"""Times and names as users write them."""

import pandas as pd
import pytest

from cases.errors import InputError
from counterflow.explain.lookup import nearest, resolve_interval, resolve_name


def hours(start: str, count: int) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    starts = pd.date_range(pd.Timestamp(start).tz_convert("UTC"), periods=count, freq="h")
    return starts, starts + pd.Timedelta(hours=1)


DAY = hours("2024-07-10T00:00-04:00", 24)
SPRING = hours("2024-03-10T00:00-05:00", 23)
AUTUMN = hours("2024-11-03T00:00-04:00", 25)
NY = "America/New_York"


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("17:00", 17),
        ("17:59", 17),
        ("7:05", 7),
        ("2024-07-10T17:00", 17),
        ("2024-07-10 17:30:00", 17),
        ("2024-07-10T17:00-04:00", 17),
        ("2024-07-10T21:00Z", 17),
        ("2024-07-10T23:00+02:00", 17),
        ("2024-07-10T00:00", 0),
    ],
)
def test_ways_to_write_an_instant(text: str, position: int) -> None:
    assert resolve_interval(text, *DAY, NY) == position


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5 pm", "is not a time: expected a time such as 2024-07-10T00:00:00-04:00"),
        ("2024-07-10", "is not a time"),
        ("2024-13-10T00:00", "is not a time"),
        ("24:00", "is not a time of day between 00:00 and 23:59"),
        ("2024-07-11T00:00", r"nearest of 24 interval starts: .*2024-07-10T23:00:00-04:00"),
        ("2023-07-10T17:00", r"nearest of 24 interval starts: 2024-07-10T00:00:00-04:00"),
    ],
)
def test_what_is_no_instant_of_the_run(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        resolve_interval(text, *DAY, NY)
    assert "\n" not in str(caught.value)


def test_clock_time_needs_a_date_in_a_longer_run() -> None:
    with pytest.raises(InputError, match="needs its date, the run covers 2 days: 2024-07-10T17:00"):
        resolve_interval("17:00", *hours("2024-07-10T00:00-04:00", 48), NY)


def test_the_hour_that_spring_skips() -> None:
    assert resolve_interval("01:00", *SPRING, NY) == 1
    assert resolve_interval("03:00", *SPRING, NY) == 2
    for text in ("02:30", "2024-03-10T02:30"):
        with pytest.raises(InputError, match=r"does not exist .*clocks skip it"):
            resolve_interval(text, *SPRING, NY)


def test_the_hour_that_comes_twice_in_autumn() -> None:
    assert resolve_interval("00:00", *AUTUMN, NY) == 0
    assert resolve_interval("02:00", *AUTUMN, NY) == 3
    assert resolve_interval("2024-11-03T01:00-04:00", *AUTUMN, NY) == 1
    assert resolve_interval("2024-11-03T01:00-05:00", *AUTUMN, NY) == 2
    for text in ("01:00", "2024-11-03T01:00"):
        with pytest.raises(InputError, match=r"twice .*-04:00 or 2024-11-03T01:00:00-05:00"):
            resolve_interval(text, *AUTUMN, NY)


def test_names() -> None:
    names = ["Arthur", "Arne", "Barry", "01"]
    assert resolve_name("01", names, "bus") == "01"
    assert nearest("artur", names)[0] == "Arthur"
    with pytest.raises(InputError, match="there is no bus 'artur'; nearest of 4: Arthur"):
        resolve_name("artur", names, "bus")
    with pytest.raises(InputError, match="there is no bus 'x': the run has none"):
        resolve_name("x", [], "bus")
