"""Interfaces: weighted sums of branch flows with limits of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from cases.errors import Failure, InputError
from network.arrays import Floats, Positions

if TYPE_CHECKING:
    from network.grid import Grid
    from network.slack import Slack

__all__ = ["Interface", "interface_weights", "read_interfaces"]


@dataclass(frozen=True, eq=False)
class Interface:
    """The flow ``sum of weight * branch flow``, and its limits in MW (-inf, +inf = none)."""

    name: str
    branches: Positions
    weights: Floats
    min_mw: float = -np.inf
    max_mw: float = np.inf

    def flow(self, flows: Floats) -> Floats:
        """Flow over the interface, () or (T,), from branch flows (L,) or (L, T)."""
        return np.asarray(self.weights @ flows[self.branches])

    def ptdf(self, grid: Grid, slack: Slack | None = None) -> Floats:
        """Sensitivity of the interface flow to an injection at each bus, (B,)."""
        return self.weights @ grid.ptdf(self.branches, slack)


def read_interfaces(
    grid: Grid, interfaces: pd.DataFrame, limits: pd.DataFrame
) -> dict[str, Interface]:
    """Interfaces by name from the tables ``interfaces`` and ``interface_limits``.

    Raises InputError for unknown branches and for limits of an interface that has no branches.
    """
    known = grid.branches.get_indexer(pd.Index(interfaces["branch"]))
    failures = [
        Failure(
            "interfaces",
            int(row) + 2,
            "branch",
            "known branch",
            f"no such branch: {interfaces['branch'].iloc[row]}",
        )
        for row in np.flatnonzero(known < 0)
    ]
    names = pd.Index(interfaces["interface"]).unique()
    failures += [
        Failure(
            "interface_limits",
            int(row) + 2,
            "interface",
            "known interface",
            f"{name} has no branches",
        )
        for row, name in enumerate(limits["interface"])
        if name not in names
    ]
    if failures:
        raise InputError(failures)
    least = dict(zip(limits["interface"], limits["min_mw"].fillna(-np.inf), strict=True))
    most = dict(zip(limits["interface"], limits["max_mw"].fillna(np.inf), strict=True))
    weights = interfaces["weight"].to_numpy(float)
    rows_of = interfaces.groupby("interface", sort=False).indices
    return {
        str(name): Interface(
            str(name),
            known[rows_of[name]],
            weights[rows_of[name]],
            float(least.get(name, -np.inf)),
            float(most.get(name, np.inf)),
        )
        for name in names
    }


def interface_weights(interfaces: Iterable[Interface], branches: int) -> csr_array:
    """Weights of all interfaces, (I, L) sparse: times branch flows they give interface flows."""
    listed = list(interfaces)
    counts = [len(interface.branches) for interface in listed]
    rows = np.repeat(np.arange(len(listed)), counts)
    columns = np.concatenate([np.zeros(0, np.intp), *(i.branches for i in listed)])
    values = np.concatenate([np.zeros(0), *(i.weights for i in listed)])
    return csr_array((values, (rows, columns)), shape=(len(listed), branches))
