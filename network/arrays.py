"""Array types that every layer uses."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
"""Real numbers: MW, money, per unit or dimensionless, by bus, branch, outage or interval."""

Integers: TypeAlias = npt.NDArray[np.int64]
"""Whole numbers: counts, and numbers of tests or markets."""

Positions: TypeAlias = npt.NDArray[np.intp]
"""Integer positions in a table, such as the case's of buses or of branches."""

Booleans: TypeAlias = npt.NDArray[np.bool_]

Flags: TypeAlias = Booleans

__all__ = ["Booleans", "Flags", "Floats", "Integers", "Positions"]
