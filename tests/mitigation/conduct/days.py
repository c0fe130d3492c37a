"""One-hour days and reference levels for the conduct tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cases import Case, RuleBook
from cases.rulebook.mitigation import MitigationRules

#: Offers of reference/mitigation.md, case A1: unit -> (bus, MW, money per MWh).
FIVE_BUS = {
    "Alta": ("A", 40.0, 14.0),
    "Park City": ("A", 170.0, 15.0),
    "Solitude": ("C", 520.0, 30.0),
    "Sundance": ("D", 200.0, 40.0),
    "Brighton": ("E", 600.0, 10.0),
}
ZONES = {"A": "West", "B": "East", "C": "East", "D": "East", "E": "West"}
LINES = (
    ("A-B", "A", "B", 0.0281, 400.0),
    ("A-D", "A", "D", 0.0304, None),
    ("A-E", "A", "E", 0.0064, None),
    ("B-C", "B", "C", 0.0108, None),
    ("C-D", "C", "D", 0.0297, None),
    ("D-E", "D", "E", 0.0297, 240.0),
)
START = "2024-07-16T17:00:00+00:00"


def five_bus(
    offers: Mapping[str, Any] | None = None, *, intervals: int = 1, **tables: pd.DataFrame
) -> Case:
    """Case A1 with other offers: a price, or blocks (MW, price), by unit."""
    blocks = []
    for unit, (_, mw, price) in FIVE_BUS.items():
        given = (offers or {}).get(unit, price)
        curve = [(mw, given)] if isinstance(given, int | float) else given
        blocks += [(unit, n, width, cost) for n, (width, cost) in enumerate(curve, 1)]
    units = [(unit, f"{unit} Co", bus, mw, "thermal") for unit, (bus, mw, _) in FIVE_BUS.items()]
    starts = pd.date_range(START, periods=intervals, freq="h")
    demand = pd.DataFrame({"interval_start": starts, "B": 300.0, "C": 300.0, "D": 400.0})
    meta = {"name": "a1", "timezone": "UTC", "start": START, "intervals": intervals}
    return Case.build(
        meta,
        {
            "buses": pd.DataFrame(ZONES.items(), columns=["bus", "zone"]),
            "branches": pd.DataFrame(
                LINES, columns=["branch", "from_bus", "to_bus", "x", "rating_mw"]
            ),
            "units": pd.DataFrame(units, columns=["unit", "owner", "bus", "p_max", "technology"]),
            "offers": pd.DataFrame(blocks, columns=["unit", "segment", "mw", "price"]),
            "loads": pd.DataFrame({"load": list("BCD"), "bus": list("BCD")}),
            "demand": demand,
            **tables,
        },
    )


def levels(*rows: Mapping[str, Any]) -> pd.DataFrame:
    """Reference levels: those of the five units at their A1 offers, and the rows given."""
    blank = {
        "interval_start": pd.NaT,
        "component": "energy",
        "segment": 1,
        "mw": float("nan"),
        "after_hours_off": float("nan"),
        "method": "negotiated",
    }
    energy = [{"unit": unit, "mw": mw, "price": price} for unit, (_, mw, price) in FIVE_BUS.items()]
    named = {row["unit"] for row in rows if row.get("component", "energy") == "energy"}
    kept = [row for row in energy if row["unit"] not in named]
    frame = pd.DataFrame([{**blank, **row} for row in (*kept, *rows)])
    stamps = pd.to_datetime(frame["interval_start"], utc=True).astype("datetime64[us, UTC]")
    return frame.assign(interval_start=stamps)


def rules(**settings: Any) -> MitigationRules:
    """The default rules with other values, keys below `mitigation` written with __ for a dot."""
    named = {f"mitigation.{key.replace('__', '.')}": value for key, value in settings.items()}
    return RuleBook.load("default").with_settings(named).mitigation
