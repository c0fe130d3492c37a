"""Prices as a linear function of the duals of a program's rows, and its transpose.

    lmp[t, b] * hours = sum over the rows k of interval t of dual_k * factor_kb

Rows are the energy balances (factor 1 at the buses of their island) or, with losses, the tangents
that stand for them (their delivery factors), the limits of the grid that are met (their
sensitivity in the direction that binds), and the definitions of flows and injections that custom
constraints ask for (less what the quantity changes by a MW injected). The same factors say by how
much one more MW of demand at a bus moves the right-hand sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clearing.formulation.flow_variables import FlowVariables
from clearing.formulation.nodal import Nodal
from clearing.limits.loss_rows import LossRows
from clearing.limits.network import NetworkLimits
from clearing.program.live import LiveProgram
from clearing.program.rows import Kind
from clearing.session.custom_prices import definition_rows
from clearing.session.nodal_prices import bus_balance_rows
from network.arrays import Flags, Floats, Positions

__all__ = ["PriceRows"]


@dataclass(frozen=True, eq=False)
class PriceRows:
    """Rows whose duals make prices, (K,), and their factors at the buses."""

    row: Positions
    """Rows of the solver, (K,)."""
    interval: Positions
    factors: Floats
    """Distinct factors, (D, B)."""
    which: Positions
    """Row of `factors` of each, (K,)."""
    sign: Floats
    shape: tuple[int, int]
    """Intervals and buses."""

    @classmethod
    def of(
        cls,
        live: LiveProgram,
        network: NetworkLimits,
        balance: Positions,
        losses: LossRows | None,
        met: Flags,
    ) -> PriceRows:
        """Rows of a solved program.

        Parameters
        ----------
        balance
            Rows of the energy balance by interval and island, (T * I,).
        met
            Which soft rows are at their limit, (N,): the duals of all others are 0.
        """
        intervals, buses = live.compiled.fixed_injection.shape
        islands = network.grid.islands
        if losses is None:
            count = len(balance) // intervals
            head, when = balance, np.repeat(np.arange(intervals), count)
            weight = (islands == np.arange(count)[:, None]).astype(float)
            which = np.tile(np.arange(count), intervals)
        else:
            head = len(live.compiled.row_low) + np.arange(len(live.cut_place))
            when, weight = losses.factors
            which = np.arange(len(head))
        nodal = live.compiled.market.nodal
        if nodal is not None:
            return cls._of_buses(live, nodal, head, when, which, weight)
        at = np.flatnonzero(met & (live.soft.kind != Kind.RAMP))
        rows = live.soft[at]
        sensitivity, limit = network.sensitivities(rows)
        flows = live.compiled.market.flows or FlowVariables.none(buses)
        defined = definition_rows(live.compiled)
        first = len(weight) + len(sensitivity)
        return cls(
            np.concatenate([head, live.hard + at, defined]).astype(np.intp),
            np.concatenate([when, rows.interval, flows.interval]).astype(np.intp),
            np.vstack([weight, sensitivity, flows.weights]),
            np.concatenate([which, len(weight) + limit, first + flows.weight_of]).astype(np.intp),
            np.concatenate([np.ones(len(head)), rows.direction, -np.ones(len(defined))]),
            (intervals, buses),
        )

    @classmethod
    def _of_buses(
        cls,
        live: LiveProgram,
        nodal: Nodal,
        head: Positions,
        when: Positions,
        which: Positions,
        weight: Floats,
    ) -> PriceRows:
        """Balances of buses on top of those of the islands: they are the whole price."""
        intervals, buses = live.compiled.fixed_injection.shape
        own = bus_balance_rows(live.compiled)
        return cls(
            np.concatenate([head, own]).astype(np.intp),
            np.concatenate([when, nodal.interval]).astype(np.intp),
            np.vstack([weight, np.eye(buses)]),
            np.concatenate([which, len(weight) + nodal.bus]).astype(np.intp),
            np.ones(len(head) + len(own)),
            (intervals, buses),
        )

    def prices(self, dual: Floats) -> Floats:
        """Prices (T, B), money per MW over the interval, of duals of all rows of the solver."""
        weight = np.zeros((self.shape[0], len(self.factors)))
        np.add.at(weight, (self.interval, self.which), self.sign * dual[self.row])
        return np.asarray(weight @ self.factors)

    def moved(self, demand: Floats, rows: int) -> Floats:
        """By how much more demand (T, B), MW, moves the right-hand side of each row, (rows,)."""
        by_factor = demand @ self.factors.T
        moved = np.zeros(rows)
        np.add.at(moved, self.row, self.sign * by_factor[self.interval, self.which])
        return moved
