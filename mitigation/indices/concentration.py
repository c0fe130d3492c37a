"""Market shares and their concentration."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mitigation.structure.tables import group_total, sum_by


def shares(frame: pd.DataFrame, by: list[str], value: str) -> pd.DataFrame:
    """Share of each owner in the sum of its group.

    Parameters
    ----------
    frame
        Columns ``by``, owner and ``value`` (MW, at least zero); several rows of an owner are added.
    by
        Columns that make a market, such as interval_start and zone; at least one.

    Returns
    -------
    DataFrame
        ``by``, owner, ``value``, share (0 to 1; NaN where the group's sum is zero).
    """
    owned = sum_by(frame, [*by, "owner"], [value])
    total = group_total(owned, by, value)
    return owned.assign(share=owned[value] / total.where(total > 0))


def hhi(frame: pd.DataFrame, by: list[str], value: str) -> pd.DataFrame:
    r"""Herfindahl-Hirschman index :math:`\sum_j (100 s_j)^2` of each group, 0 to 10000.

    Parameters as of :func:`shares`. Returns ``by`` and hhi (NaN where the group's sum is zero).

    Source: US merger guidelines; shares of 30, 30, 20 and 20 % give 2600.
    """
    return concentration(shares(frame, by, value), by)


def concentration(owned: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """HHI of shares that :func:`shares` found: ``by`` and hhi."""
    squared = owned.assign(hhi=(100 * owned["share"]) ** 2)
    index: pd.DataFrame = squared.groupby(by)[["hhi"]].sum(min_count=1).reset_index()
    return index


def level(index: float, moderate: float, high: float) -> str:
    """Name of the level of concentration: unconcentrated, moderate or high."""
    if np.isnan(index):
        return ""
    return "unconcentrated" if index < moderate else "moderate" if index <= high else "high"


def running_class(dispatch: pd.DataFrame, base_share: float, peak_share: float) -> pd.Series:
    """Segment of the supply curve of each unit: base, intermediate or peaking, by unit.

    By the share of intervals in which the unit produces: at least ``base_share`` is base load, less
    than ``peak_share`` peaking. ``dispatch`` has unit, mw.

    Source: PJM market monitor, concentration by segment of the supply curve.
    """
    running = (dispatch["mw"] > 0).groupby(dispatch["unit"]).mean()
    named = np.where(
        running >= base_share, "base", np.where(running < peak_share, "peaking", "intermediate")
    )
    return pd.Series(named, index=running.index, dtype="str")
