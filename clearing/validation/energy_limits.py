"""Energy limits: what a unit produces in a day."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clearing.validation.facts import Facts, Floats
from clearing.validation.report import rows

__all__ = ["budgets", "produced"]


def produced(facts: Facts) -> Floats:
    """Energy of each row of ``energy_limits`` in the case's intervals of its day (N,), MWh."""
    limits = facts.case.tables["energy_limits"]
    unit = facts.names("units").get_indexer(pd.Index(limits["unit"]))
    day = facts.starts.strftime("%Y-%m-%d").to_numpy()
    inside = day[:, None] == limits["day"].dt.strftime("%Y-%m-%d").to_numpy()[None, :]
    energy: Floats = (facts.dispatch[:, unit] * inside).sum(axis=0) * facts.hours
    return energy


def budgets(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check sum over the intervals of a day of p * hours <= max_mwh."""
    limits = facts.case.tables["energy_limits"]
    if limits.empty:
        return
    energy = produced(facts)
    most = limits["max_mwh"].to_numpy(dtype=np.float64)
    over = energy - most
    wrong = over > facts.tolerance * max(1.0, facts.hours)
    bad = limits[wrong]
    starts = bad["day"].dt.strftime("%Y-%m-%d").to_numpy()
    at = [facts.starts[facts.starts.strftime("%Y-%m-%d") == day][0] for day in starts]
    yield rows("energy_limits.day", bad["unit"], at, energy[wrong], most[wrong], over[wrong])
