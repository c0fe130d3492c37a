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
    names = facts.names("branches")
    expected = facts.computed_flow
    slack = facts.tolerance * np.maximum(1.0, np.abs(expected) / 1e3)
    stated = facts.by_name("flows", "flow_mw")
    yield differing("network.flow", names, facts.starts, stated, expected, slack)
    stated = facts.by_name("flows", "rating_mw")
    rating = facts.case.tables["branches"]["rating_mw"].to_numpy(dtype=np.float64)
    yield differing("network.rating", names, facts.starts, stated, rating, facts.tolerance)


def branch_limits(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that ratings and angle limits hold, except by what ``slacks`` reports."""
    lower, upper = limits_of_branches(facts)
    names = facts.names("branches")
    yield from _within(facts, "branch", names, facts.computed_flow, lower, upper)


def interface_limits(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check min_mw <= weighted sum of flows <= max_mw, except by what ``slacks`` reports."""
    limits, names = facts.case.tables["interface_limits"], facts.names("interface_limits")
    if limits.empty:
        return
    flow = facts.computed_flow @ interface_weights(facts).T
    lower = limits["min_mw"].fillna(-np.inf).to_numpy(dtype=np.float64)
    upper = limits["max_mw"].fillna(np.inf).to_numpy(dtype=np.float64)
    yield from _within(facts, "interface", names, flow, lower, upper)


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
    table = facts.case.tables["branches"]
    rating = table["rating_mw"].fillna(np.inf).to_numpy(dtype=np.float64)
    back = table["rating_reverse_mw"].to_numpy(dtype=np.float64)
    back = np.where(np.isnan(back), rating, back)
    if not facts.rulebook.network.angle_limits:
        return -back, rating
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
    return np.fmax(-back, low), np.fmin(rating, high)


def interface_weights(facts: Facts) -> Floats:
    """Weight of each branch's flow in each interface (N, L), in the order of the limits table."""
    limits, branches = facts.names("interface_limits"), facts.names("branches")
    table = facts.case.tables["interfaces"]
    rows = limits.get_indexer(pd.Index(table["interface"]))
    columns = branches.get_indexer(pd.Index(table["branch"]))
    weights = np.zeros((len(limits), len(branches)))
    known = rows >= 0
    np.add.at(weights, (rows[known], columns[known]), table["weight"].to_numpy()[known])
    return weights
