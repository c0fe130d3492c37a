"""Real time: commitment taken over, rolling dispatch, worked by hand.

Intervals of 5 minutes; a ramp of 60 MW/h is 5 MW from one to the next.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import counterflow as cf
from cases import Case, InputError, Run
from clearing.clear import reclear, recommit

START = pd.Timestamp("2024-01-01", tz="UTC")


def market(
    demand: list[float], minutes: int, units: pd.DataFrame, start: str = "", **tables: pd.DataFrame
) -> Case:
    """One bus, one load; `units` also has the price of each unit's only block."""
    first = pd.Timestamp(start) if start else START
    starts = pd.date_range(first, periods=len(demand), freq=f"{minutes}min")
    offers = pd.DataFrame(
        {"unit": units["unit"], "segment": 1, "mw": units["p_max"], "price": units["price"]}
    )
    given = {
        "buses": pd.DataFrame({"bus": ["A"]}),
        "units": units.drop(columns="price").assign(bus="A"),
        "offers": offers,
        "loads": pd.DataFrame({"load": ["L"], "bus": ["A"]}),
        "demand": pd.DataFrame({"interval_start": starts, "L": demand}),
    }
    meta = {
        "name": "market",
        "start": first.to_pydatetime(),
        "intervals": len(demand),
        "interval_minutes": minutes,
    }
    return Case.build(meta, given | tables)


def fleet(**columns: list[float]) -> pd.DataFrame:
    """Coal is cheap and slow, gas is dear and quick."""
    given: dict[str, list[float] | list[str]] = {
        "unit": ["coal", "gas"],
        "p_min": [0.0, 0.0],
        "p_max": [200.0, 200.0],
        "price": [20.0, 50.0],
        "ramp_up": [120.0, np.nan],
        "ramp_down": [120.0, np.nan],
        "initial_mw": [100.0, 0.0],
        "initial_hours": [5.0, 5.0],
    }
    return pd.DataFrame(given | columns)


def output(run: Run, unit: str) -> list[float]:
    table = run.dispatch
    return [round(mw, 6) for mw in table.loc[table["unit"] == unit, "mw"].tolist()]


def prices(run: Run) -> list[float]:
    return [round(lmp, 6) for lmp in run.prices["lmp"].tolist()]


def test_a_ramp_between_intervals_sets_the_price() -> None:
    # Coal may rise by 10 MW per interval from 100: 100, 105, then 115 of 130, then 125 of 130.
    # Where the ramp binds gas is marginal: 50; the ramp is worth 50 - 20 = 30.
    ahead = cf.clear(market([110.0], 60, fleet()))
    run = cf.clear(market([100.0, 105.0, 130.0, 130.0], 5, fleet()), commitment_from=ahead)
    assert output(run, "coal") == [100.0, 105.0, 115.0, 125.0]
    assert output(run, "gas") == [0.0, 0.0, 15.0, 5.0]
    assert prices(run) == [20.0, 20.0, 50.0, 50.0]
    binding = run.constraints
    assert binding["constraint"].tolist() == ["ramp_up:coal", "ramp_up:coal"]
    assert binding["shadow_price"].tolist() == pytest.approx([30.0, 30.0])
    # (100 + 105 + 115 + 125) x 20 / 12 + (15 + 5) x 50 / 12 = 741.67 + 83.33 = 825
    assert run.objective == pytest.approx(825.0)
    assert run.future_values.empty
    settings = run.manifest["settings"]
    assert (settings["market"], settings["look_ahead"]) == ("rt", 1)
    assert settings["commitment_from"] == run.manifest["parent"] == ahead.id


def three_units() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "unit": ["base", "slow", "peak"],
            "p_min": 0.0,
            "p_max": 100.0,
            "price": [10.0, 30.0, 100.0],
            "ramp_up": [np.nan, 60.0, np.nan],
            "initial_mw": [100.0, 5.0, 0.0],
            "initial_hours": 5.0,
        }
    )


