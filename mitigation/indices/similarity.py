"""How alike two units' offers are: a screen for offers that were made together."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.errors import InputError
from mitigation.keys import CELL

__all__ = ["offer_similarity"]


def offer_similarity(
    offers: pd.DataFrame,
    capacity: pd.Series,
    owner: pd.Series,
    *,
    step_percent: float,
    offer_cap: float,
    smallest: float = 0.0,
) -> pd.DataFrame:
    r"""Similarity of the offers of every two units, interval by interval.

    .. math:: W_{ij} = 1 - \frac{1}{cap} \frac{\sum_k |P_{ik} - P_{jk}|}{1 + 100/N}

    with the offers sampled at 0, N, 2 N, ..., 100 % of each unit's capacity: 1 for the same curve,
    0 where one offers nothing and the other the cap throughout.

    Parameters
    ----------
    offers
        unit, interval_start, segment, mw, price (money per MWh), such as ``run.offers_used``.
    capacity
        unit to MW of which the percentages are.
    owner
        unit to its group of affiliates; pairs of one owner are left out.
    step_percent
        N, which divides 100.
    offer_cap
        Money per MWh.
    smallest
        Pairs below it are left out.

    Returns
    -------
    DataFrame
        unit, owner, other_unit, other_owner, intervals, similarity (mean over the intervals that
        both offer in), least, most; most alike first.

    Raises
    ------
    InputError
        A step that does not divide 100, or a cap that is not above zero.

    Source: Shaanxi, detailed rules of the spot market (2026), section 8.2, read in a copy (S).
    """
    count = 100.0 / step_percent if step_percent > 0 else np.nan
    if not abs(count - round(count)) < 1e-9 or not offer_cap > 0 or not np.isfinite(offer_cap):
        message = "the step must divide 100 and the offer cap be a number above zero"
        raise InputError.one("", None, "mitigation.similarity", "similarity", message)
    shares = np.linspace(0.0, 1.0, round(count) + 1)
    units = sorted(set(offers["unit"]) & set(capacity.index[capacity > 0]))
    starts = pd.Index(offers["interval_start"].unique()).sort_values()
    sampled = np.full((len(units), len(starts), len(shares)), np.nan)
    place = {unit: k for k, unit in enumerate(units)}
    when = {start: t for t, start in enumerate(starts)}
    ordered = offers.sort_values([*CELL, "segment"])
    for (start, unit), own in ordered.groupby(["interval_start", "unit"], sort=False):
        if unit not in place or not len(own):
            continue
        upper = np.cumsum(own["mw"].to_numpy(dtype=float))
        at = np.searchsorted(upper, shares * float(capacity[str(unit)]) - 1e-9)
        price = own["price"].to_numpy(dtype=float)
        sampled[place[unit], when[start]] = price[np.minimum(at, len(price) - 1)]
    rows = []
    for i, one in enumerate(units):
        for j in range(i + 1, len(units)):
            other = units[j]
            if owner.get(one) == owner.get(other):
                continue
            apart = np.abs(sampled[i] - sampled[j]).sum(axis=1) / len(shares)
            known = 1.0 - apart[~np.isnan(apart)] / offer_cap
            if len(known) and known.mean() >= smallest:
                measured = known.mean(), known.min(), known.max()
                rows.append((one, owner.get(one), other, owner.get(other), len(known), *measured))
    columns = ["unit", "owner", "other_unit", "other_owner", "intervals", "similarity"]
    table = pd.DataFrame(rows, columns=[*columns, "least", "most"])
    return table.sort_values(
        ["similarity", "unit", "other_unit"], ascending=[False, True, True], ignore_index=True
    )
