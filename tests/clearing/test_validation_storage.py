"""The validator on storage, energy limits and virtuals: hand-made days, one number wrong.

The battery stores 0.8 of what it charges and gives back 0.5 of what it stored: 50 MW charged for
an hour are 40 MWh, of which 20 MWh come back. It bids 8 for charging and asks 25.
"""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest

from cases import Run
from clearing.validation.validate import validate
from tests.clearing.committed import START, changed, day, found, other_case, put, run_by_hand

UNITS = [
    {"unit": "Cheap", "p_max": 100.0, "initial_mw": 10.0},
    {"unit": "Dear", "p_max": 100.0, "initial_mw": 10.0},
]
BATTERY = {
    "storage": "S",
    "bus": "A",
    "charge_mw": 50.0,
    "discharge_mw": 30.0,
    "energy_min": 10.0,
    "energy_max": 60.0,
    "efficiency_in": 0.8,
    "efficiency_out": 0.5,
    "initial_mwh": 20.0,
    "final_mwh": 25.0,
    "charge_price": 8.0,
    "discharge_price": 25.0,
}


@cache
def stored() -> Run:
    """Charge 50 MW at 7 in the first half hour, give back 10 and 5 MW at 30 in the others.

    It ends at the least that it must hold. Discharging in part earns 30 - 25 for 2 MWh stored, so
    that one of them is worth 2.5.
    """
    case = day(
        UNITS,
        {"Cheap": 7.0, "Dear": 30.0},
        [40.0, 120.0, 110.0],
        minutes=30,
        tables={"storage": pd.DataFrame([BATTERY])},
    )
    schedule = pd.DataFrame(
        {
            "interval_start": case.interval_starts,
            "interval_end": case.interval_ends,
            "storage": "S",
            "bus": "A",
            "charge_mw": [50.0, 0.0, 0.0],
            "discharge_mw": [0.0, 10.0, 5.0],
            "energy_mwh": [40.0, 30.0, 25.0],
            "energy_value": 2.5,
        }
    )
    money = (25.0 * 15.0 - 8.0 * 50.0) / 2
    return run_by_hand(
        case,
        {"Cheap": [90, 100, 100], "Dear": [0, 10, 5]},
        on={"Cheap": "111", "Dear": "111"},
        price=[7, 30, 30],
        other=money,
        tables={"storage_schedule": schedule},
    )


def test_a_right_schedule_of_storage_passes() -> None:
    assert validate(stored()).empty


@pytest.mark.parametrize(
    ("at", "column", "value", "check"),
    [
        (0, "charge_mw", 50.01, "storage.charge_mw"),
        (0, "charge_mw", 40.0, "balance.energy"),
        (1, "charge_mw", -0.1, "storage.charge_mw"),
        (1, "charge_mw", 1.0, "storage.both"),
        (1, "discharge_mw", 31.0, "storage.discharge_mw"),
        (2, "discharge_mw", -0.1, "storage.discharge_mw"),
        (2, "discharge_mw", 5.1, "storage.energy"),
        (2, "discharge_mw", 5.1, "money.objective"),
        (0, "energy_mwh", 45.0, "storage.energy"),
        (0, "energy_mwh", 61.0, "storage.energy_max"),
        (1, "energy_mwh", 9.0, "storage.energy_min"),
        (2, "energy_mwh", 24.0, "storage.final"),
        (1, "energy_value", 2.4, "prices.storage"),
        (0, "energy_value", 2.4, "prices.stored_energy"),
        (2, "bus", "B", "storage_schedule.identity"),
        (2, "energy_mwh", float("nan"), "storage_schedule.energy_mwh"),
    ],
)
def test_one_wrong_number_of_storage_is_named(
    at: int, column: str, value: object, check: str
) -> None:
    assert check in found(put(stored(), "storage_schedule", column, value, at=at))


