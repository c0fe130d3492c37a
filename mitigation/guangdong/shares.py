"""Shares of an auction: caps on what one control declares, and who may not set the spread."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mitigation.guangdong.declarations import ROUNDING
from mitigation.structure.tables import sum_by

__all__ = ["cut_to", "price_setters"]


def cut_to(
    declared: pd.DataFrame, limits: pd.Series, *, dearest_first: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cut what each subject declares to its limit, the segments least likely to clear first.

    Parameters
    ----------
    declared
        subject, mwh, spread and others; rows with a blank subject stay as they are.
    limits
        Most MWh by subject; a subject without one has no limit.
    dearest_first
        Sellers: cut from the highest spread; buyers: from the lowest.

    Returns
    -------
    tuple
        ``declared`` with what is left (rows of 0 MWh stay), and subject, declared_mwh, limit_mwh,
        cut_mwh of those that were cut.
    """
    limit = declared["subject"].map(limits).astype(float).fillna(np.inf)
    limit = limit.where(declared["subject"] != "", np.inf)
    ordered = declared.assign(limit=limit).sort_values(
        ["spread", "segment"], ascending=dearest_first, kind="stable"
    )
    before = ordered.groupby("subject")["mwh"].cumsum() - ordered["mwh"]
    left = np.minimum(ordered["mwh"], np.maximum(0.0, ordered["limit"] - before))
    kept = ordered.assign(left=left).sort_index()
    totals = sum_by(kept[np.isfinite(kept["limit"])], ["subject"], ["mwh", "left"])
    totals = totals.assign(limit_mwh=totals["subject"].map(limits).astype(float))
    over = totals["mwh"] > totals["limit_mwh"] * (1 + ROUNDING)
    cuts = pd.DataFrame(
        {
            "subject": totals["subject"],
            "declared_mwh": totals["mwh"],
            "limit_mwh": totals["limit_mwh"],
            "cut_mwh": totals["mwh"] - totals["left"],
        }
    )
    return kept.assign(mwh=kept["left"]).drop(columns=["left", "limit"]), cuts[over].reset_index(
        drop=True
    )


def price_setters(sellers: pd.DataFrame, offers: pd.DataFrame, largest_groups: int) -> pd.DataFrame:
    """Say which generation groups may set the spread.

    Of the ``largest_groups`` largest by capacity (all that tie for the last place count), those
    whose share of the declared volume exceeds their share of capacity are excluded.

    Parameters
    ----------
    sellers
        seller, group (blank: the seller is a group of its own), capacity_mw.
    offers
        seller, mwh.

    Returns
    -------
    DataFrame
        group, capacity_mw, declared_mwh, capacity_share, declared_share (0 to 1), rank (1 is the
        largest), excluded; largest first.
    """
    named = sellers.assign(group=sellers["group"].where(sellers["group"] != "", sellers["seller"]))
    declared = offers["mwh"].groupby(offers["seller"]).sum()
    named["declared_mwh"] = named["seller"].map(declared).fillna(0.0)
    groups = sum_by(named, ["group"], ["capacity_mw", "declared_mwh"])
    capacity, volume = groups["capacity_mw"].sum(), groups["declared_mwh"].sum()
    groups["capacity_share"] = groups["capacity_mw"] / capacity if capacity > 0 else 0.0
    groups["declared_share"] = groups["declared_mwh"] / volume if volume > 0 else 0.0
    groups["rank"] = groups["capacity_mw"].rank(method="min", ascending=False).astype(int)
    more = groups["declared_share"] > groups["capacity_share"] + ROUNDING
    groups["excluded"] = (groups["rank"] <= largest_groups) & more
    return groups.sort_values(["rank", "group"], ignore_index=True)
