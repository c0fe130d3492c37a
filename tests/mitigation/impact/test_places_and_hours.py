"""Where and when an impact is looked for, and by whose thresholds: worked cases on two buses."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.mitigation.two_buses import (
    FIVE_UNITS,
    START,
    cleared,
    market,
    mitigated,
    offering,
    prices,
    replaced,
)

CITY = {
    "mitigation.areas.new_york_city.buses": ["J"],
    "mitigation.areas.new_york_city.formula.average_price": 50.0,
    "mitigation.areas.new_york_city.formula.constrained_hours": 400.0,
}


def test_a_unit_is_judged_by_the_thresholds_of_its_own_areas() -> None:
    """M6: the city's threshold is 0.02 x 50 x 8760 / 400 = 21.9.

    At J 50 MW beyond the line: P1 at 75 sets the price; with references P1 at 40 does, a fall of
    35. P1 stands in the city: 35 > 21.9. X stands at W: min(200 % of 40, 100) = 80, so it is kept,
    and it was never in merit.
    """
    units = [
        {"unit": "Wes", "bus": "W", "mw": 300.0, "price": 20.0},
        {"unit": "X", "bus": "W", "mw": 50.0, "price": 200.0, "reference": 30.0},
        {"unit": "P1", "bus": "J", "mw": 60.0, "price": 75.0, "reference": 40.0},
        {"unit": "P3", "bus": "J", "mw": 60.0, "price": 90.0},
    ]
    run = cleared(market(units, load_w=[20.0], load_j=[150.0]))
    assert prices(run, "J") == [75.0]
    made = mitigated(run, units, "nyiso", CITY)
    assert replaced(made) == {"P1"}
    rows = made.decisions[made.decisions["conduct_result"] == "fail"].set_index("unit")
    assert rows.loc["P1", ["impact_subject", "impact_limit"]].tolist() == ["J", 21.9]
    assert rows.loc["X", ["impact_subject", "impact_limit"]].tolist() == ["J", 80.0]
    assert rows.loc["X", "impact_result"] == "pass"
    assert prices(made, "J") == [40.0]


def test_an_impact_is_looked_for_in_every_hour_that_the_rerun_moves() -> None:
    """M4: G asks 1900 in hour 3 only and, four hours long once started, stays off in all four.

    60 MW beyond the line: K at 120 in hours 0 to 2. With G at 30 (20 to 100 MW) the price is 30, a
    fall of 90 against min(200 % of 30, 100) = 60. In hour 3 the line carries all 90 MW: no fall.
    """
    units = [
        {"unit": "B", "bus": "W", "mw": 120.0, "price": 20.0},
        {"unit": "G", "bus": "J", "mw": 100.0, "price": 30.0}
        | {"p_min": 20.0, "min_up": 4.0, "initial_hours": -24.0},
        {"unit": "K", "bus": "J", "mw": 100.0, "price": 120.0},
    ]
    case = market(units, load_w=[0.0] * 4, load_j=[160.0, 160.0, 160.0, 90.0])
    dear = pd.DataFrame(
        {
            "unit": ["G"],
            "interval_start": [START + pd.Timedelta(hours=3)],
            "segment": 1,
            "mw": 100.0,
            "price": 1900.0,
        }
    )
    run = cleared(
        case.replace(offers=pd.concat([case.offers, dear], ignore_index=True)), commitment=True
    )
    assert prices(run, "J")[:3] == [120.0] * 3
    made = mitigated(run, units, "nyiso")
    row = made.decisions[made.decisions["conduct_result"] == "fail"].iloc[0]
    assert (row["unit"], row["interval_start"]) == ("G", START + pd.Timedelta(hours=3))
    assert (row["impact_subject"], row["impact_result"]) == ("J", "fail")
    assert row["impact_interval"] < START + pd.Timedelta(hours=3)
    assert row["lmp_with_offer"] - row["lmp_with_reference"] == pytest.approx(90.0)
    assert prices(made, "J")[:3] == [30.0] * 3
    said = str(made.explain(unit="G", at=str(START + pd.Timedelta(hours=3))))
    assert "price at J at 2030-06-03 0" in said


def test_where_nothing_couples_the_hours_each_is_judged_by_its_own_prices() -> None:
    """P1 asks 140 in both hours. In hour 0 it sets J (P2 full at 40, P1 at 30: 110 > 80)."""
    units = offering(FIVE_UNITS, P1=140.0)
    run = cleared(market(units, load_w=[40.0] * 2, load_j=[150.0, 265.0]))
    made = mitigated(run, units, "default", {"mitigation.reference.method": "negotiated"})
    rows = made.decisions[made.decisions["conduct_result"] == "fail"]
    assert set(rows["unit"]) == {"P1"}
    assert (rows["impact_interval"] == rows["interval_start"]).all()


def test_the_place_shown_is_the_one_that_moved_most_of_its_limit() -> None:
    """M13: P2 asks 155 over 40; at load 190 J falls from 50 to 40, W stays at 20.

    J: 10 of min(200 % of 40, 100) = 80. W: 0 of 40, nearer to it in money but nothing happened.
    """
    units = offering(FIVE_UNITS, P2=155.0)
    run = cleared(market(units, load_w=[40.0], load_j=[190.0]))
    assert prices(run, "J") == [50.0]
    made = mitigated(run, units, "default", {"mitigation.conduct.energy.absolute": 100.0})
    row = made.decisions[made.decisions["conduct_result"] == "fail"].iloc[0]
    assert (row["unit"], row["impact_subject"], row["impact_limit"]) == ("P2", "J", 80.0)
    assert (row["impact_result"], row["action"]) == ("pass", "kept")
    assert "price at J" in str(made.explain(unit="P2", at=str(START)))


def test_energy_is_tested_on_guarantee_payments() -> None:
    """M5: R must run at 40 MW. Paid (60 - 20) x 40 x 2 h = 3200, at its reference of 40 1600.

    The price stays 20. The increase of 100 % passes 200 % and fails 50 %.
    """
    units = [
        {"unit": "B", "bus": "W", "mw": 300.0, "price": 20.0},
        {"unit": "R", "bus": "J", "mw": 100.0, "price": 60.0, "reference": 40.0}
        | {"p_min": 40.0, "must_run": True},
    ]
    run = cleared(market(units, load_w=[40.0] * 2, load_j=[90.0] * 2), commitment=True)
    tight = {"mitigation.conduct.energy.percent": 10.0, "mitigation.conduct.energy.exempt_below": 0}
    for percent, result in ((200.0, "pass"), (50.0, "fail")):
        settings = {**tight, "mitigation.impact.guarantee.percent": percent}
        made = mitigated(run, units, "nyiso", settings)
        rows = made.tests_impact[made.tests_impact["scope"] == "unit"]
        assert rows[["with_offer", "with_reference"]].to_numpy().tolist() == [[3200.0, 1600.0]]
        assert rows["result"].tolist() == [result]
        assert replaced(made) == ({"R"} if result == "fail" else set())
        own = made.decisions[made.decisions["conduct_result"] == "fail"]
        assert (own["impact_result"] == result).all() and len(own) >= 2
        if result == "fail":
            assert set(own["impact_subject"]) == {"R"}
            assert "guarantee payment of R" in str(made.explain(unit="R", at=str(START)))


@pytest.mark.parametrize("market_of", ["isone", "spp"])
def test_reliability_units_are_mitigated_on_conduct_alone(market_of: str) -> None:
    """M5: R asks 60 over 40 + 10 % = 44. No price moves, and no impact is asked for."""
    units = [
        {"unit": "B", "bus": "W", "mw": 300.0, "price": 20.0},
        {"unit": "R", "bus": "J", "mw": 100.0, "price": 60.0, "reference": 40.0}
        | {"p_min": 40.0, "must_run": True},
        {"unit": "S", "bus": "J", "mw": 100.0, "price": 60.0, "reference": 40.0},
    ]
    run = cleared(market(units, load_w=[40.0] * 2, load_j=[90.0] * 2), commitment=True)
    made = mitigated(run, units, market_of)
    assert replaced(made) == {"R"}
    rows = made.decisions[
        (made.decisions["unit"] == "R") & (made.decisions["action"] == "mitigated")
    ]
    assert rows["rule_id"].tolist() == ["mitigation.areas.reliability.conduct.energy"] * 2
    assert rows["conduct_limit"].tolist() == [44.0, 44.0]
    assert rows["impact_result"].tolist() == ["", ""]
    tested = {"mitigation.areas.reliability.impact.test": True}
    kept = mitigated(run, units, market_of, tested)  # 1600 more than 1600 passes 200 %
    assert replaced(kept) == set()
    assert set(kept.decisions.query("conduct_result == 'fail'")["impact_result"]) == {"pass"}
