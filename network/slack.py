"""The slack: where the withdrawal sits against which sensitivities are measured.

Flows of balanced injections and LMPs do not depend on it. The split of an LMP into energy and
congestion, DFAX and every index built on DFAX do, so it is an explicit argument everywhere and its
`name` goes into the results.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cases.case import Case
from cases.errors import Failure, InputError
from network.arrays import Floats, Positions

if TYPE_CHECKING:
    from network.grid import Grid

__all__ = ["Slack"]


@dataclass(frozen=True, eq=False)
class Slack:
    """Shares of the buses in the withdrawal: `weights` (B,), summing to 1 in every island."""

    weights: Floats
    name: str

    @classmethod
    def bus(cls, grid: Grid, bus: str) -> Slack:
        """One bus takes all. Other islands, where there are any, use their reference bus."""
        mw = np.zeros(len(grid.buses))
        mw[grid.bus_positions([bus])] = 1.0
        return cls(_shares(grid, mw), f"bus {bus}")

    @classmethod
    def load_weighted(
        cls, grid: Grid, mw_by_bus: Floats | pd.Series | Mapping[str, float]
    ) -> Slack:
        """Shares in proportion to load: (B,) MW in grid order, or MW by bus name.

        Negative load counts as none. An island without load uses its reference bus.
        """
        return cls(_shares(grid, np.maximum(_by_bus(grid, mw_by_bus), 0.0)), "load-weighted")

    @classmethod
    def distributed(cls, grid: Grid, weights: Floats | pd.Series | Mapping[str, float]) -> Slack:
        """Shares in proportion to given weights (>= 0), by position or by bus name.

        They need not sum to 1: each island's are scaled. An island without any uses its reference
        bus. Raises InputError for a negative weight, an unknown bus, or no weight at all.
        """
        given = _by_bus(grid, weights)
        failures = [
            Failure("", None, "slack", "weight >= 0", f"bus {bus} has weight {weight:g}")
            for bus, weight in zip(grid.buses[given < 0], given[given < 0], strict=True)
        ]
        if not failures and not np.any(given > 0):
            failures.append(Failure("", None, "slack", "some weight", "every weight is zero"))
        if failures:
            raise InputError(failures)
        return cls(_shares(grid, given), "distributed")

    @classmethod
    def from_case(cls, case: Case, grid: Grid) -> Slack:
        """Take the case's own: its `reference` bus, or, when blank, its mean demand by bus."""
        if case.meta.reference:
            return cls.bus(grid, case.meta.reference)
        demand = case.demand.drop(columns="interval_start").mean()
        loads = case.loads
        mw = np.zeros(len(grid.buses))
        np.add.at(mw, grid.bus_positions(loads["bus"]), demand[loads["load"]].to_numpy(float))
        return cls.load_weighted(grid, mw)

    def balance(self, grid: Grid, injections: Floats) -> Floats:
        """Injections (B,) or (B, T) in MW less what each island has too much, spread by weight."""
        island = grid.islands
        surplus = np.zeros((int(island.max(initial=-1)) + 1, *injections.shape[1:]))
        np.add.at(surplus, island, injections)
        weights = self.weights if injections.ndim == 1 else self.weights[:, None]
        return injections - weights * surplus[island]


def _by_bus(grid: Grid, values: Floats | pd.Series | Mapping[str, float]) -> Floats:
    if isinstance(values, pd.Series | Mapping):
        series = pd.Series(values, dtype=float)
        by_bus = np.zeros(len(grid.buses))
        by_bus[grid.bus_positions(series.index)] = series.to_numpy()
    else:
        by_bus = np.asarray(values, dtype=float)
        if by_bus.shape != (len(grid.buses),):
            message = f"expected {len(grid.buses)} weights, one per bus, got {by_bus.shape}"
            raise InputError.one("", None, "slack", "one weight per bus", message)
    if not np.all(np.isfinite(by_bus)):
        raise InputError.one("", None, "slack", "finite", "weights must be finite numbers")
    return by_bus


def _shares(grid: Grid, mw: Floats) -> Floats:
    islands: Positions = grid.islands
    total = np.bincount(islands, weights=mw, minlength=len(grid.references))
    without = total == 0.0
    shares: Floats = mw / np.where(without, 1.0, total)[islands]
    shares[grid.references[without]] = 1.0
    return shares
