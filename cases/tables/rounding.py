"""Numbers of a run, kept to the decimals that the schema declares.

The last bits of a sum depend on the order in which a machine adds, hence on its linear algebra.
They must not reach the id of a run: every number is rounded to its column's decimals before it is
hashed, written or shown, so that a run in memory and the same run read back are equal.

A product of short numbers (85.25 MW at 12.345) often lies exactly half way between two of them,
where noise would decide. So numbers are rounded twice: to three more decimals, which takes the
noise away, and then to those that are kept.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from cases.tables.columns import Table

__all__ = ["kept", "kept_sums", "kept_value"]

_WHOLE = 2.0**52
"""From here on a float has no digits behind the point."""
_LARGEST = 2.0**49
"""Largest count of the last decimal that arithmetic with floats tells from its neighbours."""
_GUARD = 3
"""More decimals in the first of two roundings."""
_SAME = 1e-9
"""Share of a total by which arithmetic can miss the sum of its parts."""


def kept(values: npt.ArrayLike, decimals: int) -> npt.NDArray[np.float64]:
    """Round to `decimals`, half to even; -0.0 becomes 0.0, NaN and infinite numbers stay.

    Rounding twice changes nothing. A number too large to have such decimals stays as it is.
    """
    numbers = np.asarray(values, dtype=np.float64)
    scale, guard = 10.0**decimals, 10.0**_GUARD
    with np.errstate(over="ignore", invalid="ignore"):
        finer = numbers * (scale * guard)
        finer = np.where(np.abs(finer) < _WHOLE, np.rint(finer), finer)
        scaled = finer / guard
        near = np.rint(scaled) / scale + 0.0
        return np.where(np.abs(scaled) < _LARGEST, near, numbers)


def kept_sums(
    table: Table, given: pd.DataFrame, rounded: Mapping[str, pd.Series]
) -> dict[str, npt.NDArray[np.float64]]:
    """Columns of a table that are sums of others, as the sums of the rounded ones.

    Only where the given total is the sum of the given parts: a total that is wrong stays wrong,
    for the checks to find.
    """
    result = {}
    for total, parts in table.sums:
        decimals = table.column(total).kept_decimals
        if decimals is None or not {total, *parts} <= set(given.columns):
            continue
        stated, sum_given = (
            given[[*names]].sum(axis=1, skipna=False).to_numpy(dtype=np.float64)
            for names in ((total,), parts)
        )
        exact = kept(np.sum([rounded[name].to_numpy() for name in parts], axis=0), decimals)
        with np.errstate(invalid="ignore"):
            off = np.abs(stated - sum_given) / np.maximum(1.0, np.abs(stated))
        result[total] = np.where(off < _SAME, exact, rounded[total].to_numpy())
    return result


def kept_value(value: float) -> float:
    """A number of the manifest or of an event, whose unit is not declared.

    Nine decimals below 1 (fractions such as gaps), six from 1 on, and twelve digits at most.
    """
    size = abs(value)
    if not 0.0 < size < float("inf"):
        return value + 0.0
    digits = int(np.floor(np.log10(size))) + 1
    decimals = min(9 if size < 1.0 else 6, 12 - digits)
    return round(round(value, decimals + _GUARD), decimals) + 0.0
