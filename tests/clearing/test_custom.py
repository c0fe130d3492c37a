"""Custom constraints against bus-angle models of the same random day (`tests/oracles`).

Objectives, shadow prices and LMPs must agree: with every unit on, after outages, with the
commitment decided, and with the same constraints written as an extension. Every clearing ends with
the validator, which recomputes the constraints from the run's tables.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings

import counterflow as cf
from cases.case import Case
from tests.clearing.custom_days import with_custom, with_possible
from tests.fresh import FIXED
from tests.oracles import commitment, dcopf
from tests.oracles.uniqueness import price_range
from tests.strategies import Shape, random_case, seeds, shapes
from tests.strategies_commitment import DayShape, commitment_day, day_shapes

quick = {Phase.explicit, Phase.generate}
examples = settings(deadline=None, derandomize=FIXED, phases=quick)


def assert_prices(run: Any, model: Any, expected: Any, most: float = 1e-4) -> None:
    """LMPs are the oracle's where it has one price, and between its one-sided ones elsewhere."""
    lmp = run.prices.pivot(index="interval_start", columns="bus", values="lmp")
    lmp = lmp[expected.lmp.columns].to_numpy()
    among = price_range(model)
    left, right = (side[expected.lmp.columns].to_numpy() for side in (among.left, among.right))
    unique = right - left <= 1e-4
    assert np.abs(lmp - expected.lmp.to_numpy())[unique].max(initial=0.0) <= 10 * most
    assert (lmp >= left - 100 * most).all()
    assert (lmp <= right + 100 * most).all()
    said = run.prices.pivot(index="interval_start", columns="bus", values="unique")
    assert said[expected.lmp.columns].fillna(True).to_numpy(dtype=bool)[unique].all()


def assert_dispatch(case: Case, security: str = "none", extend: Any = None) -> Any:
    plain = (
        case
        if extend is None
        else case.replace(
            custom_constraints=case.custom_constraints.iloc[:0],
            custom_terms=case.custom_terms.iloc[:0],
        )
    )
    run = cf.clear(plain, commitment=False, security=security, extend=extend)  # type: ignore[arg-type]
    model = dcopf.build(case, security=security)
    expected = dcopf.read(model)
    assert run.objective == pytest.approx(expected.objective, rel=1e-6, abs=1e-3)
    assert_prices(run, model, expected)
    return run


@pytest.mark.slow
@settings(examples, max_examples=12)
@given(shapes(most_buses=8, most_intervals=3), seeds)
def test_dispatch(shape: Shape, seed: int) -> None:
    case = with_custom(random_case(shape, seed), seed, commitment=False)
    assert_dispatch(case)


@settings(examples, max_examples=6)
@given(shapes(most_buses=7, most_intervals=2), seeds)
def test_dispatch_after_outages(shape: Shape, seed: int) -> None:
    case = with_custom(random_case(shape, seed), seed, commitment=False, security="n-1")
    assert_dispatch(case, "n-1")


@pytest.mark.slow
@settings(examples, max_examples=6)
@given(day_shapes(units=4, intervals=5, buses=3, contingencies=False, reserves=False), seeds)
def test_commitment(shape: DayShape, seed: int) -> None:
    assert_committed(with_possible(commitment_day(shape, seed), seed))


@pytest.mark.slow
@settings(examples, max_examples=4)
@given(day_shapes(units=4, intervals=4, buses=3, contingencies=True, reserves=True), seeds)
def test_commitment_with_reserves_after_outages(shape: DayShape, seed: int) -> None:
    case = with_possible(commitment_day(shape, seed), seed, security="n-1")
    assert_committed(case, "n-1")


def assert_committed(case: Case, security: str = "none") -> None:
    run = cf.clear(case, security=security, gap=0.0)  # type: ignore[arg-type]
    best = commitment.solve(case, security=security)
    assert run.objective == pytest.approx(best.objective, rel=1e-6, abs=1e-3)
    on = run.dispatch.pivot(index="interval_start", columns="unit", values="on")
    own = commitment.given(case, on[list(best.on.columns)].astype(bool), security=security)
    if own.objective < best.objective - 1e-4:
        return  # a storage would charge and discharge at once: its direction is decided too
    assert_prices(run, own.model, own.outcome)
