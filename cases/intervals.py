"""One interval of a market day as a day of its own, from the MW of the interval before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cases.case import Case

__all__ = ["Intervals"]

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

_ALWAYS, _ELSEWHERE = -1, -2


@dataclass(eq=False)
class Intervals:
    """Cuts single intervals out of a case."""

    case: Case
    _at: dict[str, Positions] = field(init=False)
    """Interval of every row of a table with stamps; -1 = every interval, -2 = none."""

    def __post_init__(self) -> None:
        """Find the intervals of all rows."""
        self._at = {}
        for name, table in self.case.tables.items():
            if "interval_start" in table.columns and len(table):
                blank = table["interval_start"].isna().to_numpy()
                stamps = pd.DatetimeIndex(table["interval_start"])
                at = self.case.interval_starts.get_indexer(stamps)
                at = np.where(at < 0, _ELSEWHERE, at)
                self._at[name] = np.where(blank, _ALWAYS, at).astype(np.intp)

    def cut(self, t: int, output: Floats | None = None, stored: Floats | None = None) -> Case:
        """Give interval t; with the MW of the units, (U,), and MWh in store, (S,), before it.

        Branch ratings of the interval stand in for those of `branches`.
        """
        case, tables = self.case, dict(self.case.tables)
        for name, at in self._at.items():
            inside = (at == _ALWAYS) | (at == t)
            if not inside.all():
                tables[name] = tables[name][inside].reset_index(drop=True)
        for name, of, key in (
            ("custom_terms", "custom_constraints", "constraint"),
            ("risk_terms", "risks", "risk"),
        ):
            known = tables[name][key].isin(tables[of][key].unique())
            tables[name] = tables[name][known].reset_index(drop=True)
        if output is not None:
            tables["units"] = tables["units"].assign(initial_mw=np.maximum(output, 0.0))
        if len(tables["storage"]):
            last = t == case.meta.intervals - 1
            storage = tables["storage"]
            begin = storage["initial_mwh"] if stored is None else stored
            end = storage["final_mwh"] if last else np.nan
            tables["storage"] = storage.assign(initial_mwh=begin, final_mwh=end)
        tables["branches"] = _rated(tables["branches"], tables["branch_ratings"])
        tables["branch_ratings"] = tables["branch_ratings"].iloc[:0]
        start = case.interval_starts[t].to_pydatetime()
        meta = case.meta.model_copy(update={"start": start, "intervals": 1})
        return Case(meta, tables)


def _rated(branches: pd.DataFrame, ratings: pd.DataFrame) -> pd.DataFrame:
    if not len(ratings):
        return branches
    at = pd.Index(branches["branch"]).get_indexer(pd.Index(ratings["branch"]))
    changed: dict[str, Any] = {}
    for column in ("rating_mw", "rating_reverse_mw"):
        values = branches[column].to_numpy(dtype=float).copy()
        values[at] = ratings[column].to_numpy(dtype=float)
        changed[column] = values
    live = branches["in_service"].to_numpy(dtype=bool).copy()
    live[at] = ratings["in_service"].to_numpy(dtype=bool)
    changed["in_service"] = live
    return branches.assign(**changed)
