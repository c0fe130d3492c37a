"""Slots that no shipped profile has: worked by hand on small days."""

from __future__ import annotations

from pathlib import Path

import pytest

import counterflow as cf
from tests.mitigation.impact.test_commitment_offers import REFERENCE, decision
from tests.mitigation.impact.test_commitment_offers import cleared as one_hour
from tests.mitigation.procedures.days import AT_E, cleared, energy, lmp, mitigated, replaced

SLOT = "mitigation.procedure."
AREA = """
extends = "default"
name = "area"
version = "1"
date = 2026-01-01
title = "one area"
clause = "made up"
sure = "D"
read = "2026-01"
mitigation.procedure.subject = "in_area"
mitigation.conduct.energy.absolute = 20.0
mitigation.impact.price.absolute = 20.0

[mitigation.areas.here]
title = "one bus"
kind = "pocket"
buses = ["BUS"]

[mitigation.areas.here.conduct.energy]
absolute = 19.0
"""


def test_payment_afterwards_leaves_the_market_and_corrects_the_guarantee() -> None:
    """A start at 9000 against 500: paid 9100 with 100 of no-load, corrected to 600, 8500 back."""
    run = one_hour(9000.0)
    made = cf.mitigate(run, references=REFERENCE, settings={f"{SLOT}apply": "payment"})
    row = decision(made, "startup")
    assert (row["action"], row["offer_used"]) == ("mitigated", 500.0)
    assert "guarantee payment of 9100.00 is corrected to 600.00" in row["note"]
    taken = [e["taken_back"] for e in made.events if e.get("pass") == "payment afterwards"]
    assert taken == [{"Peak": pytest.approx(8500.0)}]
    terms = made.decision_terms
    terms = terms[terms["decision_id"] == row["decision_id"]].set_index("term")["value"]
    assert terms.to_dict() == {"guarantee_paid": 9100.0, "guarantee_corrected": 600.0}
    assert made.objective == run.objective and made.prices.equals(run.prices)
    assert made.case.commitment_offers.equals(run.case.commitment_offers)


@pytest.mark.parametrize(
    ("impact", "action"), [("both", "mitigated"), ("guarantee", "mitigated"), ("price", "kept")]
)
def test_a_start_moves_its_guarantee_and_no_price(impact: str, action: str) -> None:
    """With the commitment held the price is 30 with either start; the guarantee is 9100 or 600."""
    held = {"mitigation.rerun.commitment": "held", f"{SLOT}impact": impact}
    made = cf.mitigate(one_hour(9000.0), references=REFERENCE, settings=held)
    row = decision(made, "startup")
    assert (row["conduct_result"], row["action"]) == ("fail", action)


def test_energy_that_moves_a_price_and_no_guarantee() -> None:
    """Solitude at 125 against 33 moves the price at its bus; nobody is paid a guarantee."""
    tight = {"mitigation.conduct.energy.absolute": 20, "mitigation.impact.price.absolute": 20}
    run = cleared(Solitude=125.0)
    by_price = mitigated(run, "default", {**tight, f"{SLOT}impact": "price"})
    assert replaced(by_price) == {"Solitude"}
    del tight["mitigation.impact.price.absolute"]  # not read, so it would be refused
    by_guarantee = mitigated(run, "default", {**tight, f"{SLOT}impact": "guarantee"})
    assert replaced(by_guarantee) == set() and lmp(by_guarantee) == lmp(run)


def test_an_impact_test_after_a_structural_test() -> None:
    """PJM's subject at its reference, where that moves a price by more than the limit or not."""
    run = cleared(Solitude=125.0)
    slots = {**AT_E, f"{SLOT}replacement": "reference", f"{SLOT}impact": "price"}
    limits = {"mitigation.impact.price.percent": 10, "mitigation.impact.price.absolute": 5}
    assert replaced(mitigated(run, "pjm", {**slots, **limits})) == {"Solitude"}
    loose = {"mitigation.impact.price.percent": 9999, "mitigation.impact.price.absolute": 9999}
    kept = mitigated(run, "pjm", {**slots, **loose})
    assert replaced(kept) == set()
    assert energy(kept)["impact_result"] == "pass" and energy(kept)["tps_result"] == "fail"


def test_a_pivotal_owner_also_where_its_unit_runs_for_economics() -> None:
    """Sundance at 41 sells for economics: PJM leaves it, `pivotal` does not."""
    run = cleared(Solitude=125.0, Sundance=41.0)
    settings = {**AT_E, "mitigation.pjm.raised_mw": 10.5}
    assert energy(mitigated(run, "pjm", settings), "Sundance")["action"] == "kept"
    slots = {f"{SLOT}subject": "pivotal", f"{SLOT}replacement": "reference"}
    made = mitigated(run, "pjm", {**settings, **slots})
    assert energy(made, "Sundance")["action"] == "mitigated"


def test_only_offers_in_an_area_are_subject(tmp_path: Path) -> None:
    """Solitude stands at C: in an area of that bus it is replaced, in one of another bus not."""
    run = cleared(Solitude=125.0)

    def of_area(bus: str) -> cf.Run:
        file = tmp_path / f"{bus}.toml"
        file.write_text(AREA.replace("BUS", bus))
        return mitigated(run, str(file))

    assert replaced(of_area("C")) == {"Solitude"}
    outside = of_area("A")
    assert replaced(outside) == set()
    assert energy(outside)["note"] == "in no constrained area while it holds: not tested"


def test_a_replacement_without_its_structural_test_is_refused() -> None:
    with pytest.raises(cf.InputError, match="needs the structural test competitive_path"):
        mitigated(cleared(Solitude=125.0), "default", {f"{SLOT}replacement": "competitive_lmp"})
