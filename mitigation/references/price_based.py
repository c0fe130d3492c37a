"""References from the prices at a unit's bus in the hours in which it ran in merit."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from mitigation.references.blocks import Blocks
from mitigation.references.evidence import Evidence, inputs_hash
from mitigation.references.fuel import days_of
from mitigation.references.offer_based import _SAME_PRICE
from mitigation.references.statistics import fuel_adjusted, lowest_share

__all__ = ["price_curve"]


def price_curve(
    evidence: Evidence, unit: str, day: date, p_max: float, *, chosen: bool = False
) -> Blocks:
    """One price for the whole curve: mean of the lowest share of prices while in merit.

    A unit was in merit in an interval where some accepted block of its offer lay at or below the
    price at its bus. Where no output of the unit is on record the method has nothing to say,
    unless it was ``chosen``: then every hour of the look-back counts, and the note says so.

    Sources: NYISO Services Tariff, attachment H 23.3.1.4.1.2; PJM, equation (4) of the article.
    """
    rules = evidence.rules.price
    rows = evidence.offers.get(unit)
    prices = evidence.prices.get(evidence.bus[unit])
    if prices is None:
        return Blocks.none("price", "no price of its bus in the look-back")
    note = ""
    if rows is not None:
        hours = _in_merit(rows, rules.unmitigated)
    elif chosen and unit not in evidence.offering:
        note = "no record of its output: all hours of the look-back count"
        hours = prices.assign(mw=np.nan)[["interval_start", "lmp", "mw"]]
    else:
        return Blocks.none("price", "no hour in merit in the look-back")
    hours = hours[hours["lmp"] >= rules.leave_out_below].sort_values("interval_start")
    ratio, unadjusted = np.ones(len(hours)), ""
    if rules.fuel_share > 0:
        then = days_of(hours["interval_start"])
        ratio, unadjusted = evidence.fuels.ratio(evidence.unit_fuel[unit], day, then)
    known = ~np.isnan(ratio)
    if not known.all():
        unadjusted = f"{int((~known).sum())} hours left out: fuel price of that day not known"
    price = fuel_adjusted(hours["lmp"].to_numpy(dtype=float), ratio, rules.fuel_share)[known]
    if len(price) < rules.min_samples:
        return Blocks.none("price", f"{len(price)} hours in merit, {rules.min_samples} needed")
    mw = hours["mw"].to_numpy(dtype=float)[known]
    weights = mw if rules.weights == "mw" else None
    if weights is not None and np.isnan(weights).any():
        return Blocks.none("price", "no record of its output")
    reference, taken = lowest_share(price, rules.percent, weights)
    digest = inputs_hash("price", (rules, evidence.rules.window), unit, price, mw)
    text = "; ".join(part for part in (note, unadjusted) if part)
    return Blocks.flat("price", reference, p_max, sample=len(taken), inputs_hash=digest, note=text)


def _in_merit(rows: pd.DataFrame, unmitigated: bool) -> pd.DataFrame:
    """Intervals in merit: interval_start, lmp, mw (output)."""
    accepted = rows[(rows["accepted_mw"] > 0) & rows["lmp"].notna()]
    if unmitigated:
        accepted = accepted[~accepted["mitigated"]]
    merit = accepted["price"] <= accepted["lmp"] + _SAME_PRICE
    hours = accepted.assign(merit=merit).groupby("interval_start", sort=True)
    found = hours.agg(lmp=("lmp", "first"), mw=("accepted_mw", "sum"), merit=("merit", "any"))
    return found[found["merit"]].reset_index()[["interval_start", "lmp", "mw"]]
