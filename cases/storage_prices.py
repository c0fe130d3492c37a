"""Prices at which storage charges and discharges, interval by interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.case import Case

__all__ = ["storage_prices"]

Floats = NDArray[np.float64]


def storage_prices(case: Case) -> dict[str, Floats]:
    """Give ``charge_price`` and ``discharge_price`` of every interval and storage, (T, S) each.

    Rows of ``storage_offers`` hold in their interval (a blank one in every interval without one of
    its own), the columns of ``storage`` elsewhere; money per MWh.
    """
    table, offers = case.tables["storage"], case.tables["storage_offers"]
    periods = len(case.interval_starts)
    found = {
        column: np.tile(table[column].to_numpy(dtype=np.float64), (periods, 1))
        for column in ("charge_price", "discharge_price")
    }
    if not len(offers):
        return found
    place = {name: k for k, name in enumerate(table["storage"])}
    of = np.array([place[name] for name in offers["storage"]], dtype=np.intp)
    blank = offers["interval_start"].isna().to_numpy()
    at = case.interval_starts.get_indexer(pd.DatetimeIndex(offers["interval_start"]))
    for column, prices in found.items():
        price = offers[column].to_numpy(dtype=np.float64)
        for row in np.flatnonzero(blank & ~np.isnan(price)).tolist():
            prices[:, of[row]] = price[row]
        stamped = np.flatnonzero(~blank & ~np.isnan(price) & (at >= 0))
        prices[at[stamped], of[stamped]] = price[stamped]
    return found
