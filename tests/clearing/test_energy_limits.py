"""Daily energy limits by hand: the budget's shadow price is the opportunity cost of water."""

from __future__ import annotations

import pandas as pd
import pytest

import cases
from tests.clearing.traded import dispatched, one_bus


def hydro(demand: list[float], limits: dict[str, float], **changes: object) -> cases.Case:
    """H offers 100 MW at 5 beside G at 30 and then 50; its energy is limited by day."""
    base = one_bus([30.0, 50.0, 30.0, 30.0][: len(demand)], demand)
    units = pd.DataFrame({"unit": ["H"], "bus": ["A"], "p_max": [100.0], "owner": ["h"], **changes})
    offer = pd.DataFrame({"unit": ["H"], "segment": [1], "mw": [100.0], "price": [5.0]})
    table = pd.DataFrame(
        {"unit": "H", "day": [pd.Timestamp(d).date() for d in limits], "max_mwh": limits.values()}
    )
    return base.replace(
        units=pd.concat([base.units, units]).fillna({"p_min": 0.0, "must_run": False}),
        offers=pd.concat([base.offers, offer]),
        energy_limits=table,
    )


def test_the_budget_goes_where_it_is_worth_most() -> None:
    """120 MWh: 100 at 50 and 20 at 30. The last MWh saves 30 and costs 5: worth 25.

    Hydro at 30: its offer of 5 and the worth of its water, 25.
    (80 * 30 + 20 * 5) + (0 * 50 + 100 * 5) = 3000 with 100 MW of demand in both hours.
    """
    run = dispatched(hydro([100.0, 100.0], {"2024-03-01": 120.0}))
    row = run.energy_budgets.iloc[0]
    assert row[["unit", "max_mwh"]].tolist() == ["H", 120.0]
    assert row[["used_mwh", "shadow_price"]].tolist() == pytest.approx([120.0, 25.0])
    assert run.objective == pytest.approx(3000.0)
    lmp = run.prices["lmp"].tolist()
    assert lmp[0] == pytest.approx(5.0 + 25.0)
    mw = run.dispatch.query("unit == 'H'")["mw"]
    assert mw.tolist() == pytest.approx([20.0, 100.0])


def test_a_budget_that_is_not_used_up_is_worth_nothing() -> None:
    run = dispatched(hydro([90.0, 90.0], {"2024-03-01": 200.0}))
    assert run.energy_budgets["used_mwh"].tolist() == pytest.approx([180.0])
    assert run.energy_budgets["shadow_price"].tolist() == [0.0]


@pytest.mark.parametrize("step", [-2.0, 2.0])
def test_the_shadow_price_is_what_a_megawatt_hour_saves(step: float) -> None:
    here, there = (
        dispatched(hydro([100.0, 100.0], {"2024-03-01": mwh})) for mwh in (120.0, 120.0 + step)
    )
    shadow = here.energy_budgets["shadow_price"].iloc[0]
    assert here.objective - there.objective == pytest.approx(shadow * step)


def test_days_are_those_of_the_timezone() -> None:
    """22:00 UTC is midnight in Helsinki: the hour before belongs to the day before.

    G costs 30; 10 MWh may be made on the first day, 150 on the second: 10 and 100 + 50.
    """
    table = pd.DataFrame(
        {
            "unit": "G",
            "day": [pd.Timestamp("2024-03-01").date(), pd.Timestamp("2024-03-02").date()],
            "max_mwh": [10.0, 150.0],
        }
    )
    case = one_bus(
        [30.0] * 3, [100.0] * 3, start="2024-03-01T21:00+00:00", timezone="Europe/Helsinki",
        energy_limits=table,
    )  # fmt: skip
    run = dispatched(case)
    assert run.energy_budgets["used_mwh"].tolist() == pytest.approx([10.0, 150.0])
    assert run.dispatch["mw"].iloc[0] == pytest.approx(10.0)
    # Short of 90 and 50 MWh at the penalty of 5000; a MWh of budget saves 5000 - 30.
    assert run.energy_budgets["shadow_price"].tolist() == pytest.approx([4970.0] * 2)


def test_days_out_of_the_case_say_nothing() -> None:
    run = dispatched(hydro([100.0], {"2024-02-29": 1.0, "2024-03-02": 1.0}))
    assert len(run.energy_budgets) == 0
    assert run.objective == pytest.approx(500.0)


def test_a_limit_below_what_must_be_produced_has_no_clearing() -> None:
    with pytest.raises(cases.NoClearing) as caught:
        dispatched(hydro([100.0, 100.0], {"2024-03-01": 30.0}, p_min=[20.0]))
    assert caught.value.conflicts == (
        "energy limit of H on 2024-03-01: at least 40 MWh, limit 30 MWh",
    )
