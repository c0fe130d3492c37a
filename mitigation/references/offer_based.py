"""References from a unit's own accepted offers."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from mitigation.references.blocks import Blocks
from mitigation.references.curves import SLIVER_MW
from mitigation.references.evidence import Evidence, inputs_hash
from mitigation.references.fuel import days_of
from mitigation.references.statistics import central, fuel_adjusted
from network.arrays import Floats

__all__ = ["offer_curve"]

_SAME_PRICE = 1e-4
"""Money per MWh by which an offer that sets the price may seem to lie above it."""


def offer_curve(evidence: Evidence, unit: str, day: date) -> Blocks:
    """Energy curve from accepted offers that were not mitigated, block by block.

    The blocks are cut where a block of any of these offers begins or ends, up to the highest MW of
    which any were accepted; the samples of a block are the prices that the offers of the look-back
    asked at its MW. A block of which any MW were accepted counts with its whole width. Each price
    is moved with the fuel price. A block has no reference where it has fewer samples than the rules
    ask for.

    Source: NYISO Services Tariff, attachment H 23.3.1.4.1.1.
    """
    rules = evidence.rules.offer
    rows = evidence.offers.get(unit)
    if rows is None:
        return Blocks.none("offer", "no offer in the look-back")
    kept = rows[
        (rows["accepted_mw"] > 0) & ~rows["mitigated"] & (rows["price"] >= rules.leave_out_below)
    ]
    if rules.in_merit:
        kept = kept[~(kept["price"] > kept["lmp"] + _SAME_PRICE)]
    stamps = kept["interval_start"]
    fuel = evidence.unit_fuel[unit]
    ratio, note = evidence.fuels.ratio(fuel, day, days_of(stamps))
    if rules.fuel_share == 0:
        ratio, note = np.ones(len(kept)), ""
    known = ~np.isnan(ratio)
    price = fuel_adjusted(kept["price"].to_numpy(dtype=float), ratio, rules.fuel_share)
    kept = kept[known].assign(price=price[known])
    if not known.all():
        note = f"{int((~known).sum())} blocks left out: price of {fuel} that day not known"
    if not len(kept):
        return Blocks.none("offer", "no accepted offer in the look-back that counts")
    return _curve(evidence, unit, kept, note)


def _edges(kept: pd.DataFrame) -> Floats:
    """Where a block of any of the offers begins or ends, above 0 MW, (n,)."""
    ends = np.unique(kept[["lower_mw", "upper_mw"]].to_numpy(dtype=float))
    ends = ends[ends > SLIVER_MW]
    return ends[np.diff(ends, prepend=0.0) > SLIVER_MW]


def _curve(evidence: Evidence, unit: str, kept: pd.DataFrame, note: str) -> Blocks:
    rules = evidence.rules.offer
    upper = _edges(kept)
    lower = np.concatenate([[0.0], upper[:-1]])
    bottom, top = (kept[c].to_numpy(dtype=float)[:, None] for c in ("lower_mw", "upper_mw"))
    middle = (lower + upper) / 2
    inside = (bottom < middle) & (middle <= top)
    values = kept["price"].to_numpy(dtype=float)
    sample = inside.sum(axis=0)
    enough = sample >= rules.min_samples
    price = np.array(
        [
            central(values[inside[:, k]], rules.statistic) if enough[k] else np.nan
            for k in range(len(upper))
        ]
    )
    moments = pd.DatetimeIndex(kept["interval_start"]).asi8
    order = np.lexsort((kept["lower_mw"].to_numpy(), moments))
    digest = inputs_hash(
        "offer",
        (rules, evidence.rules.window),
        unit,
        upper,
        bottom[order],
        top[order],
        values[order],
    )
    missing = f"{int(sample.max())} samples, {rules.min_samples} needed"
    if enough.any():
        missing = f"fewer than {rules.min_samples} samples above {upper[enough].max():g} MW"
    return Blocks("offer", upper, price, sample.astype(np.int64), digest, note, missing)
