"""ERCOT's two clearings on case E1 (mitigation.md 9E, G2), and where they meet CAISO's split."""

from __future__ import annotations

import pytest

from cases import RuleBook
from mitigation.structure.binding import measured_against
from mitigation.structure.decomposition import competitive_prices
from mitigation.structure.run import structure_tests as structure_of
from tests.mitigation.markets import five_bus
from tests.mitigation.procedures.days import cleared, energy, lmp, mitigated, references, replaced


def test_g2_first_clearing_gives_40_and_the_offer_is_capped_there() -> None:
    """Without D-E Sundance clears 190 MW at 40 and Solitude nothing."""
    run = cleared(Solitude=125.0)
    rules = RuleBook.load("ercot").mitigation.structure
    found = structure_of(run, rules=rules)
    assert found.step_one["lmp"].tolist() == pytest.approx([40.0] * 5, abs=1e-6)
    made = mitigated(run, "ercot")
    row = energy(made)
    assert (row["action"], row["offer_used"]) == ("mitigated", pytest.approx(40.0))
    assert (row["constraint"], row["tps_result"]) == ("D-E", "fail")
    assert replaced(made) == {"Solitude"}
    assert lmp(made)["C"] == pytest.approx(40.0, abs=1e-4)
    assert lmp(made)["E"] == pytest.approx(10.0, abs=1e-4)


def test_a_cap_above_the_reference_price_holds() -> None:
    run = cleared(Solitude=125.0)
    levels = references(run)
    levels.loc[levels["unit"] == "Solitude", "price"] = 70.0
    assert energy(mitigated(run, "ercot", None, levels))["offer_used"] == 70.0


def test_the_reference_price_needs_no_reference_bus() -> None:
    found = {
        bus: structure_of(
            cleared(five_bus("A1", reference=bus, offers={"Solitude": 125.0})),
            rules=RuleBook.load("ercot")
            .with_settings({"mitigation.structure.slack": "run"})
            .mitigation.structure,
        ).step_one["lmp"]
        for bus in ("A", "E")
    }
    assert found["A"].tolist() == pytest.approx(found["E"].tolist(), abs=1e-6)


def test_only_material_units_where_the_rulebook_says_so() -> None:
    """From the load-weighted slack Solitude's factor on D-E is -.0464: not material."""
    run = cleared(Solitude=125.0)
    setting = {"mitigation.ercot.applies_to": "material"}
    made = mitigated(run, "ercot", setting)
    assert replaced(made) == set()
    assert "does not relieve" in energy(made)["note"]
    at_e = {"mitigation.structure.slack": "bus", "mitigation.structure.slack_bus": "E"}
    assert replaced(mitigated(run, "ercot", {**setting, **at_e})) == {"Solitude"}


def test_competitive_constraints_change_nothing() -> None:
    """At 39 Solitude and Sundance can each relieve D-E alone: 105.9 and 96.1 of 42.8 MW."""
    run = cleared(Solitude=39.0)
    made = mitigated(
        run,
        "ercot",
        {
            "mitigation.structure.two_step.concentration_max": 10000.0,
            "mitigation.structure.slack": "bus",
            "mitigation.structure.slack_bus": "E",
        },
    )
    tests = made.tests_structure
    assert tests.loc[tests["rule_id"] == "two_step", "passed"].all() and len(tests)
    assert replaced(made) == set()
    assert made.objective == run.objective
    assert lmp(made) == lmp(run)


def test_first_clearing_is_the_competitive_lmp_of_a_slack_at_the_unconstrained_unit() -> None:
    """Case A2: without D-E Solitude sets 30 everywhere; split from C the competitive LMP is 30."""
    run = cleared(five_bus("A2"))
    found = structure_of(run, rules=RuleBook.load("ercot").mitigation.structure)
    tests = found.verdicts[found.verdicts["rule_id"] == "two_step"]
    assert not tests["passed"].any()
    _, prices, terms = measured_against(run, "bus", "C")
    split = competitive_prices(prices, terms, tests.rename(columns={"passed": "competitive"}))
    step_one = found.step_one["lmp"].tolist()
    assert split["competitive_lmp"].tolist() == pytest.approx(step_one, abs=1e-6)
    assert step_one == pytest.approx([30.0] * 5, abs=1e-6)
