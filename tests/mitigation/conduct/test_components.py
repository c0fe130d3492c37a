"""Each component against its reference: same MW, same hours off, parameters, exemptions."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from cases import InputError
from mitigation.conduct import conduct_tests as conduct_test
from mitigation.conduct import failing_components
from tests.mitigation.conduct.days import FIVE_BUS, five_bus, levels, rules


def rows(tests: pd.DataFrame, unit: str, component: str) -> pd.DataFrame:
    return tests[(tests["unit"] == unit) & (tests["component"] == component)].reset_index(drop=True)


def commitment(*offers: tuple[str, str, float, float]) -> pd.DataFrame:
    return pd.DataFrame(offers, columns=["unit", "component", "after_hours_off", "price"])


def units(**columns: dict[str, float]) -> pd.DataFrame:
    """The five units with other values by column and unit."""
    frame = five_bus().units.copy()
    for column, values in columns.items():
        frame[column] = frame["unit"].map(values).fillna(frame[column])
    return frame


def test_blocks_are_compared_at_the_same_mw() -> None:
    # Offered 100 at 50, 420 at 130; reference 300 at 30, 220 at 60. From 100 to 300 MW the offer of
    # 130 stands against 30 (limit 120), beyond against 60 (limit 160).
    case = five_bus({"Solitude": [(100.0, 50.0), (420.0, 130.0)]})
    curve = [
        {"unit": "Solitude", "segment": 1, "mw": 300.0, "price": 30.0},
        {"unit": "Solitude", "segment": 2, "mw": 220.0, "price": 60.0},
    ]
    found = rows(conduct_test(case, levels(*curve), rules()), "Solitude", "energy")
    assert found["result"].tolist() == ["pass", "fail"]
    assert found["reference"].tolist() == [30, 30]
    assert found["limit"].tolist() == [120, 120]
    assert found["mw"].tolist() == [100, 300]
    raised = [*curve[:1], {**curve[1], "price": 20.0}]
    second = rows(conduct_test(case, levels(*raised), rules()), "Solitude", "energy").loc[1]
    assert (second["reference"], second["limit"], second["mw"]) == (20, 80, 520)


def test_each_interval_stands_on_its_own() -> None:
    case = five_bus(intervals=2)
    stamps = case.interval_starts
    later = pd.DataFrame(
        {
            "unit": ["Solitude"],
            "interval_start": stamps[1:],
            "segment": 1,
            "mw": 520.0,
            "price": 200.0,
        }
    )
    offers = pd.concat([case.offers, later], ignore_index=True)
    found = rows(conduct_test(case.replace(offers=offers), levels(), rules()), "Solitude", "energy")
    assert found["result"].tolist() == ["pass", "fail"]
    assert found["interval_start"].tolist() == stamps.tolist()
    stamped = {"unit": "Solitude", "interval_start": stamps[1], "mw": 520.0, "price": 150.0}
    both = levels({"unit": "Solitude", "mw": 520.0, "price": 30.0}, stamped)
    found = rows(conduct_test(case.replace(offers=offers), both, rules()), "Solitude", "energy")
    assert found["limit"].tolist() == [120, 250]
    assert found["result"].tolist() == ["pass", "pass"]


def test_start_up_tiers_are_compared_at_the_same_hours_off() -> None:
    case = five_bus(
        commitment_offers=commitment(
            ("Solitude", "startup", 0.0, 1000.0),
            ("Solitude", "startup", 8.0, 3200.0),
            ("Solitude", "shutdown", 0.0, 10.0),
            ("Sundance", "no_load", 0.0, 90.0),
        )
    )
    reference = levels(
        {"unit": "Solitude", "component": "startup", "after_hours_off": 0.0, "price": 500.0},
        {"unit": "Solitude", "component": "startup", "after_hours_off": 4.0, "price": 900.0},
        {"unit": "Solitude", "component": "startup", "after_hours_off": 12.0, "price": 2000.0},
        {"unit": "Sundance", "component": "no_load", "price": 30.0},
    )
    tests = conduct_test(case, reference, rules())
    found = rows(tests, "Solitude", "startup")
    # From 0 h: 1000 against 500 (limit 1500), from 4 h against 900. From 8 h: 3200 against 900
    # (limit 2700), from 12 h against 2000.
    assert found["after_hours_off"].tolist() == [0, 8]
    assert found["reference"].tolist() == [500, 900]
    assert found["limit"].tolist() == [1500, 2700]
    assert found["result"].tolist() == ["pass", "fail"]
    assert found["interval_start"].isna().all()
    no_load = rows(tests, "Sundance", "no_load").loc[0]
    assert (no_load["limit"], no_load["result"], no_load["near"]) == (90, "pass", True)
    missing = rows(tests, "Solitude", "shutdown").loc[0]
    assert (missing["result"], missing["note"]) == ("exempt", "no reference level")


def test_a_start_earlier_than_the_first_tier_has_the_first_tiers_reference() -> None:
    case = five_bus(commitment_offers=commitment(("Solitude", "startup", 0.0, 1501.0)))
    tier = {"unit": "Solitude", "component": "startup", "after_hours_off": 6.0, "price": 500.0}
    found = rows(conduct_test(case, levels(tier), rules()), "Solitude", "startup")
    assert found[["reference", "limit", "result"]].values.tolist() == [[500, 1500, "fail"]]


def test_minimum_generation_holds_energy_and_no_load_together() -> None:
    # p_min 100: offered (100 * 20 + 3000) / 100 = 50; reference (100 * 10 + 200) / 100 = 12.
    table = units(p_min={"Brighton": 100.0})
    case = five_bus(
        {"Brighton": 20.0},
        units=table,
        commitment_offers=commitment(("Brighton", "no_load", 0.0, 3000.0)),
    )
    no_load = {"unit": "Brighton", "component": "no_load", "price": 200.0}
    assert rows(conduct_test(case, levels(no_load), rules()), "Brighton", "min_generation").empty
    tested = rules(conduct__min_generation__percent=300, conduct__min_generation__absolute=100)
    tests = conduct_test(case, levels(no_load), tested)
    found = rows(tests, "Brighton", "min_generation").loc[0]
    assert found[["offered", "reference", "limit", "mw", "result"]].tolist() == [
        50,
        12,
        48,
        100,
        "fail",
    ]
    assert set(tests.loc[tests["component"] == "min_generation", "unit"]) == {"Brighton"}
    named = failing_components(tests, case)
    assert named[named["interval_start"].isna()]["component"].tolist() == ["no_load"]
    assert named[named["interval_start"].notna()]["component"].tolist() == ["energy"]
    own = {"unit": "Brighton", "component": "min_generation", "price": 20.0}
    found = rows(conduct_test(case, levels(no_load, own), tested), "Brighton", "min_generation")
    assert found["limit"].tolist() == [80]


def test_reserves_by_product_and_interval() -> None:
    case = five_bus(
        intervals=2,
        reserve_products=pd.DataFrame({"product": ["spin", "reg"], "direction": "up"}),
        reserve_offers=pd.DataFrame(
            {
                "unit": ["Alta", "Sundance", "Sundance"],
                "product": ["spin", "spin", "reg"],
                "mw": 10.0,
                "price": [4.9, 45.0, 45.0],
            }
        ),
    )
    reference = levels(
        {"unit": "Alta", "component": "reserve:spin", "price": 1.0},
        {"unit": "Sundance", "component": "reserve:spin", "price": 11.0},
        {"unit": "Sundance", "component": "reserve:reg", "price": 12.0},
    )
    tests = conduct_test(case, reference, rules())
    spin = rows(tests, "Sundance", "reserve:spin")
    assert spin["limit"].tolist() == [44, 44] and spin["result"].tolist() == ["fail"] * 2
    assert rows(tests, "Sundance", "reserve:reg")["result"].tolist() == ["pass"] * 2
    assert rows(tests, "Alta", "reserve:spin")["result"].tolist() == ["exempt"] * 2
    assert (spin["rule_id"] == "mitigation.conduct.reserve").all()


def parameter(unit: str, name: str, value: float) -> dict[str, object]:
    return {"unit": unit, "component": f"param:{name}", "price": value}


def test_times_may_be_three_hours_longer_alone_and_six_together() -> None:
    table = units(
        min_up={"Alta": 7.0, "Solitude": 8.0, "Sundance": 9.0},
        min_down={"Alta": 7.0, "Solitude": 5.0, "Sundance": 7.0},
    )
    reference = levels(
        *(
            parameter(u, n, 5.0)
            for u in ("Alta", "Solitude", "Sundance")
            for n in ("min_up", "min_down")
        )
    )
    tests = conduct_test(five_bus(units=table), reference, rules())
    result = {
        (unit, name): rows(tests, unit, f"param:{name}").loc[0]
        for unit in ("Alta", "Solitude", "Sundance")
        for name in ("min_up", "min_down")
    }
    assert {key: row["result"] for key, row in result.items()} == {
        ("Alta", "min_up"): "pass",  # 2 + 2 hours
        ("Alta", "min_down"): "pass",
        ("Solitude", "min_up"): "pass",  # 3 + 0
        ("Solitude", "min_down"): "pass",
        ("Sundance", "min_up"): "fail",  # 4 > 3
        ("Sundance", "min_down"): "pass",  # 2 <= 6 - 4
    }
    assert result["Sundance", "min_up"]["limit"] == 8
    assert result["Sundance", "min_up"]["rule_id"] == "mitigation.conduct.time.single"
    strict = conduct_test(five_bus(units=table), reference, rules(conduct__time__total=3))
    row = rows(strict, "Alta", "param:min_up").loc[0]  # 2 + 2 > 3: each has 1 hour of room
    assert (row["result"], row["limit"], row["rule_id"]) == (
        "fail",
        6,
        "mitigation.conduct.time.total",
    )


def test_minimums_may_double_and_maximums_halve() -> None:
    table = units(
        p_min={"Alta": 20.0, "Solitude": 20.1},
        p_max={"Sundance": 100.0, "Brighton": 299.0},
        ramp_up={"Park City": math.nan},
    )
    blocks = {"Sundance": [(100.0, 40.0)], "Brighton": [(299.0, 10.0)]}
    reference = levels(
        parameter("Alta", "p_min", 10.0),
        parameter("Solitude", "p_min", 10.0),
        parameter("Sundance", "p_max", 200.0),
        parameter("Brighton", "p_max", 600.0),
        parameter("Park City", "ramp_up", 60.0),
    )
    tests = conduct_test(five_bus(blocks, units=table), reference, rules())
    found = tests[tests["component"].str.startswith("param:")].set_index("unit")
    assert found["result"].to_dict() == {
        "Alta": "pass",
        "Solitude": "fail",
        "Sundance": "pass",
        "Brighton": "fail",
        "Park City": "pass",  # a blank ramp is no limit
    }
    assert found["limit"].to_dict() == {
        "Alta": 20,
        "Solitude": 20,
        "Sundance": 100,
        "Brighton": 300,
        "Park City": 30,
    }
    assert found.loc[["Alta", "Sundance"], "near"].all()


def test_unknown_parameters_are_all_named() -> None:
    wrong = levels(parameter("Alta", "p_mim", 1.0), parameter("Alta", "notice", 1.0))
    with pytest.raises(InputError) as caught:
        conduct_test(five_bus(), wrong, rules())
    assert len(caught.value.failures) == 2
    assert "param:notice is not one of min_up" in str(caught.value)


def test_exempt_units_and_technologies() -> None:
    offers = {"Solitude": 400.0, "Sundance": 400.0}
    table = five_bus().units.assign(technology=["hydro"] + ["thermal"] * 4)
    spared = rules(conduct__exempt_units="Solitude, Alta")
    found = conduct_test(five_bus(offers, units=table), levels(), spared).set_index("unit")
    assert found.loc["Solitude", ["result", "rule_id", "limit"]].tolist() == [
        "exempt",
        "mitigation.conduct.exempt_units",
        120,
    ]
    assert found.loc["Sundance", "result"] == "fail"
    spared = rules(conduct__exempt_technologies=["thermal"])
    found = conduct_test(five_bus(offers, units=table), levels(), spared).set_index("unit")
    assert found["result"].value_counts().to_dict() == {"exempt": 4, "pass": 1}


def test_a_unit_without_reference_is_exempt_and_says_so() -> None:
    known = levels()
    found = conduct_test(
        five_bus({"Solitude": 1e5}), known[known["unit"] != "Solitude"], rules()
    ).set_index("unit")
    assert found.loc["Solitude", ["result", "note"]].tolist() == ["exempt", "no reference level"]
    assert math.isnan(found.loc["Solitude", "reference"])


def test_the_order_of_rows_does_not_matter() -> None:
    random = np.random.default_rng(6)
    case = five_bus(
        {unit: [(mw / 2, price), (mw / 2, price * 4)] for unit, (_, mw, price) in FIVE_BUS.items()},
        commitment_offers=commitment(
            *((unit, "startup", tier, 100.0 + tier) for unit in FIVE_BUS for tier in (0.0, 5.0))
        ),
    )
    reference = levels(
        *(
            {"unit": unit, "component": "startup", "after_hours_off": tier, "price": 40.0 + tier}
            for unit in FIVE_BUS
            for tier in (0.0, 3.0)
        )
    )
    expected = conduct_test(case, reference, rules())
    assert (expected["result"] == "fail").any() and (expected["result"] == "pass").any()
    for _ in range(4):
        mixed = case.replace(
            **{
                name: case.tables[name].sample(frac=1, random_state=random).reset_index(drop=True)
                for name in ("offers", "commitment_offers", "units")
            }
        )
        again = conduct_test(mixed, reference.sample(frac=1, random_state=random), rules())
        pd.testing.assert_frame_equal(again, expected)


def test_no_offers_give_an_empty_table_with_its_columns() -> None:
    case = five_bus()
    none = conduct_test(case, levels().head(0), rules(), offers=case.offers.head(0))
    assert none.empty
    assert list(none) == list(conduct_test(case, levels(), rules()))
