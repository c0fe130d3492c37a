"""Make-whole payments, with the arithmetic beside."""

from decimal import Decimal

import pandas as pd
import pytest

from cases import Case
from settlement import make_whole, settle
from tests.settlement.markets import case_of, run_of


def case(minutes: int = 60, count: int = 4, **tables: pd.DataFrame) -> Case:
    return case_of(
        ["P"],
        {"G": ("g", "P", 200.0, 20.0), "H": ("h", "P", 100.0, 50.0)},
        {"L": ("l", "P", [150.0] * count), "M": ("m", "P", [50.0] * count)},
        minutes=minutes,
        tables=tables,
    )


# H runs hours 2 and 3 at 50 MW: energy 2 x 50 x 50, no-load 2 x 100, start-up 900.
MW = {"G": [200.0, 150.0, 150.0, 200.0], "H": [0.0, 50.0, 50.0, 0.0]}
COST = {"G": [4000.0, 3000.0, 3000.0, 4000.0], "H": [0.0, 3500.0, 2600.0, 0.0]}


def test_start_up_and_no_load_that_prices_do_not_cover() -> None:
    table = make_whole(run_of(case(), {"P": [20.0, 50.0, 60.0, 20.0]}, MW, cost=COST))
    (row,) = table.to_dict("records")
    assert row["unit"] == "H"
    assert row["cost"] == 6100
    assert row["revenue"] == 50 * 50 + 50 * 60
    assert row["amount"] == 600
    assert row["reason"] == "economic"
    assert (row["interval_end"] - row["interval_start"]) == pd.Timedelta(hours=2)


def test_a_block_that_earns_its_cost_gets_nothing() -> None:
    table = make_whole(run_of(case(), {"P": [20.0, 60.0, 65.0, 20.0]}, MW, cost=COST))
    assert table.empty


def test_hours_of_a_block_net_but_blocks_do_not() -> None:
    # One block of four hours: a loss of 1000 in hour 2 is covered by 2000 in hour 3.
    one = {"G": [150.0] * 4, "H": [50.0] * 4}
    cost = {"G": [3000.0] * 4, "H": [2500.0] * 4}
    prices = {"P": [50.0, 30.0, 90.0, 50.0]}
    assert make_whole(run_of(case(), prices, one, cost=cost)).empty
    # Two blocks, hours 1 to 2 and hour 4, with hour 3 off: the first keeps its loss.
    two = {"G": [150.0, 150.0, 200.0, 150.0], "H": [50.0, 50.0, 0.0, 50.0]}
    cost = {"G": [3000.0] * 4, "H": [2500.0, 2500.0, 0.0, 2500.0]}
    table = make_whole(run_of(case(), {"P": [50.0, 30.0, 20.0, 90.0]}, two, cost=cost))
    assert table["amount"].tolist() == [1000]
    assert table["interval_start"].dt.hour.tolist() == [0]


def test_reserve_revenue_counts_and_gives_the_reason() -> None:
    market = case(reserve_products=pd.DataFrame({"product": ["spin"]}))
    spans = pd.DataFrame(
        {"interval_start": market.interval_starts, "interval_end": market.interval_ends}
    )
    tables = {
        "reserves": spans.assign(unit="H", product="spin", mw=[0.0, 20.0, 20.0, 0.0]),
        "reserve_prices": spans.assign(product="spin", zone="", price=5.0),
    }
    run = run_of(market, {"P": [20.0, 50.0, 60.0, 20.0]}, MW, cost=COST, tables=tables)
    (row,) = make_whole(run).to_dict("records")
    # 6 100 - (5 500 energy + 2 x 20 x 5 reserve)
    assert (row["revenue"], row["amount"], row["reason"]) == (5700, 400, "reserve")


def test_must_run_units_are_paid_for_security() -> None:
    market = case()
    units = market.units.assign(must_run=[False, True])
    run = run_of(market.replace(units=units), {"P": [20.0, 50.0, 60.0, 20.0]}, MW, cost=COST)
    assert make_whole(run)["reason"].tolist() == ["security"]


def test_relieving_a_limit_at_minimum_output_is_security() -> None:
    market = case()
    market = market.replace(units=market.units.assign(p_min=[0.0, 50.0]))
    start = market.interval_starts[1]
    terms = pd.DataFrame(
        {"interval_start": [start], "bus": "P", "constraint": "line", "contingency": "",
         "dfax": 0.5, "shadow_price": 10.0}
    )  # fmt: skip
    run = run_of(
        market, {"P": [20.0, 50.0, 60.0, 20.0]}, MW, cost=COST, tables={"price_terms": terms}
    )
    assert make_whole(run)["reason"].tolist() == ["security"]


