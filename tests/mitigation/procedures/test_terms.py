"""What procedures count with, as numbers of the run: mitigation.md 9E and 9F by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import counterflow as cf
from mitigation.record.terms import decision_terms
from tests.mitigation.procedures.days import AT_E, cleared, energy, mitigated


def terms(made: cf.MitigatedRun) -> dict[str, tuple[float, str]]:
    """Terms of Solitude's energy offer: value and unit of each."""
    table = made.decision_terms
    own = table[table["decision_id"] == energy(made)["decision_id"]]
    assert not own["term"].duplicated().any()
    return {row.term: (row.value, row.unit) for row in own.itertuples()}


def said(made: cf.MitigatedRun) -> str:
    return str(made.explain(unit="Solitude", at=str(made.case.interval_starts[0])))


@pytest.mark.slow
def test_caiso_competitive_lmp_and_congestion(tmp_path: Path) -> None:
    """G2, split at E: at C 115 of the price of 125 is congestion, 10 the competitive LMP."""
    made = mitigated(cleared(Solitude=125.0), "caiso")
    found = terms(made)
    assert found["noncompetitive_congestion"] == (pytest.approx(115.0, abs=1e-4), "money/MWh")
    assert found["competitive_lmp"] == (pytest.approx(10.0, abs=1e-6), "money/MWh")
    assert "competitive LMP $10.00/MWh" in said(made)
    assert energy(made)["pivotal_group"] == "east, north, south"
    made.write(tmp_path / "run")
    again = cf.Run.read(tmp_path / "run")
    pd.testing.assert_frame_equal(again.decision_terms, made.decision_terms)


def test_ercot_first_step_price_and_index() -> None:
    """G2: without D-E Sundance sells 190 of its 200 MW at 40.

    From the load-weighted slack no other unit relieves D-E: 10 MW * 0.113127 of one owner, so an
    HHI of 100 squared.
    """
    made = mitigated(cleared(Solitude=125.0), "ercot")
    found = terms(made)
    assert found["first_step_price"] == (pytest.approx(40.0, abs=1e-6), "money/MWh")
    assert found["competitiveness_index"] == (pytest.approx(10000.0), "")
    (row,) = made.tests_structure.to_dict("records")
    assert row["total_supply_mw"] == pytest.approx(1.13127, abs=1e-5)
    assert row["concentration"] == pytest.approx(10000.0)
    assert "competitiveness index 10,000.00" in said(made)


def test_pjm_schedule_totals() -> None:
    """Without commitment and minimum output one MW for one hour: 125 as offered, 33 at cost."""
    made = mitigated(cleared(Solitude=125.0), "pjm", AT_E)
    assert terms(made) == {
        "price_schedule_total": (125.0, "money"),
        "cost_schedule_total": (33.0, "money"),
    }
    assert "cost schedule total $33.00, price schedule total $125.00" in said(made)


def test_conduct_and_impact_have_no_other_numbers() -> None:
    made = mitigated(cleared(Solitude=125.0), "default")
    assert made.decision_terms.empty
    assert "numbers of its procedure" not in said(made)


def test_the_later_slot_holds_and_whole_day_keys_are_met() -> None:
    start = pd.Timestamp("2030-01-01", tz="UTC")
    keys = {"unit": ["B", "A"], "interval_start": [pd.NaT, start], "component": ["startup", "x"]}
    decisions = pd.DataFrame({**keys, "decision_id": ["b", "a"]})
    stated = pd.DataFrame({**keys, "term": "t", "value": [1.0, 2.0], "unit_of_value": "MW"})
    later = stated.iloc[:1].assign(value=3.0)
    made = decision_terms(decisions, pd.concat([stated, later], ignore_index=True))
    assert made.to_dict("list") == {
        "decision_id": ["b", "a"],
        "term": ["t", "t"],
        "value": [3.0, 2.0],
        "unit": ["MW", "MW"],
    }
