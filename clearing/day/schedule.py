"""Which units are on: a commitment, where it comes from, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass

from network.arrays import Flags, Floats

__all__ = ["Commitment"]


@dataclass(frozen=True, eq=False)
class Commitment:
    """Which units are on in each interval, and their commitment cost."""

    on: Flags
    """(T, U)."""
    cost: Floats
    """No-load, start-up and shut-down cost of each unit and interval, money, (T, U)."""
    whole: Floats | None = None
    """Values of an extension's variables, of which the whole ones are held, (V,)."""