def test_self_scheduled_blocks_are_not_made_whole() -> None:
    market = case()
    own = pd.DataFrame({"interval_start": market.interval_starts, "H": [0.0, 50.0, 50.0, 0.0]})
    run = run_of(market.replace(self_schedules=own), {"P": [20.0, 50.0, 60.0, 20.0]}, MW, cost=COST)
    assert make_whole(run).empty


def test_the_shut_down_cost_belongs_to_the_block_it_ends() -> None:
    cost = {**COST, "H": [0.0, 3500.0, 2600.0, 300.0]}
    run = run_of(case(), {"P": [20.0, 50.0, 60.0, 20.0]}, MW, cost=cost)
    (row,) = make_whole(run).to_dict("records")
    assert row["amount"] == 900


def test_blocks_end_at_midnight() -> None:
    market = case_of(
        ["P"], {"G": ("g", "P", 200.0, 20.0)}, {"L": ("l", "P", [100.0] * 4)},
        start="2024-03-05T22:00:00+00:00",
    )  # fmt: skip
    run = run_of(market, {"P": [10.0, 10.0, 30.0, 30.0]}, {"G": [100.0] * 4})
    table = make_whole(run)
    # The loss of the evening is not netted with the gain after midnight.
    assert table["amount"].tolist() == [2000]
    assert table["interval_end"].dt.day.tolist() == [6]


def test_quarter_hours_scale_once() -> None:
    cost = {unit: [money / 4 for money in values] for unit, values in COST.items()}
    run = run_of(case(minutes=15), {"P": [20.0, 50.0, 60.0, 20.0]}, MW, cost=cost)
    assert make_whole(run)["amount"].tolist() == [150]


def test_loads_pay_in_their_ratio_and_the_statement_closes() -> None:
    statement = settle(run_of(case(), {"P": [20.0, 50.0, 60.0, 20.0]}, MW, cost=COST))
    assert statement.total("h", "uplift") == 600
    assert statement.total("l", "uplift_charge") == -450
    assert statement.total("m", "uplift_charge") == -150
    assert statement.total() == 0
    assert statement.uplift["amount"].tolist() == [600]


def test_each_day_pays_for_itself() -> None:
    market = case_of(
        ["P"],
        {"G": ("g", "P", 300.0, 20.0)},
        {"L": ("l", "P", [100.0, 0.0]), "M": ("m", "P", [0.0, 100.0])},
        start="2024-03-05T23:00:00+00:00",
    )
    statement = settle(run_of(market, {"P": [15.0, 18.0]}, {"G": [100.0, 100.0]}))
    assert statement.total("l", "uplift_charge") == -500
    assert statement.total("m", "uplift_charge") == -200


def test_real_time_counts_day_ahead_revenue_and_guarantee() -> None:
    ahead = run_of(case(), {"P": [20.0, 50.0, 60.0, 20.0]}, MW, cost=COST)
    # Real time repeats the schedule: cost 6 100, revenue 5 500, guaranteed 600.
    assert make_whole(ahead, day_ahead=ahead).empty
    # H must run one more hour (hour 4) at a price of 20: 2 600 more cost, 1 000 more revenue.
    mw = {"G": [200.0, 150.0, 150.0, 150.0], "H": [0.0, 50.0, 50.0, 50.0]}
    cost = {"G": [4000.0, 3000.0, 3000.0, 3000.0], "H": [0.0, 3500.0, 2600.0, 2600.0]}
    later = run_of(case(), {"P": [20.0, 10.0, 10.0, 20.0]}, mw, cost=cost)
    (row,) = make_whole(later, day_ahead=ahead).to_dict("records")
    assert (row["cost"], row["revenue"], row["amount"]) == (8700, 5500 + 600 + 1000, 1600)
    statement = settle(ahead, real_time=later)
    assert statement.total("h", "uplift") == 2200


@pytest.mark.parametrize("price", [49.9998, 50.0, 50.0001])
def test_noise_below_half_a_cent_is_not_paid(price: float) -> None:
    one = {"G": [150.0], "H": [50.0]}
    run = run_of(case(count=1), {"P": [price]}, one, cost={"G": [3000.0], "H": [2500.000001]})
    paid = make_whole(run)  # 50 x 49.9998 = 2 499.99
    expected = [Decimal("0.01")] if price < 50 else []
    assert paid["amount"].tolist() == expected
