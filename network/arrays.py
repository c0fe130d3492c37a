"""Array types that the whole package uses."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
"""Real numbers: MW, per unit or dimensionless, by bus, branch, outage or interval."""

Positions: TypeAlias = npt.NDArray[np.intp]
"""Integer positions in the case's table of buses or of branches."""

Flags: TypeAlias = npt.NDArray[np.bool_]

__all__ = ["Flags", "Floats", "Positions"]
