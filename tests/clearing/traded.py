"""Small days with storage, energy limits and virtuals."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

import cases
import clearing
from cases.errors import DataWarning

BATTERY = {
    "storage": "S",
    "bus": "A",
    "owner": "s",
    "charge_mw": 20.0,
    "discharge_mw": 20.0,
    "energy_max": 50.0,
    "efficiency_in": 0.8,
}


def battery(**changes: Any) -> pd.DataFrame:
    """Make a table of one battery: 20 MW either way, 50 MWh, 0.8 of what is charged is stored."""
    return pd.DataFrame([{**BATTERY, **changes}])


def one_bus(
    prices: Sequence[float],
    demand: Sequence[float],
    *,
    start: str = "2024-03-01T00:00:00+00:00",
    timezone: str = "UTC",
    minutes: int = 60,
    **tables: pd.DataFrame,
) -> cases.Case:
    """Unit G offers 200 MW at a price that changes by the interval; load L takes `demand`."""
    zone = pd.Timestamp(start).tz_convert(timezone)
    starts = pd.date_range(zone, periods=len(demand), freq=f"{minutes}min")
    meta = {
        "name": "one bus",
        "start": zone,
        "timezone": timezone,
        "intervals": len(demand),
        "interval_minutes": minutes,
    }
    given = {
        "buses": pd.DataFrame({"bus": ["A"]}),
        "units": pd.DataFrame({"unit": ["G"], "bus": ["A"], "p_max": [200.0], "owner": ["g"]}),
        "offers": pd.DataFrame(
            {"unit": "G", "interval_start": starts, "segment": 1, "mw": 200.0, "price": prices}
        ),
        "loads": pd.DataFrame({"load": ["L"], "bus": ["A"], "owner": ["l"]}),
        "demand": pd.DataFrame({"interval_start": starts, "L": list(demand)}),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return cases.Case.build(meta, given | tables)


def two_buses(
    virtuals: Sequence[Mapping[str, Any]], demand: float = 100.0, **tables: pd.DataFrame
) -> cases.Case:
    """West has 200 MW at 10, east 200 MW at 30 and the load; the line carries 60 MW."""
    start = pd.Timestamp("2024-03-01T00:00", tz="UTC")
    names = pd.DataFrame(virtuals)
    return cases.Case.build(
        {"name": "two buses", "timezone": "UTC", "start": start},
        {
            "buses": pd.DataFrame({"bus": ["W", "E"], "zone": ["Z", "Z"]}),
            "branches": pd.DataFrame(
                {"branch": ["K"], "from_bus": ["W"], "to_bus": ["E"], "x": [0.1], "rating_mw": 60.0}
            ),
            "units": pd.DataFrame(
                {"unit": ["GW", "GE"], "bus": ["W", "E"], "p_max": 200.0, "owner": ["w", "e"]}
            ),
            "offers": pd.DataFrame(
                {"unit": ["GW", "GE"], "segment": 1, "mw": 200.0, "price": [10.0, 30.0]}
            ),
            "loads": pd.DataFrame({"load": ["L"], "bus": ["E"], "owner": ["l"]}),
            "demand": pd.DataFrame({"interval_start": [start], "L": [demand]}),
            "virtuals": names.assign(owner="v") if len(names) else names,
            **tables,
        },
    )


def dispatched(case: cases.Case, **options: Any) -> cases.Run:
    """Clear with every unit on."""
    return clearing.clear(case, commitment=False, **options)
