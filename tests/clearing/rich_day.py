"""A small day whose run has rows in every table that a clearing makes, solved by the engine."""

from __future__ import annotations

import warnings
from functools import cache

import pandas as pd

import clearing
from cases import Case, DataWarning, Run

STARTS = pd.date_range("2030-06-03T00:00:00Z", periods=4, freq="h")


def case() -> Case:
    """Three buses in two zones; the cheap unit at A is short of lines to the loads at B and C."""
    demand = pd.DataFrame(
        {
            "interval_start": STARTS,
            "LB": [60.0, 120.0, 200.0, 900.0],
            "LC": [40.0, 60.0, 80.0, 60.0],
        }
    )
    tables = {
        "buses": pd.DataFrame({"bus": ["A", "B", "C"], "zone": ["west", "east", "east"]}),
        "hubs": pd.DataFrame({"hub": "H", "bus": ["A", "C"], "weight": [0.4, 0.6]}),
        "branches": pd.DataFrame(
            {
                "branch": ["AB", "BC", "AC"],
                "from_bus": ["A", "B", "A"],
                "to_bus": ["B", "C", "C"],
                "x": [0.1, 0.2, 0.1],
                "rating_mw": [90.0, 80.0, 70.0],
                "emergency_rating_mw": [110.0, 90.0, 85.0],
            }
        ),
        "contingencies": pd.DataFrame({"contingency": ["lost"], "kind": "branch", "element": "AC"}),
        "links": pd.DataFrame(
            {"link": "DC", "from_bus": ["A"], "to_bus": "C", "max_mw": 15.0, "loss_fraction": 0.05}
        ),
        "units": pd.DataFrame(
            {
                "unit": ["GA", "GB", "GC", "GD"],
                "bus": ["A", "B", "C", "A"],
                "owner": ["one", "two", "three", "two"],
                "p_min": [20.0, 10.0, 0.0, 0.0],
                "p_max": [300.0, 200.0, 90.0, 40.0],
                "ramp_up": [60.0, 150.0, float("nan"), float("nan")],
                "startup_ramp": [300.0, 200.0, float("nan"), float("nan")],
                "initial_mw": [100.0, 0.0, 0.0, 0.0],
                "initial_hours": [10.0, -10.0, -10.0, -10.0],
            }
        ),
        "offers": pd.DataFrame(
            {
                "unit": ["GA", "GA", "GB", "GC", "GD"],
                "segment": [1, 2, 1, 1, 1],
                "mw": [150.0, 150.0, 200.0, 90.0, 40.0],
                "price": [10.0, 20.0, 45.0, 80.0, 15.0],
            }
        ),
        "commitment_offers": pd.DataFrame(
            {"unit": ["GB", "GB"], "component": ["startup", "no_load"], "price": [500.0, 100.0]}
        ),
        "energy_limits": pd.DataFrame(
            {"unit": ["GD"], "day": [pd.Timestamp("2030-06-03")], "max_mwh": [60.0]}
        ),
        "storage": pd.DataFrame(
            {
                "storage": ["S"],
                "bus": "B",
                "owner": "four",
                "charge_mw": 20.0,
                "discharge_mw": 20.0,
                "energy_max": 40.0,
                "initial_mwh": 10.0,
                "efficiency_in": 0.9,
            }
        ),
        "virtuals": pd.DataFrame(
            {
                "virtual": ["V1", "V2"],
                "owner": "five",
                "kind": ["dec", "utc"],
                "bus": ["A", "A"],
                "sink_bus": ["", "C"],
                "mw": 5.0,
                "price": [40.0, 8.0],
            }
        ),
        "reserve_products": pd.DataFrame({"product": ["spin"], "minutes": 10.0}),
        "reserve_requirements": pd.DataFrame({"product": ["spin"], "zone": "", "mw": 30.0}),
        "reserve_offers": pd.DataFrame(
            {"unit": ["GA", "GB"], "product": "spin", "mw": [40.0, 60.0], "price": [2.0, 3.0]}
        ),
        "bids": pd.DataFrame({"load": ["LC"], "segment": 1, "mw": 10.0, "price": 60.0}),
        "loads": pd.DataFrame({"load": ["LB", "LC"], "bus": ["B", "C"], "owner": ["six", "seven"]}),
        "demand": demand,
    }
    meta = {"name": "rich", "start": STARTS[0].isoformat(), "intervals": len(STARTS)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return Case.build(meta, tables)


@cache
def run() -> Run:
    """The day, committed and secured against the outage of AC."""
    return clearing.clear(case(), security="n-1")
