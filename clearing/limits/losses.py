"""Losses of the DC flows: what they are, and how they change with what is injected.

Branch l loses r_l F_l^2 / base_mva MW (r per unit, all voltages 1 per unit). Half of it is
withdrawn at each end, on top of the demand there (fictitious nodal demand: Li and Bo, "DCOPF-based
LMP simulation", IEEE Trans. Power Systems 22(4), 2007), so that flows carry the losses and no bus
is special:

    inj = A' F + |A|' (r F^2 / (2 base)),    F = b (A theta - shift) base                   (losses)

A is the incidence matrix. With rho = r F / base the change with the flows is

    d inj = J d theta,    J = (A' + |A|' diag(rho)) diag(b) A base

J has a left null vector w, 1 at the grid's reference bus of each island: to first order injections
can only change by ``w' d inj = 0``. 1 - w_b is the exact loss factor of bus b; the usual one,
2 sum_l rho_l PTDF_lb, is its first approximation. w solves

    K w = -A' diag(b rho) |A| w,    K = A' diag(b) A                              (delivery factors)

a series whose terms shrink with rho: a few solves with the grid's factor for all intervals, and
never a dense matrix. Flow sensitivities with losses solve the same equation with ``b_k a_k`` added
on the right. LMPs that come from w and these sensitivities do not depend on the reference
(Litvinov, Zheng, Rosenwald and Shamsollahi, "Marginal loss modeling in LMP calculation", IEEE
Trans. Power Systems 19(2), 2004).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from cases import NoClearing
from clearing.day.day import Day
from network import Grid
from network.arrays import Floats, Positions

__all__ = ["Losses", "Tangent"]

_TERMS = 200
_SMALL = 1e-13


class Losses:
    """Losses of a grid as functions of its flows."""

    def __init__(self, grid: Grid, resistance: Floats) -> None:
        self.grid = grid
        self.resistance: Floats = np.where(grid.in_service, resistance, 0.0)
        """Per unit, (L,); 0 where out of service."""
        self._ends = csr_array(abs(grid.incidence))

    @classmethod
    def of(cls, day: Day) -> Losses | None:
        """Losses of a day; None where its rulebook knows none or no branch has a resistance."""
        if day.rulebook.losses.method != "marginal":
            return None
        losses = cls(day.grid, day.case.tables["branches"]["r"].to_numpy(dtype=float))
        return losses if losses.resistance.any() else None

    def on_branches(self, flows: Floats) -> Floats:
        """MW lost on each branch, (L, T), at flows (L, T)."""
        return np.asarray(self.resistance[:, None] * flows**2 / self.grid.base_mva)

    def at_buses(self, flows: Floats) -> Floats:
        """MW withdrawn for losses at each bus, (B, T)."""
        return np.asarray(self._ends.T @ (0.5 * self.on_branches(flows)))

    def slope(self, flows: Floats) -> Floats:
        """MW lost at each end of a branch per MW more on it, rho, (L, T)."""
        return np.asarray(self.resistance[:, None] * flows / self.grid.base_mva)

    def flows(self, injections: Floats) -> Floats:
        """Flows, (L, T), of injections (B, T) that feed their own losses.

        What an island's injections and losses do not sum to is taken at its grid's reference bus.
        Raises NoClearing where the losses have no fixed point (a grid that cannot carry it).
        """
        flows = self.grid.flows(injections)
        for _ in range(_TERMS):
            before = flows
            flows = self.grid.flows(injections - self.at_buses(before))
            if np.abs(flows - before).max(initial=0.0) <= 1e-10 * max(
                1.0, float(np.abs(flows).max(initial=0.0))
            ):
                return flows
        raise NoClearing("no clearing: the losses of the flows have no fixed point", ())

    def imbalance(self, injections: Floats, flows: Floats) -> Floats:
        """Injections less losses of each island, (I, T), MW."""
        total = np.zeros((len(self.grid.references), injections.shape[1]))
        np.add.at(total, self.grid.islands, injections - self.at_buses(flows))
        return total

    def tangent(self, flows: Floats) -> Tangent:
        """Linearize at flows (L, T)."""
        rho = self.slope(flows)
        injections = self.grid.incidence.T @ flows + self.at_buses(flows)
        ones = np.ones((len(self.grid.buses), flows.shape[1]))
        return Tangent(self, flows, np.asarray(injections), self._series(ones, rho), rho)

    def _series(self, first: Floats, rho: Floats) -> Floats:
        """Solve K s = K first - A' diag(b rho) |A| s for s, (B, n), given rho (L, n) or (L, 1)."""
        grid = self.grid
        scale = grid.susceptance[:, None] * rho
        result = first.copy()
        for _ in range(_TERMS):
            change = grid.factor.solve(grid.incidence.T @ (scale * (self._ends @ result)))
            before, result = result, first - change
            if np.abs(result - before).max(initial=0.0) <= _SMALL * np.abs(result).max(initial=1.0):
                return result
        raise NoClearing("no clearing: losses are too large for loss factors to exist", ())


@dataclass(frozen=True, eq=False)
class Tangent:
    """Flows and balance linearized at one state of every interval."""

    losses: Losses
    at: Floats
    """Flows of the state, (L, T)."""
    injections: Floats
    """Injections that cause them, losses included, (B, T)."""
    weight: Floats
    """Delivery factors w, (B, T): 1 at the grid's reference bus of each island."""
    rho: Floats
    """Losses at each end per MW of flow, (L, T)."""

    def flows(self, injections: Floats) -> Floats:
        """Flows, (L, T), of injections (B, T) to first order.

        What the balance does not hold is taken at the grid's reference bus of the island.
        """
        moved = injections - self.injections
        change = self._lossless(moved)
        for _ in range(_TERMS):
            before = change
            change = self._lossless(moved - self.losses._ends.T @ (self.rho * before))
            if np.abs(change - before).max(initial=0.0) <= _SMALL * max(
                1.0, float(np.abs(change).max(initial=0.0))
            ):
                break
        return np.asarray(self.at + change)

    def _lossless(self, injections: Floats) -> Floats:
        grid = self.losses.grid
        angles = grid.factor.solve(injections)
        return np.asarray(grid.susceptance[:, None] * (grid.incidence @ angles))

    def sensitivities(self, lossless: Floats, interval: Positions) -> Floats:
        """Rows with losses, (K, B), of lossless PTDF rows (K, B) in intervals (K,).

        Both are against the grid's reference bus of each island.
        """
        result = np.empty_like(lossless)
        for t in np.unique(interval).tolist():
            here = np.flatnonzero(interval == t)
            rows = self.losses._series(np.ascontiguousarray(lossless[here].T), self.rho[:, [t]])
            result[here] = rows.T
        return result
