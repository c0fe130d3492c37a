"""Commitment data that does not fit together is named with its file, row, column and rule.

The small day has two hours; both units are on bus A or C and G1 has a p_min of 10 MW.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from cases import Case, DataWarning, read_case
from tests.cases.small import CASE_TOML, Found, failures, found, read_small, write_files

HEADER = (
    "unit,owner,bus,p_min,p_max,ramp_up,startup_ramp,shutdown_ramp,min_up,min_down,"
    "initial_hours,initial_mw,must_run"
)
G2 = "G2,Q,C,0,80,,,,,,,,"
HOURS = ("2030-06-01T00:00:00Z", "2030-06-01T01:00:00Z")


def units(**values: object) -> str:
    """units.csv with some cells of G1 given."""
    cells = {"unit": "G1", "owner": "P", "bus": "A", "p_min": 10, "p_max": 100, **values}
    row = ",".join(str(cells.get(name, "")) for name in HEADER.split(","))
    return f"{HEADER}\n{row}\n{G2}\n"


def series(unit: str, *values: float) -> str:
    lines = [f"{stamp},{value}" for stamp, value in zip(HOURS, values, strict=True)]
    return "\n".join([f"interval_start,{unit}", *lines, ""])


def tiers(*rows: str) -> str:
    return "\n".join(["unit,component,after_hours_off,price", *rows, ""])


FAILS: dict[str, tuple[dict[str, str], list[Found]]] = {
    "off with output": (
        {"units.csv": units(initial_hours=-2, initial_mw=20)},
        [("units.csv", 2, "initial_mw", "initial_state")],
    ),
    "on and unable to reach p_min": (
        {"units.csv": units(initial_hours=2, initial_mw=3, ramp_up=6)},
        [("units.csv", 2, "initial_mw", "initial_state")],
    ),
    "must run while it may not start": (
        {"units.csv": units(initial_hours=-1, min_down=2, must_run="true")},
        [("units.csv", 2, "initial_hours", "initial_state_min_down")],
    ),
    "scheduled while it may not start": (
        {
            "units.csv": units(initial_hours=-1, min_down=2.5),
            "self_schedules.csv": series("G1", 0, 20),
        },
        [("units.csv", 2, "initial_hours", "initial_state_min_down")],
    ),
    "scheduled off while it may not stop": (
        {
            "units.csv": units(initial_hours=1, min_up=2),
            "self_schedules.csv": series("G1", 0, 20),
        },
        [("units.csv", 2, "initial_hours", "initial_state_min_up")],
    ),
    "must run and scheduled off": (
        {"units.csv": units(must_run="true"), "self_schedules.csv": series("G1", 20, 0)},
        [("units.csv", 2, "must_run", "must_run_self_schedule")],
    ),
    "must run beyond an energy limit": (
        {
            "units.csv": units(must_run="true"),
            "energy_limits.csv": "unit,day,max_mwh\nG2,2030-06-01,1\nG1,2030-06-01,19.9\n",
        },
        [("energy_limits.csv", 3, "max_mwh", "energy_limit")],
    ),
    "schedule beyond an energy limit": (
        {
            "self_schedules.csv": series("G2", 5, 6),
            "energy_limits.csv": "unit,day,max_mwh\nG2,2030-06-01,10.9\n",
        },
        [("energy_limits.csv", 2, "max_mwh", "energy_limit")],
    ),
    "cheaper after a longer time off": (
        {
            "commitment_offers.csv": tiers(
                "G1,startup,8,50", "G2,startup,0,60", "G1,startup,0,40", "G1,startup,4,60"
            )
        },
        [("commitment_offers.csv", 2, "price", "monotone")],
    ),
    "tier twice": (
        {"commitment_offers.csv": tiers("G1,startup,4,50", "G1,startup,0,5", "G1,startup,4,60")},
        [
            ("commitment_offers.csv", 4, "unit, component, after_hours_off", "duplicate_key"),
        ],
    ),
    "tier of no-load": (
        {"commitment_offers.csv": tiers("G1,no_load,0,5", "G1,no_load,2,6")},
        [("commitment_offers.csv", 3, "after_hours_off", "tier")],
    ),
}


@pytest.mark.parametrize("name", FAILS)
def test_a_contradiction_is_a_failure(name: str, tmp_path: Path) -> None:
    changes, expected = FAILS[name]
    assert found(tmp_path, changes) == expected


WARNS: dict[str, tuple[dict[str, str], list[Found]]] = {
    "on below p_min": (
        {"units.csv": units(initial_hours=2, initial_mw=3, ramp_up=8)},
        [("units.csv", 2, "initial_mw", "initial_state")],
    ),
    "must run during an outage": (
        {"units.csv": units(must_run="true"), "availability.csv": series("G1", 90, 0)},
        [("units.csv", 2, "must_run", "must_run_outage")],
    ),
    "outage before the minimum up time is over": (
        {
            "units.csv": units(initial_hours=1, min_up=2),
            "availability.csv": series("G1", 0, 90),
        },
        [("units.csv", 2, "initial_hours", "outage_before_min_up")],
    ),
    "minimum times longer than the case": (
        {"units.csv": units(min_up=2.5, min_down=480)},
        [
            ("units.csv", 2, "min_up", "min_up_above_horizon"),
            ("units.csv", 2, "min_down", "min_down_above_horizon"),
        ],
    ),
    "start-up ramp below p_min": (
        {"units.csv": units(startup_ramp=9, shutdown_ramp=8)},
        [
            ("units.csv", 2, "startup_ramp", "startup_ramp_below_p_min"),
            ("units.csv", 2, "shutdown_ramp", "shutdown_ramp_below_p_min"),
        ],
    ),
    "no first tier": (
        {"commitment_offers.csv": tiers("G1,startup,2,50", "G1,startup,8,60")},
        [("commitment_offers.csv", 2, "after_hours_off", "no_first_tier")],
    ),
}


def warned(folder: Path, changes: dict[str, str]) -> Case:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return read_small(folder, **{k.removesuffix(".csv"): v for k, v in changes.items()})


@pytest.mark.parametrize("name", WARNS)
def test_an_oversight_is_a_warning(name: str, tmp_path: Path) -> None:
    changes, expected = WARNS[name]
    case = warned(tmp_path, changes)
    commitment = [f for f in case.warnings if f.rule != "demand_above_supply"]
    assert [(f.file, f.row, f.column, f.rule) for f in commitment] == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"units.csv": units(initial_hours=-2, min_down=2, must_run="true")},
        {"units.csv": units(initial_hours=-2, initial_mw=0)},
        {"units.csv": units(initial_hours=1, initial_mw=12, min_up=2, min_down=2)},
        {"units.csv": units(min_up=480, min_down=480, must_run="true")},  # it never stops
        {
            "units.csv": units(initial_hours=-1, min_down=2),
            "self_schedules.csv": series("G1", 0, 20),
        },
        {
            "units.csv": units(min_down=2),
            "commitment_offers.csv": tiers("G1,startup,2,50", "G1,startup,8,50"),
        },
        {
            "units.csv": units(must_run="true"),
            "energy_limits.csv": "unit,day,max_mwh\nG1,2030-06-01,20\nG1,2030-06-02,0\n",
        },
    ],
)
def test_what_can_be_kept_is_no_failure(changes: dict[str, str], tmp_path: Path) -> None:
    case = warned(tmp_path, changes)
    assert {f.rule for f in case.warnings} <= {"demand_above_supply"}


def test_messages_say_what_is_wrong(tmp_path: Path) -> None:
    changes = {
        "units.csv": units(initial_hours=-1, min_down=3, must_run="true"),
        "commitment_offers.csv": tiers("G2,startup,0,60", "G2,startup,4,50"),
    }
    assert sorted(str(f) for f in failures(tmp_path, changes)) == [
        "commitment_offers.csv row 3, price: a start of G2 after 4 h off is at 50, below 60 after "
        "0 h",
        "units.csv row 2, initial_hours: G1 cannot start for another 2 h, since it was off for "
        "1 h (min_down 3 h), but must run at 2030-06-01T00:00:00+00:00",
    ]


def test_a_half_hour_is_half_an_hour(tmp_path: Path) -> None:
    """Two intervals of 30 minutes: a minimum of 1 h fits, 1.5 h does not."""
    case = CASE_TOML + "interval_minutes = 30\n"
    half = {"case.toml": case} | {
        name: text.replace("T01:00", "T00:30")
        for name, text in (
            ("demand.csv", f"interval_start,L1,L2\n{HOURS[0]},50,60\n{HOURS[1]},55,65\n"),
            ("availability.csv", series("G1", 100, 90)),
        )
    }
    for hours, count in ((1.0, 0), (1.5, 1)):
        folder = tmp_path / str(hours)
        folder.mkdir()
        write_files(folder / "check", {**half, "units.csv": units(min_up=hours)})
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            read_case(folder / "check")
        assert len(told) == count
