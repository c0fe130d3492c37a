"""Energy and reserves cleared together: cases small enough to work out by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import clearing
from cases import Run
from tests.clearing.reserve_days import awards_of, output_of, prices_of, reserve_day

approx = pytest.approx
SPIN = {"spin": {"minutes": 10}}
TWO = {"G1": {"p_max": 100.0, "price": 20.0}, "G2": {"p_max": 100.0, "price": 50.0}}


def clear(*args: Any, **more: Any) -> Run:
    return clearing.clear(reserve_day(*args, **more), commitment=False)


def lmp(run: Run) -> float:
    return float(run.prices["lmp"].iloc[0])


def test_a_reserve_is_worth_the_energy_profit_that_it_forgoes() -> None:
    """Only G1 can give the 30 MW: 70 MW of it and 20 MW of G2 serve 90 MW.

    One MW more of reserve replaces a MW of G1 at 20 by one of G2 at 50: 30 plus the offer of 2.
    Cost: 70 * 20 + 20 * 50 + 30 * 2 = 2460.
    """
    run = clear(TWO, [90.0], SPIN, [("spin", "", 30.0)], [("G1", "spin", 40.0, 2.0)])
    assert run.objective == approx(2460.0)
    assert output_of(run) == approx({"G1": 70.0, "G2": 20.0})
    assert lmp(run) == approx(50.0)
    assert prices_of(run) == approx({("spin", ""): 32.0})
    row = run.reserves.iloc[0]
    told = row[["unit", "product", "mw", "price", "offer_price", "opportunity_cost"]].tolist()
    assert told == ["G1", "spin", approx(30.0), approx(32.0), 2.0, approx(30.0)]


def test_spare_capacity_gives_reserves_for_its_offer() -> None:
    """G2 stands idle and gives the 30 MW at 3; no energy profit is lost."""
    offers = [("G1", "spin", 40.0, 0.0), ("G2", "spin", 40.0, 3.0)]
    run = clear(TWO, [100.0], SPIN, [("spin", "", 30.0)], offers)
    assert run.objective == approx(100 * 20 + 30 * 3)
    assert prices_of(run) == approx({("spin", ""): 3.0})
    assert awards_of(run, "opportunity_cost") == approx({("G2", "spin"): 0.0})


def test_scarce_reserves_raise_the_price_of_energy() -> None:
    """200 MW for 180 of load and 30 of reserve: 10 MW short at 1000.

    Another MW of load is made by G2 at 50 and takes a MW of reserve: 1050.
    """
    offers = [("G1", "spin", 100.0, 0.0), ("G2", "spin", 100.0, 0.0)]
    run = clear(TWO, [180.0], SPIN, [("spin", "", 30.0)], offers)
    assert run.objective == approx(100 * 20 + 80 * 50 + 10 * 1000)
    assert lmp(run) == approx(1050.0)
    assert prices_of(run) == approx({("spin", ""): 1000.0})
    assert prices_of(run, "shortage_mw") == approx({("spin", ""): 10.0})
    row = run.slacks.iloc[0]
    told = row[["constraint", "kind", "direction", "mw", "penalty", "cost"]].tolist()
    assert told == ["spin", "reserve", "shortage", approx(10.0), approx(1000.0), approx(10000.0)]
    assert "reserve limit spin cannot be kept" in " ".join(run.manifest["warnings"])


@pytest.mark.parametrize("order", [1, -1])
def test_a_demand_curve_prices_shortage_step_by_step(order: int) -> None:
    """10 MW short: 5 at 100 and 5 at 300, whichever way the blocks are listed: 2000.

    The next MW short costs 300, so energy costs 50 + 300.
    """
    blocks = [(5.0, 100.0), (10.0, 300.0), (15.0, 600.0)][::order]
    curve = [("spin", "", k + 1, mw, price) for k, (mw, price) in enumerate(blocks)]
    offers = [("G1", "spin", 100.0, 0.0), ("G2", "spin", 100.0, 0.0)]
    run = clear(TWO, [180.0], SPIN, [("spin", "", 30.0)], offers, curve)
    assert run.objective == approx(6000 + 2000)
    assert lmp(run) == approx(350.0)
    assert prices_of(run) == approx({("spin", ""): 300.0})
    assert run.slacks[["mw", "penalty", "cost"]].iloc[0].tolist() == approx([10.0, 200.0, 2000.0])


def test_a_demand_curve_alone_requires_its_width() -> None:
    """30 MW wanted at up to 40: G1's offer at 10 is taken, and no unit backs down for 30 + 10."""
    curve = [("spin", "", 1, 10.0, 60.0), ("spin", "", 2, 20.0, 35.0)]
    run = clear(TWO, [90.0], SPIN, [], [("G1", "spin", 40.0, 10.0)], curve)
    # G1 has 10 MW to spare at 10; more would cost 30 + 10 = 40, which 60 pays for the first 10 MW
    # of the curve and 35 does not: 10 MW are given, 20 MW are short at 35.
    assert awards_of(run) == approx({("G1", "spin"): 10.0})
    assert prices_of(run, "requirement_mw") == approx({("spin", ""): 30.0})
    assert run.objective == approx(90 * 20 + 10 * 10 + 20 * 35)


