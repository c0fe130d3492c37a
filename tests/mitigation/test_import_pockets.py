"""Suppliers of relief in an import pocket: the same test from every slack."""

from __future__ import annotations

import pandas as pd
import pytest

import counterflow as cf
from cases import Case
from mitigation import slack_verdicts
from mitigation.structure.run import structure_tests
from tests.mitigation.two_buses import START, Unit, cleared, market, mitigated, prices, replaced

POCKET: list[Unit] = [
    {"unit": "Wes", "bus": "W", "mw": 400.0, "price": 20.0},
    *(
        {"unit": f"Q{k}", "bus": "J", "mw": 25.0, "price": 60.0 + k, "reference": 30.0}
        for k in range(8)
    ),
]


def test_eight_suppliers_of_an_import_pocket_pass() -> None:
    """M2: 190 MW at J, 100 over the line: 90 MW are raised at J and lowered at W, at 20.

    Relief costs 60 - 20 to 67 - 20; 25 + 25 + 25 + 25 reach 90, so its price is 43, and all eight
    lie below 1.5 x 43. rsi3 = (200 - 3 x 25) / 90 = 1.389: all pass, and 63 stays the price.
    """
    run = cleared(market(POCKET, load_w=[60.0], load_j=[190.0]))
    assert prices(run, "J") == [63.0]
    made = mitigated(run, POCKET, "pjm")
    rows = made.tests_structure[made.tests_structure["rule_id"] == "three_pivotal"]
    assert len(rows) == 8 and rows["passed"].all()
    assert rows["need_mw"].tolist() == pytest.approx([90.0] * 8)
    assert rows["relevant_price"].tolist() == pytest.approx([43.0] * 8)
    assert rows["total_supply_mw"].tolist() == pytest.approx([200.0] * 8)
    assert rows["rsi3"].tolist() == pytest.approx([125 / 90] * 8)
    assert replaced(made) == set() and prices(made, "J") == [63.0]
    told = slack_verdicts(run, ["load", "W", "J", "run"])
    assert told["stable"].all() and told["passed"].all()


def test_relief_from_the_dispatch_before_depends_on_the_slack_and_says_which() -> None:
    """Base `current`: 95 MW were on at J, 40 of them are lost: all eight owners are short."""
    before = [
        {**unit, "initial_mw": 100.0 if unit["unit"] == "Wes" else 0.0, "initial_hours": 5.0}
        for unit in POCKET
    ]
    run = cleared(market(before, load_w=[60.0], load_j=[190.0]))
    rules = cf.RuleBook.load("pjm").mitigation.structure.model_copy(update={"base": "current"})
    told = slack_verdicts(run, ["W", "load"], rules=rules)
    first = told.set_index("owner")
    assert set(first.columns) >= {"passed", "stable", "turned_by"}
    assert ((first["turned_by"] == "") == first["stable"]).all()
    assert set(first.loc[~first["stable"], "turned_by"]) <= {"load-weighted"}


def triangle() -> Case:
    """W-J rated 90, three equal lines; three units at J, five at K, all of different owners."""
    units = [
        *(("J", f"J{k}", 60.0 + k) for k in range(3)),
        *(("K", f"K{k}", 63.0 + k) for k in range(5)),
    ]
    table = pd.DataFrame(
        {
            "unit": ["B", *(name for _, name, _ in units)],
            "bus": ["W", *(bus for bus, _, _ in units)],
            "owner": ["b", *(f"{name} Co" for _, name, _ in units)],
            "p_max": [1000.0, *(60.0 for _ in units)],
        }
    )
    return Case.build(
        {"name": "triangle", "start": START.to_pydatetime(), "intervals": 1},
        {
            "buses": pd.DataFrame({"bus": ["W", "J", "K"]}),
            "branches": pd.DataFrame(
                {
                    "branch": ["W-J", "W-K", "J-K"],
                    "from_bus": ["W", "W", "J"],
                    "to_bus": ["J", "K", "K"],
                    "x": 0.1,
                    "rating_mw": [90.0, None, None],
                }
            ),
            "units": table,
            "offers": pd.DataFrame(
                {
                    "unit": table["unit"],
                    "segment": 1,
                    "mw": table["p_max"],
                    "price": [20.0, *(price for _, _, price in units)],
                }
            ),
            "loads": pd.DataFrame({"load": ["LW", "LJ"], "bus": ["W", "J"]}),
            "demand": pd.DataFrame({"interval_start": [START], "LW": 300.0, "LJ": 180.0}),
        },
    )


def test_the_competitiveness_index_weighs_capacity_by_the_squared_factor() -> None:
    """M7: loads 300 and 180 make the slack; from it J relieves W-J by 2/3 - 1/4, K by 1/3 - 1/4.

    3 x 60 x .4167^2 = 31.25 and 5 x 60 x .0833^2 = 2.083: shares 31.25 % and 1.25 %, and
    3 x 31.25^2 + 5 x 1.25^2 = 2937.5, above 2500. By MW x factor it was 2000, competitive.
    """
    run = cleared(triangle())
    assert prices(run, "J") == [60.0]
    found = structure_tests(run, rules=cf.RuleBook.load("ercot").mitigation.structure)
    (row,) = found.verdicts[found.verdicts["rule_id"] == "two_step"].to_dict("records")
    assert row["concentration"] == pytest.approx(2937.5)
    assert not row["passed"]
    units = [
        {"unit": name, "mw": mw, "price": 20.0 if name == "B" else 33.0}
        for name, mw in zip(run.case.units["unit"], run.case.units["p_max"], strict=True)
    ]
    made = mitigated(run, units, "ercot")
    assert prices(made, "J") == [33.0]
    # At a limit of 3000 the same index passes, and nothing is replaced.
    loose = {"mitigation.structure.two_step.concentration_max": 3000.0}
    assert replaced(mitigated(run, units, "ercot", loose)) == set()
