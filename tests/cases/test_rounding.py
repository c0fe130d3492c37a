"""Decimals of the tables of a run: noise goes, what was written stays."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.tables.rounding import kept, kept_value
from cases.tables.schema import CASE_TABLES, RUN_TABLES, STATEMENT_TABLES, conform

DIGITS = st.integers(min_value=0, max_value=9)


def test_numbers_are_rounded_half_to_even() -> None:
    # 0.5e-6 and 2.5e-6 lie half way; the even neighbours are 0 and 2e-6.
    given_numbers = [0.5e-6, 1.5e-6, 2.5e-6, 1 / 3, -1 / 3, 12.5, 1e12 + 0.5]
    wanted = [0.0, 2e-6, 2e-6, 0.333333, -0.333333, 12.5, 1e12 + 0.5]
    assert kept(given_numbers, 6).tolist() == wanted


def test_what_is_no_number_stays_and_zero_has_no_sign() -> None:
    result = kept([np.nan, np.inf, -np.inf, -0.0, -1e-12, 1e300], 6)
    assert np.isnan(result[0]) and result[1:].tolist() == [np.inf, -np.inf, 0.0, 0.0, 1e300]
    assert not np.signbit(result[3:5]).any()


@pytest.mark.parametrize("noise", [1e-12, -1e-12, 3e-13])
def test_noise_does_not_decide_half_way(noise: float) -> None:
    # 85.25 MW at 12.345 cost 1052.41125: half way between 1052.4112 and 1052.4113.
    assert kept(85.25 * 12.345 + noise, 4) == 1052.4112


@given(st.floats(allow_nan=False, allow_infinity=False), DIGITS)
def test_rounding_twice_changes_nothing(value: float, decimals: int) -> None:
    once = kept(value, decimals)
    assert kept(once, decimals) == once
    assert abs(once - value) <= 0.501 * 10.0**-decimals + 1e-15 * abs(value)


@given(st.decimals(-(10**6), 10**6, places=6), st.floats(-1e-10, 1e-10))
def test_a_short_number_survives_noise(number: Decimal, noise: float) -> None:
    assert kept(float(number) + noise, 6) == float(number)


@given(st.decimals(-(10**6), 10**6, places=7), st.floats(-1e-10, 1e-10))
def test_one_more_decimal_is_rounded_as_on_paper(number: Decimal, noise: float) -> None:
    wanted = float(number.quantize(Decimal("0.000001"), ROUND_HALF_EVEN))
    assert kept(float(number) + noise, 6) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (1796340.1010862652, 1796340.10109),  # twelve digits
        (363750.10101010103, 363750.10101),
        (22.75800000000004, 22.758),
        (1.2345678901e-5, 1.2346e-05),  # nine decimals below one
        (0.0, 0.0),
        (-3e-16, 0.0),
        (float("inf"), float("inf")),
    ],
)
def test_numbers_of_the_manifest(value: float, wanted: float) -> None:
    assert kept_value(value) == wanted
    assert kept_value(kept_value(value)) == wanted


@given(st.lists(st.floats(-1e4, 1e4), min_size=3, max_size=3))
def test_the_price_stays_the_sum_of_its_parts(parts: list[float]) -> None:
    frame = pd.DataFrame([[sum(parts), *parts]], columns=["lmp", "mec", "mcc", "mlc"])
    row = conform(RUN_TABLES["prices"], frame, "UTC").iloc[0]
    exact = [Decimal(repr(float(row[name]))) for name in ("lmp", "mec", "mcc", "mlc")]
    assert exact[0] == sum(exact[1:])
    assert abs(float(row["lmp"]) - sum(parts)) <= 2e-6


def test_a_price_that_is_not_the_sum_of_its_parts_stays_wrong() -> None:
    frame = pd.DataFrame({"lmp": [31.0], "mec": [20.0], "mcc": [10.0], "mlc": [0.99999]})
    assert conform(RUN_TABLES["prices"], frame, "UTC")["lmp"].tolist() == [31.0]


def test_every_number_of_a_run_has_decimals_or_repeats_the_case() -> None:
    for table in RUN_TABLES.values():
        for column in table.columns:
            if column.dtype == "float":
                assert column.exact != (column.kept_decimals is not None), (table.name, column.name)
    assert all(c.kept_decimals is None for t in STATEMENT_TABLES.values() for c in t.columns)
    assert RUN_TABLES["offers_used"].column("price").exact
    # What is copied is copied: a price with seven decimals is no rounded one.
    offers = CASE_TABLES["offers"]
    assert offers.column("price").unit == "money/MWh"
    frame = pd.DataFrame({"price": [97.86390001234]})
    made = conform(RUN_TABLES["offers_used"], frame, "UTC")
    assert made["price"].tolist() == [97.86390001234]
