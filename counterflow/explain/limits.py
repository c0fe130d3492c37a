"""Reading the `constraints` table: which rows are the network's, and their binding direction."""

from __future__ import annotations

import pandas as pd

RAMPS = {"ramp_up": 1, "ramp_down": -1}
"""Kinds of rows that limit the ramp of a unit, with the sign of the change they limit."""

LOWER = ("lower", "down")
"""Directions in which a limit binds from below."""


def network_limits(constraints: pd.DataFrame) -> pd.DataFrame:
    """Rows of the grid: branches, interfaces, what users add, base case and after outages."""
    return constraints[~constraints["kind"].isin(RAMPS)]


def active(constraints: pd.DataFrame) -> pd.DataFrame:
    """Rows that have a price or were exceeded."""
    return constraints[(constraints["shadow_price"] > 0) | (constraints["penalty_mw"] > 0)]


def relieved_flow(constraints: pd.DataFrame) -> pd.Series[float]:
    """Flow in the binding direction (MW): -240 MW at a ``lower`` limit is 240 MW."""
    lower = constraints["direction"].isin(LOWER)
    return constraints["flow_mw"].where(~lower, -constraints["flow_mw"])