@pytest.mark.parametrize(
    ("look_ahead", "base", "slow", "peak", "lmp"),
    [
        # Base is full at 100. Slow follows and, up 5 MW from 5, gives 10 of the 25 at the end.
        (1, [100, 100, 100], [5, 5, 10], [0, 0, 15], [30, 30, 100]),
        # One interval ahead: 5 MW of slow in place of base now (20 more each) spare 5 MW of peak
        # then (70 less each). Base is marginal now: 10. The ramp is worth 70 then, and now it
        # binds at 10 + 70 - 30 = 50.
        (2, [100, 95, 100], [5, 10, 15], [0, 0, 10], [30, 10, 100]),
        # Two intervals ahead the same pays twice: 10 and 15 before 20.
        (3, [95, 90, 100], [10, 15, 20], [0, 0, 5], [10, 10, 100]),
    ],
)
def test_looking_ahead_ramps_early_and_changes_the_price(
    look_ahead: int, base: list[float], slow: list[float], peak: list[float], lmp: list[float]
) -> None:
    ahead = cf.clear(market([105.0], 60, three_units()))
    run = cf.clear(
        market([105.0, 105.0, 125.0], 5, three_units()),
        commitment_from=ahead,
        settings={"realtime.look_ahead": look_ahead},
    )
    assert output(run, "base") == base
    assert output(run, "slow") == slow
    assert output(run, "peak") == peak
    assert prices(run) == lmp
    if look_ahead == 2:
        assert run.future_values["interval_start"].tolist() == [START + pd.Timedelta(minutes=5)]
        assert run.future_values["value"].tolist() == pytest.approx([70.0])
        # Into the second interval and, from the window of the third, into the third.
        assert run.constraints["shadow_price"].tolist() == pytest.approx([50.0, 70.0])


def committed_pair() -> tuple[Run, Case]:
    # Coal runs in the first hour only: 250 MW are asked for, gas reaches 200. In the second, gas
    # alone is cheaper, since coal costs 10000 an hour to be on.
    units = fleet(
        p_min=[20.0, 0.0],
        ramp_up=[240.0, np.nan],
        ramp_down=[240.0, np.nan],
        shutdown_ramp=[40.0, np.nan],
        initial_mw=[0.0, 0.0],
        initial_hours=[-9.0, 5.0],
        startup_ramp=[60.0, np.nan],
    )
    paid = pd.DataFrame(
        {
            "unit": ["coal", "coal"],
            "component": ["no_load", "startup"],
            "price": [10000.0, 500.0],
        }
    )
    ahead = cf.clear(market([230.0, 30.0], 60, units, commitment_offers=paid))
    assert ahead.dispatch["on"].tolist() == [True, True, False, True]
    demand = [210.0] * 12 + [30.0] * 12
    return ahead, market(demand, 5, units, commitment_offers=paid)


def test_commitment_costs_by_the_hour_and_a_start_once() -> None:
    ahead, case = committed_pair()
    run = cf.clear(case, commitment_from=ahead)
    coal = run.dispatch[run.dispatch["unit"] == "coal"]
    assert coal["on"].tolist() == [True] * 12 + [False] * 12
    assert coal["start"].tolist() == [True] + [False] * 23
    assert coal["stop"].to_numpy().nonzero()[0].tolist() == [12]
    fixed = coal["cost"].to_numpy() - coal["mw"].to_numpy() * 20.0 / 12.0
    # 10000 an hour is 833.33 in 5 minutes; 500 for the start.
    each = 10000.0 / 12.0
    assert fixed == pytest.approx([500.0 + each] + [each] * 11 + [0.0] * 12)


def test_a_stop_that_lies_ahead_holds_a_unit_down() -> None:
    # It starts at 60, rises by 20 per interval, and must be at 40 before it stops:
    # 60 80 100 120 140 160, and from there 6 steps of 20 down to 40.
    ahead, case = committed_pair()
    run = cf.clear(case, commitment_from=ahead)
    expected = [60.0, 80, 100, 120, 140, 160, 140, 120, 100, 80, 60, 40]
    assert output(run, "coal") == expected + [0.0] * 12
    assert prices(run) == [50.0] * 24
    # One more MW of coal would save 30 an hour, were it not for the stop.
    later = run.future_values.set_index("interval_start")
    assert set(later["unit"]) == {"coal"}
    down = pd.date_range(START + pd.Timedelta(minutes=30), periods=6, freq="5min")
    assert later.loc[down, "value"].tolist() == pytest.approx([-30.0] * 6)
    marginal = run.marginal_units
    assert not marginal.loc[marginal["interval_start"].isin(down), "unit"].eq("coal").any()


