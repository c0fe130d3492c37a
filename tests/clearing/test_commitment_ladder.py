"""One worked day, made richer step by step; every step changes the answer, worked out by hand.

Two buses, five hours, load of 140, 190, 150, 210 and 80 MW at B.

- Coal C at A, 50 to 200 MW: 100 MW at 18, the rest at 20; on before at 140 MW.
- Gas G at B, 20 to 100 MW at 40; off before.
- Peaker P at B, 0 to 100 MW at 90; it costs nothing to have on.

====================  ==================================================================  ======
step                  what changes                                                         cost
====================  ==================================================================  ======
base                  C alone: 2600, 3600, 2800, ., 1440. Hour 4 is above 200: C 190 with  14840
                      G 20 is 3600 + 800 (C 200 with P 10 would be 3800 + 900)
+ network             A-B carries 160: G 30 in hour 2, 50 in hour 4; 30 MW each at         16040
                      40 - 20 more
+ start-up of 500     G stays on at 20 in hour 3, 20 * (40 - 20) = 400, rather than start  16940
                      twice (500)
+ minimum up of 4 h   G runs hours 1 to 4: 20 * (40 - 20) = 400 in hour 1. Hours 2 to 5    17340
                      would displace C's block at 18 in hour 5: 440
+ ramp down of 60     C is alone with 80 in hour 5, so at most 140 in hour 4; G 70:        17740
                      20 * (40 - 20)
+ reserves            G keeps 40 MW free in hours 2 and 4: G 60, P 10 in hour 4:           18240
                      10 * (90 - 40)
+ storage             18 MW in and out, 14.4 MWh, 80 % in, at B. Charged 12.5 in hour 1    17338
                      it spares 10 of G in hour 2 (-400 + 250). Charged 18 in hour 3 it
                      gives 14.4 in hour 4. Charging 18 in hour 5 lets C fall from 158 to
                      98. Hour 4 is C 158, storage 14.4, G 37.6: 2960 + 1504; hours 1, 2,
                      3, 5: 3250, 3800, 3560, 1764; the start 500
====================  ==================================================================  ======

The start-up is in no price: the same prices before and after it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import counterflow as cf
from cases.case import Case
from cases.run import Run
from tests.oracles import commitment

STEPS = ["base", "network", "start-up", "minimum up", "ramp", "reserves", "storage"]

COST = dict(
    zip(STEPS, [14840.0, 16040.0, 16940.0, 17340.0, 17740.0, 18240.0, 17338.0], strict=True)
)

# Hours in which G runs, from 1.
GAS_ON: dict[str, list[int]] = {
    "base": [4],
    "network": [2, 4],
    "start-up": [2, 3, 4],
    "minimum up": [1, 2, 3, 4],
    "ramp": [1, 2, 3, 4],
    "reserves": [1, 2, 3, 4],
    "storage": [1, 2, 3, 4],
}

COAL_MW: dict[str, list[float]] = {
    "base": [140, 190, 150, 190, 80],
    "network": [140, 160, 150, 160, 80],
    "start-up": [140, 160, 130, 160, 80],
    "minimum up": [120, 160, 130, 160, 80],
    "ramp": [120, 160, 130, 140, 80],
    "reserves": [120, 160, 130, 140, 80],
}

# Prices at A and B. Ramp: one MW more in hour 5 lets C make one more in hours 4 and 5 in place of
# G: 18 + 20 - 40 = -2. Reserves: in place of P: 18 + 20 - 90 = -52. Storage: one MW more in hour 2
# comes from charging 1.25 in hour 1: 1.25 * 20 = 25.
PRICES: dict[str, tuple[list[float], list[float]]] = {
    "base": ([20, 20, 20, 20, 18], [20, 20, 20, 20, 18]),
    "network": ([20, 20, 20, 20, 18], [20, 40, 20, 40, 18]),
    "start-up": ([20, 20, 20, 20, 18], [20, 40, 20, 40, 18]),
    "minimum up": ([20, 20, 20, 20, 18], [20, 40, 20, 40, 18]),
    "ramp": ([20, 20, 20, 40, -2], [20, 40, 20, 40, -2]),
    "reserves": ([20, 20, 20, 90, -52], [20, 40, 20, 90, -52]),
    "storage": ([20, 20, 20, 40, -2], [20, 25, 20, 40, -2]),
}

HOURS = pd.date_range("2030-03-05T00:00:00Z", periods=5, freq="h")


def ladder(step: str) -> Case:
    """Build the day with all that stands at or before a step."""
    reached = STEPS[: STEPS.index(step) + 1]
    nan = float("nan")
    tables: dict[str, Any] = {
        "buses": {"bus": ["A", "B"]},
        "branches": {
            "branch": ["A-B"],
            "from_bus": ["A"],
            "to_bus": ["B"],
            "x": [0.1],
            "rating_mw": [160.0 if "network" in reached else nan],
        },
        "units": {
            "unit": ["C", "G", "P"],
            "bus": ["A", "B", "B"],
            "p_min": [50.0, 20.0, 0.0],
            "p_max": [200.0, 100.0, 100.0],
            "ramp_down": [60.0 if "ramp" in reached else nan, nan, nan],
            "min_up": [0.0, 4.0 if "minimum up" in reached else 0.0, 0.0],
            "initial_hours": [10.0, -10.0, 10.0],
            "initial_mw": [140.0, nan, nan],
        },
        "offers": {
            "unit": ["C", "C", "G", "P"],
            "segment": [1, 2, 1, 1],
            "mw": [100.0, 100.0, 100.0, 100.0],
            "price": [18.0, 20.0, 40.0, 90.0],
        },
        "loads": {"load": ["L"], "bus": ["B"]},
        "demand": {"interval_start": HOURS, "L": [140.0, 190.0, 150.0, 210.0, 80.0]},
    }
    if "start-up" in reached:
        tables["commitment_offers"] = {"unit": ["G"], "component": ["startup"], "price": [500.0]}
    if "reserves" in reached:
        tables["reserve_products"] = {"product": ["spin"], "direction": ["up"], "minutes": [10.0]}
        tables["reserve_offers"] = {
            "unit": ["G"],
            "product": ["spin"],
            "mw": [60.0],
            "price": [0.0],
        }
        tables["reserve_requirements"] = {
            "product": ["spin", "spin"],
            "interval_start": HOURS[[1, 3]],
            "mw": [40.0, 40.0],
        }
    if "storage" in reached:
        tables["storage"] = {
            "storage": ["S"],
            "bus": ["B"],
            "charge_mw": [18.0],
            "discharge_mw": [18.0],
            "energy_max": [14.4],
            "efficiency_in": [0.8],
        }
    meta = {"name": step, "start": HOURS[0].isoformat(), "intervals": 5}
    return Case.build(meta, {name: pd.DataFrame(table) for name, table in tables.items()})


def wide(run: Run, table: str, by: str, value: str) -> pd.DataFrame:
    frame = getattr(run, table).pivot(index="interval_start", columns=by, values=value)
    return pd.DataFrame(frame.astype(float))


@pytest.mark.parametrize("step", STEPS)
def test_step(step: str) -> None:
    run = cf.clear(ladder(step), gap=0.0)
    assert run.objective == pytest.approx(COST[step], abs=1e-4)
    on = wide(run, "dispatch", "unit", "on")["G"].to_numpy()
    assert (np.flatnonzero(on) + 1).tolist() == GAS_ON[step]
    mw = wide(run, "dispatch", "unit", "mw")
    if step in COAL_MW:
        assert mw["C"].tolist() == pytest.approx(COAL_MW[step], abs=1e-4)
    if step == "storage":
        assert mw["C"].tolist()[3:] == pytest.approx([158, 98], abs=1e-4)
        assert mw["G"].tolist() == pytest.approx([20, 20, 20, 37.6, 0], abs=1e-4)
    lmp = wide(run, "prices", "bus", "lmp")
    at_a, at_b = PRICES[step]
    assert lmp["A"].tolist() == pytest.approx(at_a, abs=1e-4)
    assert lmp["B"].tolist() == pytest.approx(at_b, abs=1e-4)
    assert run.slacks.empty


def test_reserve_price_is_the_opportunity_cost_of_gas() -> None:
    """One MW more of reserve in hour 4 moves one MW from G at 40 to P at 90: 50. Hour 2 is free."""
    run = cf.clear(ladder("reserves"), gap=0.0)
    price = run.reserve_prices.set_index("interval_start")["price"]
    assert price.loc[HOURS[3]] == pytest.approx(50.0, abs=1e-4)
    assert price.loc[HOURS[1]] == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("step", STEPS)
def test_the_oracle_finds_the_numbers_worked_by_hand(step: str) -> None:
    best = commitment.solve(ladder(step))
    assert best.objective == pytest.approx(COST[step], abs=1e-4)
    assert (np.flatnonzero(best.on["G"]) + 1).tolist() == GAS_ON[step]
    assert best.outcome.lmp["B"].tolist() == pytest.approx(PRICES[step][1], abs=1e-4)
    assert not best.outcome.slacks


def test_no_start_is_dodged_by_buying_a_limit() -> None:
    """Load one tenth of a MW above C and P: 0.1 MW short for an hour costs 500, a start of G 3000.

    G starts all the same: a limit is exceeded only where there is no other way.
    """
    case = ladder("base")
    units = case.units.assign(p_max=[200.0, 100.0, 50.0])
    offers = case.offers.assign(mw=[100.0, 100.0, 100.0, 50.0])
    start = pd.DataFrame({"unit": ["G"], "component": ["startup"], "price": [3000.0]})
    demand = case.demand.assign(L=[140.0, 190.0, 150.0, 250.1, 80.0])
    run = cf.clear(
        case.replace(units=units, offers=offers, commitment_offers=start, demand=demand), gap=0.0
    )
    assert run.slacks.empty
    assert wide(run, "dispatch", "unit", "on")["G"].tolist() == [0.0, 0.0, 0.0, 1.0, 0.0]
    # 2600 + 3600 + 2800 + 1440; hour 4: C 200 at 3800, G 50.1 at 40; the start.
    assert run.objective == pytest.approx(10440 + 3800 + 50.1 * 40 + 3000, abs=1e-4)
