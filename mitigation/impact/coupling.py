"""Which intervals of a day hang together between two of its clearings.

An offer of one interval may move the prices of others: through a ramp that binds, a commitment
that changes, energy that storage or a budget keeps for later. Where nothing of this kind happens,
each interval is judged by its own prices.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cases.run import Run
from mitigation.keys import AT
from mitigation.references.substitution import whole_day
from network.arrays import Booleans, Integers

__all__ = ["EVERY_KEY", "Coupling"]

EVERY_KEY: Final = -1
"""Group of intervals that moved with no replaced offer among them: they count for every key."""
_SAME_MW: Final = 1e-6
_RAMPS: Final = ("ramp_up", "ramp_down")


class Coupling:
    """Groups of intervals that a replacement moves together.

    Parameters
    ----------
    base, other
        The same day with the offers as submitted, and with those of ``keys`` replaced.
    keys
        What was replaced: KEY.
    """

    def __init__(self, base: Run, other: Run, keys: pd.DataFrame) -> None:
        self.starts = base.case.interval_starts
        self._links: list[Integers] = []
        for run in (base, other):
            self._link_ramps(run)
        self._link_commitment(base.dispatch, other.dispatch, keys)
        self._link_energy(base.storage_schedule, other.storage_schedule, "storage", "energy_mwh", 1)
        budgeted = base.energy_budgets["unit"].unique()
        before, after = (run.dispatch[run.dispatch["unit"].isin(budgeted)] for run in (base, other))
        self._link_energy(before, after, "unit", "mw")
        count = len(self.starts)
        edges = np.concatenate([*self._links, np.zeros((0, 2), dtype=np.int64)])
        graph = coo_array((np.ones(len(edges)), edges.T), shape=(count, count))
        group = connected_components(graph, directed=False)[1].astype(np.int64)
        stamped = keys.loc[~whole_day(keys["component"]), "interval_start"]
        own = self.starts.get_indexer(pd.DatetimeIndex(stamped.dropna().unique()))
        self.group: Integers = np.where(np.isin(group, group[own[own >= 0]]), group, EVERY_KEY)
        """Group of each interval, (T,)."""

    def group_of(self, starts: pd.Series) -> Integers:
        """Group of rows by their interval start, (n,); blank: :data:`EVERY_KEY`."""
        at = self.starts.get_indexer(pd.DatetimeIndex(starts))
        return np.where(at < 0, EVERY_KEY, self.group[at])

    def _link_all(self, at: Integers) -> None:
        if len(at) > 1:
            self._links.append(np.column_stack([np.full(len(at) - 1, at[0]), at[1:]]))

    def _link_ramps(self, run: Run) -> None:
        """Intervals on both sides of a ramp that binds."""
        rows = run.constraints
        bound = rows[rows["kind"].isin(_RAMPS) & (rows["shadow_price"] > 0)]
        at = self.starts.get_indexer(pd.DatetimeIndex(bound["interval_start"].unique()))
        for t in at[at > 0]:
            self._link_all(np.array([t - 1, t]))

    def _link_commitment(
        self, before: pd.DataFrame, after: pd.DataFrame, keys: pd.DataFrame
    ) -> None:
        """Intervals in which a unit changed its state, and those of its own replaced offers."""
        both = before[[*AT, "on"]].merge(after[[*AT, "on"]], on=AT, suffixes=("", "_after"))
        changed = both.loc[both["on"] != both["on_after"], AT]
        own = keys.loc[~whole_day(keys["component"]) & keys["unit"].isin(changed["unit"]), AT]
        for _, rows in pd.concat([changed, own]).groupby("unit", sort=False):
            at = self.starts.get_indexer(pd.DatetimeIndex(rows["interval_start"].unique()))
            self._link_all(at[at >= 0])

    def _link_energy(
        self, before: pd.DataFrame, after: pd.DataFrame, who: str, amount: str, beyond: int = 0
    ) -> None:
        """Intervals between which stored or budgeted energy moved, and some ``beyond`` the last."""
        at = ["interval_start", who]
        both = before[[*at, amount]].merge(after[[*at, amount]], on=at, suffixes=("", "_after"))
        moved: Booleans = (both[amount] - both[f"{amount}_after"]).abs().to_numpy() > _SAME_MW
        for _, rows in both[moved].groupby(who, sort=False):
            own = self.starts.get_indexer(pd.DatetimeIndex(rows["interval_start"].unique()))
            self._link_all(np.arange(own.min(), min(own.max() + 1 + beyond, len(self.starts))))
