"""PJM's procedure: schedules by hand (mitigation.md 9F) and the five buses (9C, F1)."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from cases import Case, InputError
from cases.rulebook.book import RuleBook
from mitigation.procedures import Schedule, cheapest_schedule, schedule_cost
from mitigation.references.frequently_mitigated import with_frequent_adders
from tests.mitigation.markets import five_bus
from tests.mitigation.procedures.days import (
    AT_E,
    blocks,
    cleared,
    energy,
    level,
    lmp,
    mitigated,
    references,
    replaced,
)

OFFERED = Schedule(energy=30.0, no_load=500.0, startup=2000.0, eco_min=100.0, min_run=4.0)
AT_COST = Schedule(energy=32.0, no_load=300.0, startup=1000.0, eco_min=100.0, min_run=4.0)


def test_9f_total_costs_and_choice() -> None:
    assert (schedule_cost(OFFERED), schedule_cost(AT_COST)) == (16000.0, 15000.0)
    assert cheapest_schedule({"price": OFFERED, "cost": AT_COST}) == "cost"
    cheap_start = Schedule(30.0, 500.0, 500.0, 100.0, 4.0)
    assert schedule_cost(cheap_start) == 14500.0
    assert cheapest_schedule({"price": cheap_start, "cost": AT_COST}) == "price"


def test_schedules_that_cost_the_same_leave_the_price_based_one() -> None:
    assert cheapest_schedule({"price": OFFERED, "cost": OFFERED}) == "price"


def test_pivotal_owner_raised_for_the_constraint_is_put_on_cost() -> None:
    """F1's slack at E: Solitude and Sundance alone relieve D-E, so both owners fail."""
    run = cleared(Solitude=125.0)
    made = mitigated(run, "pjm", AT_E)
    row = energy(made)
    assert (row["action"], row["offer_used"], row["rule_id"]) == (
        "mitigated",
        33.0,
        "mitigation.pjm.schedule",
    )
    assert (row["rsi3"], row["tps_result"], row["pivotal_group"]) == (0.0, "fail", "south, east")
    assert "raised for the constraint" in row["note"]
    assert replaced(made) == {"Solitude"}
    assert lmp(made)["C"] == pytest.approx(33.0, abs=1e-4)
    said = str(made.explain(unit="Solitude", at=str(run.case.interval_starts[0])))
    assert "cost-based 33" in said


def test_f2_the_load_weighted_slack_gives_the_same_verdicts() -> None:
    """M2: Solitude's relief is measured against what it displaces at E, as with the slack there."""
    made = mitigated(cleared(Solitude=125.0), "pjm")
    assert replaced(made) == {"Solitude"}
    assert lmp(made)["C"] == pytest.approx(33.0, abs=1e-4)
    assert not any("negative relief" in text for text in made.manifest["warnings"])


def test_a_unit_that_runs_for_economics_keeps_its_price_schedule() -> None:
    """Sundance at 41 sells 200 MW with and without D-E where Solitude asks 125."""
    run = cleared(Solitude=125.0, Sundance=41.0)
    free = cleared(
        five_bus("A1", offers={"Solitude": 125.0, "Sundance": 41.0}).replace(
            branches=five_bus("A1").branches.assign(rating_mw=float("nan"))
        )
    )
    with_limit = run.dispatch.set_index("unit")["mw"]
    without = free.dispatch.set_index("unit")["mw"]
    assert with_limit["Sundance"] == pytest.approx(200.0)
    assert without["Sundance"] == pytest.approx(190.0)
    made = mitigated(run, "pjm", {**AT_E, "mitigation.pjm.raised_mw": 10.5})
    row = energy(made, "Sundance")
    assert row["action"] == "kept" and "runs for economics" in row["note"]
    assert energy(mitigated(run, "pjm", AT_E), "Sundance")["action"] == "mitigated"


def crossing() -> Case:
    """Solitude asks 25 for its first 10 MW and 125 above; its cost is 33 throughout."""
    return blocks(five_bus("A1"), "Solitude", (10.0, 25.0), (510.0, 125.0))


@pytest.mark.slow
def test_crossing_curves_keep_the_price_schedule_and_are_reported() -> None:
    run = cleared(crossing())
    made = mitigated(run, "pjm", AT_E)
    assert replaced(made) == set()
    assert "crossing curves: from 10 MW on Solitude asks 125" in energy(made)["note"]
    assert any("crossing curves" in text for text in made.manifest["warnings"])
    assert lmp(made) == lmp(run)


def test_strict_mode_takes_the_lower_at_every_mw() -> None:
    run = cleared(crossing())
    made = mitigated(run, "pjm", {**AT_E, "mitigation.pjm.schedule": "strict"})
    used = made.offers_used[made.offers_used["unit"] == "Solitude"]
    assert used["price"].tolist() == [25.0, 33.0]
    assert lmp(made)["C"] == pytest.approx(33.0, abs=1e-4)


