"""Price nodes: weighted means of buses, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["PriceNodes"]

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class PriceNodes:
    """Price nodes, N of them, and their buses, E entries sorted by node."""

    names: pd.Index[str]
    node: Positions
    """Node of each entry, (E,)."""
    bus: Positions
    weight: Floats
    """Shares that sum to 1 per node, (E,)."""

    @classmethod
    def of(cls, table: pd.DataFrame, buses: pd.Index[str]) -> PriceNodes:
        """Read the table `price_nodes`."""
        names: pd.Index[str] = pd.Index(table["node"].unique())
        of = np.asarray(names.get_indexer(pd.Index(table["node"])), dtype=np.intp)
        weight = table["weight"].to_numpy(dtype=float)
        total = np.bincount(of, weights=weight, minlength=len(names))
        order = np.argsort(of, kind="stable")
        share = weight / np.where(total[of] > 0.0, total[of], 1.0)
        bus = np.asarray(buses.get_indexer(pd.Index(table["bus"])), dtype=np.intp)
        return cls(names, of[order], bus[order], share[order])

    def mean(self, values: Floats) -> Floats:
        """Mean of values by bus, (T, B), at each node, (T, N)."""
        result = np.zeros((len(values), len(self.names)))
        counted = np.where(self.weight == 0.0, 0.0, values[:, self.bus]) * self.weight
        np.add.at(result.T, self.node, counted.T)
        return result
