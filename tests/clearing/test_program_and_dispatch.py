"""A commitment program and the dispatch of its schedule cost the same, whatever the solver says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import highspy
import numpy as np
import pytest

import cases
import clearing
from clearing.commit import search
from clearing.commit.schedule import Schedule
from tests.clearing.committed import day

UNITS: list[dict[str, Any]] = [
    {"unit": "A", "p_min": 20.0, "p_max": 60.0},
    {"unit": "B", "p_min": 30.0, "p_max": 80.0},
]
COST = 50 * 20.0 + 60 * 20.0 + 30 * 25.0
"""A at 20 gives 50 MW; then A and B (25) give 60 and 30 MW: a day of 50 and 90 MW."""


def lost_money(monkeypatch: pytest.MonkeyPatch, solves: int) -> list[str]:
    """Let the solver tell 100 less than its schedule costs in so many solves; their presolve."""
    real, presolves = Schedule.of, []

    def wrong(highs: highspy.Highs, lp: highspy.HighsLp) -> Schedule | None:
        found = real(highs, lp)
        presolves.append(highs.getOptionValue("presolve")[1])
        if found is None or len(presolves) > solves:
            return found
        return replace(found, told=found.told - 100.0, bound=found.bound - 100.0)

    monkeypatch.setattr(Schedule, "of", wrong)
    return presolves


@pytest.mark.parametrize(
    ("solves", "presolves"), [(1, ["choose"] * 2), (2, ["choose", "choose", "off"])]
)
def test_what_contradicts_itself_is_solved_again(
    monkeypatch: pytest.MonkeyPatch, solves: int, presolves: list[str]
) -> None:
    asked = lost_money(monkeypatch, solves)
    run = clearing.clear(day(UNITS, {"A": 20.0, "B": 25.0}, [50.0, 90.0]), gap=0.0)
    assert asked == presolves
    assert run.objective == pytest.approx(COST)
    assert run.manifest["bound"] == pytest.approx(COST)
    assert {"event": "false objective", "solves": solves} in run.events


def test_a_solver_that_always_contradicts_itself_gives_no_schedule(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lost_money(monkeypatch, 99)
    with pytest.raises(cases.NoClearing) as error:
        clearing.clear(day(UNITS, {"A": 20.0, "B": 25.0}, [50.0, 90.0]), gap=0.0)
    assert error.value.reason == "solver_error"


def test_a_dispatch_that_costs_more_than_its_program_said_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the dispatch costs is given 5 % more than it does."""
    real = search._strict_objective
    monkeypatch.setattr(search, "_strict_objective", lambda *given: 1.05 * real(*given))
    monkeypatch.setattr(search.Search, "_strictly", lambda self, *_: np.inf)
    run = clearing.clear(day(UNITS, {"A": 20.0, "B": 25.0}, [50.0, 90.0]), gap=0.001)
    assert run.manifest["status"] == "limit"
    assert run.manifest["proof"]["stopped_by"] == "difference"
    said = f"costs {1.05 * COST:.2f}, its program said {COST:.2f}"
    assert any(said in text for text in run.manifest["warnings"])


@pytest.mark.slow
@pytest.mark.parametrize("date", ["2020-07-15", "2020-04-15"])
def test_a_day_with_reserves_and_outages_is_proven(date: str) -> None:
    """2020-07-15 ended as stopped by a limit: its first schedule lost 1980 of its cost."""
    run = clearing.clear(cases.read_case(f"rts-gmlc/{date}"), security="n-1", gap=0.001)
    assert run.manifest["status"] == "optimal"
    assert 0.0 <= run.manifest["gap"] <= 0.001
    for event in run.events:
        assert event["event"] not in ("false objective", "false bound")
        if event["event"] == "schedule":
            assert event["objective"] >= run.manifest["bound"] * (1 - 1e-9)
