"""The numbers that references are made of: plain arithmetic on samples."""

from __future__ import annotations

from math import ceil
from typing import Literal

import numpy as np

from network.arrays import Floats, Positions

__all__ = ["central", "fuel_adjusted", "lowest_share"]

_ROUNDING = 1e-9


def central(sample: Floats, statistic: Literal["lower", "mean", "median"] = "lower") -> float:
    """Mean or median of accepted offers, or the lower of the two.

    Source: NYISO Services Tariff, attachment H 23.3.1.4.1.1: the lower of the mean or the median.
    20, 22, 24, 26 and 58 have the mean 30 and the median 24, so 24.
    """
    ordered = np.sort(np.asarray(sample, dtype=float))
    mean, median = float(ordered.mean()), float(np.median(ordered))
    return {"lower": min(mean, median), "mean": mean, "median": median}[statistic]


def fuel_adjusted(price: Floats, ratio: Floats, share: float = 1.0) -> Floats:
    """``price * (1 - share + share * Fuel(today) / Fuel(then))``: the indexed share moves along."""
    adjusted: Floats = np.asarray(price, dtype=float) * (1.0 - share + share * np.asarray(ratio))
    return adjusted


def lowest_share(
    price: Floats, percent: float, mw: Floats | None = None
) -> tuple[float, Positions]:
    r"""Mean of the lowest-priced share of hours, weighted by output where ``mw`` is given.

    .. math:: Ref = \sum_{t \in T} LMP_t Q_t / \sum_{t \in T} Q_t

    T are the ``percent`` of all hours with the lowest prices, their number rounded up; of equal
    prices the hour that comes first counts first. Returns the reference and the positions in T.

    Sources: NYISO Services Tariff, attachment H 23.3.1.4.1.2 (plain mean of the lowest half);
    equation (4) of the article (PJM, the lowest quarter, weighted).
    """
    price = np.asarray(price, dtype=float)
    number = max(1, ceil(percent / 100 * len(price) - _ROUNDING))
    taken = np.argsort(price, kind="stable")[:number]
    weights = np.ones(number) if mw is None else np.asarray(mw, dtype=float)[taken]
    return float(np.dot(price[taken], weights) / weights.sum()), taken
