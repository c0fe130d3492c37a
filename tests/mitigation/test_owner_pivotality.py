"""Owners taken out of a small national market."""

from __future__ import annotations

import pytest

import counterflow as cf
from mitigation.indices.owner_pivotality import owner_pivotality
from tests.clearing import national_day


def test_who_is_pivotal() -> None:
    """N's 60 MW of reserve need 45 of the thermal unit, 5 of the load and 10 of S.

    Without the thermal unit's reserve, N is short (`test_a_short_risk_costs_its_curve`: 15.8 MW);
    without S's the thermal unit gives all it must. Without hydro energy 50 MW in S have no one: the
    line from N brings 49, for thermal has 200 MW and makes 150 + 50 for N and the line, less 2 %.
    """
    case = national_day.two_zones()
    units = case.units.assign(owner=["Hydro", "Thermal"])
    case = case.replace(units=units)
    run = cf.clear(case, commitment=False, settings=national_day.SETTINGS)
    found = owner_pivotality(run).set_index(["owner", "product", "zone"])
    thermal = found.loc[("Thermal", "fast", "N")]
    assert thermal["pivotal"]
    assert thermal["short_mw"] == pytest.approx(60.0 - 50.0 * 0.98 * 0.8 - 5.0, abs=1e-4)
    assert thermal["price"] == pytest.approx(30.0)
    assert thermal["price_without"] > 100.0
    assert not found.loc[("Hydro", "fast", "S"), "pivotal"]
    hydro = found.loc[("Hydro", "energy", "S")]
    assert hydro["pivotal"]
    assert hydro["short_mw"] > 0.9


def test_an_owner_that_is_not_there() -> None:
    run = national_day.shared_run()
    with pytest.raises(cf.InputError, match="there is no owner Nobody"):
        owner_pivotality(run, ["Nobody"])
