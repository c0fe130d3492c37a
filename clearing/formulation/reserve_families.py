"""Where the families of the reserve market stand in a market."""

from __future__ import annotations

from dataclasses import dataclass

from network.arrays import Floats, Positions

__all__ = ["ReserveFamilies"]


@dataclass(frozen=True, eq=False)
class ReserveFamilies:
    """Where the reserve market stands in a market: its variables and rows, (Q) requirements."""

    offer: Positions
    """Offer of each member of the family `reserve`, (A,)."""
    requirement: Positions
    """Requirements that have a row, in the order of `reserve_requirement`."""
    block_of: Positions
    """Requirement of each member of the family `reserve_shortage`, (S,)."""
    block_price: Floats
    """Money per MW and hour of each such block, (S,)."""


@dataclass(frozen=True, eq=False)
class Supply:
    """Reserve by product and zone as variables, (S,), in the order of `reserve_supply`."""

    interval: Positions
    product: Positions
    zone: Positions
    variable: Positions
    """Variable of each interval, product and zone, (T, K, Z); -1 where there is none."""
