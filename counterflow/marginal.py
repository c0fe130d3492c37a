"""Which resources are strictly inside a block of their offer: those that can set a price."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

MW_TOLERANCE = 1e-5
"""MW from the edge of a block within which a resource counts as at the edge."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Something whose price enters others' prices: kind, name, owner, bus, MW, money per MWh."""

    kind: str
    name: str
    owner: str
    bus: str
    mw: float
    price: float


def block_at(
    widths: Iterable[float], prices: Iterable[float], mw: float, tolerance: float = MW_TOLERANCE
) -> float | None:
    """Price of the block that `mw` is strictly inside of, or None at an edge.

    Blocks follow one another from 0 MW; neighbors with one price are one block.
    """
    low = high = 0.0
    current: float | None = None
    for width, price in zip(widths, prices, strict=True):
        if price != current:
            if current is not None and low + tolerance < mw < high - tolerance:
                return current
            low, current = high, price
        high += width
    if current is not None and low + tolerance < mw < high - tolerance:
        return current
    return None


def marginal_units(
    dispatch: pd.DataFrame, offers: pd.DataFrame, units: pd.DataFrame, fixed: Iterable[str] = ()
) -> list[Resource]:
    """Units of one interval strictly inside a block and strictly between their limits.

    Parameters
    ----------
    dispatch, offers
        Rows of `dispatch` and of `offers_used` of that interval.
    units
        The case's `units`, for `p_min`.
    fixed
        Units that take no part: self-scheduled in that interval.
    """
    p_min = units.set_index("unit")["p_min"]
    on = dispatch[dispatch["on"] & ~dispatch["unit"].isin(set(fixed))]
    low = on["unit"].map(p_min).fillna(0.0)
    free = (on["mw"] > low + MW_TOLERANCE) & (on["mw"] < on["available_mw"] - MW_TOLERANCE)
    on = on[free]
    own = offers[offers["unit"].isin(on["unit"])].sort_values(["unit", "segment"])
    blocks = {unit: (rows["mw"], rows["price"]) for unit, rows in own.groupby("unit")}
    found = []
    for row in on.to_dict("records"):
        if row["unit"] in blocks:
            price = block_at(*blocks[row["unit"]], row["mw"])
            if price is not None:
                place = (row["unit"], row["owner"], row["bus"])
                found.append(Resource("unit", *place, row["mw"], price))
    return found


def marginal_bids(awards: pd.DataFrame, bids: pd.DataFrame) -> list[Resource]:
    """Price-sensitive loads of one interval strictly inside a block of their bid.

    `awards` and `bids` are the rows of that interval; `mw` is the accepted part of the bid.
    """
    if bids.empty:
        return []
    own = bids.sort_values(["load", "segment"])
    blocks = {load: (rows["mw"], rows["price"]) for load, rows in own.groupby("load")}
    found = []
    for row in awards[awards["load"].isin(bids["load"])].to_dict("records"):
        price = block_at(*blocks[row["load"]], row["bid_mw"])
        if price is not None:
            place = (row["load"], row["owner"], row["bus"])
            found.append(Resource("bid", *place, row["bid_mw"], price))
    return found


def of_interval(table: pd.DataFrame, start: pd.Timestamp, by: str) -> pd.DataFrame:
    """Rows of one interval, where rows with that stamp replace a subject's blank-stamp rows."""
    stamped = table[table["interval_start"] == start]
    general = table[table["interval_start"].isna()]
    if stamped.empty:
        return general
    return pd.concat([stamped, general[~general[by].isin(stamped[by])]], ignore_index=True)
