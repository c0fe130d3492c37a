"""A cleared day in a few tables."""

from collections.abc import Callable

import pandas as pd
import pytest

import counterflow as cf
from cases import Run
from tests.counterflow.five_bus import make_run


def test_zone_prices(run: Run) -> None:
    zones = cf.summarize(run).zones.set_index("zone")
    assert zones.index.tolist() == ["east", "west", "(all)"]
    # Load-weighted: 0.3 * 26.384460 + 0.3 * 30 + 0.4 * 39.942736 = 32.892432 (F2's slack price).
    assert zones.loc["(all)", "lmp_load_weighted"] == pytest.approx(32.892432, abs=1e-6)
    assert zones.loc["(all)", "load_payment"] == pytest.approx(32892.43, abs=0.01)
    assert zones.loc["west", "lmp_mean"] == pytest.approx((16.977359 + 10) / 2)
    assert pd.isna(zones.loc["west", "lmp_load_weighted"])
    assert zones.loc["(all)", ["lmp_min", "lmp_max"]].tolist() == [10.0, 39.942736]


def test_binding_constraints_and_rent(day: Run) -> None:
    rows = cf.summarize(day).constraints
    assert rows["constraint"].tolist() == ["D-E"]
    assert rows.loc[0, "intervals"] == 24
    # mitigation.md A1: 240 MW x 62.322042 = 14957.29 an hour.
    assert rows.loc[0, "rent"] == pytest.approx(24 * 14957.29, abs=0.1)


def test_ramps_and_idle_rows_are_no_binding_constraints(
    run: Run, changed: Callable[..., Run]
) -> None:
    ramp = run.constraints.assign(constraint="ramp_up:Solitude", kind="ramp_up", element="Solitude")
    idle = run.constraints.assign(constraint="A-B", shadow_price=0.0)
    both = pd.concat([run.constraints, ramp, idle], ignore_index=True)
    rows = cf.summarize(changed(constraints=both)).constraints
    assert rows["constraint"].tolist() == ["D-E"]


def test_no_binding_constraint(run: Run, changed: Callable[..., Run]) -> None:
    rows = cf.summarize(changed(constraints=run.constraints.iloc[:0])).constraints
    assert rows.empty
    assert "rent" in rows.columns


def test_objective_breakdown(run: Run) -> None:
    rows = cf.summarize(run).breakdown.set_index("item")["amount"]
    assert rows["energy"] == pytest.approx(17479.8969, abs=1e-3)
    assert rows["no-load, start-up, shut-down"] == pytest.approx(0.0, abs=1e-6)
    assert rows["objective"] == 17479.8969
    assert "other" not in rows.index


def test_objective_with_bids_penalties_and_no_load(run: Run) -> None:
    # Energy 17479.90 + no-load 100 - bid value (20 x 90 + 5 x 80 = 2200) + penalty 500 = 15879.90
    case = run.case.replace(
        bids=pd.DataFrame(
            {"load": "load B", "segment": [1, 2], "mw": [20.0, 20.0], "price": [90.0, 80.0]}
        )
    )
    awards = run.load_awards.copy()
    awards.loc[awards["load"] == "load B", ["mw", "bid_mw"]] = [325.0, 25.0]
    dispatch = run.dispatch.copy()
    dispatch.loc[0, "cost"] += 100.0
    span = {"interval_start": case.interval_starts, "interval_end": case.interval_ends}
    slacks = pd.DataFrame(
        {
            **span,
            "constraint": "A-B",
            "kind": "branch",
            "direction": "upper",
            "mw": 0.25,
            "penalty": 2000.0,
            "cost": 500.0,
        }
    )
    tables = {**run.tables, "load_awards": awards, "dispatch": dispatch, "slacks": slacks}
    rows = (
        cf.summarize(make_run(case, tables, objective=17479.8969 + 100 - 2200 + 500))
        .breakdown.set_index("item")["amount"]
        .round(2)
    )
    assert rows.to_dict() == {
        "energy": 17479.90,
        "no-load, start-up, shut-down": 100.0,
        "accepted bids": -2200.0,
        "penalties": 500.0,
        "objective": 15879.90,
    }


def test_what_does_not_add_up_is_shown(run: Run) -> None:
    rows = cf.summarize(make_run(run.case, run.tables, objective=17500.0)).breakdown
    assert rows.set_index("item").loc["other", "amount"] == pytest.approx(20.1031, abs=1e-3)