def test_the_pair_settles_to_zero() -> None:
    ahead, case = committed_pair()
    run = cf.clear(case, commitment_from=ahead)
    statement = cf.settle(ahead, real_time=run)
    assert statement.total() == 0
    deviations = statement.lines[statement.lines["item"] == "energy_deviation"]
    coal = deviations[deviations["subject"] == "coal"]
    # Day-ahead 40 MW in the first hour, what its stop allows; real time 1200 / 12 = 100 MWh.
    assert output(ahead, "coal") == [40.0, 0.0]
    assert float(coal["quantity"].sum()) == pytest.approx(1200.0 / 12.0 - 40.0, abs=1e-3)


def test_what_real_time_has_out_is_off_and_shortage_has_a_name() -> None:
    # Gas is out from 00:10: coal reaches 110, 120 at the most; the rest of 150 is not served.
    ahead = cf.clear(market([110.0], 60, fleet()))
    starts = pd.date_range(START, periods=4, freq="5min")
    gas = pd.DataFrame({"interval_start": starts, "gas": [200.0, 200.0, 0.0, 0.0]})
    units = fleet(p_min=[0.0, 1.0])
    case = market([120.0, 120.0, 150.0, 150.0], 5, units, availability=gas)
    run = cf.clear(case, commitment_from=ahead)
    assert output(run, "coal") == [110.0, 119.0, 129.0, 139.0]
    on = run.dispatch.loc[run.dispatch["unit"] == "gas", "on"]
    assert on.tolist() == [True, True, False, False]
    assert run.slacks["kind"].tolist() == ["balance", "balance"]
    assert run.slacks["mw"].tolist() == pytest.approx([21.0, 11.0])
    assert any("the energy balance cannot be kept" in text for text in run.manifest["warnings"])
    assert prices(run)[2:] == [5000.0, 5000.0]


def tank(**columns: object) -> pd.DataFrame:
    given = {
        "storage": ["S"],
        "bus": ["A"],
        "charge_mw": [12.0],
        "discharge_mw": [12.0],
        "energy_min": [0.0],
        "energy_max": [30.0],
        "efficiency_in": [1.0],
        "efficiency_out": [1.0],
        "initial_mwh": [10.0],
    }
    return pd.DataFrame(given | columns)


def test_stored_energy_is_carried_and_returns_where_it_must() -> None:
    # 12 MW move 1 MWh per interval. Day-ahead a MWh in store is worth 50, as gas is marginal in
    # both hours. Real time asks for less at first: coal alone at 20, so the tank fills, 12 MWh in
    # the first hour; from 22 it must be back at 10 in 12 intervals, and can with 12 MWh an hour.
    units = fleet(ramp_up=[np.nan, np.nan], ramp_down=[np.nan, np.nan])
    ahead = cf.clear(market([250.0, 250.0], 60, units, storage=tank(cyclic=[True])))
    assert ahead.storage_schedule["energy_value"].tolist() == pytest.approx([50.0, 50.0])
    case = market([100.0] * 12 + [250.0] * 12, 5, units, storage=tank(cyclic=[True]))
    for look_ahead in (1, 3):
        changed = {"realtime.look_ahead": look_ahead}
        run = cf.clear(case, commitment_from=ahead, settings=changed)
        stored = run.storage_schedule["energy_mwh"].tolist()
        assert stored[:12] == pytest.approx([11.0 + k for k in range(12)])
        assert stored[-1] == pytest.approx(10.0)


def test_budgets_are_net_of_use_and_cost_their_day_ahead_worth() -> None:
    # Day-ahead coal has 150 MWh for two hours of 110 MW: gas sets 50, a MWh in the budget is worth
    # 30. Real time at 100 MW pays 20 + 30 for coal too, and never takes more than 150 MWh.
    limit = pd.DataFrame({"unit": ["coal"], "day": [START.tz_localize(None)], "max_mwh": [150.0]})
    units = fleet(ramp_up=[np.nan, np.nan], ramp_down=[np.nan, np.nan])
    ahead = cf.clear(market([110.0, 110.0], 60, units, energy_limits=limit))
    assert ahead.energy_budgets["shadow_price"].tolist() == pytest.approx([30.0])
    case = market([120.0] * 24, 5, units, energy_limits=limit)
    run = cf.clear(case, commitment_from=ahead)
    assert sum(output(run, "coal")) / 12.0 <= 150.0 + 1e-6
    assert prices(run) == [50.0] * 24
    spent = run.energy_budgets
    assert spent["used_mwh"].tolist() == pytest.approx([sum(output(run, "coal")) / 12.0])
    assert spent["shadow_price"].isna().all()
    assert set(run.future_values["reason"]) <= {"budget"}


