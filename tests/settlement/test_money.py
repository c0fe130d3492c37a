"""Exact money."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement.ledger.money import exact, products, round_to, split

CENT = Decimal("0.01")


def test_exact_is_what_is_written() -> None:
    assert exact(0.1) == Decimal("0.1")
    assert exact(np.float64(2.5)) == Decimal("2.5")
    assert exact(np.int64(2**62 + 1)) == 2**62 + 1
    assert exact(3.0) == 3
    for bad in (float("nan"), float("inf"), Decimal("NaN")):
        with pytest.raises(ValueError, match="not a finite number"):
            exact(bad)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        ("0.005", "0.01", "0.01"),
        ("-0.005", "0.01", "-0.01"),
        ("0.0049", "0.01", "0.00"),
        ("143095.46", "1", "143095"),
        ("0.075", "0.05", "0.10"),
        ("0.07", "0.05", "0.05"),
    ],
)
def test_halves_go_away_from_zero(value: str, unit: str, expected: str) -> None:
    assert round_to(Decimal(value), Decimal(unit)) == Decimal(expected)


def test_a_line_is_the_product_of_what_it_shows() -> None:
    quantities, prices, amounts = products([1.23456789], [2.3456789], CENT, CENT, CENT)
    assert (quantities, prices) == ([Decimal("1.23")], [Decimal("2.35")])
    assert amounts == [Decimal("2.89")]  # 1.23 x 2.35 = 2.8905


@settings(max_examples=50, deadline=None)
@given(
    st.decimals(-10_000_000, 10_000_000, places=2, allow_nan=False),
    st.lists(st.floats(0, 1e6), min_size=1, max_size=30).filter(lambda w: sum(w) > 0),
)
def test_shares_sum_to_the_total_and_are_off_by_less_than_a_unit(
    total: Decimal, weights: list[float]
) -> None:
    shares = split(total, weights, CENT)
    assert sum(shares) == total
    whole = sum(map(exact, weights))
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - total * exact(weight) / whole) < CENT


def test_ties_go_to_the_first() -> None:
    assert split(Decimal("0.02"), [1, 1, 1], CENT) == [CENT, CENT, 0]
    assert split(Decimal("-0.01"), [1, 1], CENT) == [-CENT, 0]


def test_what_cannot_be_split_is_refused() -> None:
    with pytest.raises(ValueError, match="all weights are zero"):
        split(Decimal(1), [0, 0], CENT)
    with pytest.raises(ValueError, match="negative"):
        split(Decimal(1), [2, -1], CENT)
    with pytest.raises(ValueError, match="no multiple"):
        split(Decimal("0.001"), [1], CENT)
