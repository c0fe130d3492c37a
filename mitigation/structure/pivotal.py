"""Residual supply without one, two and three owners: the arithmetic under every pivotal test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from mitigation.structure.tables import sum_by
from network.arrays import Booleans, Floats, Integers

#: Relative distance below which two sums of megawatts are the same number. It absorbs rounding of
#: sums at exact limits (an index of exactly 1 fails); it is not a market threshold.
ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class ResidualSupply:
    """Residual supply indices, one element per (test, owner).

    ``rsi1`` is without the owner, ``rsi2`` without it and the largest other owner, ``rsi3``
    without it and the two largest others, each over the demand of the test.
    """

    rsi1: Floats
    rsi2: Floats
    rsi3: Floats

    def exceeds(self, bound: float) -> Booleans:
        """Whether ``rsi3`` lies above ``bound`` by more than rounding."""
        return above(self.rsi3, bound)


def above(values: Floats, bound: float) -> Booleans:
    """Elementwise ``values > bound``, where a difference within rounding counts as equal."""
    return np.asarray(values > bound + ROUNDING * max(1.0, abs(bound)), dtype=np.bool_)


def residual_supply(
    test: Integers, withheld: Floats, total: Floats, demand: Floats
) -> ResidualSupply:
    r"""Residual supply indices of every owner in every test, at once.

    .. math:: RSI_{n,j} = (S - w_j - \text{the } n - 1 \text{ largest of the other } w) / D

    With "the largest of the others" the formula also holds for the largest owners themselves, so
    the three largest share one ``RSI3``. A missing second or third owner counts as zero.

    Parameters
    ----------
    test
        (N,) test of each owner's row, 0 to G - 1.
    withheld
        (N,) MW that the owner could withhold: its supply, less what contracts oblige it to deliver.
    total
        (G,) supply of each test, MW.
    demand
        (G,) demand of each test, MW, above zero.

    Source: the article, equations (2) and (10); PJM market monitor, three pivotal supplier test.
    """
    rank, largest = _largest_three(test, withheld, len(total))
    first, second, third = (largest[test, place] for place in range(3))
    one_other = np.where(rank == 0, second, first)
    two_others = np.where(rank == 0, second, first) + np.where(rank < 2, third, second)
    supply, need = total[test], demand[test]

    def index(left: Floats) -> Floats:
        return np.where(left <= ROUNDING * supply, 0.0, left) / need

    return ResidualSupply(
        index(supply - withheld),
        index(supply - withheld - one_other),
        index(supply - withheld - two_others),
    )


def _largest_three(test: Integers, withheld: Floats, tests: int) -> tuple[Integers, Floats]:
    """Rank of each row in its test (0 is the largest) and the three largest, (tests, 3)."""
    order = np.lexsort((-withheld, test))
    counts = np.bincount(test, minlength=tests)
    starts = np.cumsum(counts) - counts
    rank = np.empty(len(test), dtype=np.int64)
    rank[order] = np.arange(len(test)) - starts[test[order]]
    largest = np.zeros((tests, 3))
    leading = rank < 3
    largest[test[leading], rank[leading]] = withheld[leading]
    return rank, largest


def jointly_pivotal(test: Integers, withheld: Floats, total: Floats, demand: Floats) -> Integers:
    """Size of the smallest group of owners, up to three, without which demand cannot be met, (G,).

    1 means that the largest owner alone is pivotal, 2 that the two largest are only together, 3
    the three largest; 0 that demand can be met without any three owners. Where supply is short of
    demand even with everyone, the size is 1.
    """
    _, largest = _largest_three(test, withheld, len(total))
    left = total[:, None] - np.cumsum(largest, axis=1)
    short = left < demand[:, None] * (1 - ROUNDING)
    return np.where(short.any(axis=1), short.argmax(axis=1) + 1, 0)


def by_owner(test: Integers, owner: pd.Series, mw: Floats) -> pd.DataFrame:
    """Sum megawatts of segments: columns test, owner, supply_mw; sorted by test and owner."""
    frame = pd.DataFrame({"test": test, "owner": owner.to_numpy(), "supply_mw": mw})
    return sum_by(frame, ["test", "owner"], ["supply_mw"])