def committed(**levels: float) -> tuple[Any, pd.DataFrame]:
    """One hour with commitment: Solitude has p_min 100, as offered in 9F but at 125."""
    case = five_bus("A1", offers={"Solitude": 125.0})
    units = case.units.copy()
    own = units["unit"] == "Solitude"
    units.loc[own, ["min_up", "initial_hours", "initial_mw"]] = [4.0, -10.0, 0.0]
    offers = pd.DataFrame(
        {"unit": "Solitude", "component": ["no_load", "startup"], "price": [500.0, 200.0]}
    )
    run = cleared(case.replace(units=units, commitment_offers=offers), commitment=True)
    rows = [level("Solitude", name, price) for name, price in levels.items()]
    given = pd.concat([references(run), pd.DataFrame(rows)], ignore_index=True)
    return run, given if rows else references(run)


def test_whole_schedules_also_where_a_part_is_dearer() -> None:
    """Over four hours at 1 MW: 125*4 + 500*4 + 200 = 2700 against 33*4 + 300*4 + 990 = 2322."""
    run, levels = committed(no_load=300.0, startup=990.0)
    made = mitigated(run, "pjm", {**AT_E, "mitigation.rerun.commitment": "held"}, levels)
    rows = made.decisions[made.decisions["unit"] == "Solitude"].set_index("component")
    assert rows.loc[["energy", "no_load", "startup"], "action"].tolist() == ["mitigated"] * 3
    assert rows.loc[["energy", "no_load", "startup"], "offer_used"].tolist() == [33.0, 300.0, 990.0]
    assert "price-based 2700, cost-based 2322" in rows.loc["energy", "note"]
    assert made.case.commitment_offers.set_index("component")["price"].to_dict() == {
        "no_load": 300.0,
        "startup": 990.0,
    }


def test_a_cheaper_start_keeps_the_whole_price_schedule() -> None:
    """With 1400 for a cost-based start the totals are 2700 and 2732."""
    run, levels = committed(no_load=300.0, startup=1400.0)
    made = mitigated(run, "pjm", AT_E, levels)
    assert replaced(made) == set()
    assert made.objective == run.objective


def test_missing_parts_of_the_cost_schedule_are_listed() -> None:
    run, levels = committed()
    with pytest.raises(InputError) as caught:
        mitigated(run, "pjm", AT_E, levels)
    found = [str(failure) for failure in caught.value.failures]
    assert len(found) == 2
    assert any("Solitude has no cost-based no_load" in text for text in found)
    assert any("Solitude has no cost-based startup" in text for text in found)


def test_nothing_binds_nothing_changes() -> None:
    case = five_bus("A1", offers={"Solitude": 125.0})
    run = cleared(case.replace(branches=case.branches.assign(rating_mw=float("nan"))))
    for name in ("pjm", "caiso", "ercot"):
        made = mitigated(run, name)
        assert replaced(made) == set()
        assert made.objective == run.objective
        pd.testing.assert_frame_equal(made.prices, run.prices)


@pytest.mark.slow
def test_a_kept_offer_stays_as_it_is() -> None:
    run = cleared(Solitude=125.0)
    import counterflow as cf

    rule = pd.DataFrame(
        {
            "unit": ["Solitude"],
            "interval_start": [run.case.interval_starts[0]],
            "component": "energy",
            "action": "kept",
            "author": "a monitor",
            "reason": "fuel",
        }
    )
    for name in ("pjm", "caiso", "ercot"):
        made = cf.mitigate(
            run, rulebook=name, settings=AT_E, references=references(run), overrides=rule
        )
        assert energy(made)["action"] == "kept" and energy(made)["rule_id"] == "override"
        assert lmp(made) == lmp(run)


def test_frequently_mitigated_units_get_their_adder_instead_of_ten_percent() -> None:
    """Solitude is capped in all hours it ran: tier 3, cost 30 + 40. Cost level 33 = 30 * 1.1."""
    from mitigation.references.given_levels import given_levels

    day = mitigated(cleared(Solitude=125.0), "pjm", AT_E)
    rules = RuleBook.load("pjm_fmu").mitigation.reference
    levels = given_levels(references(day), day.case).assign(method="cost")
    raised = with_frequent_adders(levels, day.case, rules, [day]).set_index("unit")
    assert raised.loc["Solitude", "price"] == pytest.approx(70.0)
    assert "tier_3" in raised.loc["Solitude", "note"]
    assert raised.loc["Sundance", "price"] == 40.0
    plain = RuleBook.load("pjm").mitigation.reference
    assert with_frequent_adders(levels, day.case, plain, [day]) is levels
