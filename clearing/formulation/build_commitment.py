"""The families that make up the commitment of a day."""

from __future__ import annotations

import numpy as np

from clearing.day.fleet import Fleet
from clearing.formulation.balance import define_energy_balance, define_shortage
from clearing.formulation.build import define_traded, without_collector
from clearing.formulation.commitment import (
    define_minimum_times,
    define_starts,
    define_states,
)
from clearing.formulation.committed_output import (
    define_always_on,
    define_capacity,
    define_committed_output,
)
from clearing.formulation.committed_ramps import define_ramps
from clearing.formulation.custom import define_custom
from clearing.formulation.given_ramps import define_given_ramps
from clearing.formulation.market import Market
from clearing.formulation.objective import define_objective
from clearing.formulation.terms import Terms

__all__ = ["build_commitment"]


def build_commitment(fleet: Fleet, *, soft_ramps: bool = False) -> Market:
    """Build the mixed-integer program of a day; network rows come when violated.

    `soft_ramps` lets ramps be exceeded at their penalty, for days that no schedule can keep.
    """
    with without_collector():
        market = Market(fleet.day, commits=True)
        define_always_on(market, fleet)
        states = define_states(market, fleet, soft_ramps=soft_ramps)
        above = define_committed_output(market, states)
        define_minimum_times(market, states)
        define_starts(market, states)
        define_given_ramps(market)
        define_traded(market)
        rows = _by_cluster(market.sustained, fleet)
        define_capacity(market, states, above, rows, tight=not soft_ramps)
        define_ramps(market, states, above, rows, soft_ramps)
        define_shortage(market)
        define_custom(market)
        define_energy_balance(market)
        define_objective(market)
    return market


def _by_cluster(sustained: Terms, fleet: Fleet) -> Terms:
    """From rows by unit, (T * U,), to rows by cluster, (T * C,)."""
    units = len(fleet.day.units)
    row = np.arange(fleet.day.intervals)[:, None] * units + fleet.first[None, :]
    return sustained[row.ravel()]
