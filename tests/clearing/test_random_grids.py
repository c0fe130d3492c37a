"""The engine against a bus-angle model of the same random day, with and without outages.

The oracle (``tests/oracles/dcopf.py``) has one angle per bus and network state and every limit
from the start; the engine has neither angles nor, at first, any network row. They must agree on the
objective, on every price that is unique, and the engine's other prices must lie between the
one-sided derivatives of the optimal cost. Every clearing also ends with the validator.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import counterflow as cf
from cases.case import Case
from cases.run import Run
from tests.fresh import FIXED
from tests.oracles import dcopf
from tests.oracles.uniqueness import price_range
from tests.strategies import FULL, Shape, random_case, seeds, shapes

quick = {Phase.explicit, Phase.generate, Phase.shrink}
examples = settings(deadline=None, derandomize=FIXED, phases=quick)


def engine(case: Case, **options: object) -> Run:
    return cf.clear(case, commitment=False, **options)  # type: ignore[arg-type]


def assert_agrees(run: Run, *, convention: str = "matpower", security: str = "none") -> None:
    case = run.case
    model = dcopf.build(case, convention=convention, security=security)
    expected = dcopf.read(model)
    assert run.objective == pytest.approx(expected.objective, rel=1e-6, abs=1e-4)

    lmp = run.prices.pivot(index="interval_start", columns="bus", values="lmp")
    lmp = lmp[expected.lmp.columns].to_numpy()
    among = price_range(model)
    left, right = (side[expected.lmp.columns].to_numpy() for side in (among.left, among.right))
    unique = right - left <= 1e-4
    assert unique.mean() > 0.5
    assert np.abs(lmp - expected.lmp.to_numpy())[unique].max(initial=0.0) <= 1e-4
    assert (lmp >= left - 1e-3).all()
    assert (lmp <= right + 1e-3).all()
    said = run.prices.pivot(index="interval_start", columns="bus", values="unique")
    told = said[expected.lmp.columns].fillna(True).to_numpy(dtype=bool)
    # Where the oracle's slopes agree the price is unique; where ours says so, so do both duals.
    assert told[unique].all()
    assert np.abs(lmp - expected.lmp.to_numpy())[told].max(initial=0.0) <= 1e-4


@settings(examples, max_examples=18)
@given(shapes(), seeds)
def test_base_case(shape: Shape, seed: int) -> None:
    assert_agrees(engine(random_case(shape, seed)))


@settings(examples, max_examples=12)
@given(shapes(most_buses=9, most_intervals=3), seeds)
def test_after_outages(shape: Shape, seed: int) -> None:
    assert_agrees(engine(random_case(shape, seed), security="n-1"), security="n-1")


@settings(examples, max_examples=6)
@given(shapes(most_buses=9, most_intervals=2, shifters=True, angle_limits=True), seeds)
def test_series_convention(shape: Shape, seed: int) -> None:
    run = engine(random_case(shape, seed), settings={"network.convention": "series"})
    assert_agrees(run, convention="series")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("security", ["none", "n-1"])
def test_days_that_have_everything(seed: int, security: str) -> None:
    """Parallel circuits, shifters, angle limits, interface, link, bids, ramps, must-take, ..."""
    assert_agrees(engine(random_case(FULL, seed), security=security), security=security)


@pytest.mark.slow
@settings(examples, max_examples=400)
@given(shapes(), seeds, st.sampled_from(["none", "n-1"]))
def test_many_days(shape: Shape, seed: int, security: str) -> None:
    assert_agrees(engine(random_case(shape, seed), security=security), security=security)
