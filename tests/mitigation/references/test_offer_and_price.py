"""References from the past: the arithmetic of the specification, the window, the sufficiency."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import InputError, RuleBook
from mitigation.references import central, fuel_adjusted, lowest_share, reference_levels
from tests.mitigation.references.days import (
    MONDAY,
    accepted,
    bus_prices,
    day,
    fuel,
    noons,
    rules,
)


def energy(levels: pd.DataFrame, unit: str = "G") -> pd.DataFrame:
    own = levels[(levels["unit"] == unit) & (levels["component"] == "energy")]
    return own.reset_index(drop=True)


def test_lower_of_mean_and_median() -> None:
    """Specification, reference level arithmetic: mean 30, median 24, so 24."""
    sample = np.array([20.0, 22, 24, 26, 58])
    assert central(sample) == 24
    assert central(sample, "mean") == 30
    row = energy(reference_levels(day(offer_history=accepted([20, 22, 24, 26, 58]))))
    assert row["price"].tolist() == [24.0]
    assert row["method"].tolist() == ["offer"]
    assert row["sample"].tolist() == [5]


def test_fuel_adjusted_offers() -> None:
    """Specification: 20 at 4, 24 at 4, 30 at 5, today 6: 30, 36, 36, so 34."""
    adjusted = fuel_adjusted(np.array([20.0, 24, 30]), 6 / np.array([4.0, 4, 5]))
    assert adjusted.tolist() == [30, 36, 36]
    assert central(adjusted) == 34
    third, second, first = noons(3)
    prices = fuel((None, 4.0), (str(third.date()), 5.0), (str(MONDAY.date()), 6.0))
    history = accepted([30, 24, 20])
    row = energy(reference_levels(day(offer_history=history, fuel_prices=prices)))
    assert row["price"].tolist() == [34.0]
    half = rules(offer__fuel_share=0.5)
    row = energy(reference_levels(day(offer_history=history, fuel_prices=prices), rules=half))
    assert row["price"].tolist() == pytest.approx([(25 + 30 + 33) / 3], abs=1e-7)
    assert first < second


def test_lowest_half_of_prices() -> None:
    """Specification: prices 10 to 80 in steps of 10, the lowest 50 % have the mean 25."""
    prices = np.arange(80.0, 0, -10)
    assert lowest_share(prices, 50.0)[0] == 25
    history = accepted([1.0] * 8)
    case = day(offer_history=history, price_history=bus_prices(prices.tolist(), noons(8)))
    row = energy(reference_levels(case, rules=rules(method="price")))
    assert row["price"].tolist() == [25.0]
    assert row["method"].tolist() == ["price"]
    assert row["sample"].tolist() == [4]


def test_weighted_lowest_quarter() -> None:
    """Equation (4): 10 at 50 MW and 20 at 100 MW are the cheapest quarter: 2500 / 150."""
    prices = np.arange(10.0, 90, 10)
    mw = np.array([50.0, 100, 100, 100, 100, 100, 100, 100])
    assert lowest_share(prices, 25.0, mw)[0] == pytest.approx(16.6667, abs=5e-5)
    history = accepted([1.0] * 8).assign(accepted_mw=mw)
    case = day(offer_history=history, price_history=bus_prices(prices.tolist(), noons(8)))
    pjm = rules(method="price", price__percent=25, price__weights="mw")
    assert energy(reference_levels(case, rules=pjm))["price"].iloc[0] == pytest.approx(2500 / 150)


@pytest.mark.parametrize("market", ["pjm", "caiso"])
def test_price_based_levels_of_pjm_and_california_have_no_fuel_term(market: str) -> None:
    """M8: gas went from 2 to 3; the cheapest quarter stays (10 x 50 + 20 x 100) / 150 = 16.667.

    With the fuel term of the default rules it is 16.667 x 3 / 2 = 25.
    """
    mw = np.array([50.0, 100, 100, 100, 100, 100, 100, 100])
    case = day(
        offer_history=accepted([1.0] * 8).assign(accepted_mw=mw),
        price_history=bus_prices(np.arange(10.0, 90, 10).tolist(), noons(8)),
        fuel_prices=fuel((None, 2.0), (str(MONDAY.date()), 3.0)),
    )
    book = RuleBook.load(market).with_settings({"mitigation.reference.method": "price"})
    own = book.mitigation.reference
    found = energy(reference_levels(case, rules=own))
    assert found["price"].tolist() == pytest.approx([2500 / 150], abs=1e-6)
    moved = own.model_copy(update={"price": own.price.model_copy(update={"fuel_share": 1.0})})
    found = energy(reference_levels(case, rules=moved))
    assert found["price"].tolist() == pytest.approx([25.0], abs=1e-9)


def test_hours_out_of_merit_do_not_count() -> None:
    history = accepted([30.0] * 8)
    case = day(
        offer_history=history,
        price_history=bus_prices(np.arange(10.0, 90, 10).tolist(), noons(8)),
    )
    row = energy(reference_levels(case, rules=rules(method="price", price__percent=100)))
    assert row["price"].tolist() == [(30 + 40 + 50 + 60 + 70 + 80) / 6]


def test_only_hours_of_the_window_count() -> None:
    history = accepted([20.0, 20, 20])
    off = history.iloc[[0, 0, 0, 0]].assign(
        price=1000.0,
        interval_start=[
            pd.Timestamp("2030-06-01T12:00Z"),  # a Saturday
            pd.Timestamp("2030-05-31T05:00Z"),  # before hour beginning 6
            pd.Timestamp("2030-05-31T22:00Z"),  # after hour beginning 21
            MONDAY - timedelta(days=91) + timedelta(hours=12),  # beyond 90 days
        ],
    )
    edges = history.iloc[[0, 0]].assign(
        price=26.0,
        interval_start=[
            pd.Timestamp("2030-05-31T06:00Z"),
            pd.Timestamp("2030-05-31T21:00Z"),
        ],
    )
    both = pd.concat([history, off, edges])
    row = energy(reference_levels(day(offer_history=both)))
    assert row["sample"].tolist() == [5]
    assert row["price"].tolist() == [20.0]
    every = rules(window__calendar="every day", window__first_hour=0, window__last_hour=23)
    row = energy(reference_levels(day(offer_history=both), rules=every))
    assert row["sample"].tolist() == [8]


def test_holidays_do_not_count() -> None:
    """Memorial Day 2030 is Monday, May 27."""
    history = accepted([20.0, 20, 20])
    holiday = history.iloc[[0]].assign(price=10.0, interval_start=pd.Timestamp("2030-05-27T12:00Z"))
    both = pd.concat([history, holiday])
    for calendar, sample in (("weekdays", 4), ("US", 3)):
        row = energy(
            reference_levels(day(offer_history=both), rules=rules(window__calendar=calendar))
        )
        assert row["sample"].tolist() == [sample], calendar


def test_mitigated_rejected_and_cheap_offers_do_not_count() -> None:
    history = accepted([20.0, 22, 24, 900, 900, 2]).assign(
        mitigated=[False, False, False, True, False, False],
        accepted_mw=[np.nan, 50.0, np.nan, np.nan, 0.0, np.nan],
    )
    row = energy(
        reference_levels(day(offer_history=history), rules=rules(offer__leave_out_below=15))
    )
    assert row["sample"].tolist() == [3]
    assert row["price"].tolist() == [22.0]


def test_too_few_samples_take_the_next_method() -> None:
    costs = pd.DataFrame({"unit": ["G"], "segment": [1], "mw": [100.0], "vom": [33.0]})
    case = day(offer_history=accepted([20, 22]), costs=costs)
    row = energy(reference_levels(case))
    assert row["method"].tolist() == ["cost"]
    assert row["price"].tolist() == [33.0]
    assert "offer: 2 samples, 3 needed" in row["note"].iloc[0]
    row = energy(reference_levels(case, rules=rules(offer__min_samples=2)))
    assert row["method"].tolist() == ["offer"]


def test_blocks_that_were_never_accepted_take_the_next_method() -> None:
    history = pd.concat(
        [
            accepted([20.0, 20, 20], mw=40.0),
            accepted([30.0, 30, 30], mw=60.0).assign(segment=2, accepted_mw=0.0),
        ]
    )
    costs = pd.DataFrame({"unit": ["G", "G"], "segment": [1, 2], "mw": [50.0, 50], "vom": [18, 25]})
    rows = energy(reference_levels(day(offer_history=history, costs=costs)))
    assert rows["mw"].tolist() == [40.0, 10.0, 50.0]
    assert rows["method"].tolist() == ["offer", "cost", "cost"]
    # 18 of the block from 40 to 50 MW lies below the 20 of the block before: raised.
    assert rows["price"].tolist() == [20.0, 20.0, 25.0]
    assert "raised to that of the block before, from 18" in rows["note"].iloc[1]


def test_blocks_of_all_accepted_samples_make_the_curve() -> None:
    """M1: both blocks in hours 7 to 20, block 1 alone in hour 21, the last of the window.

    Block 2 (50 to 100 MW) was accepted 14 times a day, always at 40, so its reference is 40; of
    its 50 MW only 10 were taken, and it counts with its whole width.
    """
    days = pd.bdate_range(end=MONDAY - pd.Timedelta(days=1), periods=43, tz="UTC")
    rows = [
        {
            "unit": "G",
            "interval_start": at + pd.Timedelta(hours=hour),
            "segment": segment,
            "mw": 50.0,
            "price": price,
            "accepted_mw": taken,
        }
        for at in days
        for hour in range(7, 22)
        for segment, price, taken in ((1, 20.0, 50.0), (2, 40.0, 10.0 if hour < 21 else 0.0))
    ]
    found = energy(reference_levels(day(offer_history=pd.DataFrame(rows))))
    assert found["price"].tolist() == [20.0, 40.0]
    assert found["mw"].tolist() == [50.0, 50.0]
    assert found["method"].tolist() == ["offer", "offer"]
    assert found["sample"].tolist() == [43 * 15, 43 * 14]


def test_prices_without_output_count_only_where_price_was_chosen() -> None:
    case = day(price_history=bus_prices([10.0, 20, 30, 40], noons(4)))
    row = energy(reference_levels(case, rules=rules(method="price")))
    assert row["price"].tolist() == [15.0]
    assert "no record of its output" in row["note"].iloc[0]
    with pytest.raises(InputError, match="no hour in merit"):
        reference_levels(case)


def test_missing_references_are_listed_unit_by_unit() -> None:
    case = day(units=[{"unit": "G", "fuel": "gas"}, {"unit": "H", "fuel": "oil"}])
    with pytest.raises(InputError) as caught:
        reference_levels(case)
    texts = [str(failure) for failure in caught.value.failures]
    assert len(texts) == 2
    assert texts[0].startswith("units row 2, unit: unit G has no reference for energy:")
    assert "cost: no costs" in texts[1]
    row = energy(reference_levels(case, rules=rules(required="")))
    assert row["method"].tolist() == ["none"]
    assert row["price"].isna().all()


def test_comparable_units_are_named() -> None:
    units = [{"unit": name, "technology": "CT"} for name in ("G", "P", "Q", "R")]
    costs = pd.DataFrame(
        {
            "unit": ["P", "P", "Q", "R"],
            "segment": [1, 2, 1, 1],
            "mw": [50.0, 50, 100, 100],
            "vom": [20.0, 60, 30, 40],
        }
    )
    offers = pd.DataFrame(
        {
            "unit": ["G", "G", "P", "Q", "R"],
            "segment": [1, 2, 1, 1, 1],
            "mw": [40.0, 60, 100, 100, 100],
            "price": 50.0,
        }
    )
    rows = energy(reference_levels(day(units=units, costs=costs, offers=offers)))
    assert rows["method"].tolist() == ["comparable", "comparable"]
    assert rows["mw"].tolist() == [40.0, 60.0]
    assert rows["price"].tolist() == [30.0, 40.0]  # of 20, 30, 40 and of 60, 30, 40
    assert "median of 3 of CT gas: P, Q, R" in rows["note"].iloc[0]


PRICES = st.lists(st.integers(-20, 200), min_size=3, max_size=12)


@settings(max_examples=10, deadline=None)
@given(PRICES, st.randoms(use_true_random=False))
def test_order_of_the_history_does_not_matter(prices: list[int], random: Any) -> None:
    history = accepted([float(p) for p in prices])
    lmp = bus_prices([float(p) + random.randint(0, 3) for p in prices], noons(len(prices)))
    order = list(range(len(prices)))
    random.shuffle(order)
    for method in ("offer", "price"):
        own = rules(method=method, price__weights="mw")
        first = reference_levels(day(offer_history=history, price_history=lmp), rules=own)
        again = reference_levels(
            day(offer_history=history.iloc[order], price_history=lmp.iloc[order[::-1]]), rules=own
        )
        pd.testing.assert_frame_equal(first, again, check_exact=True)


@settings(max_examples=10, deadline=None)
@given(PRICES, st.integers(2, 9))
def test_references_scale_with_today_s_fuel_price(prices: list[int], factor: int) -> None:
    history = accepted([float(p) for p in prices])
    today = str(MONDAY.date())
    levels = [
        energy(
            reference_levels(day(offer_history=history, fuel_prices=fuel((None, 2.0), (today, p))))
        )["price"].iloc[0]
        for p in (2.0, 2.0 * factor)
    ]
    assert levels[1] == pytest.approx(factor * levels[0])


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(1, 30), st.integers(-50, 300)), min_size=1, max_size=4),
        min_size=3,
        max_size=8,
    )
)
def test_curves_never_fall_and_cover_p_max(days: list[list[tuple[int, int]]]) -> None:
    history = pd.concat(
        [
            pd.DataFrame(
                {
                    "unit": "G",
                    "interval_start": stamp,
                    "segment": range(1, len(blocks) + 1),
                    "mw": [float(mw) for mw, _ in blocks],
                    "price": [float(price) for _, price in blocks],
                }
            )
            for stamp, blocks in zip(noons(len(days)), days, strict=True)
        ]
    )
    rows = energy(reference_levels(day(offer_history=history), rules=rules(offer__min_samples=1)))
    assert (np.diff(rows["price"]) >= 0).all()
    assert rows["mw"].sum() == pytest.approx(100.0)
    assert rows["segment"].tolist() == list(range(1, len(rows) + 1))
