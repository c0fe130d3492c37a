"""IESO: constrained areas, and impact at the unit's own bus."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

import counterflow as cf
from cases import Case
from tests.mitigation.markets import five_bus
from tests.mitigation.procedures.days import (
    cleared,
    energy,
    lmp,
    mitigated,
    references,
    replaced,
)

EVERYONE = {"mitigation.conduct.applies_to": "all"}


def at_e(**offers: float):  # type: ignore[no-untyped-def]
    """A1 measured from bus E, where Solitude and Sundance relieve D-E."""
    return cleared(five_bus("A1", reference="E", offers=offers))


def test_a_unit_in_a_broad_area_fails_conduct_and_moves_its_own_price() -> None:
    """Limit 33 + min(99, 100) = 132; at 140 the price at C falls by 107, above min(33, 50)."""
    made = mitigated(at_e(Solitude=140.0), "ieso")
    row = energy(made)
    assert (row["conduct_limit"], row["area"]) == (pytest.approx(132.0), "broad")
    assert (row["impact_subject"], row["impact_limit"]) == ("C", pytest.approx(33.0))
    assert row["lmp_with_offer"] - row["lmp_with_reference"] == pytest.approx(107.0, abs=1e-4)
    assert replaced(made) == {"Solitude"}
    assert lmp(made)["C"] == pytest.approx(33.0, abs=1e-4)


def test_an_offer_that_moves_other_prices_only_is_kept() -> None:
    """E5: Solitude at 140 and Sundance at 170. Where only Sundance is replaced nothing moves."""
    made = mitigated(
        at_e(Solitude=140.0, Sundance=170.0), "ieso", {"mitigation.impact.mode": "per_unit"}
    )
    assert replaced(made) == {"Solitude"}
    row = energy(made, "Sundance")
    assert (row["impact_subject"], row["impact_result"]) == ("D", "pass")


def test_a_dynamic_area_tightens_the_thresholds_once_it_bound_often_enough() -> None:
    """The hour before, on another day, is all there is: in it D-E bound.

    Limit 33 + min(16.5, 25) = 49.5.
    """
    settings = {"mitigation.areas.dynamic.binding_days": 0.0}
    run = at_e(Solitude=60.0)
    day_before = run.case.meta.start - timedelta(days=1)
    meta = run.case.meta.model_copy(update={"name": "before", "start": day_before})
    demand = run.case.demand.assign(interval_start=pd.DatetimeIndex([day_before]))
    before = cleared(Case.build(meta, {**run.case.tables, "demand": demand}))
    made = cf.mitigate(
        run, rulebook="ieso", settings=settings, references=references(run), earlier=[before]
    )
    row = energy(made)
    assert (row["conduct_limit"], row["area"]) == (pytest.approx(49.5), "dynamic")
    assert row["impact_limit"] == pytest.approx(16.5)
    assert replaced(made) == {"Solitude"}
    assert replaced(mitigated(run, "ieso", settings)) == set()


def test_outside_areas_only_units_of_pivotal_owners_are_tested() -> None:
    """Without limits there is no area; Brighton alone is pivotal for the 1,000 MW of load."""
    case = five_bus("A1", offers={"Solitude": 140.0, "Brighton": 139.0})
    run = cleared(case.replace(branches=case.branches.assign(rating_mw=float("nan"))))
    made = mitigated(run, "ieso")
    rows = made.decisions[made.decisions["component"] == "energy"].set_index("unit")
    assert rows.loc["Solitude", "conduct_result"] == "exempt"
    assert rows.loc["Brighton", "conduct_result"] == "fail"
