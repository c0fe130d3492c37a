"""References that were agreed with the participant."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from cases.start_tiers import reached
from mitigation.references.blocks import Blocks, Level
from mitigation.references.cost_based import Missing
from mitigation.references.evidence import Evidence, inputs_hash

__all__ = ["negotiated_curve", "negotiated_level"]


def negotiated_curve(evidence: Evidence, unit: str, day: date, p_max: float) -> Blocks:
    """The agreed energy curve that is valid on the day; a block without MW reaches to p_max."""
    rows = _valid(evidence, unit, "energy", day).sort_values("segment")
    if not len(rows):
        return Blocks.none("negotiated", "")
    width = rows["mw"].to_numpy(dtype=float)
    upper = np.maximum.accumulate(np.where(np.isnan(width), p_max, np.nancumsum(width)))
    price = rows["price"].to_numpy(dtype=float)
    digest = inputs_hash("negotiated", "", unit, upper, price, rows["approved_by"].tolist())
    sample = np.zeros(len(rows), dtype=np.int64)
    missing = f"nothing agreed above {upper[-1]:g} MW"
    return Blocks("negotiated", upper, price, sample, digest, _approval(rows), missing)


def negotiated_level(
    evidence: Evidence, unit: str, component: str, hours: float, day: date
) -> Level | Missing:
    """The agreed level of another component; of start-up tiers the longest not above ``hours``."""
    rows = _valid(evidence, unit, component, day)
    if len(rows):
        rows = rows[reached(rows["after_hours_off"], hours)]
    if not len(rows):
        return Missing("")
    row = rows.sort_values("after_hours_off").iloc[[-1]]
    price = float(row["price"].iloc[0])
    digest = inputs_hash("negotiated", "", unit, component, price, row["approved_by"].tolist())
    return Level(price, "negotiated", inputs_hash=digest, note=_approval(row))


def _valid(evidence: Evidence, unit: str, component: str, day: date) -> pd.DataFrame:
    """Rows of a component that hold on a day; of several agreements the latest."""
    rows = evidence.rows("negotiated_references", unit)
    if not len(rows):
        return rows
    at = pd.Timestamp(day)
    begun = rows["valid_from"].isna() | (rows["valid_from"] <= at)
    open_end = rows["valid_to"].isna() | (rows["valid_to"] >= at)
    held = rows[(rows["component"] == component) & begun & open_end]
    if not len(held):
        return held
    last = held["valid_from"].max()
    return held[held["valid_from"].isna() if pd.isna(last) else held["valid_from"] == last]


def _approval(rows: pd.DataFrame) -> str:
    names = [name for name in dict.fromkeys(rows["approved_by"].tolist()) if name]
    return f"approved by {', '.join(names)}" if names else ""
