"""Guarantee payments of days that were committed and cleared, worked by hand.

Bus A: base B, 0 to 100 MW at 10, costs nothing to have on. Unit U, 20 to 60 MW at 30, no-load 100
an hour, start-up 500, shut-down 50. Above 100 MW of demand U must run; it then stays at its 20 MW
while B makes the price, 10, so U loses 20 on each MWh.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

import counterflow as cf
from cases import Case
from settlement import make_whole
from tests.clearing.committed import day

COSTS = {"no_load": 100.0, "startup": 500.0, "shutdown": 50.0}


def market(
    demand: Sequence[float],
    *,
    costs: dict[str, float] = COSTS,
    minutes: int = 60,
    start: str = "2030-01-01T00:00Z",
    tables: dict[str, pd.DataFrame] | None = None,
    **unit: Any,
) -> Case:
    units = [
        {"unit": "B", "owner": "b", "p_max": 100.0},
        {"unit": "U", "owner": "u", "p_min": 20.0, "p_max": 60.0, "initial_hours": -9.0, **unit},
    ]
    offered = pd.DataFrame(
        [{"unit": "U", "component": name, "price": price} for name, price in costs.items()]
    )
    return day(
        units,
        {"B": 10.0, "U": 30.0},
        demand,
        minutes=minutes,
        start=pd.Timestamp(start),
        tables={"commitment_offers": offered, **(tables or {})},
    )


def spin(mw: float) -> dict[str, pd.DataFrame]:
    """A requirement that only U can meet, at 2 for each MW and hour."""
    return {
        "reserve_products": pd.DataFrame(
            {"product": ["spin"], "direction": ["up"], "minutes": [10.0]}
        ),
        "reserve_requirements": pd.DataFrame({"product": ["spin"], "mw": [mw]}),
        "reserve_offers": pd.DataFrame(
            {"unit": ["U"], "product": ["spin"], "mw": [40.0], "price": [2.0]}
        ),
    }


def paid(case: Case, **settings: Any) -> list[tuple[float, float, float, str]]:
    run = cf.clear(case, settings={f"pricing.{key}": value for key, value in settings.items()})
    rows = make_whole(run).to_dict("records")
    return [
        (float(row["cost"]), float(row["revenue"]), float(row["amount"]), row["reason"])
        for row in rows
    ]


def test_a_start_for_one_hour() -> None:
    # cost 20 x 30 + 100 + 500 + 50 = 1 250; revenue 20 x 10 = 200
    assert paid(market([80.0, 110.0, 80.0])) == [(1250, 200, 1050, "economic")]


def test_reserve_revenue_lowers_the_payment() -> None:
    # U must be on in all hours to give 15 MW of spinning reserve, which it has room for: the price
    # is its offer, 2. Cost 3 x (20 x 30 + 100) + 500 = 2 600; energy 3 x 200, reserve 3 x 15 x 2.
    case = market([80.0, 110.0, 80.0], tables=spin(15.0))
    assert paid(case) == [(2600, 690, 1910, "reserve")]


@pytest.mark.filterwarnings("ignore::cases.errors.DataWarning")
def test_the_opportunity_cost_in_a_reserve_price_counts() -> None:
    # Demand 120 with 45 MW of spin: U offers 40 MW, 5 MW are short at the penalty of 1 000. The
    # requirement is worth 1 000, paid on 40 MW: 40 000 of revenue, no payment.
    case = market([120.0], tables=spin(45.0))
    run = cf.clear(case)
    assert run.reserve_prices["price"].tolist() == [1000.0]
    assert make_whole(run).empty


def test_two_blocks_of_a_day_do_not_net() -> None:
    # Staying on through hour 2 would cost 20 x 20 + 100 = 500, stopping and starting again 100.
    # Hour 1: 600 + 100 + 50 start + 50 stop = 800; hour 3 ends after the day: 750, no stop.
    cheap = {"no_load": 100.0, "startup": 50.0, "shutdown": 50.0}
    case = market([110.0, 80.0, 110.0], costs=cheap)
    assert paid(case) == [(800, 200, 600, "economic"), (750, 200, 550, "economic")]


def test_a_block_that_began_before_the_day_has_no_start() -> None:
    # U was on: 600 + 100, and its stop in hour 2, 50.
    case = market([110.0, 80.0], initial_hours=9.0, initial_mw=20.0)
    assert paid(case) == [(750, 200, 550, "economic")]


def test_a_unit_that_stops_at_once_is_paid_its_shut_down() -> None:
    # Its block lies before the day; what the day costs it is the stop.
    case = market([80.0, 80.0], initial_hours=9.0, initial_mw=20.0)
    assert paid(case) == [(50, 0, 50, "economic")]


def test_blocks_are_cut_at_midnight() -> None:
    # 23:00 to 01:00: the start is in the first day's block, the stop in the second's.
    case = market([80.0, 110.0, 110.0, 80.0], start="2030-01-01T22:00Z")
    assert paid(case) == [(1200, 200, 1000, "economic"), (750, 200, 550, "economic")]


def test_half_hours() -> None:
    # energy 20 x 30 / 2 = 300, no-load 50, start-up 500 and shut-down 50 whole: 900
    # revenue 20 x 10 / 2 = 100
    assert paid(market([80.0, 110.0, 80.0], minutes=30)) == [(900, 100, 800, "economic")]
    # with spin in all three: 3 x 350 + 500 = 1 550; 3 x (100 + 15 x 2 / 2) = 345
    case = market([80.0, 110.0, 80.0], minutes=30, tables=spin(15.0))
    assert paid(case) == [(1550, 345, 1205, "reserve")]


def test_must_run_units_are_paid_for_security() -> None:
    # On at 20 MW though B could serve all: 600 + 100 + 500 against 200 in the first hour.
    assert paid(market([80.0, 80.0], must_run=True)) == [(1900, 400, 1500, "security")]


def test_must_run_of_one_hour_is_security_in_that_hour_only() -> None:
    # Hour 1 must run: 600 + 100 + 500 and 50 to stop, against 20 x 10.
    hours = pd.date_range("2030-01-01T00:00Z", periods=2, freq="h")
    must = {"must_run": pd.DataFrame({"interval_start": hours, "U": [1.0, 0.0]})}
    assert paid(market([80.0, 80.0], tables=must)) == [(1250, 200, 1050, "security")]


def test_extended_prices_lower_the_payment() -> None:
    # fixed: 2 x (20 x 30 + 100) + 500 = 1 900 against 2 x 20 x 10 = 400
    case = market([110.0, 110.0], quick_start=True)
    assert paid(case) == [(1900, 400, 1500, "economic")]
    # extended: 30 + 500 / 60 + 100 / 60 = 40 for each MWh: revenue 2 x 20 x 40 = 1 600
    assert paid(case, method="extended") == [(1900, 1600, 300, "economic")]


def test_a_unit_that_schedules_itself_is_not_made_whole() -> None:
    own = market([110.0, 110.0])
    table = pd.DataFrame({"interval_start": own.interval_starts, "U": [20.0, 20.0]})
    assert paid(own.replace(self_schedules=table)) == []


@pytest.mark.parametrize("allocation", ["load_ratio", "deviation"])
def test_the_statement_pays_and_charges_it(allocation: str) -> None:
    run = cf.clear(market([80.0, 110.0, 80.0]), settings={"uplift.allocation": allocation})
    statement = cf.settle(run)
    assert statement.total("u", "uplift") == 1050
    assert statement.total(None, "uplift_charge") == -1050
    assert statement.total() == 0


def test_reserve_without_a_price_is_no_reason() -> None:
    # U offers its spin for nothing and is on for energy: 15 of its 40 MW of room are asked for.
    free = spin(15.0)
    free["reserve_offers"]["price"] = 0.0
    case = market([110.0, 110.0], initial_hours=9.0, initial_mw=20.0, tables=free)
    assert paid(case) == [(1400, 400, 1000, "economic")]
