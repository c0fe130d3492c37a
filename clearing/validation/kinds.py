"""What rows say that they are about: kind, element and name of a limit, whether a price is open."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from cases.tables.schema import RUN_TABLES
from clearing.validation.facts import Facts
from clearing.validation.report import rows

__all__ = ["kinds", "unique"]

_TABLE_OF = {
    "branch": "branches",
    "contingency": "branches",
    "interface": "interface_limits",
    "ramp_up": "units",
    "ramp_down": "units",
    "ramp": "units",
    "reserve": "reserve_products",
}
"""Case table of what a kind limits; the others (balance, custom) have none."""
_WAY = {"ramp_up": "upper", "ramp_down": "lower"}


def kinds(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that every limit is of a known kind, about something the case has, and named so.

    A limit of the grid bears the bare name of its branch or interface; one after an outage, and
    no other, names a contingency. Ramps of units go the way that their kind says.
    """
    for table in ("constraints", "slacks"):
        frame = facts.table(table)
        kind, element = frame["kind"], frame["element"]
        wrong = ~kind.isin(RUN_TABLES[table].column("kind").isin or ())
        for name, of in _TABLE_OF.items():
            wrong |= (kind == name) & ~element.isin(facts.names(of))
        on_grid = kind.isin(["branch", "contingency", "interface"])
        wrong |= on_grid & (frame["constraint"] != element)
        wrong |= (kind == "contingency") != (frame["contingency"] != "")
        for name, way in _WAY.items():
            wrong |= (kind == name) & (frame["direction"] != way)
        bad = frame[wrong.to_numpy(dtype=bool)]
        one = np.ones(len(bad))
        yield rows(f"{table}.kind", bad["constraint"], bad["interval_start"], one, 0.0 * one, one)


def unique(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that nothing is said of a price that does not exist."""
    for table, name in (("prices", "bus"), ("zone_prices", "point")):
        frame = facts.table(table)
        bad = frame[(frame["unique"].notna() & frame["lmp"].isna()).to_numpy(dtype=bool)]
        one = np.ones(len(bad))
        yield rows(f"{table}.unique", bad[name], bad["interval_start"], one, 0.0 * one, one)
