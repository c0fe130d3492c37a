"""What makes a measured impact doubtful: open MIP gaps, prices that are not unique."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cases.run import Run
from mitigation.again.reopen import gap_money

__all__ = ["with_doubts"]


def with_doubts(rows: pd.DataFrame, base: Run, other: Run, *, held: bool) -> pd.DataFrame:
    """Rows of ``tests_impact`` with ``gap_bound`` and ``note``.

    With the same commitment both runs are linear programs and nothing lies between them: 0. With
    another commitment and open gaps no money of a gap bounds a price or a payment, since schedules
    of the same cost may have quite different ones: blank. What a difference within the gaps is
    worth is measured instead (:mod:`mitigation.impact.second_opinion`).
    """
    money = 0.0 if held else gap_money(base) + gap_money(other)
    prices = (rows["scope"] != "unit").to_numpy()
    notes = _notes(rows, [base, other], prices)
    return rows.assign(gap_bound=np.nan if money else 0.0, note=notes)


def _notes(
    rows: pd.DataFrame, runs: Sequence[Run], prices: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> list[str]:
    texts = np.full(len(rows), "", dtype=object)
    for run, what in zip(runs, ("with offers", "with references"), strict=True):
        unique = _unique(rows, run)
        for said, here in (
            (f"the price {what} may not be unique", unique.eq(False)),
            (f"whether the price {what} is unique was not tested", unique.isna()),
        ):
            told = np.where(texts == "", "", texts + "; ") + said
            texts = np.where(here.fillna(False).to_numpy(dtype=bool) & prices, told, texts)
    return [str(text) for text in texts]


def _unique(rows: pd.DataFrame, run: Run) -> Any:
    """Whether the price of each row is unique: at its bus, else at every bus in its interval.

    True where there is no price.
    """
    table = run.prices
    unique: Any = table["unique"].mask(table["lmp"].isna(), True)
    by_bus = unique.set_axis(pd.MultiIndex.from_frame(table[["interval_start", "bus"]]))
    everywhere = unique.groupby(table["interval_start"]).agg(lambda cells: cells.all(skipna=False))
    own = pd.MultiIndex.from_frame(rows[["interval_start", "subject"]])
    of_bus = by_bus.reindex(own).set_axis(rows.index)
    of_interval = everywhere.reindex(rows["interval_start"]).set_axis(rows.index)
    return of_bus.where(rows["scope"] == "bus", of_interval)
