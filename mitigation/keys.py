"""Column lists by which the tables of mitigation are joined: one home, one order each."""

from __future__ import annotations

from typing import Final

__all__ = ["AT", "KEY", "LIMIT"]

AT: Final = ["unit", "interval_start"]
"""Where a unit is tested."""

KEY: Final = [*AT, "component"]
"""What is tested and replaced: a component of a unit's offer; a blank interval is all of them."""

LIMIT: Final = ["constraint", "contingency", "direction"]
"""A limit of the grid."""
