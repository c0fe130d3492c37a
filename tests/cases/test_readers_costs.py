"""Cost curves as blocks: shapes, the stated error bound, and what is not convex."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import Case, read_case
from cases.errors import InputError
from cases.readers.costs import CostError, parse_cost
from cases.readers.matpower import read_matpower
from tests.cases import mpc

BUS = [mpc.BUS[0], [2, 1, 5, *mpc.BUS[1][3:]]]


def case(folder: Path, gen: mpc.Rows, gencost: mpc.Rows, segments: int | None = None) -> Case:
    return read_matpower(
        mpc.write(folder, mpc.text(bus=BUS, gen=gen, gencost=gencost)), segments=segments
    )


def unit(low: float, high: float) -> list[float]:
    return [1, 0, 0, 0, 0, 1, 100, 1, high, low]


def offers(found: Case) -> list[list[float]]:
    return found.offers[["mw", "price"]].values.tolist()


def no_load(found: Case) -> float:
    rows = found.commitment_offers
    return float(rows["price"][rows["component"] == "no_load"].sum())


def test_quadratic_costs_become_chords(tmp_path: Path) -> None:
    """0.01 p^2 + 10 p + 30 on [20, 60] in two blocks: slopes 10 + 0.01 * (sum of the ends)."""
    found = case(tmp_path, [unit(20, 60)], [[2, 0, 0, 3, 0.01, 10, 30]], segments=2)
    assert offers(found) == [
        [20.0, pytest.approx(10.2)],
        [20.0, pytest.approx(10.6)],
        [20.0, pytest.approx(11.0)],
    ]
    assert no_load(found) == 30.0
    record = found.meta.imported
    assert record["cost_error_per_hour"] == pytest.approx(0.01 * 20**2 / 4)
    assert (record["segments"], record["cost_blocks"]) == (2, 2)


def test_piecewise_costs_keep_their_points(tmp_path: Path) -> None:
    """From (20, 400): 15 to 50 MW, then 30. Below 20 MW the first price goes on: no-load 100."""
    found = case(tmp_path, [unit(20, 80)], [[1, 0, 0, 3, 20, 400, 50, 850, 100, 2350]])
    assert offers(found) == [[20.0, 15.0], [30.0, 15.0], [30.0, 30.0]]
    assert no_load(found) == 100.0
    assert "cost_blocks" not in found.meta.imported


def test_piecewise_costs_of_any_length_beside_polynomials(tmp_path: Path) -> None:
    points = [v for k in range(8) for v in (10 * k, 10 * k * k)]
    gencost = [[1, 0, 0, 8, *points], [2, 0, 0, 2, 5, 0, *[0] * 14], [2, 0, 0, 1, 7, *[0] * 15]]
    found = case(tmp_path, [unit(0, 70), unit(0, 40), unit(0, 9)], gencost)
    assert offers(found) == [
        *[[10.0, 2.0 * k + 1] for k in range(7)],
        [40.0, 5.0],
        [9.0, 0.0],
    ]
    assert no_load(found) == 7.0


def test_a_point_beyond_the_range_is_not_offered_and_one_short_of_it_is_extended(
    tmp_path: Path,
) -> None:
    found = case(tmp_path, [unit(0, 30)], [[1, 0, 0, 3, 0, 0, 20, 200, 50, 800]])
    assert offers(found) == [[20.0, 10.0], [10.0, 20.0]]
    found = case(tmp_path, [unit(0, 30)], [[1, 0, 0, 3, 0, 0, 10, 100, 20, 300]])
    assert offers(found) == [[10.0, 10.0], [10.0, 20.0], [10.0, 20.0]]


def test_cubic_costs_are_bounded_by_their_largest_curvature(tmp_path: Path) -> None:
    """p^3 / 1000 on [0, 100] in 10 blocks: second derivative at most 0.6, so 0.6 * 10^2 / 8."""
    found = case(tmp_path, [unit(0, 100)], [[2, 0, 0, 4, 0.001, 0, 5, 0]], segments=10)
    mw, price = np.array(offers(found)).T
    ends = np.cumsum(mw)
    np.testing.assert_allclose(np.cumsum(mw * price), 0.001 * ends**3 + 5 * ends)
    assert found.meta.imported["cost_error_per_hour"] == pytest.approx(7.5)


def test_fixed_and_idle_units(tmp_path: Path) -> None:
    """A unit without range has one block at its average price; a condenser has none."""
    found = case(tmp_path, [unit(50, 50), unit(0, 0)], [[2, 0, 0, 3, 0.1, 10, 2]] * 2)
    assert found.offers[["unit", "mw", "price"]].values.tolist() == [["G1", 50.0, 15.0]]
    assert no_load(found) == 4.0


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([2, 0, 0, 3, -0.1, 10, 0], "the cost is not convex between 0 and 100 MW"),
        ([2, 0, 0, 4, 0.001, -0.15, 10, 0], "the cost is not convex between 0 and 100 MW"),
        ([1, 0, 0, 3, 0, 0, 50, 900, 100, 1000], "lies up to 400 money/h above its convex hull"),
        ([1, 0, 0, 2, 50, 0, 50, 100], "the MW of the points must increase"),
        ([1, 0, 0, 1, 50, 0], "needs two points or more"),
        ([1, 0, 0, 3, 0, 0, 50, 100], "3 points are announced, 2 are there"),
        ([2, 0, 0, 1.5, 50, 0], "must be a whole number, not 1.5"),
        ([2, 0, 0, 2, "Inf", 0], "a coefficient is not a finite number"),
        ([2, 0, 0, 0], "needs five numbers or more"),
    ],
)
def test_costs_that_cannot_be_used(tmp_path: Path, row: list[float], expected: str) -> None:
    with pytest.raises(InputError, match=r"small\.m row 15, mpc\.gencost: ") as caught:
        case(tmp_path, [unit(0, 100)], [row])
    assert expected in str(caught.value)


def test_a_dent_of_rounding_is_bridged_and_recorded(tmp_path: Path) -> None:
    found = case(tmp_path, [unit(0, 100)], [[1, 0, 0, 4, 0, 0, 40, 400.02, 60, 600, 100, 1200]])
    assert offers(found) == [[60.0, 10.0], [40.0, 15.0]]
    assert found.meta.imported["notes"] == [
        "costs made convex by their lower hull: G1 (at most 0.02 money/h, G1)"
    ]


@settings(max_examples=60, deadline=None)
@given(
    coefficients=st.tuples(
        st.floats(0, 1e-3), st.floats(0, 0.5), st.floats(-50, 50), st.floats(-1e3, 1e3)
    ),
    low=st.floats(0, 200),
    width=st.floats(1, 500),
    blocks=st.integers(1, 40),
    through=st.floats(0, 700),
)
def test_chords_lie_above_the_cost_by_no_more_than_stated(
    coefficients: tuple[float, float, float, float],
    low: float,
    width: float,
    blocks: int,
    through: float,
) -> None:
    cost = parse_cost(np.array([2, 0, 0, 4, *coefficients]), 8)
    chords = cost.chords(low, low + width, blocks, through)
    at = np.linspace(low, low + width, 997)
    above = np.interp(at, chords.x, chords.y) - np.polyval(coefficients, at)
    size = float(np.abs(chords.y).max()) + 1.0
    assert above.min() >= -1e-9 * size
    assert above.max() <= chords.error + 1e-9 * size
    assert (np.diff(chords.slopes) >= 0).all()
    np.testing.assert_allclose(chords.y, np.polyval(coefficients, chords.x), rtol=1e-9, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    widths=st.lists(st.floats(0.5, 50), min_size=1, max_size=8),
    slopes=st.lists(st.floats(-20, 90), min_size=8, max_size=8),
)
def test_any_convex_piecewise_cost_is_exact(widths: list[float], slopes: list[float]) -> None:
    x = np.concatenate(([3.0], 3.0 + np.cumsum(widths)))
    y = np.concatenate(([7.0], 7.0 + np.cumsum(np.array(widths) * sorted(slopes)[: len(widths)])))
    row = np.array([1, 0, 0, len(x), *np.column_stack((x, y)).ravel()])
    chords = parse_cost(row, len(row)).chords(x[0], x[-1], 1)
    at = np.linspace(x[0], x[-1], 101)
    np.testing.assert_allclose(np.interp(at, chords.x, chords.y), np.interp(at, x, y), atol=1e-6)
    assert chords.error == 0.0


def test_random_nonconvex_costs_give_their_hull_or_an_error() -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        x, y = np.arange(7.0), np.cumsum(10 + rng.normal(0, 0.02, 7))
        row = np.array([1, 0, 0, 7, *np.column_stack((x, y)).ravel()])
        try:
            chords = parse_cost(row, len(row)).chords(0, 6, 1)
        except CostError:
            continue
        fit = np.interp(x, chords.x, chords.y)
        assert (fit <= y + 1e-9).all()
        assert np.max(y - fit) == pytest.approx(chords.dent, abs=1e-9)
        assert chords.dent <= 1e-3 * (y[-1] - y[0])


def test_blocks_by_default_meet_the_target_or_the_limit() -> None:
    """118 buses: below 1e-6 of the cost. 10,000 buses: 20,000 blocks, and the bound is stated."""
    small = read_case("matpower/case118").meta.imported
    assert small["cost_error_per_hour"] <= 1e-6 * 125947.8814
    assert small["cost_blocks"] < 20_000
    large = read_case("matpower/case_ACTIVSg10k").meta.imported
    assert large["cost_blocks"] <= 22_000
    assert "they overstate the cost of the whole by at most 4.2" in large["notes"][-1]


def test_segments_option() -> None:
    found = read_case("matpower/case14", segments=7)
    assert found.offers.groupby("unit").size().tolist() == [7] * 5
    bound = found.meta.imported["cost_error_per_hour"]
    c2, high = [0.0430292599, 0.25, 0.01, 0.01, 0.01], [332.4, 140, 100, 100, 100]
    by_hand = sum(c * (p / 7) ** 2 / 4 for c, p in zip(c2, high, strict=True))
    assert bound == pytest.approx(by_hand)