def test_virtuals_are_day_ahead_only() -> None:
    bids = pd.DataFrame(
        {"virtual": ["V"], "owner": ["T"], "kind": ["dec"], "bus": ["A"], "mw": [30.0],
         "price": [99.0]}
    )  # fmt: skip
    ahead = cf.clear(market([100.0], 60, fleet(), virtuals=bids))
    assert ahead.virtual_awards["mw"].tolist() == pytest.approx([30.0])
    run = cf.clear(market([100.0, 100.0], 30, fleet(), virtuals=bids), commitment_from=ahead)
    assert run.virtual_awards.empty
    assert output(run, "coal") == [100.0, 100.0]


def test_a_run_and_a_case_that_do_not_match_are_one_error() -> None:
    ahead = cf.clear(market([110.0], 60, fleet()))
    other = fleet().assign(unit=["coal", "wind"])
    late = market([100.0] * 3, 5, other, start="2024-01-01T00:50+00:00")
    with pytest.raises(InputError) as caught:
        cf.clear(late, commitment_from=ahead)
    text = str(caught.value)
    assert "the run has no unit wind" in text
    assert "the case has no unit gas" in text
    assert "1 of 3 intervals lie in no interval of the run" in text
    assert len(caught.value.failures) == 3


def test_an_interval_must_lie_in_one_of_the_run() -> None:
    ahead = cf.clear(market([110.0, 110.0], 60, fleet()))
    across = market([100.0], 60, fleet(), start="2024-01-01T00:30+00:00")
    with pytest.raises(InputError, match="1 of 1 intervals lie in no interval"):
        cf.clear(across, commitment_from=ahead)


def test_what_is_not_available_is_refused() -> None:
    ahead = cf.clear(market([110.0], 60, fleet()))
    case = market([100.0], 5, fleet())
    with pytest.raises(InputError, match="not available in real time"):
        cf.clear(case, commitment_from=ahead, settings={"pricing.method": "extended"})
    every = cf.clear(market([110.0], 60, fleet()), commitment=False)
    with pytest.raises(InputError, match="without commitment"):
        cf.clear(case, commitment_from=every)
    with pytest.raises(InputError, match="not both"):
        cf.clear(case, commitment_from=ahead, commitment=False)


def test_a_real_time_run_is_not_cleared_again_by_itself() -> None:
    ahead = cf.clear(market([110.0], 60, fleet()))
    run = cf.clear(market([100.0], 5, fleet()), commitment_from=ahead)
    for again in (reclear, recommit):
        with pytest.raises(InputError, match="mitigate the day-ahead run"):
            again(run, run.case)


def halves(case: Case) -> Case:
    """Cut every interval of a case in two."""
    starts = case.interval_starts
    tables = {}
    for name, table in case.tables.items():
        if "interval_start" not in table or table["interval_start"].isna().all():
            tables[name] = table
            continue
        later = table.assign(interval_start=table["interval_start"] + (starts[1] - starts[0]) / 2)
        tables[name] = pd.concat([table, later]).sort_values("interval_start", kind="stable")
    meta = case.meta.model_copy(
        update={
            "intervals": 2 * case.meta.intervals,
            "interval_minutes": case.meta.interval_minutes // 2,
        }
    )
    return Case.build(meta, tables)


@pytest.mark.parametrize("security", ["none", "n-1"])
def test_the_same_day_in_halves_has_the_same_prices(security: str, tmp_path: Path) -> None:
    """Without ramps a schedule is right hour by hour, so real time repeats the day-ahead prices."""
    case = cf.read_case("pjm5")
    free = case.units.assign(ramp_up=np.nan, ramp_down=np.nan)
    case = case.replace(units=free)
    ahead = cf.clear(case, security=security)  # type: ignore[arg-type]
    run = cf.clear(halves(case), commitment_from=ahead, security=security)  # type: ignore[arg-type]
    planned = ahead.prices["lmp"].to_numpy().reshape(24, -1)
    real = run.prices["lmp"].to_numpy().reshape(48, -1)
    assert np.abs(real - np.repeat(planned, 2, axis=0)).max() < 1e-6
    assert len(run.constraints) == 2 * len(ahead.constraints) > 0
    assert run.objective == pytest.approx(ahead.objective)
    assert len(run.price_terms) == 2 * len(ahead.price_terms)
    statement = cf.settle(ahead, real_time=run)
    assert statement.total() == 0
    run.write(tmp_path / "rt")
    assert Run.read(tmp_path / "rt").id == run.id
