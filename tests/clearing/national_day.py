"""A small national market: two zones, a DC line for each way, reserves that cover risks."""

from __future__ import annotations

from functools import cache

import pandas as pd

import counterflow as cf

START = pd.Timestamp("2025-01-01T00:00:00+00:00")
SETTINGS = {
    "losses.method": "chords",
    "reserves.capacity": "each",
    "reserves.ramps": False,
    "security.tolerance_mw": 1e-6,
}


def one_zone(**tables: pd.DataFrame) -> cf.Case:
    """One bus: A up to 100 MW at 10, B up to 120 at 20, demand 100; both are risks."""
    given = {
        "buses": pd.DataFrame({"bus": ["b"], "zone": ["Z"]}),
        "units": pd.DataFrame({"unit": ["A", "B"], "bus": "b", "p_max": [100.0, 120.0]}),
        "offers": pd.DataFrame(
            {"unit": ["A", "B"], "segment": 1, "mw": [100.0, 120.0], "price": [10.0, 20.0]}
        ),
        "loads": pd.DataFrame({"load": ["d"], "bus": "b"}),
        "demand": pd.DataFrame({"interval_start": [START], "d": [100.0]}),
        "reserve_products": pd.DataFrame({"product": ["fast"], "minutes": [0.1]}),
        "reserve_offers": pd.DataFrame(
            {
                "unit": ["A", "B"],
                "product": "fast",
                "mw": [50.0, 80.0],
                "price": [1.0, 2.0],
                "share_of_output": [0.5, None],
            }
        ),
        "risks": pd.DataFrame({"risk": ["A", "B"], "product": "fast", "zone": "Z"}),
        "risk_terms": pd.DataFrame(
            {"risk": ["A", "A", "B", "B"], "kind": ["unit", "reserve"] * 2, "element": list("AABB")}
        ),
    }
    return _case(given | tables)


def two_zones(**tables: pd.DataFrame) -> cf.Case:
    """S gives cheap energy to N over a line that loses 2 %, and reserve that counts 80 %."""
    link = {"min_mw": 0.0, "max_mw": 200.0, "r": 0.01, "loss_segments": 1}
    given = {
        "buses": pd.DataFrame({"bus": ["n", "s"], "zone": ["N", "S"]}),
        "links": pd.DataFrame(
            [
                {"link": "sn", "from_bus": "s", "to_bus": "n", **link},
                {"link": "ns", "from_bus": "n", "to_bus": "s", **link},
            ]
        ),
        "price_nodes": pd.DataFrame(
            {"node": ["mid", "mid"], "bus": ["n", "s"], "weight": [1.0, 1.0]}
        ),
        "units": pd.DataFrame(
            {"unit": ["hydro", "thermal"], "bus": ["s", "n"], "p_max": [300.0, 200.0]}
        ),
        "offers": pd.DataFrame(
            {
                "unit": ["hydro", "thermal"],
                "segment": 1,
                "mw": [300.0, 200.0],
                "price": [10.0, 50.0],
            }
        ),
        "loads": pd.DataFrame({"load": ["dn", "ds", "il"], "bus": ["n", "s", "n"]}),
        "demand": pd.DataFrame(
            {"interval_start": [START], "dn": [150.0], "ds": [50.0], "il": [0.0]}
        ),
        "reserve_products": pd.DataFrame({"product": ["fast"], "minutes": [0.1]}),
        "reserve_offers": pd.DataFrame(
            {
                "unit": ["hydro", "thermal", ""],
                "load": ["", "", "il"],
                "product": "fast",
                "mw": [100.0, 100.0, 5.0],
                "price": [1.0, 30.0, 3.0],
            }
        ),
        "reserve_demand": pd.DataFrame(
            {"product": "fast", "zone": ["N"], "segment": 1, "mw": 1000.0, "price": 3000.0}
        ),
        "risks": pd.DataFrame(
            {
                "risk": ["dc", "manual N", "manual S"],
                "product": "fast",
                "zone": ["N", "N", "S"],
                "offset_mw": [-100.0, 60.0, 4.0],
                "shared": [False, True, True],
                "setter": ["link", "manual", "manual"],
            }
        ),
        "risk_terms": pd.DataFrame({"risk": ["dc"], "kind": ["link"], "element": ["sn"]}),
        "reserve_sharing": pd.DataFrame(
            {
                "product": "fast",
                "from_zone": ["S", "N"],
                "to_zone": ["N", "S"],
                "max_mw": 50.0,
                "effectiveness": 0.8,
            }
        ),
        "published_prices": pd.DataFrame(
            {"interval_start": [START], "node": ["mid"], "price": [25.0]}
        ),
        "published_reserve_prices": pd.DataFrame(
            {"interval_start": [START], "product": ["fast"], "zone": ["N"], "price": [30.0]}
        ),
    }
    return _case(given | tables)


def _case(tables: dict[str, pd.DataFrame]) -> cf.Case:
    meta = {"name": "national", "start": START.isoformat(), "interval_minutes": 30}
    return cf.Case.build(meta, tables)


@cache
def shared_run() -> cf.Run:
    """The two zones cleared."""
    return cf.clear(two_zones(), commitment=False, settings=SETTINGS)
