"""Offers of storage beside their reference levels, hour by hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from cases.case import Case
from cases.storage_prices import storage_prices
from mitigation.conduct.thresholds import AtOrBelowZero, Held, judge
from mitigation.keys import AT
from mitigation.references.curves import for_intervals
from network.arrays import Floats

__all__ = ["CHARGE", "DISCHARGE", "judge_charge", "storage_pairs"]

CHARGE: Final = "charge"
DISCHARGE: Final = "discharge"
_COLUMN: Final = {CHARGE: "charge_price", DISCHARGE: "discharge_price"}
_MW: Final = {CHARGE: "charge_mw", DISCHARGE: "discharge_mw"}


def storage_pairs(case: Case, levels: pd.DataFrame) -> pd.DataFrame:
    """Bids to charge and offers to discharge beside the level of the same interval.

    Returns
    -------
    DataFrame
        unit (the storage), interval_start, component, segment, mw, offered, reference,
        reference_method, after_hours_off: no rows where no storage has a level.
    """
    table, prices = case.tables["storage"], storage_prices(case)
    starts = case.interval_starts
    names = pd.Index(table["storage"])
    cells = pd.DataFrame({"unit": names}).merge(
        pd.DataFrame({"interval_start": starts}), how="cross"
    )
    parts = []
    for component, column in _COLUMN.items():
        own = levels[(levels["component"] == component) & levels["unit"].isin(names)]
        if own.empty:
            continue
        reference = for_intervals(own, cells)[[*AT, "price", "method"]]
        both = cells.merge(reference, on=AT, how="left", sort=False)
        of, at = (
            names.get_indexer(pd.Index(both["unit"])),
            starts.get_indexer(pd.DatetimeIndex(both["interval_start"])),
        )
        parts.append(
            both[AT].assign(
                component=component,
                segment=1,
                after_hours_off=np.nan,
                mw=table[_MW[component]].to_numpy(dtype=float)[of],
                offered=prices[column][at, of],
                reference=both["price"].to_numpy(dtype=float),
                reference_method=both["method"].fillna("").astype("str").to_numpy(),
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def judge_charge(
    offered: Floats,
    reference: Floats,
    held: Sequence[Held],
    *,
    at_or_below_zero: AtOrBelowZero = "magnitude",
    near_miss: float = 0.1,
) -> pd.DataFrame:
    """Judge bids to charge: too low a bid withholds energy from later hours.

    As :func:`mitigation.conduct.thresholds.judge` with the sign of money turned; ``limit`` is the
    lowest bid that passes. No bid is exempt for being small.
    """
    free = [replace(h, rule=h.rule.model_copy(update={"exempt_below": -np.inf})) for h in held]
    reading: AtOrBelowZero = "exempt" if at_or_below_zero == "exempt" else "magnitude"
    if reading == "exempt":
        reference = np.where(reference <= 0.0, np.nan, reference)
    found = judge(-offered, -reference, free, at_or_below_zero="magnitude", near_miss=near_miss)
    return found.assign(limit=-found["limit"])
