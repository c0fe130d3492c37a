"""Flows of rights against the limits of the grid, before and after outages.

Every state of the grid (base case, one contingency after another) gives the flow of 1 MW of each
right on each limited branch or interface, (K, R), the flow that phase shifters cause without any
right, (K,), and the limits. An obligation counts with its sign; an option counts only where it
loads a limit, because its owner takes the payment only when it is positive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cases.case import Case
from cases.errors import InputError
from network import Grid, contingencies
from network.arrays import Floats

__all__ = ["Security", "State", "coefficients", "states", "untested_contingencies"]

Security = Literal["none", "n-1"]


@dataclass(frozen=True, eq=False)
class State:
    """The limits of one state of the grid and how rights load them."""

    contingency: str
    constraints: list[str]
    flows: Floats
    """Flow of 1 MW of each right on each constraint, (K, R)."""
    shift: Floats
    """Flow that phase shifters cause, MW, (K,)."""
    low: Floats
    high: Floats


def states(
    grid: Grid, case: Case, injections: Floats, security: Security, angle_limits: bool = True
) -> Iterator[State]:
    """Every state, the base case first; `injections` (B, R) are those of 1 MW of each right."""
    if security not in ("none", "n-1"):
        raise InputError.one(
            "", None, None, "security", f"security is none or n-1, not {security!r}"
        )
    shift = grid.shift_flow
    flows = grid.flows(injections) - shift[:, None]
    low, high = -grid.rating, grid.rating.copy()
    if angle_limits:
        angle_low, angle_high = grid.angle_flow_limits()
        low, high = np.maximum(low, angle_low), np.minimum(high, angle_high)
    interfaces = list(grid.interfaces.values())
    limited = np.flatnonzero(grid.in_service & (np.isfinite(low) | np.isfinite(high)))
    names = [str(name) for name in grid.branches[limited]] + [i.name for i in interfaces]
    yield State(
        "",
        names,
        np.vstack([flows[limited], *(i.flow(flows)[None, :] for i in interfaces)]),
        np.concatenate([shift[limited], [float(i.flow(shift)) for i in interfaces]]),
        np.concatenate([low[limited], [i.min_mw for i in interfaces]]),
        np.concatenate([high[limited], [i.max_mw for i in interfaces]]),
    )
    if security == "none":
        return
    rating = grid.emergency_rating
    limited = np.flatnonzero(grid.in_service & np.isfinite(rating))
    for contingency in contingencies(case, grid):
        if contingency.units:
            continue
        out = list(contingency.branches)
        rows = limited[~np.isin(limited, out)]
        factors = grid.outage_lodf(out, rows)
        yield State(
            contingency.name,
            [str(name) for name in grid.branches[rows]],
            flows[rows] + factors @ flows[out],
            shift[rows] + factors @ shift[out],
            -rating[rows],
            rating[rows],
        )


def untested_contingencies(grid: Grid, case: Case, security: Security) -> tuple[str, ...]:
    """Contingencies that rights cannot be tested against: unit outages, and outages that island."""
    if security == "none":
        return ()
    listed = contingencies(case, grid)
    return (
        *(c.name for c in listed if c.units),
        *(entry.contingency.name for entry in listed.islanding),
    )


def coefficients(flows: Floats, options: NDArray[np.bool_], direction: int) -> Floats:
    """How 1 MW of each right loads limits in a direction (+1 upper, -1 lower), (K, R)."""
    load = direction * flows
    return np.where(options, np.clip(load, 0.0, None), load)
