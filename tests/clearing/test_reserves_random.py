"""Random days with reserves against a plain linear program, and prices by perturbation."""

from __future__ import annotations

import warnings
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

import cases
import clearing
from cases.errors import DataWarning
from tests.clearing.reserve_days import reserve_day
from tests.oracles import reserves as oracle

STEP_MW = 1e-3


def random_day(seed: int) -> cases.Case:
    """Two to four units in three zones, three to five products, one to three intervals."""
    rng = np.random.default_rng(seed)
    minutes = int(rng.choice([15, 30, 60]))
    count = int(rng.integers(1, 4))
    units = {}
    for k in range(int(rng.integers(2, 5))):
        p_max = float(rng.uniform(50, 150))
        units[f"G{k}"] = {
            "p_max": p_max,
            "p_min": float(rng.choice([0.0, 0.1, 0.3])) * p_max,
            "price": float(rng.uniform(10, 60)),
            "zone": str(rng.choice(["A", "B", "C"])),
            "ramp_up": float(rng.choice([np.nan, rng.uniform(0.5, 4.0) * p_max])),
            "ramp_down": float(rng.choice([np.nan, rng.uniform(0.5, 4.0) * p_max])),
            "initial_mw": float(rng.choice([np.nan, rng.uniform(0.3, 1.0) * p_max])),
        }
    products = {
        "reg": {"minutes": 5, "substitutes_for": "spin"},
        "spin": {"minutes": 10, "substitutes_for": str(rng.choice(["", "slow"]))},
        "slow": {"minutes": int(rng.choice([30, 60]))},
        "down": {"minutes": 10, "direction": "down"},
        "fall": {"minutes": 60, "direction": "down", "substitutes_for": ""},
    }
    total = sum(u["p_max"] for u in units.values())
    least = sum(u["p_min"] for u in units.values())
    level = rng.uniform(least + 0.1 * (total - least), total, count)
    load = {"A": 0.6 * level, "B": 0.4 * level}
    needs: list[tuple[str, str, float | str]] = []
    for name in products:
        for zone in ("", "A", "B"):
            if rng.random() < 0.5:
                share = 0.15 if zone == "" else 0.06
                needs.append((name, zone, float(rng.uniform(0.02, share) * total)))
    if rng.random() < 0.3 and not any(n[:2] == ("slow", "") for n in needs):
        needs.append(("slow", "", "largest_unit"))
    if rng.random() < 0.3 and not any(n[:2] == ("spin", "A") for n in needs):
        needs.append(("spin", "A", "load_share:0.1"))
    offers = [
        (unit, name, float(rng.uniform(0.1, 0.5) * u["p_max"]), float(rng.uniform(0, 8)))
        for unit, u in units.items()
        for name in products
        if rng.random() < 0.7
    ]
    curve = [
        (name, zone, k + 1, float(rng.uniform(1, 8)), 90.0 * (k + 1) + float(rng.uniform(0, 50)))
        for name, zone, _ in needs
        if rng.random() < 0.5
        for k in range(int(rng.integers(1, 4)))
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return reserve_day(units, load, products, needs, offers, curve, minutes)


@lru_cache
def cleared(seed: int) -> tuple[cases.Case, cases.Run]:
    """A random day and its run."""
    case = random_day(seed)
    return case, clearing.clear(case, commitment=False)


@pytest.mark.parametrize("seed", range(20))
def test_random_days_cost_what_a_plain_program_says(seed: int) -> None:
    """The objective, and a few prices: each lies between what a MW less and a MW more is worth."""
    case, run = cleared(seed)
    base = oracle.solve(case).objective
    assert run.objective == pytest.approx(base, rel=1e-8, abs=1e-6)
    stated = run.reserve_prices.set_index(["interval_start", "product", "zone"])["shadow_price"]
    needs = case.reserve_requirements
    rng = np.random.default_rng(seed)
    for row in needs.iloc[rng.permutation(len(needs))[:3]].itertuples():
        t = int(rng.integers(case.meta.intervals))
        key = (t, row.product, row.zone)
        held = [oracle.solve(case, {key: s * STEP_MW}).objective for s in (-1.0, 1.0)]
        low, high = worth(held, base, case.interval_hours)
        assert low <= stated[case.interval_starts[t], row.product, row.zone] <= high, key
    held = [oracle.solve(case, load={0: s * STEP_MW}).objective for s in (-1.0, 1.0)]
    low, high = worth(held, base, case.interval_hours)
    assert low <= run.prices["lmp"].iloc[0] <= high


def worth(held: list[float], base: float, hours: float) -> tuple[float, float]:
    """Least and largest price that fit a little less and a little more, with rounding."""
    less, more = (base - held[0]) / STEP_MW / hours, (held[1] - base) / STEP_MW / hours
    return less - 1e-2, more + 1e-2


@pytest.mark.parametrize("seed", range(12))
def test_a_unit_earns_its_price_times_its_awards(seed: int) -> None:
    """A unit's awards at its prices are what the requirements that they serve are worth.

    Summed over units this is shadow price times what is given for each requirement: the dual side
    of the market's money.
    """
    case, run = cleared(seed)
    products = case.reserve_products.set_index("product")["substitutes_for"].to_dict()
    zones = case.units.set_index("unit")["bus"].map(case.buses.set_index("bus")["zone"])
    shadow = run.reserve_prices.set_index(["interval_start", "product", "zone"])["shadow_price"]
    for row in run.reserves.itertuples():
        total, step = 0.0, row.product
        while step:
            for zone in ("", zones[row.unit]):
                total += shadow.get((row.interval_start, step, zone), 0.0)
            step = products[step]
        assert row.price == pytest.approx(total, abs=1e-6)
    paid = (run.reserves["mw"] * run.reserves["price"]).sum()
    given = run.reserve_prices.assign(
        mw=run.reserve_prices["requirement_mw"] - run.reserve_prices["shortage_mw"]
    )
    # A requirement with a shadow price is given exactly its MW less what is short.
    assert paid == pytest.approx((given["mw"] * given["shadow_price"]).sum(), abs=1e-2)


def test_the_random_days_hold_what_they_are_to_test() -> None:
    """Shortages, prices above penalties of one requirement, downward prices, ramps of energy."""
    runs = [cleared(seed)[1] for seed in range(20)]
    prices = pd.concat([run.reserve_prices for run in runs])
    assert (prices["shortage_mw"] > 0).mean() > 0.05
    assert ((prices["shadow_price"] > 0) & (prices["shortage_mw"] == 0)).mean() > 0.05
    assert (prices.loc[prices["product"].isin(["down", "fall"]), "price"] > 0).any()
    assert (prices["price"] > prices["shadow_price"] + 1.0).any()
    assert sum("reserve_ramp_excess" in run.model.session.compiled.market.families for run in runs)
    assert sum((run.reserves["opportunity_cost"] > 0).any() for run in runs) > 5
