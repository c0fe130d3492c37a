"""M10: storage is tested hour by hour, against a level that its own bids do not make."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import counterflow as cf
from mitigation import indices_of
from mitigation.structure.run import structure_tests
from tests.mitigation.two_buses import (
    FIVE_UNITS,
    START,
    cleared,
    market,
    mitigated,
    prices,
    references,
)


def battery(**more: Any) -> pd.DataFrame:
    row = {
        "storage": "Bat",
        "owner": "Bat Co",
        "bus": "J",
        "charge_mw": 60.0,
        "discharge_mw": 50.0,
        "energy_max": 100.0,
        "initial_mwh": 100.0,
        "discharge_price": 900.0,
        "charge_price": 0.0,
    }
    return pd.DataFrame([row | more])


def with_battery(load_j: list[float], **more: Any) -> cf.Run:
    costs = pd.DataFrame(
        {
            "unit": [unit["unit"] for unit in FIVE_UNITS],
            "segment": 1,
            "mw": [unit["mw"] for unit in FIVE_UNITS],
            "heat_rate": [unit["price"] for unit in FIVE_UNITS],
            "fuel": "gas",
        }
    )
    fuel = pd.DataFrame({"fuel": ["gas"], "date": [START.date()], "price": [1.0]})
    case = market(
        FIVE_UNITS,
        load_w=[40.0] * len(load_j),
        load_j=load_j,
        storage=battery(**more),
        costs=costs,
        fuel_prices=fuel,
    )
    return cleared(case)


def test_a_dear_discharge_offer_is_replaced_by_what_its_energy_is_worth() -> None:
    """Offered at 900 its 90 MWh stay in store: P3 (50) and P4 (60) run, J at 60 in both hours.

    300 MW at J: 100 over the line, 200 from P1 to P4 (60 + 60 + 40 + 40). 90 MWh take the place of
    P4's 80 and of 10 of P3's, at 50: that is what a MWh in store is worth, and then the price.
    """
    run = with_battery([300.0, 300.0], initial_mwh=90.0)
    assert prices(run, "J") == [60.0, 60.0]
    made = cf.mitigate(run, settings={"mitigation.impact.price.absolute": 5.0})
    levels = made.reference_levels.query("component == 'discharge'")
    assert levels["price"].tolist() == pytest.approx([50.0, 50.0])
    rows = made.decisions.query("unit == 'Bat' and component == 'discharge'")
    assert rows["kind"].tolist() == ["storage", "storage"]
    assert rows["offered"].tolist() == [900.0, 900.0]
    # min(300 % of 50, 100) above 50 is 150.
    assert rows["conduct_limit"].tolist() == pytest.approx([150.0, 150.0])
    assert rows["action"].tolist() == ["mitigated", "mitigated"]
    assert rows["offer_used"].tolist() == pytest.approx([50.0, 50.0])
    assert prices(made, "J") == pytest.approx([50.0, 50.0])
    assert 80.0 - 1e-6 <= made.storage_schedule["discharge_mw"].sum() <= 90.0 + 1e-6
    told = cf.explain_decision(made, unit="Bat", at=str(START))
    assert told.action == "mitigated" and "Discharging offered $900" in str(told)


def test_the_level_is_by_the_hour_and_counts_what_charging_costs() -> None:
    """Empty at first: it fills in hour 0 (J at 30) and empties in hour 1.

    Hour 0: 105 MW at J and 50 to charge, 100 over the line, 55 of P1: J is at 30, and so is a
    stored MWh while there is room. 0.8 of it come out: hour 1 has 210 less 40, 70 beyond the line,
    P2 at 40, a stored MWh worth 32. Discharging: charging paid 30 / 0.8 = 37.5, against 30 / 0.8 in
    hour 0 and 32 / 0.8 = 40 in hour 1. Charging is worth 30 and 32.
    """
    run = with_battery([105.0, 210.0], initial_mwh=0.0, efficiency_out=0.8, energy_max=50.0)
    made = cf.mitigate(run)
    levels = made.reference_levels.set_index("component")
    assert levels.loc["discharge", "price"].tolist() == pytest.approx([37.5, 40.0])
    assert levels.loc["charge", "price"].tolist() == pytest.approx([30.0, 32.0])


@pytest.mark.slow
def test_too_low_a_bid_to_charge_fails_by_the_same_thresholds() -> None:
    """Worth 30, then 32: bids may be min(300 %, 100) lower, 90 and 96: down to -60 and -64."""
    run = with_battery(
        [105.0, 210.0],
        initial_mwh=0.0,
        efficiency_out=0.8,
        energy_max=50.0,
        charge_price=-80.0,
        discharge_price=0.0,
    )
    made = cf.mitigate(run)
    rows = made.tests_conduct.query("component == 'charge'")
    assert rows["limit"].tolist() == pytest.approx([-60.0, -64.0])
    assert set(rows["result"]) == {"fail"}
    inside = with_battery(
        [105.0, 210.0],
        initial_mwh=0.0,
        efficiency_out=0.8,
        energy_max=50.0,
        charge_price=-55.0,
        discharge_price=0.0,
    )
    rows = cf.mitigate(inside).tests_conduct.query("component == 'charge'")
    assert set(rows["result"]) == {"pass"}


@pytest.mark.slow
def test_given_levels_hold_for_storage_too() -> None:
    run = with_battery([300.0, 300.0])
    given = pd.concat(
        [
            references(FIVE_UNITS),
            pd.DataFrame({"unit": ["Bat"], "component": ["discharge"], "price": [20.0]}),
        ],
        ignore_index=True,
    )
    made = cf.mitigate(run, references=given)
    rows = made.tests_conduct.query("unit == 'Bat'")
    assert set(rows["result"]) == {"fail"} and rows["limit"].tolist() == [80.0, 80.0]


@pytest.mark.slow
def test_a_rulebook_may_leave_storage_out() -> None:
    run = with_battery([300.0, 300.0])
    made = mitigated(run, FIVE_UNITS, "default", {"mitigation.conduct.kinds": ("unit",)})
    assert "Bat" not in set(made.tests_conduct["unit"])


def test_storage_counts_as_supply_with_the_energy_that_it_holds() -> None:
    """300 MW at J, 340 to be served: 500 of units and 50 of the battery, then 0.

    It holds 60 MWh: 50 MW can be had in hour 0, and, kept in store at 900, in hour 1 again. With 10
    MWh it is 10 MW.
    """
    for held, can in ((60.0, 50.0), (10.0, 10.0)):
        run = with_battery([300.0, 300.0], initial_mwh=held)
        rules = cf.RuleBook.load("default").mitigation.structure
        found = structure_tests(run, rules=rules)
        bat = found.relief.query("unit == 'Bat'")
        assert set(bat["kind"]) == {"storage"} and set(bat["owner"]) == {"Bat Co"}
        assert bat["mw"].tolist() == pytest.approx([can, can])
        indices = indices_of(found).query("zone == ''")
        of_wes = indices.query("index == 'rsi1' and subject == 'Wes Co'")
        # All but Wes's 300: 200 of the other units and the battery's, over 340.
        assert of_wes["value"].tolist() == pytest.approx([(200.0 + can) / 340.0] * 2)
        without = rules.model_copy(
            update={"supply": rules.supply.model_copy(update={"storage": False})}
        )
        bare = structure_tests(run, rules=without)
        assert "Bat" not in set(bare.relief["unit"])
