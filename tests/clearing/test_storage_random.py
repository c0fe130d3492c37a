"""Random days with storage, budgets and virtuals against a program written from the definitions."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings

import cases
from cases.errors import DataWarning
from settlement import settle
from tests.clearing.traded import dispatched
from tests.fresh import FIXED
from tests.oracles import traded
from tests.strategies import Shape, random_case, seeds, shapes

quick = {Phase.explicit, Phase.generate, Phase.shrink}
examples = settings(deadline=None, derandomize=FIXED, phases=quick)


def with_trade(case: cases.Case, seed: int) -> cases.Case:
    """Add two storages, a budget that binds, and virtuals at buses, a hub and a zone."""
    rng = np.random.default_rng(seed)
    buses = case.buses["bus"].to_numpy(dtype=object)
    size = float(case.units["p_max"].mean())
    pick = rng.choice(buses, 8)
    storage = pd.DataFrame(
        {
            "storage": ["S0", "S1"],
            "bus": pick[:2],
            "owner": "s",
            "charge_mw": size * rng.uniform(0.05, 0.4, 2),
            "discharge_mw": size * rng.uniform(0.05, 0.4, 2),
            "energy_min": [0.0, 0.02 * size],
            "energy_max": size * rng.uniform(0.1, 0.6, 2),
            "efficiency_in": rng.uniform(0.7, 1.0, 2),
            "efficiency_out": rng.uniform(0.7, 1.0, 2),
            "initial_mwh": [0.05 * size, np.nan],
            "final_mwh": [np.nan if rng.random() < 0.5 else 0.05 * size, np.nan],
            "cyclic": [False, bool(rng.random() < 0.5)],
            "charge_price": [0.0, float(rng.uniform(0, 5))],
            "discharge_price": [0.0, float(rng.uniform(5, 15))],
        }
    )
    kinds = ["inc", "dec", "utc", "utc", "inc", "dec"]
    prices = rng.uniform(10, 60, 6)
    prices[2:4] = rng.uniform(-15, 15, 2)
    points = [pick[2], pick[3], pick[4], pick[5], "HUB", "ZONE"]
    virtuals = pd.DataFrame(
        {
            "virtual": [f"V{k}" for k in range(6)],
            "owner": "v",
            "kind": kinds,
            "bus": points,
            "sink_bus": ["", "", pick[6], "HUB", "", ""],
            "mw": size * rng.uniform(0.02, 0.3, 6),
            "price": prices,
        }
    )
    inside = rng.choice(buses, min(3, len(buses)), replace=False)
    free = case.units[~case.units["unit"].isin(case.self_schedules.columns)]
    unit = free.iloc[int(rng.integers(len(free)))]
    hours = case.meta.intervals * case.interval_hours
    most = hours * (unit["p_min"] + rng.uniform(0.05, 0.6) * (unit["p_max"] - unit["p_min"]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return case.replace(
            buses=case.buses.assign(zone=np.where(np.isin(buses, inside), "ZONE", "")),
            hubs=pd.DataFrame(
                {"hub": "HUB", "bus": inside, "weight": rng.uniform(1, 3, len(inside))}
            ),
            storage=storage,
            virtuals=virtuals,
            energy_limits=pd.DataFrame(
                {"unit": [unit["unit"]], "day": [case.interval_starts[0].date()], "max_mwh": [most]}
            ),
        )


@pytest.mark.slow
@settings(examples, max_examples=12)
@given(shapes(most_buses=8, most_intervals=4), seeds)
def test_cost_is_the_least_there_is(shape: Shape, seed: int) -> None:
    """Prices pass the validator, which every clearing runs; the cost is the oracle's."""
    case = with_trade(random_case(shape, seed), seed)
    run = dispatched(case)
    least = traded.objective(case)
    assert run.objective == pytest.approx(least, rel=1e-6, abs=1e-3)


@settings(examples, max_examples=4)
@given(shapes(most_buses=6, most_intervals=3, glut=False, scarce=False), seeds)
def test_money_closes(shape: Shape, seed: int) -> None:
    case = with_trade(random_case(shape, seed), seed)
    statement = settle(dispatched(case))
    assert statement.total() == 0
    assert abs(statement.total(item="rounding")) <= len(statement.lines)


@pytest.mark.slow
@settings(examples, max_examples=4)
@given(shapes(most_buses=6, most_intervals=3), seeds)
def test_shadow_prices_bound_what_a_change_is_worth(shape: Shape, seed: int) -> None:
    """Cost is convex in a budget: cost(budget + d) >= cost - shadow price * d, either way.

    Holds where no direction is held; the same for the initial energy of a storage.
    """
    case = with_trade(random_case(shape, seed), seed)
    run = dispatched(case)
    if any("is held" in text for text in run.manifest["warnings"]):
        return
    size = float(case.energy_limits["max_mwh"].iloc[0])
    shadow = float(run.energy_budgets["shadow_price"].iloc[0])
    first = run.storage_schedule.iloc[0]
    for step in (-0.02 * size, 0.02 * size):
        limits = case.energy_limits.assign(max_mwh=size + step)
        storage = case.storage.copy()
        storage.loc[0, "initial_mwh"] += step / 50
        for table, worth in (
            ({"energy_limits": limits}, shadow * step),
            ({"storage": storage}, float(first["energy_value"]) * step / 50),
        ):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DataWarning)
                try:
                    other = traded.objective(case.replace(**table))
                except (cases.InputError, RuntimeError):
                    continue  # below what must be produced
            assert other >= run.objective - worth - 1e-6 * abs(run.objective) - 1e-3
