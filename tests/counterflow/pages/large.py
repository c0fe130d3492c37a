"""A large grid written by hand: what a page has to carry, without clearing anything."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases import Case, RuleBook, Run


def large_run(side: int = 100, hours: int = 24, seed: int = 1, shift: float = 0.0) -> Run:
    """A square grid of side x side buses with prices that fall from one corner, and one limit."""
    rng = np.random.default_rng(seed)
    count = side * side
    buses = [f"B{i}" for i in range(count)]
    column, row = np.arange(count) % side, np.arange(count) // side
    east = np.flatnonzero(column < side - 1)
    north = np.flatnonzero((row < side - 1) & (rng.random(count) < 0.35) | (column == 0))
    north = north[north + side < count]
    ends = np.concatenate(
        [np.column_stack([east, east + 1]), np.column_stack([north, north + side])]
    )
    branches = [f"L{i}" for i in range(len(ends))]
    case = Case.build(
        {
            "name": "large",
            "timezone": "UTC",
            "start": "2024-01-01T00:00:00+00:00",
            "intervals": hours,
        },
        {
            "buses": pd.DataFrame(
                {"bus": buses, "zone": np.where(row < side // 2, "south", "north")}
            ).assign(x=column.astype(float), y=row.astype(float)),
            "branches": pd.DataFrame(
                {
                    "branch": branches,
                    "from_bus": [buses[i] for i in ends[:, 0]],
                    "to_bus": [buses[i] for i in ends[:, 1]],
                    "x": 0.1,
                    "rating_mw": 100.0,
                }
            ),
            "owners": pd.DataFrame({"owner": ["one"]}),
            "units": pd.DataFrame({"unit": ["G"], "owner": ["one"], "bus": ["B0"], "p_max": 100.0}),
            "offers": pd.DataFrame({"unit": ["G"], "segment": 1, "mw": 100.0, "price": 10.0}),
            "loads": pd.DataFrame({"load": ["D"], "bus": [buses[-1]]}),
            "demand": pd.DataFrame(
                {
                    "interval_start": pd.date_range(
                        "2024-01-01", periods=hours, freq="h", tz="UTC"
                    ),
                    "D": 50.0,
                }
            ),
        },
    )
    starts, ends_of = case.interval_starts, case.interval_ends
    bus_times, bus_ends = np.repeat(starts, count), np.repeat(ends_of, count)
    dfax = (column + row) / (2.0 * side)
    price = 20.0 + rng.random(hours) * 10.0 + shift
    mcc = np.concatenate([dfax * (5.0 + t) for t in range(hours)])
    mec = np.repeat(price, count)
    flat = {"contingency": "", "constraint": "L5"}
    tables = {
        "prices": pd.DataFrame(
            {
                "interval_start": bus_times,
                "interval_end": bus_ends,
                "bus": np.tile(buses, hours),
                "zone": np.tile(case.buses["zone"], hours),
                "lmp": mec + mcc,
                "mec": mec,
                "mcc": mcc,
                "mlc": 0.0,
            }
        ),
        "flows": pd.DataFrame(
            {
                "interval_start": np.repeat(starts, len(branches)),
                "branch": np.tile(branches, hours),
                "flow_mw": rng.normal(0.0, 40.0, len(branches) * hours),
                "rating_mw": 100.0,
            }
        ),
        "price_terms": pd.DataFrame(
            {
                "interval_start": bus_times,
                "bus": np.tile(buses, hours),
                **flat,
                "dfax": np.tile(dfax, hours),
                "shadow_price": np.repeat(5.0 + np.arange(hours), count),
            }
        ),
        "constraints": pd.DataFrame(
            {
                "interval_start": starts,
                "interval_end": ends_of,
                **flat,
                "direction": "upper",
                "kind": "branch",
                "element": "L5",
                "limit_mw": 100.0,
                "flow_mw": 100.0,
                "shadow_price": 5.0 + np.arange(hours),
                "penalty_mw": 0.0,
            }
        ),
        "dispatch": pd.DataFrame(
            {
                "interval_start": starts,
                "interval_end": ends_of,
                "unit": "G",
                "owner": "one",
                "bus": "B0",
                "mw": 50.0,
                "available_mw": 100.0,
                "on": True,
                "start": False,
                "stop": False,
                "cost": 500.0,
            }
        ),
        "load_awards": pd.DataFrame(
            {
                "interval_start": starts,
                "interval_end": ends_of,
                "load": "D",
                "owner": "",
                "bus": buses[-1],
                "mw": 50.0,
                "bid_mw": 0.0,
            }
        ),
        "offers_used": case.offers[["unit", "segment", "mw", "price"]].merge(
            pd.DataFrame({"interval_start": starts, "source": "submitted"}), how="cross"
        ),
    }
    stated = {"objective": 500.0 * hours, "status": "optimal", "settings": {"commitment": False}}
    return Run(stated, tables, case, RuleBook.load("default"))
