"""Opportunity costs: sorted prices by hand, shadow prices of a clearing against a second one."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import Case
from clearing import clear
from mitigation.references import last_hour_price, reference_levels, storage_values
from tests.mitigation.references.days import MONDAY, day, rules

LOADS = [60.0, 90.0, 120.0, 150.0]


def hydro_day(energy: float, hydro_price: float = 0.0) -> Case:
    """Thermal blocks at 10 to 40, and 30 MW of hydro with a budget of energy."""
    units = [{"unit": "H", "p_max": 30.0, "fuel": "water"}, {"unit": "T", "p_max": 200.0}]
    offers = pd.DataFrame(
        {
            "unit": ["H", "T", "T", "T", "T"],
            "segment": [1, 1, 2, 3, 4],
            "mw": [30.0, 50, 40, 30, 80],
            "price": [hydro_price, 10.0, 20, 30, 40],
        }
    )
    costs = offers[offers["unit"] == "T"].rename(columns={"price": "vom"})
    case = day(
        units=units,
        offers=offers,
        intervals=4,
        costs=costs,
        energy_limits=pd.DataFrame(
            {"unit": ["H"], "day": [pd.Timestamp(MONDAY.date())], "max_mwh": [energy]}
        ),
    )
    starts = case.interval_starts
    return case.replace(demand=pd.DataFrame({"interval_start": starts, "L": LOADS}))


def hydro(levels: pd.DataFrame) -> pd.DataFrame:
    rows = levels[(levels["unit"] == "H") & (levels["component"] == "energy")]
    return rows.reset_index(drop=True)


def test_price_of_the_last_hour() -> None:
    """40 MWh at 30 MW: all of the hour at 50 and a third of the one at 40."""
    price = np.array([20.0, 50, 30, 40])
    reach = np.full(4, 30.0)
    assert last_hour_price(price, reach, 40.0) == 40
    assert last_hour_price(price, reach, 60.0) == 40
    assert last_hour_price(price, reach, 61.0) == 30
    assert last_hour_price(price, reach, 120.0) == -np.inf


def test_shadow_price_of_the_budget() -> None:
    """45 MWh: what one more MWh saves is found by clearing with one more."""
    run = clear(hydro_day(45.0), commitment=False)
    worth = run.objective - clear(hydro_day(46.0), commitment=False).objective
    assert worth > 0
    row = hydro(reference_levels(run))
    assert row["method"].tolist() == ["opportunity"]
    assert row["price"].iloc[0] == pytest.approx(worth)
    raised = hydro(reference_levels(run, rules=rules(opportunity__adder=0.4)))
    assert raised["price"].iloc[0] == pytest.approx(1.4 * worth)


def test_a_seller_that_keeps_its_energy_does_not_raise_its_own_reference() -> None:
    """At 500 the hydro unit is never used: its budget binds nothing, the prices still say 40."""
    run = clear(hydro_day(45.0, 500.0), commitment=False)
    row = hydro(reference_levels(run))
    prices = run.prices.sort_values("interval_start")["lmp"].tolist()
    assert prices == pytest.approx([20, 20, 30, 40])
    # 30 MWh go to the hour at 40, the rest to the one at 30.
    assert row["price"].tolist() == [30.0]
    assert "the price of the last hour it reaches" in row["note"].iloc[0]


def test_enough_energy_costs_nothing() -> None:
    run = clear(hydro_day(1000.0), commitment=False)
    assert hydro(reference_levels(run))["price"].tolist() == [0.0]


def test_storage_by_sorted_prices() -> None:
    """Fills in the hours at 10 and 12, empties in those at 60 and 50; round trip 0.8.

    20 MWh in store take 20 / 1 MWh to fill and give 16: two hours either way at 10 and 8 MW.
    """
    row = {
        "energy_min": 0.0,
        "energy_max": 20.0,
        "charge_mw": 10.0,
        "discharge_mw": 8.0,
        "efficiency_in": 1.0,
        "efficiency_out": 0.8,
    }
    found = storage_values(np.array([10.0, 30, 60, 12, 50, 40]), 1.0, row, wear=2.0)
    assert found.discharge.tolist() == [52.0]  # max(12 / 0.8, 50) + 2
    assert found.charge.tolist() == [pytest.approx(0.8 * 48)]


def test_storage_by_the_worth_of_a_stored_mwh() -> None:
    """Prices 20, 20, 30, 40 without it: what it stores at 20 it sells at 40."""
    case = hydro_day(0.0).replace(
        storage=pd.DataFrame(
            {
                "storage": ["S"],
                "bus": ["A"],
                "charge_mw": [4.0],
                "discharge_mw": [1.0],
                "energy_max": [2.0],
                "efficiency_in": [0.9],
                "efficiency_out": [0.8],
            }
        )
    )
    run = clear(case, commitment=False)
    levels = reference_levels(run)
    own = levels[levels["unit"] == "S"]
    schedule = run.storage_schedule.sort_values("interval_start")
    worth = schedule["energy_value"].to_numpy()
    assert (schedule["discharge_mw"] > 0).any()
    discharge = own[own["component"] == "discharge"].sort_values("interval_start")
    charge = own[own["component"] == "charge"].sort_values("interval_start")
    assert discharge["price"].tolist() == pytest.approx((worth / 0.8).tolist())
    assert charge["price"].tolist() == pytest.approx((worth * 0.9).tolist())
    # It charges where the price is at most what charging is worth, and sells where at least.
    price = run.prices.sort_values("interval_start")["lmp"].to_numpy()
    charging, selling = schedule["charge_mw"] > 1e-6, schedule["discharge_mw"] > 1e-6
    assert (price[charging] <= charge["price"].to_numpy()[charging] + 1e-6).all()
    assert (price[selling] >= discharge["price"].to_numpy()[selling] - 1e-6).all()


@given(st.lists(st.integers(0, 60), min_size=1, max_size=4), st.integers(1, 40))
def test_energy_in_the_dearest_hours_is_the_best_use(prices: list[int], energy: int) -> None:
    """By trying every order of hours: one MWh more than the energy earns the last hour's price."""

    def best(mwh: float) -> float:
        return max(
            sum(price * min(10.0, max(0.0, mwh - 10.0 * k)) for k, price in enumerate(order))
            for order in permutations(prices)
        )

    found = last_hour_price(
        np.array(prices, dtype=float), np.full(len(prices), 10.0), float(energy)
    )
    if energy >= 10 * len(prices):
        assert found == -np.inf
    else:
        assert best(energy) - best(energy - 1) == pytest.approx(found)
