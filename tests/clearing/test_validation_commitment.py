"""The validator on committed days: a right one passes, one wrong number is named.

The day: Base is on and serves what it can at 10, Peak starts twice. It was off for 3 h, so its
first start after one more hour is in the tier of 4 h (200), its second, 2 h after the stop, in
the first tier (100). No-load is 5 an hour, a stop 7.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from cases import Run
from clearing.validation.validate import validate
from tests.clearing.committed import changed, day, found, other_case, put, run_by_hand

BASE = {"unit": "Base", "p_min": 50.0, "p_max": 200.0, "initial_hours": 5.0, "initial_mw": 150.0}
PEAK = {
    "unit": "Peak",
    "p_min": 20.0,
    "p_max": 80.0,
    "ramp_up": 60.0,
    "ramp_down": 60.0,
    "startup_ramp": 40.0,
    "shutdown_ramp": 35.0,
    "min_up": 2.0,
    "min_down": 2.0,
    "initial_hours": -3.0,
}
OFFERS = pd.DataFrame(
    [
        ("Peak", "no_load", 0.0, 5.0),
        ("Peak", "startup", 0.0, 100.0),
        ("Peak", "startup", 4.0, 200.0),
        ("Peak", "shutdown", 0.0, 7.0),
    ],
    columns=["unit", "component", "after_hours_off", "price"],
)


@cache
def committed() -> Run:
    case = day(
        [BASE, PEAK],
        {"Base": 10.0, "Peak": 30.0},
        [150.0, 225.0, 230.0, 150.0, 150.0, 225.0],
        tables={"commitment_offers": OFFERS},
    )
    return run_by_hand(
        case,
        {"Base": [150, 200, 200, 150, 150, 200], "Peak": [0, 25, 30, 0, 0, 25]},
        on={"Base": "111111", "Peak": "011001"},
        start={"Peak": "010001"},
        stop={"Peak": "000100"},
        extra={"Peak": [0, 205, 5, 7, 0, 105]},
        price=[10, 30, 30, 10, 10, 30],
    )


def units(run: Run, unit: str, **values: object) -> pd.DataFrame:
    table = run.case.units.copy()
    for name, value in values.items():
        table.loc[table["unit"] == unit, name] = value
    return table


def series(run: Run, unit: str, values: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"interval_start": run.case.interval_starts, unit: values})


def test_the_right_day_passes() -> None:
    assert validate(committed()).empty


@pytest.mark.parametrize(
    ("at", "column", "value", "check"),
    [
        (0, "on", True, "commitment.start"),
        (1, "on", False, "units.upper"),
        (1, "start", False, "commitment.start"),
        (3, "start", True, "commitment.start"),
        (3, "stop", False, "commitment.stop"),
        (4, "stop", True, "commitment.stop"),
        (2, "on", False, "commitment.min_up"),
        (4, "on", True, "commitment.min_down"),
        (3, "on", True, "units.lower"),
        (1, "cost", 25.0 * 30.0 + 105.0, "money.cost"),  # the first tier
        (5, "cost", 25.0 * 30.0 + 205.0, "money.cost"),  # the tier of 4 h
        (2, "cost", 30.0 * 30.0, "money.cost"),  # no no-load
        (3, "cost", 0.0, "money.cost"),  # no shut-down
        (1, "mw", 41.0, "ramps.limit"),  # start-up ramp
        (2, "mw", 36.0, "ramps.limit"),  # shut-down ramp
    ],
)
def test_one_wrong_number_is_named(at: int, column: str, value: object, check: str) -> None:
    assert check in found(put(committed(), "dispatch", column, value, unit="Peak", at=at))


def test_a_wrong_start_tier_is_named_with_what_it_should_be() -> None:
    wrong = put(committed(), "dispatch", "cost", 25.0 * 30.0 + 105.0, unit="Peak", at=1)
    row = validate(wrong).set_index("check").loc["money.cost"]
    assert (row["subject"], row["value"], row["limit"], row["excess"]) == ("Peak", 855, 955, 100)
    assert row["interval_start"] == wrong.case.interval_starts[1]


@pytest.mark.parametrize(
    ("unit", "values", "check"),
    [
        ("Peak", {"min_up": 2.5}, {"commitment.min_up"}),
        ("Peak", {"min_down": 2.5}, {"commitment.min_down"}),
        ("Peak", {"min_down": 5.0}, {"commitment.min_down"}),
        ("Peak", {"initial_hours": -2.0}, {"money.cost"}),  # off for 3 h at the start: first tier
        ("Peak", {"initial_hours": 2.0}, {"commitment.stop", "commitment.min_down", "money.cost"}),
        ("Peak", {"initial_hours": np.nan}, set()),  # off for long: the last tier
        ("Peak", {"must_run": True}, {"commitment.must_run"}),
        ("Base", {"initial_hours": -5.0, "initial_mw": 0.0}, {"commitment.start"}),
        ("Base", {"ramp_up": 40.0}, {"ramps.limit", "ramps.slack"}),
        ("Base", {"ramp_down": 40.0}, {"ramps.limit", "ramps.slack"}),
        ("Peak", {"ramp_up": 4.0}, {"ramps.limit", "ramps.slack"}),
        ("Peak", {"startup_ramp": 24.0}, {"ramps.limit", "ramps.slack"}),
        ("Peak", {"shutdown_ramp": 29.0}, {"ramps.limit", "ramps.slack"}),
    ],
)
def test_the_same_schedule_of_other_units(
    unit: str, values: dict[str, object], check: set[str]
) -> None:
    run = committed()
    assert found(other_case(run, units=units(run, unit, **values))) == check


def test_stopping_too_early_after_the_initial_hours_is_named() -> None:
    """On for 1 h before the case with a minimum of 3 h: it may stop after the second interval."""
    quick = {"unit": "Quick", "p_max": 50.0, "min_up": 3.0, "initial_mw": 10.0}
    for intervals, right in ((1, False), (2, True)):
        flags = "1" * intervals + "0" * (3 - intervals)
        case = day(
            [{**BASE}, {**quick, "initial_hours": 1.0}],
            {"Base": 10.0, "Quick": 10.0},
            [100.0, 100.0, 100.0],
        )
        run = run_by_hand(
            case,
            {"Base": [100, 100, 100], "Quick": [0, 0, 0]},
            on={"Base": "111", "Quick": flags},
            stop={"Quick": "0" * intervals + "1" + "0" * (2 - intervals)},
            price=[10, 10, 10],
        )
        assert found(run) == (set() if right else {"commitment.min_up"})


@pytest.mark.parametrize(("minutes", "right"), [(15, False), (30, True), (60, True)])
def test_minimum_times_count_hours_not_intervals(minutes: int, right: bool) -> None:
    """Three intervals on are enough for 1.5 h at 30 minutes, not at 15."""
    peak = {**PEAK, "min_up": 1.5, "min_down": 0.0, "initial_hours": np.nan, "shutdown_ramp": None}
    case = day(
        [BASE, peak], {"Base": 10.0, "Peak": 30.0}, [150, 225, 225, 225, 150], minutes=minutes
    )
    run = run_by_hand(
        case,
        {"Base": [150, 200, 200, 200, 150], "Peak": [0, 25, 25, 25, 0]},
        on={"Base": "11111", "Peak": "01110"},
        start={"Peak": "01000"},
        stop={"Peak": "00001"},
        price=[10, 30, 30, 30, 10],
    )
    assert found(run) == (set() if right else {"commitment.min_up"})


def test_a_unit_on_during_an_outage_is_named() -> None:
    run = committed()
    out = series(run, "Peak", [80.0, 80.0, 80.0, 80.0, 80.0, 0.0])
    assert "commitment.outage" in found(other_case(run, availability=out))
    off = series(run, "Peak", [80.0, 80.0, 80.0, 0.0, 0.0, 80.0])
    case = other_case(run, availability=off)

    def match(frame: pd.DataFrame) -> None:
        frame.loc[frame.index[(frame["unit"] == "Peak")][3:5], "available_mw"] = 0.0

    assert found(changed(case, "dispatch", match)) == set()


def test_an_outage_ends_a_time_that_the_case_began() -> None:
    """Base was on before the case: an outage may stop it before its minimum time."""
    run = committed()
    table = units(run, "Base", min_up=11.0)
    case = other_case(run, units=table, availability=series(run, "Base", [200.0] * 5 + [0.0]))
    assert "commitment.min_up" not in found(put(case, "dispatch", "on", False, unit="Base", at=5))
    without = other_case(run, units=table)
    assert "commitment.min_up" in found(put(without, "dispatch", "on", False, unit="Base", at=5))


def test_a_self_schedule_that_is_not_kept_is_named() -> None:
    run = committed()
    kept = other_case(run, self_schedules=series(run, "Base", [150.0, 200, 200, 150, 150, 200]))
    assert found(kept) == set()
    other = other_case(run, self_schedules=series(run, "Peak", [0.0, 25, 31, 0, 0, 25]))
    assert found(other) == {"units.self_schedule"}
    off = put(kept, "dispatch", "on", False, unit="Base", at=5)
    assert "commitment.self_schedule" in found(off)


def test_runs_without_commitment_have_no_such_checks() -> None:
    run = committed()
    manifest = {**run.manifest, "settings": {**run.settings, "commitment": False}}
    other = Run(manifest, dict(run.tables), run.case, run.rulebook)
    assert not any(name.startswith("commitment.") for name in found(other))
