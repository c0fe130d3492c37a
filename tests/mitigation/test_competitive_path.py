"""CAISO's path test (case G1) and the competitive LMP (case G2)."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from cases.errors import InputError
from mitigation.structure.competitive_path import dynamic_competitive_path
from mitigation.structure.decomposition import mitigated_price
from mitigation.structure.run import structure_tests
from tests.mitigation.markets import cleared, five_bus

G1 = pd.DataFrame(
    [("A", 40, 50, 20), ("B", 30, 40, 15), ("C", 20, 30, 10), ("D", 10, 22, 4), ("E", 5, 15, 5)],
    columns=["portfolio", "dispatched_mw", "max_mw", "min_mw"],
)


def test_g1_real_time() -> None:
    result = dynamic_competitive_path(G1)
    assert result.demand_mw == 105
    assert result.portfolios["withheld_mw"].to_list() == [30, 25, 20, 18, 10]
    assert result.portfolios.loc[result.portfolios["pivotal"], "portfolio"].to_list() == list("ABC")
    assert result.supply_mw == 22 + 15 + 20 + 15 + 10
    assert result.rsi == pytest.approx(0.780952, abs=1e-6)
    assert not result.competitive


def test_g1_day_ahead() -> None:
    result = dynamic_competitive_path(G1, day_ahead=True)
    assert result.rsi == pytest.approx(37 / 105)
    assert result.rsi == pytest.approx(0.352381, abs=1e-6)


def test_net_buyers_are_never_potentially_pivotal() -> None:
    result = dynamic_competitive_path(G1.assign(net_seller=[False, True, True, True, True]))
    assert result.portfolios.loc[result.portfolios["pivotal"], "portfolio"].to_list() == list("BCD")
    assert result.supply_mw == 50 + 15 + 10 + 4 + 15


def test_a_constraint_that_just_reaches_the_index_is_competitive() -> None:
    fringe = pd.DataFrame(
        {
            "portfolio": list("ABCD"),
            "dispatched_mw": [10.0, 10, 10, 0.3],
            "max_mw": [10.0, 10, 10, 30.3],
            "min_mw": [0.0, 0, 0, 30.3],
        }
    )
    result = dynamic_competitive_path(fringe)
    assert result.rsi == pytest.approx(1.0)
    assert result.competitive


def test_nothing_dispatched_against_the_constraint() -> None:
    result = dynamic_competitive_path(G1.assign(dispatched_mw=0))
    assert math.isinf(result.rsi)
    assert result.competitive


def test_bad_portfolios_are_all_named() -> None:
    bad = G1.assign(portfolio=["A", "A", "C", "D", "E"], max_mw=[50, 40, 5, 22, float("nan")])
    with pytest.raises(InputError) as caught:
        dynamic_competitive_path(bad)
    text = str(caught.value)
    assert "portfolio A: stands twice" in text
    assert "portfolio C: max_mw must not be below min_mw" in text
    assert "portfolio E: max_mw must be a number" in text


RULES = {"mitigation.structure.tests": ["competitive_path"]}


def test_g2_slack_at_e() -> None:
    run = cleared(five_bus("A1", reference="E", offers={"Solitude": 125}), **RULES)
    result = structure_tests(run)
    path = result.verdicts.set_index("rule_id").loc["competitive_path"]
    assert path["constraint"] == "D-E"
    assert not path["passed"]
    split = result.competitive.set_index("bus")
    assert split["mec"].to_list() == pytest.approx([10] * 5)
    assert split["mcc_noncompetitive"].to_list() == pytest.approx(
        [40.119813, 94.210642, 115, 172.170734, 0], abs=1e-5
    )
    assert split["competitive_lmp"].to_list() == pytest.approx([10] * 5)
    assert split["subject"].to_list() == [True, True, True, True, False]
    mitigated = mitigated_price(
        np.array([125.0]), np.array([33.0]), np.array([split.loc["C", "competitive_lmp"]])
    )
    assert mitigated == pytest.approx([33.0])


def test_g2_load_weighted_slack_does_not_even_flag_the_unit() -> None:
    run = cleared(five_bus("A1", offers={"Solitude": 125}), **RULES)
    result = structure_tests(run)
    split = result.competitive.set_index("bus")
    assert split.loc["C", "mec"] == pytest.approx(141.631486, abs=1e-5)
    # mcc of C is -16.631486: where D-E is judged non-competitive it lowers C's price.
    terms = split["mcc_competitive"] + split["mcc_noncompetitive"]
    assert terms["C"] == pytest.approx(-16.631486, abs=1e-5)
    assert not split.loc["C", "subject"]


def test_two_steps_need_no_reference_bus() -> None:
    """ERCOT's step one on case G2: without the constraint Sundance at 40 sets one price."""
    rules = {"mitigation.structure.tests": ["two_step"]}
    for reference in ("E", ""):
        run = cleared(five_bus("A1", reference=reference, offers={"Solitude": 125}), **rules)
        if reference == "":
            with pytest.warns(UserWarning):
                result = structure_tests(run, model=run.model)
        else:
            result = structure_tests(run, model=run.model)
        row = result.verdicts.iloc[0]
        assert row["rule_id"] == "two_step"
        assert not row["passed"]
        assert result.step_one["lmp"].to_list() == pytest.approx([40] * 5)
    assert mitigated_price(np.array([125.0]), np.array([33.0]), np.array([40.0])) == [40.0]


def test_element_competitiveness_index_by_hand() -> None:
    """F1: MW on line times squared factor, 210 x .1120^2, 520 x .3209^2, 200 x .4805^2.

    North, south and east hold 2.632, 53.553 and 46.167 of 102.352: 2.57, 52.32 and 45.11 %.
    """
    run = cleared(five_bus("A2", reference="E"), **{"mitigation.structure.tests": ["two_step"]})
    row = structure_tests(run, model=run.model).verdicts.iloc[0]
    index = 2.5717**2 + 52.3221**2 + 45.1062**2
    assert row["note"] == f"element competitiveness index {index:.0f}"
    assert not row["passed"]
    loose = {
        "mitigation.structure.tests": ["two_step"],
        "mitigation.structure.two_step.concentration_max": 6000,
    }
    run = cleared(five_bus("A2", reference="E"), **loose)
    result = structure_tests(run, model=run.model)
    assert result.verdicts.iloc[0]["passed"]
    lmp = run.prices.merge(result.step_one, on=["interval_start", "bus"], suffixes=("", "_one"))
    assert lmp["lmp_one"].to_list() == pytest.approx(lmp["lmp"].to_list())


def test_each_test_of_a_constraint_has_its_own_cut_off() -> None:
    """F1 with the cut-off of three pivotal suppliers above Solitude's factor of .321."""
    rules = {
        "mitigation.structure.tests": ["two_step", "three_pivotal"],
        "mitigation.structure.three_pivotal.dfax_min": 0.4,
    }
    run = cleared(five_bus("A2", reference="E"), **rules)
    rows = structure_tests(run).verdicts.set_index("rule_id")
    assert rows.loc["three_pivotal", "total_supply_mw"] == pytest.approx(96.090357, abs=1e-5)
    assert rows.loc["two_step", "total_supply_mw"] == pytest.approx(234.083268, abs=1e-5)
