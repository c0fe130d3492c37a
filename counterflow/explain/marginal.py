"""Which resources are strictly inside a block of their offer: those that can set a price."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

MW_TOLERANCE = 1e-5
"""MW from the edge of a block within which a resource counts as at the edge."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Something whose price enters others' prices: kind, name, owner, bus, MW, money per MWh.

    `edge` says that it is not strictly inside a block but at the edge of one.
    """

    kind: str
    name: str
    owner: str
    bus: str
    mw: float
    price: float
    edge: bool = False
    members: tuple["Resource", ...] = ()
    """The resources that it stands for, where they are several."""


def together(a: Resource, b: Resource) -> Resource:
    """Two resources that share the margin: their prices and effects are equal, their MW add up."""
    members = (*(a.members or (a,)), *(b.members or (b,)))
    return Resource(
        a.kind if a.kind == b.kind else f"{a.kind} or {b.kind}",
        f"{a.name} or {b.name}",
        _each_once(member.owner for member in members),
        _each_once(member.bus for member in members),
        a.mw + b.mw,
        a.price,
        a.edge and b.edge,
        members,
    )


def _each_once(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(name for name in names if name))


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


def blocks_touching(
    widths: Iterable[float], prices: Iterable[float], mw: float, tolerance: float = MW_TOLERANCE
) -> list[float]:
    """Prices of the blocks that `mw` is inside of or at an edge of, in order."""
    high = 0.0
    found: list[float] = []
    for width, price in zip(widths, prices, strict=True):
        low, high = high, high + width
        if width > 0 and low - tolerance <= mw <= high + tolerance and price not in found:
            found.append(price)
    return found


def edge_units(
    dispatch: pd.DataFrame,
    offers: pd.DataFrame,
    lmp: Mapping[str, float],
    tolerance: float,
    apart: Container[str] = (),
) -> list[Resource]:
    """Units of one interval at an edge of a block whose price is the LMP of their bus.

    Parameters
    ----------
    dispatch, offers
        Rows of `dispatch` and of `offers_used` of that interval.
    lmp
        Price by bus.
    tolerance
        Relative difference of a block's price from the LMP that still counts as equal.
    apart
        Units that take no part.
    """
    rows = offers.assign(lmp=offers["unit"].map(dispatch.set_index("unit")["bus"]).map(lmp))
    equal = (rows["price"] - rows["lmp"]).abs() <= tolerance * rows["price"].abs().clip(lower=1.0)
    wanted = set(rows.loc[equal, "unit"])
    own = offers[offers["unit"].isin(wanted)].sort_values(["unit", "segment"])
    blocks = {
        unit: (unit_rows["mw"], unit_rows["price"]) for unit, unit_rows in own.groupby("unit")
    }
    found = []
    for row in dispatch[dispatch["on"] & dispatch["unit"].isin(wanted)].to_dict("records"):
        if row["unit"] in apart:
            continue
        for price in blocks_touching(*blocks[row["unit"]], row["mw"]):
            if abs(price - lmp[row["bus"]]) <= tolerance * max(1.0, abs(price)):
                place = (row["unit"], row["owner"], row["bus"])
                found.append(Resource("unit", *place, row["mw"], price, edge=True))
                break
    return found


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
