"""Curves in blocks from 0 MW: compared at the same MW, and made monotone."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from mitigation.keys import AT
from network.arrays import Floats

__all__ = ["at_same_mw", "for_intervals", "rising"]

SLIVER_MW: Final = 1e-6
"""Breakpoints closer than this are the same."""


def at_same_mw(levels: pd.DataFrame, offers: pd.DataFrame) -> pd.DataFrame:
    """Offers beside their reference, block by block, cut where either curve has a breakpoint.

    Both curves start at 0 MW. Where the offer reaches beyond the reference, the last reference
    block goes on. A unit or interval without a reference keeps its offer blocks, with a NaN
    reference.

    Parameters
    ----------
    levels
        unit, interval_start, segment, mw, price: rows of ``reference_levels``; where there is a
        column ``component``, those of energy count. A blank ``interval_start`` holds in every
        interval, unless the unit has rows of that interval itself.
    offers
        unit, interval_start, segment, mw, price, such as ``run.offers_used``.

    Returns
    -------
    DataFrame
        unit, interval_start, segment (of the offer), reference_segment (0 where there is none),
        lower_mw, upper_mw, offered, reference; sorted by unit, interval and MW.
    """
    if "component" in levels:
        levels = levels[levels["component"] == "energy"]
    offer = _spans(offers)
    offer = offer[offer["mw"] > SLIVER_MW]
    curve = _spans(for_intervals(levels, offers))
    last = ~curve.duplicated(AT, keep="last")
    curve.loc[last, "upper_mw"] = np.inf
    curve = curve[last | (curve["mw"] > SLIVER_MW)]
    top = offer.loc[~offer.duplicated(AT, keep="last"), [*AT, "upper_mw"]]
    ends = curve[[*AT, "upper_mw"]].merge(top, on=AT, suffixes=("", "_top"), sort=False)
    ends = ends.loc[ends["upper_mw"] < ends["upper_mw_top"], [*AT, "upper_mw"]]
    cuts = pd.concat([offer[[*AT, "upper_mw"]], ends]).sort_values([*AT, "upper_mw"])
    before = cuts.groupby(AT, sort=False, dropna=False)["upper_mw"].shift(fill_value=0.0)
    cuts = cuts[cuts["upper_mw"] - before > SLIVER_MW]
    lower = cuts.groupby(AT, sort=False, dropna=False)["upper_mw"].shift(fill_value=0.0)
    pieces = cuts.assign(lower_mw=lower, middle=(lower + cuts["upper_mw"]) / 2)
    found = _block_at(pieces, offer, {"segment": "segment", "price": "offered"})
    found = _block_at(found, curve, {"segment": "reference_segment", "price": "reference"})
    found["reference_segment"] = found["reference_segment"].fillna(0).astype("int64")
    columns = [*AT, "segment", "reference_segment", "lower_mw", "upper_mw", "offered", "reference"]
    return found[columns].sort_values([*AT, "lower_mw"], ignore_index=True)


def _block_at(pieces: pd.DataFrame, blocks: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Add to each piece what the block of its unit and interval says at its middle."""
    right = blocks[[*AT, "upper_mw", *names]].rename(columns={"upper_mw": "end", **names})
    groups = pd.concat([pieces[AT], right[AT]]).groupby(AT, sort=False, dropna=False).ngroup()
    number = groups.to_numpy()
    left = pieces.assign(group=number[: len(pieces)]).sort_values("middle", kind="stable")
    right = right.drop(columns=AT).assign(group=number[len(pieces) :])
    right = right.sort_values("end", kind="stable")
    joined = pd.merge_asof(
        left, right, left_on="middle", right_on="end", by="group", direction="forward"
    )
    return joined.drop(columns=["group", "end"])


def for_intervals(levels: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Levels written out for every unit and interval of ``rows``.

    A level without a stamp holds in each interval in which its unit has no stamped level.
    """
    wanted = rows[AT].drop_duplicates()
    stamped = levels[levels["interval_start"].notna()]
    always = levels[levels["interval_start"].isna()].drop(columns="interval_start")
    own = wanted.merge(stamped, on=AT, sort=False)
    there = pd.MultiIndex.from_frame(stamped[AT].drop_duplicates())
    rest = wanted[~pd.MultiIndex.from_frame(wanted).isin(there)]
    general = rest.merge(always, on="unit", sort=False)
    frames = [frame for frame in (own, general) if len(frame)]
    return pd.concat(frames, ignore_index=True)[levels.columns] if frames else own[levels.columns]


def _spans(blocks: pd.DataFrame) -> pd.DataFrame:
    """Blocks in order with the MW at which they end."""
    ordered = blocks[[*AT, "segment", "mw", "price"]].sort_values(
        [*AT, "segment"], ignore_index=True
    )
    upper = ordered.groupby(AT, sort=False, dropna=False)["mw"].cumsum()
    return ordered.assign(upper_mw=upper)


def rising(price: Floats) -> Floats:
    """Prices of a curve made monotone: each at least that of the block before.

    The running maximum: the lowest curve that does not fall and that nowhere lies below the given
    one, so that no block's reference is made lower than its own evidence.
    """
    return np.maximum.accumulate(np.asarray(price, dtype=float))