def test_the_dearest_block_of_a_curve_has_no_end() -> None:
    curve = [("spin", "", 1, 4.0, 60.0)]
    run = clear(TWO, [90.0], SPIN, [("spin", "", 30.0)], [("G2", "spin", 10.0, 0.0)], curve)
    assert run.objective == approx(90 * 20 + 20 * 60)


QUALITY = {
    "spin": {"minutes": 10, "substitutes_for": "nonspin"},
    "nonspin": {"minutes": 10},
}
RICH = {f"G{k}": {"p_max": 100.0, "price": 20.0} for k in (1, 2, 3)}
LADDER = [("G1", "spin", 15.0, 1.0), ("G2", "nonspin", 10.0, 4.0), ("G3", "spin", 20.0, 6.0)]


def test_a_better_product_also_serves_the_lower_requirement() -> None:
    """30 MW of nonspin: 15 of spin at 1, 10 of nonspin at 4, 5 of spin at 6; 10 of spin are met.

    Reserve money 15 + 40 + 30 = 85. The spin requirement is worth nothing, but a MW of spin is
    worth the 6 that it saves as nonspin.
    """
    run = clear(RICH, [50.0], QUALITY, [("spin", "", 10.0), ("nonspin", "", 30.0)], LADDER)
    assert run.objective == approx(50 * 20 + 85)
    assert prices_of(run, "shadow_price") == approx({("spin", ""): 0.0, ("nonspin", ""): 6.0})
    assert prices_of(run) == approx({("spin", ""): 6.0, ("nonspin", ""): 6.0})


def test_both_requirements_bind() -> None:
    """22 MW of spin: 15 at 1 and 7 at 6; the other 8 MW of the 30 are nonspin at 4.

    A MW more of spin costs 6 and saves a nonspin MW at 4: 2. A spin MW is worth 2 + 4.
    """
    run = clear(RICH, [50.0], QUALITY, [("spin", "", 22.0), ("nonspin", "", 30.0)], LADDER)
    assert run.objective == approx(50 * 20 + 15 + 42 + 32)
    assert prices_of(run, "shadow_price") == approx({("spin", ""): 2.0, ("nonspin", ""): 4.0})
    assert prices_of(run) == approx({("spin", ""): 6.0, ("nonspin", ""): 4.0})


def test_substitution_is_a_chain() -> None:
    """Regulation serves spin, which serves nonspin: regulation alone meets a nonspin need."""
    chain = {"reg": {"minutes": 5, "substitutes_for": "spin"}, **QUALITY}
    run = clear(RICH, [50.0], chain, [("nonspin", "", 30.0)], [("G1", "reg", 40.0, 7.0)])
    assert run.objective == approx(50 * 20 + 30 * 7)
    assert prices_of(run) == approx(dict.fromkeys([(k, "") for k in chain], 7.0))


def test_a_lower_product_does_not_serve_the_better_one() -> None:
    run = clear(RICH, [50.0], QUALITY, [("spin", "", 5.0)], [("G1", "nonspin", 40.0, 0.0)])
    assert run.objective == approx(50 * 20 + 5 * 1000)


def test_zones_are_nested_in_the_whole_case() -> None:
    """Zone A needs 8 MW, the whole case 30 MW: A gives 8 at 5, B the other 22 at 1.

    Reserve money 40 + 22. A MW more in A costs 5 and saves 1 in B: 4; A is paid 4 + 1.
    """
    units = {
        "GA": {"p_max": 100.0, "price": 20.0, "zone": "A"},
        "GB": {"p_max": 100.0, "price": 20.0, "zone": "B"},
    }
    needs = [("spin", "", 30.0), ("spin", "A", 8.0)]
    offers = [("GA", "spin", 20.0, 5.0), ("GB", "spin", 50.0, 1.0)]
    run = clear(units, [50.0], SPIN, needs, offers)
    assert run.objective == approx(50 * 20 + 62)
    assert prices_of(run, "shadow_price") == approx({("spin", ""): 1.0, ("spin", "A"): 4.0})
    assert prices_of(run) == approx({("spin", ""): 1.0, ("spin", "A"): 5.0})
    assert awards_of(run, "price") == approx({("GA", "spin"): 5.0, ("GB", "spin"): 1.0})


def test_downward_reserves_hold_output_up() -> None:
    """G2 alone can come down 40 MW and may not go below 10: it makes 50 MW at 30.

    G1 makes the other 10 MW at 20. A MW less of the reserve saves 30 - 20.
    """
    units = {
        "G1": {"p_max": 100.0, "price": 20.0},
        "G2": {"p_max": 100.0, "price": 30.0, "p_min": 10.0},
    }
    down = {"down": {"direction": "down", "minutes": 10}}
    run = clear(units, [60.0], down, [("down", "", 40.0)], [("G2", "down", 60.0, 0.0)])
    assert run.objective == approx(50 * 30 + 10 * 20)
    assert lmp(run) == approx(20.0)
    assert prices_of(run) == approx({("down", ""): 10.0})
    assert awards_of(run, "opportunity_cost") == approx({("G2", "down"): 10.0})


