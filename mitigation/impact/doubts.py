"""What makes a measured impact doubtful: open MIP gaps, prices that are not unique."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from cases.run import Run
from mitigation.again.reopen import gap_money

__all__ = ["doubtful_prices", "with_doubts"]

_SAID: Final = "prices may not be unique"
_STAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d:\d\d|Z)")


def doubtful_prices(run: Run) -> pd.DatetimeIndex:
    """Intervals of a run whose prices may not be unique, as its warnings name them.

    Where the warning counts more intervals than it names, every interval may be one of them.
    """
    found: list[pd.Timestamp] = []
    for text in run.stated.get("warnings", []):
        if not str(text).startswith(_SAID):
            continue
        named = _STAMP.findall(str(text))
        if " more" in str(text) or not named:
            return run.case.interval_starts
        found += [pd.Timestamp(stamp) for stamp in named]
    index = pd.DatetimeIndex(found)
    timezone = run.case.meta.timezone
    return index.tz_convert(timezone) if len(index) else run.case.interval_starts[:0]


def with_doubts(rows: pd.DataFrame, base: Run, other: Run, *, held: bool) -> pd.DataFrame:
    """Rows of ``tests_impact`` with ``gap_bound`` and ``note``.

    With the commitment held both runs are linear programs over the same commitment and no gap
    lies between them. With the commitment chosen anew the open gaps of both runs are money that
    the solver may have left: the bound of a payment; of a price, that money over the MWh served in
    the interval, as if all of it fell there.
    """
    money = 0.0 if held else gap_money(base) + gap_money(other)
    served = (
        base.load_awards.assign(mwh=base.load_awards["mw"] * base.case.interval_hours)
        .groupby("interval_start")["mwh"]
        .sum()
    )
    per_mwh = rows["interval_start"].map(served).to_numpy(dtype=float)
    prices = (rows["scope"] != "unit").to_numpy()
    with np.errstate(divide="ignore"):
        bound = np.where(prices, np.divide(money, np.maximum(per_mwh, 1e-9)), money)
    return rows.assign(gap_bound=bound if money else 0.0, note=_notes(rows, [base, other], prices))


def _notes(
    rows: pd.DataFrame, runs: Sequence[Run], prices: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> list[str]:
    texts = np.full(len(rows), "", dtype=object)
    for run, what in zip(runs, ("with offers", "with references"), strict=True):
        open_here = rows["interval_start"].isin(doubtful_prices(run)).to_numpy() & prices
        told = np.where(texts == "", "", texts + "; ")
        texts = np.where(open_here, told + f"the price {what} may not be unique", texts)
    return [str(text) for text in texts]