@pytest.mark.parametrize(
    ("column", "value", "check"),
    [
        ("efficiency_in", 0.9, {"storage.energy"}),
        ("efficiency_out", 0.9, {"storage.energy", "prices.storage"}),
        ("initial_mwh", 15.0, {"storage.energy"}),
        ("final_mwh", 26.0, {"storage.final"}),
        ("final_mwh", float("nan"), {"prices.stored_energy"}),
        ("energy_min", 20.0, set()),
        ("energy_max", 39.0, {"storage.energy_max"}),
        ("charge_price", 9.0, {"money.objective"}),
        ("discharge_price", 24.0, {"money.objective", "prices.storage"}),
        ("cyclic", True, {"storage.cyclic", "prices.stored_energy"}),
        ("charge_mw", 60.0, {"prices.storage"}),  # it would charge more at 7
    ],
)
def test_the_same_schedule_of_another_battery(column: str, value: float, check: set[str]) -> None:
    table = pd.DataFrame([{**BATTERY, column: value}])
    if column == "cyclic":
        table["final_mwh"] = None
    assert found(other_case(stored(), storage=table)) == check


def test_a_missing_row_of_storage_is_named() -> None:
    def drop(frame: pd.DataFrame) -> None:
        frame.drop(index=frame.index[1], inplace=True)

    assert found(changed(stored(), "storage_schedule", drop)) == {"storage_schedule.rows"}


def limited(run: Run, limits: pd.DataFrame, used: list[float], worth: float = 0.0) -> Run:
    """Give the run of a case with energy limits, and its table of what is used."""
    table = limits.assign(used_mwh=used, shadow_price=worth)
    other = other_case(run, energy_limits=limits)
    return Run(other.manifest, {**run.tables, "energy_budgets": table}, other.case, run.rulebook)


def test_energy_of_a_day_is_held_to_its_limit() -> None:
    """Cheap makes (90 + 100 + 100) / 2 = 145 MWh, Dear 7.5 MWh."""
    rows = [("Cheap", 145.0), ("Dear", 7.4)]
    limits = pd.DataFrame([{"unit": u, "day": START.date(), "max_mwh": mwh} for u, mwh in rows])
    report = validate(limited(stored(), limits, [145.0, 7.5]))
    assert report["check"].to_list() == ["energy_limits.day"]
    assert report["subject"].to_list() == ["Dear"]
    assert report["excess"].to_list() == pytest.approx([0.1])


def test_a_budget_in_the_tables_is_held_to_what_is_produced() -> None:
    limits = pd.DataFrame({"unit": "Cheap", "day": [START.date()], "max_mwh": 150.0})
    assert found(limited(stored(), limits, [145.0])) == set()
    assert found(limited(stored(), limits, [144.0])) == {"energy_limits.used"}
    spare = limited(stored(), limits, [145.0], worth=1.0)
    assert "energy_limits.shadow_price" in found(spare)
    full = limits.assign(max_mwh=145.0)
    assert found(limited(stored(), full, [145.0])) == set()
    # At 7 in the first interval a budget worth 1 would leave energy for others.
    assert found(limited(stored(), full, [145.0], worth=1.0)) == {"prices.unit"}


def test_energy_limits_count_days_in_the_timezone_of_the_case() -> None:
    """Six hours from 22:00 UTC: two of them on the first day."""
    start = pd.Timestamp("2030-01-01T22:00Z")
    starts = pd.date_range(start, periods=6, freq="h")
    case = day(UNITS, {"Cheap": 7.0, "Dear": 30.0}, [50.0] * 6)
    demand = pd.DataFrame({"interval_start": starts, "D": [50.0] * 6})
    for first, second, subject in ((100.0, 200.0, []), (99.0, 200.0, [0]), (100.0, 199.0, [2])):
        limits = pd.DataFrame(
            {
                "unit": "Cheap",
                "day": [pd.Timestamp("2030-01-01"), pd.Timestamp("2030-01-02")],
                "max_mwh": [first, second],
            }
        )
        later = case.replace(start=start.isoformat(), demand=demand)
        run = run_by_hand(
            later,
            {"Cheap": [50] * 6, "Dear": [0] * 6},
            on={"Cheap": "111111", "Dear": "111111"},
            price=[7] * 6,
        )
        report = validate(limited(run, limits, [100.0, 200.0]))
        assert set(report["check"]) <= {"energy_limits.day"}
        assert report["interval_start"].to_list() == [starts[k] for k in subject]


