"""A part of a market day as a day of its own: the tables of some intervals, the state before."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from cases import Case
from clearing.day.day import Day
from clearing.day.schedule import Commitment
from network.arrays import Floats, Positions

__all__ = ["Before", "Horizons"]

_ALWAYS = -1
_ELSEWHERE = -2


@dataclass(frozen=True, eq=False)
class Before:
    """The state before an interval."""

    on: Floats
    """1 on, 0 off, NaN not given, by unit, (U,)."""
    output: Floats
    """MW, (U,); NaN not given."""
    stored: Floats
    """MWh in each storage, (S,)."""
    budget: Floats
    """MWh left of each row of `energy_limits`, (E,)."""


@dataclass(eq=False)
class Horizons:
    """Cuts days out of a longer one, its commitment given; the grid is that of the whole."""

    day: Day
    _at: dict[str, Positions] = field(init=False)
    """Interval of every row of a table with stamps; -1 = every interval, -2 = none."""

    def __post_init__(self) -> None:
        """Find the intervals of all rows."""
        case, self._at = self.day.case, {}
        for name, table in case.tables.items():
            if "interval_start" in table.columns and len(table):
                blank = table["interval_start"].isna().to_numpy()
                at = case.interval_starts.get_indexer(pd.DatetimeIndex(table["interval_start"]))
                at = np.where(at < 0, _ELSEWHERE, at)
                self._at[name] = np.where(blank, _ALWAYS, at).astype(np.intp)

    def cut(self, first: int, count: int, before: Before) -> Day:
        """Give intervals `first` to `first + count` as a day that begins in the state `before`."""
        whole = self.day
        case = whole.case
        tables = dict(case.tables)
        for name, at in self._at.items():
            inside = (at == _ALWAYS) | ((at >= first) & (at < first + count))
            if not inside.all():
                tables[name] = tables[name][inside].reset_index(drop=True)
        tables["virtuals"] = case.tables["virtuals"].iloc[:0]
        hours = np.where(np.isnan(before.on), np.nan, np.where(before.on > 0.5, 1.0, -1.0))
        tables["units"] = case.tables["units"].assign(initial_hours=hours, initial_mw=before.output)
        if len(case.tables["storage"]):
            tables["storage"] = case.tables["storage"].assign(
                initial_mwh=before.stored, final_mwh=np.nan, cyclic=False
            )
        if len(case.tables["energy_limits"]):
            tables["energy_limits"] = case.tables["energy_limits"].assign(max_mwh=before.budget)
        start = case.interval_starts[first].to_pydatetime()
        meta = case.meta.model_copy(update={"start": start, "intervals": count})
        assert whole.commitment is not None
        span = slice(first, first + count)
        commitment = Commitment(whole.commitment.on[span], whole.commitment.cost[span])
        day = Day(Case(meta, tables), whole.rulebook, whole.grid, commitment)
        return day.extended(whole.extend)
