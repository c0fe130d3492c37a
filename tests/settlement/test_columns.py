"""Lines in columns are the lines one by one: rounding, products, splits and whole statements."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.run_settlement import Size, contract_tables, day_of_the_month
from cases.run import Run
from settlement import settle
from settlement.ledger.money import exact, round_to, split
from settlement.ledger.units import (
    decimals,
    places,
    rounded_products,
    split_units,
    whole_units,
)

NUMBERS = st.floats(-1e7, 1e7, allow_nan=False) | st.decimals(
    -1000, 1000, places=7, allow_nan=False
).map(float)


@given(st.lists(NUMBERS, min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_floats_round_as_the_decimals_they_print_as(values: list[float]) -> None:
    units = whole_units(np.array(values), 6)
    assert units is not None
    for unit, value in zip(units.tolist(), values, strict=True):
        exact_units = Fraction(repr(value)) * 10**6
        size = (abs(exact_units) * 2 + 1) // 2  # halves away from zero
        assert unit == (size if exact_units >= 0 else -size)


def test_halves_go_away_from_zero_and_what_is_too_large_is_refused() -> None:
    units = whole_units(np.array([0.0000005, -0.0000005, 1.0000015, 0.0, 2.5e-7]), 6)
    assert units is not None
    assert units.tolist() == [1, -1, 1000002, 0, 0]
    assert whole_units(np.array([1e12]), 6) is None
    assert whole_units(np.array([np.nan]), 6) is None
    # 1.5 cents, -1.5 cents, 1.4 cents.
    amounts = rounded_products(np.array([15, -15, 14]), np.array([1, 1, 1]), 1)
    assert amounts is not None
    assert amounts.tolist() == [2, -2, 1]
    assert rounded_products(np.array([10**10]), np.array([10**10]), 10) is None
    assert decimals(np.array([150, -7]), 2) == [Decimal("1.50"), Decimal("-0.07")]
    assert [places(Decimal(x)) for x in ("1", "0.01", "0.05", "10")] == [0, 2, None, None]


@given(
    st.integers(-(10**10), 10**10),
    st.lists(st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=30),
)
@settings(max_examples=60, deadline=None)
def test_a_split_in_whole_units_is_the_split_of_decimals(total: int, weights: list[float]) -> None:
    units = split_units(Decimal(total).scaleb(-6), np.array(weights), 6)
    if not any(weights):
        assert units is None
        return
    assert units is not None
    assert sum(units.tolist()) == total
    parts = split(Decimal(total).scaleb(-6), weights, Decimal("0.000001"))
    assert decimals(units, 6) == parts


def test_a_statement_in_columns_is_the_statement_line_by_line() -> None:
    """Every line by its own arithmetic; a smallest unit of 2 cents is kept line by line."""
    rng = np.random.default_rng(3)
    size = Size(owners=30, contracts=40, days=1)
    run = day_of_the_month(size, 0, rng)
    tables = contract_tables(size, rng)
    contracts = tables["contracts"]
    contracts["premium"] = np.where(np.arange(40) % 3 == 0, 1.2345, 0.0)
    two = (np.arange(40) % 7 == 0) & (contracts["kind"] != "physical")
    contracts["point_to"] = np.where(two, "bus 3", "")
    columns = settle(run, **tables)
    assert columns.total() == 0
    lines = columns.lines[columns.lines["item"].str.startswith("contract")]
    assert len(lines) > 1000
    strikes = contracts.set_index("contract")
    price = run.prices.set_index(["interval_start", "bus"])["lmp"]
    cent = Decimal("0.01")
    for _, line in lines.iterrows():
        row = strikes.loc[line["subject"]]
        assert line["amount"] == round_to(line["quantity"] * line["price"], cent)
        at = [price[line["interval_start"], p] for p in (row["point"], row["point_to"]) if p]
        spot = round_to(exact(at[-1] - at[0] if len(at) > 1 else at[0]), Decimal("0.000001"))
        strike = exact(row["strike"])
        due = {
            "cfd": strike - spot,
            "cap": -max(Decimal(0), spot - strike),
            "floor": max(Decimal(0), strike - spot),
        }
        if line["item"] == "contract_premium":
            assert line["price"] == Decimal("1.2345")
            holder = row["seller"] if row["kind"] == "floor" else row["buyer"]
            assert (line["owner"] == holder) == (line["quantity"] < 0)
            continue
        assert (line["owner"] == row["seller"]) == (line["quantity"] > 0)
        if row["kind"] == "physical":
            assert line["price"] == (strike if line["item"] == "contract" else -spot)
        else:
            assert line["price"] == due[row["kind"]]
            assert line["rule"].startswith(
                {"cfd": "K - P", "cap": "cap: -max(0, P - K)", "floor": "floor: max(0, K - P)"}[
                    row["kind"]
                ]
            )
    odd = Run(
        run.stated,
        run.tables,
        run.case,
        run.rulebook.with_settings({"settlement.smallest_unit": 0.02}),
    )
    one_by_one = settle(odd, **tables)
    names = ["owner", "subject", "interval_start", "item", "quantity", "price"]
    apart = [s.lines[s.lines["item"].str.startswith("contract")] for s in (columns, one_by_one)]
    assert apart[0]["rule"].tolist() == apart[1]["rule"].tolist()
    pd.testing.assert_frame_equal(
        *(table[names].reset_index(drop=True) for table in apart), check_dtype=False
    )
