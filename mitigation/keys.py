"""Column lists by which the tables of mitigation are joined: one home, one order each."""

from __future__ import annotations

from typing import Final

__all__ = ["AT", "CELL", "KEY", "LIMIT", "TERM"]

AT: Final = ["unit", "interval_start"]
"""Where a unit is tested."""

KEY: Final = [*AT, "component"]
"""What is tested and replaced: a component of a unit's offer; a blank interval is all of them."""

LIMIT: Final = ["constraint", "contingency", "direction"]
"""A limit of the grid."""

CELL: Final = ["interval_start", "unit"]
"""The same as :data:`AT` where rows go by interval."""

TERM: Final = ["interval_start", "constraint", "contingency"]
"""A constraint in an interval, as the terms of a price name it: it binds in one direction."""
