"""Outages of units: the power flow after others have picked up, solved anew."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clearing.validation.facts import Facts, Floats
from clearing.validation.units import limits
from network import Contingency, contingencies

__all__ = ["outage_value", "picked_up", "unit_change"]


def picked_up(facts: Facts, outage: Contingency, mw: Floats) -> Floats:
    """Change of the injections (T, B) when units that produced `mw` (T, U) go out.

    The other units on line of the island share it by their range, what they can reach less p_min;
    where none has one, demand is shed in proportion.
    """
    names, at, islands = facts.names("units"), facts.bus_of("units"), facts.grid.islands
    lower, upper = limits(facts)
    spare = np.where(facts.on & np.isnan(facts.self_scheduled), np.maximum(upper - lower, 0.0), 0.0)
    out = np.isin(names, list(outage.units))
    spare[:, out] = 0.0
    by_bus = facts.at_bus(spare, at)
    change = facts.at_bus(np.where(out, -mw, 0.0), at)
    for island in np.unique(islands[at[out]]).tolist():
        inside = np.flatnonzero(islands == island)
        lost = -change[:, inside].sum(axis=1, keepdims=True)
        total = by_bus[:, inside].sum(axis=1, keepdims=True)
        share = by_bus[:, inside] / np.where(total > 0.0, total, 1.0)
        change[:, inside] += lost * np.where(total > 1e-9, share, facts.shares[:, inside])
    return change


def unit_change(facts: Facts, outage: Contingency, mw: Floats) -> Floats:
    """Change of the flows (L, T), branches still in service, when units that produced `mw` go out.

    The power flow of the changed injections, without what the phase shifts cause.
    """
    change = picked_up(facts, outage, mw)
    flows: Floats = facts.grid.flows(change.T) - facts.grid.shift_flow[:, None]
    return flows


def outage_value(facts: Facts) -> Floats:
    """Worth of one more MW of a unit to the limits after its own outage (T, U), money per MWh.

    What it produces is lost and picked up by others: it moves those flows otherwise than an
    injection at its bus, which is what the LMP pays for.
    """
    names = facts.names("units")
    worth = np.zeros((len(facts.starts), len(names)))
    table = facts.network_constraints
    listed = {c.name: c for c in contingencies(facts.case, facts.grid) if c.units}
    t = facts.interval_of(table)
    for row, (constraint, name, direction, shadow) in enumerate(
        zip(
            table["constraint"],
            table["contingency"],
            table["direction"],
            table["shadow_price"],
            strict=True,
        )
    ):
        if name not in listed or not shadow:
            continue
        relief = facts.grid.dfax((constraint, listed[name]), direction).to_numpy(dtype=np.float64)
        for unit in names.get_indexer(pd.Index(listed[name].units).unique()).tolist():
            one = np.zeros(worth.shape)
            one[:, unit] = 1.0
            change = picked_up(facts, listed[name], one)[t[row]]
            worth[t[row], unit] += shadow * float(relief @ change)
    return worth
