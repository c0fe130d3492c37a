"""Days of four intervals of six hours on one bus, whose costs are worked out by hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd

from cases import Case

START = dt.date(2024, 3, 4)


def day(
    units: pd.DataFrame,
    offers: pd.DataFrame,
    demand: list[float],
    commitment_offers: pd.DataFrame | None = None,
    date: dt.date = START,
    storage: pd.DataFrame | None = None,
) -> Case:
    start = dt.datetime.combine(date, dt.time(), tzinfo=dt.UTC)
    starts = pd.date_range(start, periods=4, freq="6h", unit="us")
    tables = {
        "buses": pd.DataFrame({"bus": ["A"]}),
        "units": units.assign(bus="A"),
        "offers": offers.assign(segment=1),
        "loads": pd.DataFrame({"load": ["L"], "bus": ["A"]}),
        "demand": pd.DataFrame({"interval_start": starts, "L": demand}),
    }
    if commitment_offers is not None:
        tables["commitment_offers"] = commitment_offers
    if storage is not None:
        tables["storage"] = storage.assign(bus="A")
    meta = {"name": f"tiny-{date}", "start": start, "interval_minutes": 360, "intervals": 4}
    return Case.build(meta, tables)


def spanning(date: dt.date = START) -> Case:
    """Base, 100 MW at 10; Peaker, 20 to 50 MW at 50, on for 18 hours at least.

    The demand of 80 MW is 120 MW in the last interval, which only the peaker can meet.
    """
    units = pd.DataFrame(
        {
            "unit": ["Base", "Peaker"],
            "p_min": [0.0, 20.0],
            "p_max": [100.0, 50.0],
            "min_up": [0.0, 18.0],
            "initial_hours": [24.0, -24.0],
        }
    )
    offers = pd.DataFrame({"unit": ["Base", "Peaker"], "mw": [100.0, 50.0], "price": [10.0, 50.0]})
    return day(units, offers, [80.0, 80.0, 80.0, 120.0], date=date)


def starting(date: dt.date = START) -> Case:
    """Dear, 200 MW at 10, on; Cheap, 100 MW at 5, off, 20000 to start. The demand is 100 MW."""
    units = pd.DataFrame(
        {
            "unit": ["Cheap", "Dear"],
            "p_min": [10.0, 0.0],
            "p_max": [100.0, 200.0],
            "initial_hours": [-24.0, 24.0],
        }
    )
    offers = pd.DataFrame({"unit": ["Cheap", "Dear"], "mw": [100.0, 200.0], "price": [5.0, 10.0]})
    start = pd.DataFrame({"unit": ["Cheap"], "component": ["startup"], "price": [20_000.0]})
    return day(units, offers, [100.0] * 4, start, date=date)


def written(case: Case, folder: Path) -> Path:
    case.write(folder)
    return folder
