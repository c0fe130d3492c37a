"""Caps on offers before a market is cleared: hard, and soft up to the verified cost."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.case import Case
from cases.rulebook.clearing import OfferRules
from mitigation.keys import AT
from mitigation.references.curves import at_same_mw, for_intervals
from mitigation.references.substitution import substituted

__all__ = ["verified_offers"]


def verified_offers(
    case: Case, levels: pd.DataFrame, rules: OfferRules
) -> tuple[Case, pd.DataFrame]:
    """Energy offers as they may enter the market: above the soft cap only up to verified cost.

    An offer above ``soft_cap`` counts at the higher of the soft cap and its reference at the same
    MW, an offer above ``cap`` at the cap, whatever its cost. Offers at or below the soft cap stay.
    Floors are checked when the market is cleared.

    Parameters
    ----------
    case
        The day as offered.
    levels
        Reference levels (verified costs); a unit without one has no verified cost.
    rules
        The section ``offers`` of a rulebook.

    Returns
    -------
    case, changes
        The day with the offers that count, and what was changed: unit, interval_start, segment
        (of the offer), lower_mw, upper_mw, offered, reference (NaN = none), used, rule_id.

    Source: FERC Order 831 (2016): 1,000 soft, 2,000 hard for setting prices.
    """
    starts = pd.DataFrame({"interval_start": case.interval_starts})
    cells = case.offers[["unit"]].drop_duplicates().merge(starts, how="cross")
    offers = for_intervals(case.offers, cells)
    curves = levels[levels["component"] == "energy"]
    pieces = at_same_mw(curves, offers)
    verified = np.fmax(pieces["reference"], rules.soft_cap)
    used = np.minimum(np.minimum(pieces["offered"], verified), rules.cap)
    changed = pieces.assign(
        used=used,
        rule_id=np.where(used < rules.cap, "offers.soft_cap", "offers.cap"),
    )[used < pieces["offered"]]
    names = [*AT, "segment", "lower_mw", "upper_mw", "offered", "reference", "used", "rule_id"]
    found = changed[names].reset_index(drop=True)
    if found.empty:
        return case, found
    # Every interval of a changed unit is written out, so that its blank rows count nowhere.
    keys = cells[cells["unit"].isin(found["unit"])].assign(component="energy")
    most = pieces.merge(keys[AT], on=AT, sort=False)
    ceilings = pd.DataFrame(
        {
            **{name: most[name] for name in AT},
            "component": "energy",
            "segment": most.groupby(AT, sort=False).cumcount() + 1,
            "mw": most["upper_mw"] - most["lower_mw"],
            "after_hours_off": np.nan,
            "price": np.minimum(np.fmax(most["reference"], rules.soft_cap), rules.cap),
        }
    )
    made = substituted(case, ceilings, keys)
    kept = made.offers["interval_start"].notna() | ~made.offers["unit"].isin(found["unit"])
    return made.replace(offers=made.offers[kept].reset_index(drop=True)), found
