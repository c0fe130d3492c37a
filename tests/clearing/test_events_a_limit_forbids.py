"""Units whose minimum output lies above a start-up or shut-down ramp: they cannot start or stop."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import clearing
from cases import Run
from tests.clearing.committed import day

HOURS = 6
A: dict[str, Any] = {"unit": "A", "p_min": 100.0, "p_max": 100.0}
B: dict[str, Any] = {"unit": "B", "p_min": 0.0, "p_max": 400.0}


def cleared(a: dict[str, Any], price_a: float, price_b: float, **tables: pd.DataFrame) -> Run:
    return clearing.clear(
        day([{**A, **a}, B], {"A": price_a, "B": price_b}, [150.0] * HOURS, tables=tables)
    )


def hours_on(run: Run) -> list[bool]:
    rows = run.dispatch[run.dispatch["unit"] == "A"]
    return rows["on"].astype(bool).tolist()


def test_a_unit_too_high_to_stop_stays_on_though_it_is_dear() -> None:
    # A costs 50 * 100 an hour, B gives the other 50 MW at 10: 6 * (5000 + 500).
    run = cleared({"initial_hours": 8, "initial_mw": 100.0, "shutdown_ramp": 60.0}, 50.0, 10.0)
    assert run.objective == pytest.approx(33_000.0)
    assert hours_on(run) == [True] * HOURS
    assert run.slacks.empty


def test_a_unit_too_high_to_start_stays_off_though_it_is_cheap() -> None:
    # B alone gives 150 MW at 50 in each of six hours.
    run = cleared({"initial_hours": -8, "startup_ramp": 60.0}, 5.0, 50.0)
    assert run.objective == pytest.approx(45_000.0)
    assert hours_on(run) == [False] * HOURS
    assert run.slacks.empty


def test_an_outage_stops_what_cannot_stop_by_itself_and_says_what_that_breaks() -> None:
    # From the fourth hour A is out: it falls by 100 MW where 60 are allowed, 40 MW at 10000.
    starts = pd.date_range("2030-01-01T00:00Z", periods=HOURS, freq="60min")
    out = pd.DataFrame({"interval_start": starts, "A": [100.0] * 3 + [0.0] * 3})
    run = cleared(
        {"initial_hours": 8, "initial_mw": 100.0, "shutdown_ramp": 60.0},
        50.0,
        10.0,
        availability=out,
    )
    assert hours_on(run) == [True] * 3 + [False] * 3
    assert run.objective == pytest.approx(3 * 5_500.0 + 3 * 1_500.0 + 40 * 10_000.0)


def test_a_unit_that_could_not_stop_before_its_outage_does_not_start() -> None:
    # Off before, and too high to stop when it goes out at the fourth hour: starting would cost
    # 40 MW at 10000 then; B alone gives 150 MW at 50.
    starts = pd.date_range("2030-01-01T00:00Z", periods=HOURS, freq="60min")
    out = pd.DataFrame({"interval_start": starts, "A": [100.0] * 3 + [0.0] * 3})
    run = cleared({"initial_hours": -8, "shutdown_ramp": 60.0}, 5.0, 50.0, availability=out)
    assert run.objective == pytest.approx(45_000.0)


def test_a_unit_that_must_run_and_cannot_start_is_started_at_the_penalty() -> None:
    # Must run from the first hour, off before: 40 MW beyond its start-up ramp at 10000.
    run = cleared({"initial_hours": -8, "startup_ramp": 60.0, "must_run": True}, 5.0, 50.0)
    assert run.objective == pytest.approx(HOURS * (500.0 + 2_500.0) + 40 * 10_000.0)
    assert run.slacks["mw"].tolist() == pytest.approx([40.0])
