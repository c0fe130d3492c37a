"""Days on which clocks change: intervals are steps of absolute time, stamps say their offset."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cases import Case, CaseMeta
from tests.cases.small import found, read_small

# (timezone, day, offset at its first midnight, at its last hour, hours of the day)
DAYS = [
    ("Europe/Berlin", "2030-03-31", "+01:00", "+02:00", 23),
    ("Europe/Berlin", "2030-10-27", "+02:00", "+01:00", 25),
    ("America/New_York", "2030-03-10", "-05:00", "-04:00", 23),
    ("America/New_York", "2030-11-03", "-04:00", "-05:00", 25),
]


def header(timezone: str, day: str, offset: str, hours: int) -> str:
    return (
        f'name = "day"\ntimezone = "{timezone}"\nstart = {day}T00:00:00{offset}\n'
        f"intervals = {hours}\n"
    )


def wall_clock(timezone: str, day: str, before: str, after: str, hours: int) -> list[str]:
    """The stamps of the day as a person would write them, from the rules of summer time."""
    change = {"Europe/Berlin": 3, "America/New_York": 2}[timezone]  # first hour of the new time
    if hours == 23:  # 02:00 is not there
        return [
            f"{day}T{hour:02}:00:00{before if hour < 2 else after}"
            for hour in range(24)
            if hour != 2
        ]
    last = change - 1  # the hour that comes twice
    first = [f"{day}T{hour:02}:00:00{before}" for hour in range(last + 1)]
    return first + [f"{day}T{hour:02}:00:00{after}" for hour in range(last, 24)]


def series(stamps: list[str]) -> str:
    rows = "".join(f"{stamp},{number},1\n" for number, stamp in enumerate(stamps))
    return f"interval_start,L1,L2\n{rows}"


@pytest.mark.parametrize(("timezone", "day", "before", "after", "hours"), DAYS)
def test_the_day_has_its_hours(
    timezone: str, day: str, before: str, after: str, hours: int, tmp_path: Path
) -> None:
    stamps = wall_clock(timezone, day, before, after, hours)
    assert len(stamps) == hours
    case = read_small(
        tmp_path,
        case=header(timezone, day, before, hours),
        demand=series(stamps),
        availability=None,
    )
    assert [stamp.isoformat() for stamp in case.interval_starts] == stamps
    assert case.demand["L1"].tolist() == list(range(hours))
    steps = case.interval_ends.tz_convert("UTC") - case.interval_starts.tz_convert("UTC")
    assert set(steps) == {pd.Timedelta(hours=1)}
    assert case.interval_ends[-1] == pd.Timestamp(day, tz=timezone) + pd.DateOffset(days=1)
    assert str(case.interval_starts.tz) == timezone


@pytest.mark.parametrize(("timezone", "day", "before", "after", "hours"), DAYS)
def test_the_day_survives_a_file(
    timezone: str, day: str, before: str, after: str, hours: int, tmp_path: Path
) -> None:
    from cases import read_case

    case = read_small(
        tmp_path,
        case=header(timezone, day, before, hours),
        demand=series(wall_clock(timezone, day, before, after, hours)),
        availability=None,
    )
    case.write(tmp_path / "csv")
    case.write(tmp_path / "parquet", "parquet")
    assert read_case(tmp_path / "csv") == case == read_case(tmp_path / "parquet")
    first = (tmp_path / "csv" / "demand.csv").read_text().splitlines()[1]
    assert first == f"{day}T00:00:00{before},0,1"


@pytest.mark.parametrize(("timezone", "day", "before", "after", "hours"), DAYS)
def test_the_offset_of_the_wrong_season_is_found(
    timezone: str, day: str, before: str, after: str, hours: int, tmp_path: Path
) -> None:
    # All hours written with the offset of midnight, as a program that ignores the change does.
    stamps = [stamp[:19] + before for stamp in wall_clock(timezone, day, before, after, hours)]
    changes = {
        "case.toml": header(timezone, day, before, hours),
        "demand.csv": series(stamps),
        "availability.csv": None,
    }
    rules = {(f, c, rule) for f, _, c, rule in found(tmp_path, changes)}
    expected = {("demand.csv", "interval_start", "missing_interval")}
    if hours == 25:
        expected.add(("demand.csv", "interval_start", "repeated_timestamp"))
    else:
        expected.add(("demand.csv", "interval_start", "off_grid"))
    assert rules == expected


def test_the_repeated_hour_is_named_with_its_row(tmp_path: Path) -> None:
    stamps = wall_clock("Europe/Berlin", "2030-10-27", "+02:00", "+01:00", 25)
    stamps[3] = stamps[2]  # 02:00+02:00 twice, 02:00+01:00 missing
    changes = {
        "case.toml": header("Europe/Berlin", "2030-10-27", "+02:00", 25),
        "demand.csv": series(stamps),
        "availability.csv": None,
    }
    assert found(tmp_path, changes) == [
        ("demand.csv", None, "interval_start", "missing_interval"),
        ("demand.csv", 5, "interval_start", "repeated_timestamp"),
    ]


def test_naive_stamps_of_the_repeated_hour_are_refused(tmp_path: Path) -> None:
    stamps = [s[:19] for s in wall_clock("Europe/Berlin", "2030-10-27", "+02:00", "+01:00", 25)]
    changes = {
        "case.toml": header("Europe/Berlin", "2030-10-27", "+02:00", 25),
        "demand.csv": series(stamps),
        "availability.csv": None,
    }
    assert found(tmp_path, changes) == [
        ("demand.csv", row, "interval_start", "naive_timestamp") for row in range(2, 27)
    ]


def test_stamps_of_any_offset_mean_their_instant(tmp_path: Path) -> None:
    demand = (
        "interval_start,L1,L2\n2030-05-31T20:00:00-04:00,50,60\n2030-06-01T06:30:00+05:30,55,65\n"
    )
    assert read_small(tmp_path / "a", demand=demand) == read_small(tmp_path / "b")


def test_quarter_hours_over_the_change() -> None:
    meta = CaseMeta.model_validate(
        {
            "name": "q",
            "timezone": "Europe/Berlin",
            "start": "2030-10-27T02:30:00+02:00",
            "interval_minutes": 15,
            "intervals": 4,
        }
    )
    assert [stamp.isoformat() for stamp in meta.interval_starts()] == [
        "2030-10-27T02:30:00+02:00",
        "2030-10-27T02:45:00+02:00",
        "2030-10-27T02:00:00+01:00",
        "2030-10-27T02:15:00+01:00",
    ]


def test_a_frame_with_naive_stamps_is_refused() -> None:
    from cases import InputError

    frames = {
        "buses": pd.DataFrame({"bus": ["A"]}),
        "units": pd.DataFrame({"unit": ["G"], "bus": ["A"], "p_max": [1.0]}),
        "offers": pd.DataFrame({"unit": ["G"], "segment": [1], "mw": [1.0], "price": [0.0]}),
        "loads": pd.DataFrame({"load": ["L"], "bus": ["A"]}),
        "demand": pd.DataFrame(
            {"interval_start": pd.date_range("2030-06-01", periods=2, freq="h"), "L": 1.0}
        ),
    }
    with pytest.raises(InputError) as caught:
        Case.build({"name": "n", "start": "2030-06-01T00:00:00Z", "intervals": 2}, frames)
    assert [(f.file, f.row, f.column, f.rule) for f in caught.value.failures] == [
        ("demand", 2, "interval_start", "naive_timestamp"),
        ("demand", 3, "interval_start", "naive_timestamp"),
    ]
