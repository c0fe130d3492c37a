"""The engine's commitment against the plain oracle, on random days that are known to be possible.

Without a gap the objectives must be the same; the states may differ where two schedules cost the
same. The prices are then compared for the engine's own states: where the oracle's fixed-commitment
program has one price it must be the engine's, and elsewhere the engine's must lie between the
one-sided derivatives of the cost. The validator runs in every clearing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import counterflow as cf
from cases.case import Case
from cases.run import Run
from tests.fresh import FIXED
from tests.oracles import commitment
from tests.oracles.uniqueness import price_range
from tests.strategies_commitment import UNITS, DayShape, commitment_day, day_shapes, seeds

quick = {Phase.explicit, Phase.generate}
examples = settings(deadline=None, derandomize=FIXED, phases=quick)


def wide(run: Run, table: str, by: str, value: str) -> Any:
    return getattr(run, table).pivot(index="interval_start", columns=by, values=value)


def assert_agrees(case: Case, *, security: str = "none") -> None:
    run = cf.clear(case, security=security, gap=0.0)  # type: ignore[arg-type]
    best = commitment.solve(case, security=security)
    assert run.objective == pytest.approx(best.objective, rel=1e-6, abs=1e-3)
    assert run.manifest["bound"] <= run.objective + 1e-9 * abs(run.objective) + 1e-6
    assert run.manifest["status"] == "optimal"
    assert run.slacks.empty

    on = wide(run, "dispatch", "unit", "on")[list(best.on.columns)].astype(bool)
    own = commitment.given(case, on, security=security)
    if own.objective < best.objective - 1e-4:
        return  # a storage would charge and discharge at once: its direction is decided too
    lmp = wide(run, "prices", "bus", "lmp")
    among = price_range(own.model)
    left, right = (side[list(lmp.columns)].to_numpy() for side in (among.left, among.right))
    unique = right - left <= 1e-4
    expected = own.outcome.lmp[list(lmp.columns)].to_numpy()
    assert np.abs(lmp.to_numpy() - expected)[unique].max(initial=0.0) <= 1e-3
    assert (lmp.to_numpy() >= left - 1e-2).all()
    assert (lmp.to_numpy() <= right + 1e-2).all()


@pytest.mark.parametrize("seed", range(3))
def test_days_with_all_that_units_can_have(seed: int) -> None:
    """Tiers, minimum times, initial states, must-run, outages, all ramps, a schedule, wind."""
    assert_agrees(commitment_day(UNITS, seed))


@settings(examples, max_examples=6)
@given(day_shapes(units=4, intervals=6, contingencies=False, reserves=False), seeds)
def test_random_days(shape: DayShape, seed: int) -> None:
    assert_agrees(commitment_day(shape, seed))


@settings(examples, max_examples=4)
@given(day_shapes(units=4, intervals=5, contingencies=False, reserves=True), seeds)
def test_random_days_with_reserves(shape: DayShape, seed: int) -> None:
    assert_agrees(commitment_day(shape, seed))


@settings(examples, max_examples=3)
@given(day_shapes(units=3, intervals=5, buses=4, contingencies=True, reserves=False), seeds)
def test_random_days_after_outages(shape: DayShape, seed: int) -> None:
    assert_agrees(commitment_day(shape, seed), security="n-1")


@pytest.mark.slow
@settings(examples, max_examples=300)
@given(day_shapes(), seeds, st.sampled_from(["none", "n-1"]))
def test_many_days(shape: DayShape, seed: int, security: str) -> None:
    assert_agrees(commitment_day(shape, seed), security=security if shape.contingencies else "none")
