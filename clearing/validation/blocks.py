"""Offer and bid blocks as arrays: which are in force, how they fill, what that costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["Blocks"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Blocks:
    """Priced blocks of every interval, (N,) each, in the order in which they fill from 0 MW.

    Offers fill cheapest first; bids are held with their prices negated, so they do too.
    """

    interval: Ints
    of: Ints
    """Position of the unit or load in its table."""
    segment: Ints
    mw: Floats
    price: Floats
    begin: Floats
    """MW at which each block begins."""

    @classmethod
    def in_force(
        cls,
        table: pd.DataFrame,
        by: str,
        starts: pd.DatetimeIndex,
        names: pd.Index[str],
        sign: float = 1.0,
    ) -> Blocks:
        """Blocks of a case table: rows with a stamp replace that subject's blank ones.

        Prices are multiplied by ``sign``. Rows of unknown subjects or intervals are left out.
        """
        of = np.asarray(names.get_indexer(pd.Index(table[by])), dtype=np.intp)
        when = np.asarray(starts.get_indexer(pd.DatetimeIndex(table["interval_start"])))
        stamped = table["interval_start"].notna().to_numpy()
        own = np.zeros((len(starts), len(names)), dtype=bool)
        sure = np.flatnonzero(stamped & (when >= 0) & (of >= 0))
        own[when[sure], of[sure]] = True
        blank = np.flatnonzero(~stamped & (of >= 0))
        t, k = np.nonzero(~own[:, of[blank]])
        row = np.concatenate([blank[k], sure])
        return cls.filling(table, row, np.concatenate([t, when[sure]]), of[row], sign)

    @classmethod
    def stated(
        cls, table: pd.DataFrame, by: str, starts: pd.DatetimeIndex, names: pd.Index[str]
    ) -> Blocks:
        """Blocks of a run table, which has one row for every block and interval."""
        of = np.asarray(names.get_indexer(pd.Index(table[by])), dtype=np.intp)
        when = np.asarray(starts.get_indexer(pd.DatetimeIndex(table["interval_start"])))
        row = np.flatnonzero((of >= 0) & (when >= 0))
        return cls.filling(table, row, when[row], of[row])

    @classmethod
    def filling(
        cls, table: pd.DataFrame, row: Ints, interval: Ints, of: Ints, sign: float = 1.0
    ) -> Blocks:
        """Sort rows of a table into the order in which they fill."""
        price = sign * table["price"].to_numpy(dtype=np.float64)[row]
        segment = table["segment"].to_numpy(dtype=np.intp)[row]
        order = np.lexsort((segment, price, of, interval))
        mw = table["mw"].to_numpy(dtype=np.float64)[row][order]
        interval, of = interval[order], of[order]
        begin = np.cumsum(mw) - mw
        if len(mw):
            new = np.ones(len(mw), dtype=bool)
            new[1:] = (interval[1:] != interval[:-1]) | (of[1:] != of[:-1])
            begin -= begin[np.flatnonzero(new)][np.cumsum(new) - 1]
        return cls(interval, of, segment[order], mw, price[order], begin)

    def __len__(self) -> int:
        return len(self.mw)

    @property
    def end(self) -> Floats:
        """MW at which each block ends."""
        return self.begin + self.mw

    def cost(self, mw: Floats) -> Floats:
        """Money per hour (T, N) of filling the blocks up to ``mw`` (T, N)."""
        total = np.zeros_like(mw)
        filled = np.clip(mw[self.interval, self.of] - self.begin, 0.0, self.mw)
        np.add.at(total, (self.interval, self.of), filled * self.price)
        return total

    def width(self, shape: tuple[int, ...]) -> Floats:
        """MW of all blocks together (T, N)."""
        total = np.zeros(shape)
        np.add.at(total, (self.interval, self.of), self.mw)
        return total
