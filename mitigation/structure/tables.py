"""Small operations on tables that the tests and indices share."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd


def sum_by(frame: pd.DataFrame, by: Sequence[str], values: Sequence[str]) -> pd.DataFrame:
    """Sum ``values`` by group: one row per group, columns ``by`` and ``values``, sorted."""
    result: pd.DataFrame = frame.groupby(list(by))[list(values)].sum().reset_index()
    return result


def group_total(frame: pd.DataFrame, by: Sequence[str], value: str) -> pd.Series:
    """Sum of ``value`` over the group of each row, aligned with the rows."""
    total: pd.Series = frame.groupby(list(by))[value].transform("sum")
    return total