def test_up_and_down_reserves_of_one_unit() -> None:
    """100 MW: up 20 and down 30 leave 30 to 80 MW; the cheap unit makes 80 of the 90."""
    products = {"up": {"minutes": 10}, "down": {"minutes": 10, "direction": "down"}}
    offers = [("G1", "up", 50.0, 0.0), ("G1", "down", 50.0, 0.0)]
    run = clear(TWO, [90.0], products, [("up", "", 20.0), ("down", "", 30.0)], offers)
    assert output_of(run) == approx({"G1": 80.0, "G2": 10.0})
    assert prices_of(run) == approx({("up", ""): 30.0, ("down", ""): 0.0})


def test_the_largest_unit_on_line() -> None:
    """120 MW of load leave 80 MW of reserve, so no unit may make more than 80 MW.

    80 at 20 and 40 at 30 cost 2800. A MW of load more takes a MW of reserve: 79 at 20 and 42 at
    30 cost 2840. A MW of requirement more: 79 at 20 and 41 at 30 cost 2810.
    """
    units = {"G1": {"p_max": 100.0, "price": 20.0}, "G2": {"p_max": 100.0, "price": 30.0}}
    offers = [("G1", "spin", 100.0, 0.0), ("G2", "spin", 100.0, 0.0)]
    run = clear(units, [120.0], SPIN, [("spin", "", "largest_unit")], offers)
    assert run.objective == approx(2800.0)
    assert output_of(run) == approx({"G1": 80.0, "G2": 40.0})
    assert lmp(run) == approx(40.0)
    assert prices_of(run) == approx({("spin", ""): 10.0})
    assert prices_of(run, "requirement_mw") == approx({("spin", ""): 80.0})
    more = clear(units, [120.0], SPIN, [("spin", "", "largest_unit+1")], offers)
    assert more.objective == approx(2810.0)
    # Half of the largest: 100 MW of G1 require 50 MW, and 80 MW are there.
    half = clear(units, [120.0], SPIN, [("spin", "", "largest_unit:0.5")], offers)
    assert half.objective == approx(100 * 20 + 20 * 30)
    assert prices_of(half, "requirement_mw") == approx({("spin", ""): 50.0})


def test_a_share_of_the_load_of_a_zone() -> None:
    """A tenth of zone B's 60 MW, and 5 % + 1 MW of all 100 MW."""
    units = {"G1": {**TWO["G1"], "p_max": 200.0}, "GB": {**TWO["G2"], "zone": "B"}}
    needs = [("spin", "B", "load_share:0.1"), ("spin", "", "load_share:0.05 + 1")]
    run = clear(units, {"A": [40.0], "B": [60.0]}, SPIN, needs, [("GB", "spin", 50.0, 2.0)])
    assert prices_of(run, "requirement_mw") == approx({("spin", "B"): 6.0, ("spin", ""): 6.0})
    assert run.objective == approx(100 * 20 + 6 * 2)


def test_requirements_and_offers_by_interval() -> None:
    """A stamped row replaces the blank one of the same key in its interval."""
    case = reserve_day(TWO, [50.0, 50.0], SPIN, [("spin", "", 10.0)], [("G2", "spin", 50.0, 1.0)])
    second = case.interval_starts[1]
    needs = case.reserve_requirements
    needs = pd.concat([needs, needs.assign(interval_start=second, mw=20.0)], ignore_index=True)
    offers = case.reserve_offers
    offers = pd.concat([offers, offers.assign(interval_start=second, price=3.0)], ignore_index=True)
    run = clearing.clear(
        case.replace(reserve_requirements=needs, reserve_offers=offers), commitment=False
    )
    assert run.reserve_prices["price"].tolist() == approx([1.0, 3.0])
    assert run.reserves["mw"].tolist() == approx([10.0, 20.0])
    assert run.objective == approx(2 * 50 * 20 + 10 + 60)


def test_a_quarter_of_an_hour_costs_a_quarter() -> None:
    """Prices stay per MW and hour; the objective is for 15 minutes."""
    offers = [("G1", "spin", 40.0, 2.0)]
    run = clear(TWO, [90.0], SPIN, [("spin", "", 30.0)], offers, minutes=15)
    assert run.objective == approx(2460.0 / 4)
    assert prices_of(run) == approx({("spin", ""): 32.0})


def test_other_reserve_prices_on_the_live_model() -> None:
    case = reserve_day(TWO, [90.0], SPIN, [("spin", "", 30.0)], [("G1", "spin", 40.0, 2.0)])
    run = clearing.clear(case, commitment=False)
    dearer = case.replace(reserve_offers=case.reserve_offers.assign(price=7.0))
    session = run.model.session
    again = clearing.reclear(run, dearer)
    assert again.model.session is session
    assert again.objective == approx(2460.0 + 30 * 5)
    assert prices_of(again) == approx({("spin", ""): 37.0})
    less = case.replace(reserve_requirements=case.reserve_requirements.assign(mw=10.0))
    other = clearing.reclear(again, less)
    assert other.objective == approx(90 * 20 + 10 * 2)
