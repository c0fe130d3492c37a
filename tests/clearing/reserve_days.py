"""Small days with reserves, for hand-worked tests."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pandas as pd

import cases
from cases import Run

START = pd.Timestamp("2030-06-03T00:00", tz="UTC")


def reserve_day(
    units: dict[str, dict[str, Any]],
    load: Sequence[float] | dict[str, Sequence[float]],
    products: dict[str, dict[str, Any]],
    required: Sequence[tuple[Any, ...]],
    offers: Sequence[tuple[str, str, float, float]],
    curve: Sequence[tuple[str, str, int, float, float]] = (),
    minutes: int = 60,
    **tables: pd.DataFrame,
) -> cases.Case:
    """A day on one bus for each zone, with no limits between them.

    `units` by name: p_max, price and further columns of `units`, `zone` among them. `load` by zone,
    or that of zone A. `required`: product, zone, MW or rule. `offers`: unit, product, MW, price.
    """
    loads = load if isinstance(load, dict) else {"A": load}
    zones = sorted({"A", *loads, *(unit.get("zone", "A") for unit in units.values())})
    step = pd.Timedelta(minutes=minutes)
    count = len(next(iter(loads.values())))
    starts = [START + k * step for k in range(count)]
    rows = [{"unit": name, "bus": u.get("zone", "A"), **u} for name, u in units.items()]
    needs = [
        (p, z, float("nan") if isinstance(mw, str) else mw, mw if isinstance(mw, str) else "")
        for p, z, mw in required
    ]
    return cases.Case.build(
        {
            "name": "reserves",
            "start": START,
            "timezone": "UTC",
            "intervals": count,
            "interval_minutes": minutes,
        },
        {
            "buses": pd.DataFrame({"bus": zones, "zone": zones}),
            "branches": pd.DataFrame(
                {
                    "branch": [f"{a}-{b}" for a, b in itertools.pairwise(zones)],
                    "from_bus": zones[:-1],
                    "to_bus": zones[1:],
                    "x": 0.1,
                }
            ),
            "units": pd.DataFrame(rows).drop(columns=["price", "zone"], errors="ignore"),
            "offers": pd.DataFrame(
                [(n, 1, u["p_max"], u["price"]) for n, u in units.items()],
                columns=["unit", "segment", "mw", "price"],
            ),
            "loads": pd.DataFrame({"load": [f"L{z}" for z in loads], "bus": list(loads)}),
            "demand": pd.DataFrame(
                {"interval_start": starts, **{f"L{z}": list(mw) for z, mw in loads.items()}}
            ),
            "reserve_products": pd.DataFrame(
                [{"product": name, **p} for name, p in products.items()]
            ),
            "reserve_requirements": pd.DataFrame(needs, columns=["product", "zone", "mw", "rule"]),
            "reserve_offers": pd.DataFrame(offers, columns=["unit", "product", "mw", "price"]),
            "reserve_demand": pd.DataFrame(
                curve, columns=["product", "zone", "segment", "mw", "price"]
            ),
            **tables,
        },
    )


def prices_of(run: Run, column: str = "price") -> dict[tuple[str, str], float]:
    """A column of `reserve_prices` of the first interval, by product and zone."""
    table = run.reserve_prices
    table = table[table["interval_start"] == table["interval_start"].iloc[0]]
    return dict(zip(zip(table["product"], table["zone"], strict=True), table[column], strict=True))


def awards_of(run: Run, column: str = "mw") -> dict[tuple[str, str], float]:
    """A column of `reserves` of the first interval, by unit and product."""
    table = run.reserves
    table = table[table["interval_start"] == run.prices["interval_start"].iloc[0]]
    keys = zip(table["unit"], table["product"], strict=True)
    return dict(zip(keys, table[column], strict=True))


def output_of(run: Run) -> dict[str, float]:
    """Output of the first interval."""
    table = run.dispatch
    table = table[table["interval_start"] == table["interval_start"].iloc[0]]
    return dict(zip(table["unit"], table["mw"], strict=True))
