"""Shanghai's second-level limit: the prices of a day scaled down to a mean."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.errors import InputError
from cases.market_time import day_of

__all__ = ["scaled_to_limit"]


def scaled_to_limit(prices: pd.DataFrame, limit: float) -> pd.DataFrame:
    """Scale every price of a day in proportion where the day's mean lies above a limit.

    Parameters
    ----------
    prices
        interval_start, price (money per MWh) of one market, and further columns such as bus; where
        several places are given the mean is over all of them.
    limit
        Money per MWh; the rule has no number, the regulator publishes it. inf = none.

    Returns
    -------
    DataFrame
        The rows with day_mean, factor (1 where the limit is kept) and settled: price times factor.

    Raises
    ------
    InputError
        A limit that is not above zero.

    Source: Shanghai, rules of the spot market of 2026-02-10, in force 2026-04-01, second-level
    limit; read in a copy (S).
    """
    if not limit > 0:
        message = f"the second-level limit must be above zero, not {limit:g}"
        raise InputError.one("", None, "second_level_limit", "positive", message)
    day = day_of(prices["interval_start"])
    mean = prices["price"].astype(float).groupby(day.to_numpy()).transform("mean")
    over = (mean > limit).to_numpy()
    factor = np.where(over, limit / mean.where(mean > 0, 1.0), 1.0)
    return prices.assign(day_mean=mean, factor=factor, settled=prices["price"] * factor)
