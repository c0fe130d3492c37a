"""Units held on: only where that cuts off no cheaper schedule, and named in the run."""

from __future__ import annotations

import pandas as pd
import pytest

import cases
import clearing

HOURS = 3


def falling_day(startup_ramp: float | None) -> cases.Case:
    """A cheap unit on at 90 MW, which falls and rises by 10 MW/h while on; load 90, 0, 90.

    It has no minimum output and no commitment cost. S, at 90, makes up what it cannot give.
    """
    start = pd.Timestamp("2026-01-05T00:00", tz="UTC")
    stamps = pd.date_range(start, periods=HOURS, freq="h")
    units = pd.DataFrame(
        {
            "unit": ["U", "S"],
            "bus": "B",
            "p_max": [100.0, 200.0],
            "ramp_up": [10.0, None],
            "ramp_down": [10.0, None],
            "startup_ramp": [startup_ramp, None],
            "shutdown_ramp": [startup_ramp, None],
            "initial_hours": [5.0, 5.0],
            "initial_mw": [90.0, 0.0],
        }
    )
    return cases.Case.build(
        {"name": "falling", "timezone": "UTC", "start": start, "intervals": HOURS},
        {
            "buses": pd.DataFrame({"bus": ["B"]}),
            "units": units,
            "offers": pd.DataFrame(
                {"unit": ["U", "S"], "segment": 1, "mw": [100.0, 200.0], "price": [1.0, 90.0]}
            ),
            "loads": pd.DataFrame({"load": ["L"], "bus": "B"}),
            "demand": pd.DataFrame({"interval_start": stamps, "L": [90.0, 0.0, 90.0]}),
        },
    )


def test_a_unit_that_gains_by_stopping_is_committed() -> None:
    """Off and on again without a limit: 90 + 0 + 90 MWh at 1."""
    run = clearing.clear(falling_day(None), gap=0.0)
    assert run.objective == pytest.approx(180.0)
    assert run.dispatch.loc[run.dispatch["unit"] == "U", "on"].tolist() == [True, False, True]
    assert run.manifest["held_on"] == ["S"]


def test_a_unit_whose_events_change_no_more_than_its_ramps_is_held_on() -> None:
    """With events of 10 MW it can be at 0 in hour 2 only from 10 before, and rise to 10 after.

    It cannot fall from 90 before the day to 10: hour 1 has 80 or more, so 70 or more in hour 2 are
    70 too many, at 5000; cheapest are 80, 70, 80 with 10 from S in hours 1 and 3.
    """
    run = clearing.clear(falling_day(10.0), gap=0.0)
    assert run.manifest["held_on"] == ["U", "S"]
    output = run.dispatch.loc[run.dispatch["unit"] == "U", "mw"].tolist()
    assert output == pytest.approx([80.0, 70.0, 80.0])
    assert run.objective == pytest.approx(80 + 70 + 80 + 2 * 10 * 90 + 70 * 5000)
