"""A small case to start from: few enough rows to be read, and something binds."""

from __future__ import annotations

import math

import pandas as pd

from cases import Case
from cases.market_time import day_of

__all__ = ["starter_case"]

_START = "2026-07-01T00:00:00-04:00"


def starter_case(name: str, hours: int = 24) -> Case:
    """Three buses in a triangle, four units of three owners, two loads over a day.

    West has the cheap units, the line from west to east is too small for them at noon, and the
    peaker in the east, which asks for twice its cost, sets the price there: congestion, a
    commitment, and an offer for mitigation to look at.

    Parameters
    ----------
    name
        Of the case.
    hours
        Intervals of an hour from midnight.
    """
    starts = pd.date_range(_START, periods=hours, freq="h").tz_convert("America/New_York")
    shape = [0.8 - 0.25 * math.cos(2.0 * math.pi * (hour - 3) / 24.0) for hour in range(hours)]
    tables = {
        "buses": pd.DataFrame(
            {"bus": ["West", "North", "East"], "zone": ["W", "W", "E"], "kv": 230.0}
        ),
        "branches": pd.DataFrame(
            {
                "branch": ["West-North", "North-East", "West-East"],
                "from_bus": ["West", "North", "West"],
                "to_bus": ["North", "East", "East"],
                "x": 0.1,
                "rating_mw": [300.0, 300.0, 150.0],
            }
        ),
        "owners": pd.DataFrame({"owner": ["River", "Plain", "Hill"]}),
        "units": pd.DataFrame(
            {
                "unit": ["Hydro", "Coal", "Gas", "Peaker"],
                "owner": ["River", "Plain", "Plain", "Hill"],
                "bus": ["West", "West", "North", "East"],
                "fuel": ["water", "coal", "gas", "gas"],
                "p_min": [0.0, 60.0, 30.0, 10.0],
                "p_max": [120.0, 250.0, 150.0, 120.0],
                "ramp_up": [float("nan"), 80.0, 120.0, float("nan")],
                "ramp_down": [float("nan"), 80.0, 120.0, float("nan")],
                "min_up": [0.0, min(6.0, hours), min(2.0, hours), 1.0],
                "min_down": [0.0, min(6.0, hours), min(2.0, hours), 1.0],
                "initial_hours": [24.0, 24.0, -8.0, -8.0],
                "initial_mw": [60.0, 150.0, 0.0, 0.0],
            }
        ),
        "offers": pd.DataFrame(
            {
                "unit": ["Hydro", "Coal", "Coal", "Gas", "Gas", "Peaker"],
                "segment": [1, 1, 2, 1, 2, 1],
                "mw": [120.0, 150.0, 100.0, 80.0, 70.0, 120.0],
                "price": [8.0, 22.0, 27.0, 34.0, 41.0, 75.0],
            }
        ),
        "commitment_offers": pd.DataFrame(
            {
                "unit": ["Coal", "Gas", "Peaker"],
                "component": "startup",
                "price": [4000.0, 900.0, 150.0],
            }
        ),
        "costs": pd.DataFrame(
            {
                "unit": ["Hydro", "Coal", "Gas", "Peaker"],
                "segment": 1,
                "mw": [120.0, 250.0, 150.0, 120.0],
                "heat_rate": [0.0, 9.5, 7.8, 10.5],
                "fuel": ["water", "coal", "gas", "gas"],
                "vom": [2.0, 2.5, 1.5, 3.0],
            }
        ),
        "fuel_prices": pd.DataFrame(
            {
                "fuel": ["water", "coal", "gas"],
                "date": day_of(pd.Timestamp(_START)),
                "price": [0.0, 2.2, 3.5],
            }
        ),
        "loads": pd.DataFrame({"load": ["Town", "City"], "bus": ["North", "East"]}),
        "demand": pd.DataFrame(
            {
                "interval_start": starts,
                "Town": [round(140.0 * part, 1) for part in shape],
                "City": [round(310.0 * part, 1) for part in shape],
            }
        ),
    }
    meta = {
        "name": name,
        "start": _START,
        "intervals": hours,
        "timezone": "America/New_York",
        "currency": "USD",
    }
    return Case.build(meta, tables)
