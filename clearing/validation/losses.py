"""Losses: the quadratic ones of the flows, and what they are worth at every bus."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clearing.validation.chords import along_branches, chord_surplus
from clearing.validation.facts import Facts, Floats
from clearing.validation.report import differing

__all__ = ["at_buses", "component", "price_slack", "surplus"]


def at_buses(facts: Facts) -> Floats:
    """MW withdrawn for losses at each bus (T, B): half of r F^2 / base at each end of a branch."""
    table = facts.case.tables["branches"]
    half = 0.5 * facts.resistance * facts.computed_flow**2 / facts.case.meta.base_mva
    total = np.zeros((len(facts.starts), len(facts.names("buses"))))
    for end in ("from_bus", "to_bus"):
        at = facts.names("buses").get_indexer(pd.Index(table[end]))
        np.add.at(total.T, at, half.T)
    return total


def component(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check mlc: minus what one MW more loses on every branch, at the mean price of its ends.

    mlc_b = -sum over l of PTDF_lb * r_l F_l / base * (lmp_from + lmp_to), measured against the
    reference, at which its weighted mean is 0. With K the susceptance matrix and A the incidence
    matrix that is K mlc = -A' (b rho (lmp_from + lmp_to)): no PTDF is needed.
    """
    if facts.chords is not None:
        yield from along_branches(facts)
    if not facts.lossy:
        return
    grid = facts.grid
    lmp = np.nan_to_num(facts.lmp)
    both = lmp[:, grid.from_bus] + lmp[:, grid.to_bus]
    rho = facts.resistance * facts.computed_flow / facts.case.meta.base_mva
    right = grid.incidence.T @ (grid.susceptance * rho * both).T
    expected = -grid.factor.solve(np.asarray(right)).T
    stated = facts.by_name("prices", "mlc")
    # The reference adds one number to an island: that of its median bus.
    for island in range(len(grid.references)):
        inside = np.flatnonzero(grid.islands == island)
        shift = np.median(np.nan_to_num(stated - expected)[:, inside], axis=1, keepdims=True)
        expected[:, inside] += shift
    expected = np.where(np.isnan(stated), np.nan, expected)
    names = facts.names("buses")
    yield differing("prices.mlc", names, facts.starts, stated, expected, price_slack(facts))


def price_slack(facts: Facts) -> Floats:
    """Money per MWh (T, 1) by which a loss component may be off.

    A balance that misses the losses by the tolerance belongs to flows that are off by
    sqrt(tolerance * base / r), hence to slopes that are off by sqrt(tolerance * r / base).
    """
    tolerance = facts.rulebook.losses.tolerance_mw
    most = float(np.abs(facts.resistance).max(initial=0.0))
    slope = np.sqrt(tolerance * most / facts.case.meta.base_mva)
    dearest = np.abs(np.nan_to_num(facts.lmp)).max(axis=1, keepdims=True)
    return np.asarray(facts.price_tolerance + 4.0 * slope * dearest)


def surplus(facts: Facts) -> tuple[Floats, Floats]:
    """Money per hour by which loss charges exceed the worth of what is lost, (T,), and its slack.

    sum over l of (lmp_from + lmp_to) * (rho_l (F_l - what the shifts cause) - loss_l / 2): without
    phase shifters every branch's losses at the mean price of its ends, once more than they cost.
    """
    none = np.zeros(len(facts.starts))
    if facts.chords is not None:
        return chord_surplus(facts)
    if not facts.lossy:
        return none, none
    grid, base = facts.grid, facts.case.meta.base_mva
    lmp = np.nan_to_num(facts.lmp)
    both = lmp[:, grid.from_bus] + lmp[:, grid.to_bus]
    flow = facts.computed_flow
    rho = facts.resistance * flow / base
    earned = rho * (flow - grid.shift_flow) - 0.5 * rho * flow
    slack = price_slack(facts)[:, 0] * np.abs(facts.injections).sum(axis=1)
    return (both * earned).sum(axis=1), slack
