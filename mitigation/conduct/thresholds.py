"""How far above its reference an offer, or a price, may lie, and which threshold decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from cases.rulebook.mitigation import Threshold
from network.arrays import Booleans, Floats, Integers

__all__ = ["AtOrBelowZero", "Held", "judge", "margin_above"]

#: Relative distance from a limit below which an offer is at it. It absorbs rounding (17.5 percent
#: above 40 is 47, and an offer of 47 passes); it is not a market threshold.
ROUNDING: Final = 1e-9

AtOrBelowZero = Literal["magnitude", "absolute", "exempt"]
"""Rulebook key ``mitigation.reference_at_or_below_zero``."""


@dataclass(frozen=True, slots=True)
class Held:
    """A threshold with its key in the rulebook, its area ("" = general) and where it holds."""

    key: str
    area: str
    rule: Threshold
    rows: Booleans
    """The rows for which it holds, (n,)."""


def margin_above(
    reference: Floats, rule: Threshold, at_or_below_zero: AtOrBelowZero = "magnitude"
) -> Floats:
    """Money per MWh by which a reference may be exceeded under a threshold.

    ``increase``: ``min(percent of reference, absolute)``. ``multiple``: up to
    ``min(percent / 100 * reference, reference + absolute)``.

    Where the reference is not above zero, ``magnitude`` takes percentages of its absolute value (at
    zero itself a percentage has no meaning and the absolute part holds alone), ``absolute`` takes
    the absolute part alone, and ``exempt`` sets no limit.

    Source: NYISO Services Tariff 23.3.1.2; the reading at or below zero is a choice by rulebook.
    """
    reference = np.asarray(reference, dtype=float)
    share = rule.percent / 100
    if rule.limit_kind == "multiple":
        share = max(share - 1.0, 0.0)
    with np.errstate(invalid="ignore"):
        relative = share * np.abs(reference)
    relative = np.where(reference == 0.0, np.inf, relative)
    if at_or_below_zero != "magnitude":
        relative = np.where(reference <= 0.0, np.inf, relative)
    margin = np.minimum(relative, rule.absolute)
    if at_or_below_zero == "exempt":
        margin = np.where(reference <= 0.0, np.inf, margin)
    return margin


def judge(
    offered: Floats,
    reference: Floats,
    held: Sequence[Held],
    *,
    at_or_below_zero: AtOrBelowZero = "magnitude",
    near_miss: float = 0.1,
) -> pd.DataFrame:
    """Judge offers against their references by the tightest of the thresholds that hold.

    An offer fails a threshold when it is above the limit and not below ``exempt_below``; it fails
    when it fails any. The row names the threshold that decided: of those that it fails the
    tightest, else the tightest of all.

    Parameters
    ----------
    offered, reference
        (n,), money in one unit; NaN reference = not known.
    held
        Thresholds and the rows for which each holds.
    at_or_below_zero
        How a reference that is not above zero is read, see :func:`margin_above`.
    near_miss
        Share of the limit within which a row that does not fail is near it.

    Returns
    -------
    DataFrame
        limit (the highest offer that passes; inf = none), area, rule_id, result (pass, fail,
        exempt), near, note: n rows.
    """
    count = len(offered)
    limit: Floats = np.full(count, np.inf)
    chosen: Integers = np.full(count, -1)
    failed: Booleans = np.zeros(count, dtype=bool)
    spared: Booleans = np.zeros(count, dtype=bool)
    vague: Booleans = np.zeros(count, dtype=bool)
    known = ~np.isnan(reference)
    if at_or_below_zero == "exempt":
        known &= reference > 0.0
    for position, item in enumerate(held):
        highest = reference + margin_above(reference, item.rule, at_or_below_zero)
        highest = np.where(known, highest, np.inf)
        with np.errstate(invalid="ignore"):
            slack = np.where(np.isinf(highest), 0.0, ROUNDING * np.maximum(1.0, np.abs(highest)))
        above = item.rows & known & (offered > highest + slack)
        fails = above & ~(offered < item.rule.exempt_below)
        passing = np.maximum(highest, item.rule.exempt_below)
        tighter = (fails & ~failed) | ((fails == failed) & (passing < limit)) | (chosen < 0)
        better = item.rows & tighter
        limit = np.where(better, passing, limit)
        chosen = np.where(better, position, chosen)
        spared = np.where(better, above & ~fails, spared)
        failed |= fails
        vague |= item.rows & np.isfinite(item.rule.percent)
    vague &= (reference <= 0.0) & (offered > reference) & np.isinf(limit)
    near = _near(offered, reference, limit, failed, near_miss)
    verdicts = _verdicts(reference, known, held, limit, chosen, failed, spared, vague)
    return verdicts.assign(near=near)


def _near(
    offered: Floats, reference: Floats, limit: Floats, failed: Booleans, share: float
) -> Booleans:
    """Rows that do not fail, lie above their reference and within the share of their limit."""
    with np.errstate(invalid="ignore"):
        close = offered >= limit - share * np.abs(limit)
    near: Booleans = ~failed & np.isfinite(limit) & close & (offered > reference)
    return near


def _verdicts(
    reference: Floats,
    known: Booleans,
    held: Sequence[Held],
    limit: Floats,
    chosen: Integers,
    failed: Booleans,
    spared: Booleans,
    vague: Booleans,
) -> pd.DataFrame:
    unknown, nowhere = np.isnan(reference), chosen < 0
    exempt = ~failed & (spared | vague | ~known | nowhere)
    floor = np.array([item.rule.exempt_below for item in held] or [0.0])[chosen]
    note = np.full(len(limit), "", dtype=object)
    note[spared] = [f"offers below {value:g} never fail" for value in floor[spared]]
    note[vague] = "a percentage alone sets no limit where the reference is not above zero"
    note[nowhere] = "no threshold holds for this unit and interval"
    note[unknown] = "no reference level"
    note[~unknown & ~known] = "references at or below zero are not tested"
    text = {
        "area": np.array([*(item.area for item in held), ""], dtype=object)[chosen],
        "rule_id": np.array([*(item.key for item in held), ""], dtype=object)[chosen],
        "result": np.where(failed, "fail", np.where(exempt, "exempt", "pass")),
        "note": note,
    }
    limit = np.where(unknown, np.nan, limit)
    frame: pd.DataFrame = pd.DataFrame({"limit": limit, **text}).astype(dict.fromkeys(text, "str"))
    return frame
