"""Noise of an impact, measured: what moves a price or a payment though no offer is replaced.

*Control shift*: the tested run less its control, what a better schedule of the same offers moves.
*Last step*: what the last widening of the free units changed in the counterfactual.

Source: reference/mitigation.md 12.1, point 4.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from mitigation.impact.second_opinion import NOT_MEASURABLE

__all__ = ["unmeasured", "with_noise"]

_PLACE = ["scope", "interval_start", "subject"]


def with_noise(rows: pd.DataFrame, shifted: pd.DataFrame, stepped: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``tests_impact`` with ``control_shift`` and ``last_step``.

    Parameters
    ----------
    rows
        Control against counterfactual.
    shifted
        The tested run against the counterfactual.
    stepped
        The control against the counterfactual before its last widening.
    """
    parent, before = (
        rows[_PLACE].merge(
            other[[*_PLACE, "with_offer", "with_reference"]], on=_PLACE, how="left", sort=False
        )
        for other in (shifted, stepped)
    )
    return rows.assign(
        control_shift=parent["with_offer"].to_numpy() - rows["with_offer"].to_numpy(),
        last_step=rows["with_reference"].to_numpy() - before["with_reference"].to_numpy(),
    )


def unmeasured(rows: pd.DataFrame, why: str) -> pd.DataFrame:
    """Rows without a verdict: both measurements are shown, neither counts."""
    note = rows["note"].astype(object).to_numpy()
    return rows.assign(
        result=NOT_MEASURABLE, near=False, note=np.where(note == "", why, note + "; " + why)
    )
