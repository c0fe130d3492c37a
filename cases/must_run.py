"""Where a unit must run: always by `units`, or in the intervals that the table `must_run` names."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from cases.case import Case

__all__ = ["must_run"]


def must_run(case: Case) -> npt.NDArray[np.bool_]:
    """Whether a unit must be on, (T, U) in the order of `case.units`."""
    units = pd.Index(case.tables["units"]["unit"])
    always = case.tables["units"]["must_run"].to_numpy(dtype=bool)
    found = np.tile(always, (len(case.interval_starts), 1))
    table = case.tables["must_run"]
    columns = pd.Index([name for name in table.columns if name != "interval_start"])
    if len(table) and len(columns):
        at = case.interval_starts.get_indexer(pd.DatetimeIndex(table["interval_start"]))
        inside = at >= 0
        named = table[columns].to_numpy(dtype=np.float64)[inside] > 0.0
        found[np.ix_(at[inside], units.get_indexer(columns))] |= named
    return found
