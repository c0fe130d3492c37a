"""The base case: flows follow from injections, and branches and interfaces keep their limits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clearing.validation.facts import Facts, Floats
from clearing.validation.report import above, below, differing

__all__ = ["branch_limits", "flows", "interface_limits", "interface_weights", "limits_of_branches"]


def flows(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that ``flows`` holds what the injections cause, and the ratings of the case."""
    table = facts.case.branches
    names = pd.Index(table["branch"])
    expected = facts.computed_flow
    slack = facts.tolerance * np.maximum(1.0, np.abs(expected) / 1e3)
    yield differing("network.flow", names, facts.starts, facts.flow, expected, slack)
    stated = facts.by_name("flows", "branch", "rating_mw", table["branch"])
    rating = np.broadcast_to(table["rating_mw"].to_numpy(dtype=np.float64), stated.shape)
    yield differing("network.rating", names, facts.starts, stated, rating, facts.tolerance)


def branch_limits(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that ratings and angle limits hold, except by what ``slacks`` reports."""
    lower, upper = limits_of_branches(facts)
    names = pd.Index(facts.case.branches["branch"])
    yield from _within(facts, "branch", names, facts.computed_flow, lower, upper)


def interface_limits(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check min_mw <= weighted sum of flows <= max_mw, except by what ``slacks`` reports."""
    limits = facts.case.interface_limits
    flow = facts.computed_flow @ interface_weights(facts).T
    lower = limits["min_mw"].fillna(-np.inf).to_numpy(dtype=np.float64)
    upper = limits["max_mw"].fillna(np.inf).to_numpy(dtype=np.float64)
    yield from _within(facts, "interface", pd.Index(limits["interface"]), flow, lower, upper)


def _within(
    facts: Facts, kind: str, names: pd.Index[str], flow: Floats, lower: Floats, upper: Floats
) -> Iterator[pd.DataFrame]:
    up, down = (facts.slack(kind, names, direction) for direction in ("upper", "lower"))
    starts, tolerance = facts.starts, facts.tolerance
    yield above(f"network.{kind}", names, starts, flow, upper + up, tolerance)
    yield below(f"network.{kind}", names, starts, flow, lower - down, tolerance)
    over = np.maximum(flow - upper, 0.0)
    under = np.maximum(lower - flow, 0.0)
    yield differing(f"network.{kind}_slack", names, starts, up, over, tolerance)
    yield differing(f"network.{kind}_slack", names, starts, down, under, tolerance)


def limits_of_branches(facts: Facts) -> tuple[Floats, Floats]:
    """Least and largest flow of each branch (L,), MW: its rating and its angle limits.

    An angle limit on theta_from - theta_to becomes susceptance * (limit - shift); a negative
    reactance turns the two round. Angle limits count when the rulebook says so, and the series
    convention knows no shift.
    """
    table = facts.case.branches
    rating = table["rating_mw"].fillna(np.inf).to_numpy(dtype=np.float64)
    if not facts.rulebook.network.angle_limits:
        return -rating, rating
    series = facts.rulebook.network.convention == "series"
    shift = np.zeros(len(table)) if series else np.deg2rad(table["shift_deg"].to_numpy(float))
    b = facts.grid.susceptance * facts.case.meta.base_mva
    ends = np.empty((2, len(table)))
    with np.errstate(invalid="ignore"):
        for end, column in enumerate(("angle_min_deg", "angle_max_deg")):
            ends[end] = b * (np.deg2rad(table[column].to_numpy(dtype=np.float64)) - shift)
    out = ~table["in_service"].to_numpy(dtype=bool)
    ends[:, out] = np.nan
    low, high = np.where(b < 0, ends[::-1], ends)
    return np.fmax(-rating, low), np.fmin(rating, high)


def interface_weights(facts: Facts) -> Floats:
    """Weight of each branch's flow in each interface (N, L), in the order of the limits table."""
    limits = pd.Index(facts.case.interface_limits["interface"])
    table = facts.case.interfaces
    rows = limits.get_indexer(table["interface"])
    columns = pd.Index(facts.case.branches["branch"]).get_indexer(table["branch"])
    weights = np.zeros((len(limits), len(facts.case.branches)))
    known = rows >= 0
    np.add.at(weights, (rows[known], columns[known]), table["weight"].to_numpy()[known])
    return weights
