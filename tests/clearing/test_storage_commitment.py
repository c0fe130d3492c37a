"""Storage, energy limits and outages of units where the states of units are decided too."""

from __future__ import annotations

import pandas as pd
import pytest

import clearing
from tests.clearing.test_energy_limits import hydro
from tests.clearing.test_unit_outages import triangle
from tests.clearing.traded import battery, one_bus


def no_load(**prices: float) -> pd.DataFrame:
    return pd.DataFrame({"unit": prices.keys(), "component": "no_load", "price": prices.values()})


def test_program_and_dispatch_agree_on_the_way_of_a_storage() -> None:
    """At -50 a full tank gives 8 MW and takes 10 MW later; no-load is 100 an hour.

    -50 * (92 + 110) + 200 = -9900, the bound of the program too.
    """
    case = one_bus([-50.0, -50.0], [100.0] * 2, storage=battery(energy_max=8.0, initial_mwh=8.0))
    units = case.units.assign(p_min=10.0, initial_hours=5.0)
    run = clearing.clear(case.replace(units=units, commitment_offers=no_load(G=100.0)), gap=0.0)
    assert run.objective == pytest.approx(-9900)
    assert run.manifest["bound"] == pytest.approx(-9900)
    assert run.storage_schedule["discharge_mw"].tolist() == pytest.approx([8, 0])


def test_a_start_uses_storage() -> None:
    """Peaker H at 60 with a start of 900 is not started where 30 MWh from the tank stand in.

    G can make 200; demand is 170 and 230. The tank takes 30 MW in the first hour, lossless.
    (200 + 200) * 20 = 8000; with H instead: 370 * 20 + 30 * 60 + 900 more.
    """
    case = one_bus(
        [20.0, 20.0], [170.0, 230.0],
        storage=battery(charge_mw=30.0, discharge_mw=30.0, efficiency_in=1.0),
    )  # fmt: skip
    peaker = pd.DataFrame({"unit": ["H"], "bus": ["A"], "p_max": [50.0], "initial_hours": [-5.0]})
    units = pd.concat([case.units.assign(initial_hours=5.0), peaker])
    units = units.fillna({"p_min": 0.0, "must_run": False, "owner": ""})
    offer = pd.DataFrame({"unit": ["H"], "segment": [1], "mw": [50.0], "price": [60.0]})
    start = pd.DataFrame({"unit": ["H"], "component": "startup", "price": [900.0]})
    whole = case.replace(
        units=units, offers=pd.concat([case.offers, offer]), commitment_offers=start
    )
    run = clearing.clear(whole)
    assert run.objective == pytest.approx(8000)
    assert not run.dispatch.loc[run.dispatch["unit"] == "H", "on"].any()
    without = clearing.clear(whole.replace(storage=case.storage.iloc[:0]))
    assert without.objective == pytest.approx(370 * 20 + 30 * 60 + 900)


def test_a_budget_decides_when_a_unit_is_on() -> None:
    """30 MWh with a p_min of 20 MW: H cannot be on in both hours; it is in the dear one.

    100 * 30 + 70 * 50 + 30 * 5, no-load 2 * 100 and 10: 6860. With every unit on there would be
    no clearing.
    """
    case = hydro([100.0, 100.0], {"2024-03-01": 30.0}, p_min=[20.0])
    run = clearing.clear(case.replace(commitment_offers=no_load(G=100.0, H=10.0)))
    assert run.objective == pytest.approx(6860)
    assert run.dispatch.loc[run.dispatch["unit"] == "H", "on"].tolist() == [False, True]
    assert run.energy_budgets["shadow_price"].tolist() == pytest.approx([50.0 - 5.0])


def test_an_outage_of_a_unit_changes_who_is_on() -> None:
    """Lines of 90 MW: GA 110 and GB 50 would do for 2250, but not once GB is lost.

    Then GA alone would send 2/3 * 160 > 90 MW over AC. GA 135 and GC 25 with GB off cost
    1350 + 1000 + 400 = 2750; GB on beside them costs more: 10 of it and 23 of GC are 2840.
    """
    case = triangle([("GB out", "unit", "GB")], emergency=90.0)
    case = case.replace(
        branches=case.branches.assign(rating_mw=90.0),
        units=case.units.assign(p_min=[20.0, 10.0, 5.0]),
        commitment_offers=no_load(GA=100.0, GB=50.0, GC=300.0),
    )
    assert clearing.clear(case).objective == pytest.approx(2250)
    run = clearing.clear(case, security="n-1")
    assert run.objective == pytest.approx(2750)
    assert run.dispatch["on"].tolist() == [True, False, True]
    assert run.manifest["status"] == "optimal"
