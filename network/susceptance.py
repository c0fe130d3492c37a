"""From a branch's data to its susceptance, by named convention, and its angle limits to MW.

``matpower``: flow = (theta_from - theta_to - shift) / (x * tap) * base_mva, which is the DC model
of MATPOWER's ``makeBdc`` and the default.

``series``: flow = (theta_from - theta_to) * x / (r^2 + x^2) * base_mva, the imaginary part of the
series admittance with taps and shifts ignored: the DC model of the tables published with
PGLib-OPF (PowerModels' ``DCPPowerModel``).

Signs follow the data: a negative reactance gives a negative susceptance.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np

from cases.errors import InputError
from network.arrays import Floats

Convention: TypeAlias = Literal["matpower", "series"]
CONVENTIONS: tuple[Convention, ...] = get_args(Convention)

__all__ = ["CONVENTIONS", "Convention", "angle_flow_limits", "branch_susceptance", "phase_shift"]

_FULL_TURN_DEG = 360.0


def check_convention(name: str) -> Convention:
    """Return `name` as a convention, or raise InputError with the names that exist."""
    for known in CONVENTIONS:
        if name == known:
            return known
    raise InputError.one(
        "", None, "convention", "known name", f"expected one of {', '.join(CONVENTIONS)}: {name!r}"
    )


def branch_susceptance(convention: Convention, r: Floats, x: Floats, tap: Floats) -> Floats:
    """Per-unit susceptance of each branch, (L,), from per-unit r and x and the turns ratio.

    A turns ratio of 0 or NaN means 1. `x` must not be 0.
    """
    if convention == "series":
        return x / (r * r + x * x)
    ratio = np.where(np.isnan(tap) | (tap == 0.0), 1.0, tap)
    return 1.0 / (x * ratio)


def phase_shift(convention: Convention, shift_deg: Floats) -> Floats:
    """Phase shift that enters the flow, (L,) in radians: zero in the ``series`` convention."""
    if convention == "series":
        return np.zeros_like(shift_deg)
    return np.deg2rad(shift_deg)


def angle_flow_limits(
    susceptance: Floats,
    shift: Floats,
    angle_min_deg: Floats,
    angle_max_deg: Floats,
    base_mva: float,
) -> tuple[Floats, Floats]:
    """Angle-difference limits as limits on the flow: (low, high), each (L,) in MW.

    ``angle_min <= theta_from - theta_to <= angle_max`` and flow = b * (difference - shift) * base
    bound the flow between two values, which swap where b is negative. NaN, and 360 degrees or
    more either way, mean no limit (-inf or +inf). Branches with b = 0 have none.
    """
    down = np.where(angle_min_deg > -_FULL_TURN_DEG, np.deg2rad(angle_min_deg), -np.inf)
    up = np.where(angle_max_deg < _FULL_TURN_DEG, np.deg2rad(angle_max_deg), np.inf)
    with np.errstate(invalid="ignore"):  # 0 * inf where b = 0
        one = susceptance * (down - shift) * base_mva
        other = susceptance * (up - shift) * base_mva
    idle = susceptance == 0.0
    low = np.where(idle, -np.inf, np.minimum(one, other))
    high = np.where(idle, np.inf, np.maximum(one, other))
    return low, high
