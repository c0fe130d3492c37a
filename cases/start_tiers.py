"""Which tier of a start-up offer holds: the one with the most hours off that have passed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["held_tier", "reached"]

Floats = NDArray[np.float64]

ROUND = 1e-9
"""Hours by which the time off may miss a tier through rounding."""


def reached(after_hours_off: Floats | pd.Series, hours_off: Floats | float) -> NDArray[np.bool_]:
    """Whether the time off has reached each tier, elementwise; a blank tier is reached at once."""
    after = np.nan_to_num(np.asarray(after_hours_off, dtype=np.float64))
    return np.asarray(after <= np.asarray(hours_off) + ROUND)


def held_tier(after_hours_off: Floats, hours_off: Floats | float) -> NDArray[np.intp]:
    """Position of the tier that holds, shape of `hours_off`; -1 where none has been reached.

    `after_hours_off` (N,) is in rising order.
    """
    after = np.nan_to_num(np.asarray(after_hours_off, dtype=np.float64))
    held = np.searchsorted(after, np.asarray(hours_off) + ROUND, side="right") - 1
    return np.asarray(held, dtype=np.intp)
