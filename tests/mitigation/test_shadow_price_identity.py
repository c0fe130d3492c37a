"""Where the clearing price of relief is the shadow price, on random grids, and where it is not.

One binding constraint, one unit that is held back for it, the slack at that unit's bus, the base
without the constraint: then every MW of relief comes from units that are raised, in the order of
their effective price, and the last of them sets the shadow price.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import pytest

from cases.case import Case
from mitigation.structure.run import slack_sensitivity
from network import Grid
from tests.mitigation.markets import OracleModel, cleared


def random_case(seed: int) -> Case:
    """A ring of seven buses with three chords, a load or a unit at each, and one limited line."""
    random = np.random.default_rng(seed)
    names = [f"n{k}" for k in range(7)]
    ends = [(k, (k + 1) % 7) for k in range(7)]
    ends += [(a, b) for a, b in ((0, 3), (2, 5), (1, 6)) if random.random() < 0.7]
    branches = pd.DataFrame(
        {
            "branch": [f"l{k}" for k in range(len(ends))],
            "from_bus": [names[a] for a, _ in ends],
            "to_bus": [names[b] for _, b in ends],
            "x": random.uniform(0.01, 0.06, len(ends)),
        }
    )
    at = random.permutation(names)
    units = pd.DataFrame(
        {
            "unit": [f"g{k}" for k in range(5)],
            "owner": [f"o{k}" for k in range(5)],
            "bus": at[:5],
            "p_max": random.uniform(80, 300, 5).round(1),
        }
    )
    first = random.uniform(10, 45, 5).round(2)
    prices = {1: first, 2: first + random.uniform(1, 20, 5).round(2)}
    offers = pd.concat(
        [
            units[["unit"]].assign(segment=k, mw=units["p_max"] / 2, price=price)
            for k, price in prices.items()
        ]
    )
    load = random.uniform(0.4, 0.6) * units["p_max"].sum()
    share = random.dirichlet(np.ones(3))
    start = pd.Timestamp("2026-07-01", tz="UTC")
    buses = pd.DataFrame({"bus": names})
    flows = merit_order_flows(buses, branches, units, offers, at[4:], load * share)
    worst = int(np.argmax(np.abs(flows)))
    rating = np.full(len(ends), np.nan)
    rating[worst] = abs(flows[worst]) * random.uniform(0.6, 0.95)
    start = pd.Timestamp("2026-07-01", tz="UTC")
    tables = {
        "buses": buses,
        "branches": branches.assign(rating_mw=rating),
        "units": units,
        "offers": offers,
        "loads": pd.DataFrame({"load": ["x", "y", "z"], "bus": at[4:]}),
        "demand": pd.DataFrame([[start, *(load * share)]], columns=["interval_start", *"xyz"]),
    }
    return Case.build(
        {"name": f"random-{seed}", "start": start.to_pydatetime(), "intervals": 1}, tables
    )


def merit_order_flows(
    buses: pd.DataFrame,
    branches: pd.DataFrame,
    units: pd.DataFrame,
    offers: pd.DataFrame,
    at: np.ndarray,
    load: np.ndarray,
) -> np.ndarray:
    """Flows of the dispatch without any limit, so that one of them can be made to bind."""
    ordered = offers.sort_values("price")
    left = load.sum() - (ordered["mw"].cumsum() - ordered["mw"])
    injected = pd.Series(-load, index=at).reindex(buses["bus"], fill_value=0.0)
    at_unit = ordered["unit"].map(units.set_index("unit")["bus"])
    injected = injected.add(left.clip(0, ordered["mw"]).groupby(at_unit).sum(), fill_value=0.0)
    return Grid(buses, branches, 100.0).flows(injected[buses["bus"]].to_numpy())


@dataclass(frozen=True)
class Found:
    """Shadow price, and price of relief with the slack at a unit held back and at one raised."""

    shadow_price: float
    at_held_back: float
    at_raised: float


def found(seed: int) -> Found | None:
    case = random_case(seed)
    settings = {"mitigation.structure.three_pivotal.dfax_min": 1e-9}
    run = cleared(case, **settings)
    if len(run.constraints) != 1 or run.constraints["penalty_mw"].iloc[0] > 0:
        return None
    limit = run.constraints[["interval_start", "constraint", "contingency", "direction"]]
    before = OracleModel(case).solve_without(limit).dispatch.set_index("unit")["mw"]
    change = run.dispatch.set_index("unit")["mw"] - before
    bus = case.units.set_index("unit")["bus"]
    held_back, raised = set(bus[change < -1e-6]), sorted(bus[change > 1e-6])
    if len(held_back) > 1:
        return None
    rows = slack_sensitivity(run, [*held_back, raised[0]], model=run.model)
    first, last = rows["relevant_price"].iloc[[0, -1]]
    return Found(run.constraints["shadow_price"].iloc[0], first, last)


@cache
def markets() -> list[Found]:
    return [market for market in map(found, range(12)) if market is not None]


@pytest.mark.filterwarnings("ignore::cases.errors.DataWarning")
def test_clearing_price_of_relief_is_the_shadow_price() -> None:
    assert len(markets()) >= 6
    for market in markets():
        assert market.at_held_back == pytest.approx(market.shadow_price, rel=1e-6)


@pytest.mark.filterwarnings("ignore::cases.errors.DataWarning")
def test_with_the_slack_at_a_unit_that_is_raised_it_is_the_same() -> None:
    """M2: relief is measured against what is lowered for it, not against the slack."""
    for market in markets():
        assert market.at_raised == pytest.approx(market.shadow_price, rel=1e-6)
