"""Which tier of a start-up offer holds: the one with the most hours off that have passed.

The one home of that rule: the prices of starts, references and the conduct test ask here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["held_beside", "held_tier", "reached"]

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


def held_beside(points: pd.DataFrame, tiers: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Points in time with the tier that holds there beside them.

    Parameters
    ----------
    points
        The columns of `by` and ``after_hours_off``, the hours off.
    tiers
        The columns of `by`, ``after_hours_off`` (blank = from the beginning) and others.
    by
        What a tier belongs to, such as unit and component.

    Returns
    -------
    DataFrame
        Rows of `points` in their order and index, with the other columns of `tiers` and ``tier``,
        the hours from which the tier holds; blank where no tier has been reached.
    """
    ordered = tiers.assign(after_hours_off=tiers["after_hours_off"].fillna(0.0).astype(float))
    ordered = ordered.sort_values([*by, "after_hours_off"], kind="stable", ignore_index=True)
    place = np.full(len(points), -1, dtype=np.intp)
    rows_of = points.groupby(list(by), sort=False).indices
    hours = points["after_hours_off"].to_numpy(dtype=np.float64)
    for key, own in ordered.groupby(list(by), sort=False):
        at = rows_of.get(key if len(by) > 1 else key[0], np.empty(0, dtype=np.intp))
        held = held_tier(own["after_hours_off"].to_numpy(), hours[at])
        place[at] = np.where(held >= 0, own.index.to_numpy()[held], -1)
    found = ordered.drop(columns=list(by)).rename(columns={"after_hours_off": "tier"})
    # A blank last row for points that have reached no tier.
    padded = found.reindex(range(len(found) + 1))
    return points.join(padded.iloc[place].set_axis(points.index))