VIRTUALS = pd.DataFrame(
    [
        ("I", "inc", "A", "", pd.NaT, 20.0, 7.0),
        ("N", "dec", "A", "", pd.NaT, 10.0, 8.0),
        ("N", "dec", "A", "", START + pd.Timedelta(hours=1), 15.0, 40.0),
    ],
    columns=["virtual", "kind", "bus", "sink_bus", "interval_start", "mw", "price"],
)


@cache
def virtual() -> Run:
    """The inc is marginal beside Cheap in the first hour; the dec bids 40 in the second."""
    case = day(UNITS, {"Cheap": 7.0, "Dear": 30.0}, [40.0, 120.0], tables={"virtuals": VIRTUALS})
    starts = case.interval_starts
    given = pd.DataFrame(
        [
            (0, "I", "inc", 12.0, 7.0),
            (1, "I", "inc", 20.0, 7.0),
            (0, "N", "dec", 10.0, 8.0),
            (1, "N", "dec", 15.0, 40.0),
        ],
        columns=["t", "virtual", "kind", "mw", "price"],
    )
    given["interval_start"] = starts[given["t"]]
    given["interval_end"] = case.interval_ends[given.pop("t")]
    money = 7.0 * 32.0 - 8.0 * 10.0 - 40.0 * 15.0
    return run_by_hand(
        case,
        {"Cheap": [38, 100], "Dear": [0, 15]},
        on={"Cheap": "11", "Dear": "11"},
        price=[7, 30],
        other=money,
        tables={"virtual_awards": given.assign(bus="A", sink_bus="")},
    )


def test_right_awards_of_virtuals_pass() -> None:
    assert validate(virtual()).empty


@pytest.mark.parametrize(
    ("name", "at", "column", "value", "check"),
    [
        ("I", 0, "mw", 11.0, "balance.energy"),
        ("I", 0, "mw", -1.0, "virtuals.lower"),
        ("I", 1, "mw", 21.0, "virtuals.upper"),
        ("N", 0, "mw", 15.0, "virtuals.upper"),  # the stamped offer is for the other hour
        ("I", 1, "mw", 12.0, "prices.virtual"),  # 23 above its offer and not in full
        ("N", 0, "mw", 0.0, "prices.virtual"),
        ("N", 1, "price", 8.0, "virtuals.identity"),
        ("N", 1, "kind", "inc", "virtuals.identity"),
        ("N", 1, "virtual", "X", "virtuals.identity"),
        ("N", 1, "price", 39.0, "money.objective"),
    ],
)
def test_one_wrong_award_is_named(
    name: str, at: int, column: str, value: object, check: str
) -> None:
    assert check in found(put(virtual(), "virtual_awards", column, value, virtual=name, at=at))


def test_a_price_that_a_virtual_would_not_take_is_named() -> None:
    def lower(frame: pd.DataFrame) -> None:
        frame.loc[0, ["lmp", "mec"]] = 6.5

    assert "prices.virtual" in found(changed(virtual(), "prices", lower))


def test_an_award_twice_is_named() -> None:
    run = virtual()
    table = pd.concat([run.virtual_awards, run.virtual_awards.tail(1)])
    twice = Run(run.manifest, {**run.tables, "virtual_awards": table}, run.case, run.rulebook)
    assert "virtuals.rows" in found(twice)
