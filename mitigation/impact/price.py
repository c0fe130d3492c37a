"""Price impact: as-bid price less the price with references, by place and interval, with sign.

``difference = with_offer - with_reference``; the test fails where it exceeds the limit. A fall of
the price through high offers is negative and passes (the objective never rises when offers are
replaced by lower references, but a single LMP may move either way).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import pandas as pd

from cases.rulebook.mitigation import MitigationRules
from cases.run import Run
from mitigation.conduct.thresholds import Held, judge
from network.arrays import Floats

__all__ = ["HeldAt", "judged", "moved_intervals", "price_impact", "reserve_impact", "zone_impact"]

HeldAt = Callable[[pd.DataFrame], Sequence[Held]]
"""Takes rows (interval_start, subject); gives the thresholds and the rows for which each holds."""

_NOISE: Final = 1e-6
"""Part of a price that is the last digits of a solver; not a market threshold."""
LEAST: Final = 0.01
"""A change of a price or a payment below this never counts, money."""


def judged(rows: pd.DataFrame, held: Sequence[Held], rules: MitigationRules) -> pd.DataFrame:
    """Rows (with_offer, with_reference, ...) with difference, limit, result, rule_id and near.

    ``limit`` is the largest difference that passes; ``near`` marks differences that pass within
    the near-miss share of it.
    """
    with_offer = rows["with_offer"].to_numpy(dtype=float)
    reference = rows["with_reference"].to_numpy(dtype=float)
    noise = _NOISE * np.maximum(1.0, np.abs(np.nan_to_num(with_offer)))
    verdict = judge(
        with_offer - noise,
        reference,
        held,
        at_or_below_zero=rules.reference_at_or_below_zero,
    )
    difference, limit = with_offer - reference, verdict["limit"].to_numpy() - reference
    failed = (verdict["result"] == "fail").to_numpy() & (difference >= LEAST)
    with np.errstate(invalid="ignore"):
        near = ~failed & (difference > noise) & (difference >= (1.0 - rules.near_miss) * limit)
    return rows.assign(
        difference=difference,
        limit=limit,
        result=np.where(failed, "fail", "pass"),
        near=near & np.isfinite(limit),
        rule_id=verdict["rule_id"].to_numpy(),
        area=verdict["area"].to_numpy(),
    )


def price_impact(
    base: Run, other: Run, intervals: pd.Index, held: HeldAt, rules: MitigationRules
) -> pd.DataFrame:
    """Impact on the LMP of every bus in the intervals given, as rows of ``tests_impact``.

    Parameters
    ----------
    base, other
        The run with offers as submitted, and the one with references.
    intervals
        Starts of the intervals that are looked at.
    held
        The thresholds that hold for a bus and interval.
    rules
        The rulebook's section.
    """
    rows = _beside(base.prices, other.prices, "bus", intervals)
    return judged(rows.assign(scope="bus"), held(rows), rules)


def moved_intervals(base: Run, other: Run) -> pd.DatetimeIndex:
    """Starts of the intervals in which some price of a bus or of a reserve moved."""
    found = []
    for table, keys, price in (
        ("prices", ["interval_start", "bus"], "lmp"),
        ("reserve_prices", ["interval_start", "product", "zone"], "price"),
    ):
        before, after = (run.tables[table][[*keys, price]] for run in (base, other))
        both = before.merge(after, on=keys, suffixes=("", "_after"), sort=False)
        moved = (both[price] - both[f"{price}_after"]).abs() >= LEAST
        found.append(both.loc[moved, "interval_start"])
    return pd.DatetimeIndex(pd.concat(found).unique())


def zone_impact(
    base: Run, other: Run, intervals: pd.Index, held: HeldAt, rules: MitigationRules
) -> pd.DataFrame:
    """Impact on the prices of zones, shown beside those of the buses, which decide."""
    before, after = (
        table[table["kind"] == "zone"] for table in (base.zone_prices, other.zone_prices)
    )
    rows = _beside(before, after, "point", intervals)
    return judged(rows.assign(scope="zone"), held(rows), rules)


def reserve_impact(
    base: Run, other: Run, intervals: pd.Index, held: HeldAt, rules: MitigationRules
) -> pd.DataFrame:
    """Impact on the prices of reserve products; the subject is PRODUCT, or PRODUCT@ZONE."""
    frames = []
    for table in (base.reserve_prices, other.reserve_prices):
        at = table["product"].where(table["zone"] == "", table["product"] + "@" + table["zone"])
        frames.append(table.assign(point=at, lmp=table["price"]))
    rows = _beside(frames[0], frames[1], "point", intervals)
    return judged(rows.assign(scope="reserve"), held(rows), rules)


def _beside(
    before: pd.DataFrame, after: pd.DataFrame, place: str, intervals: pd.Index
) -> pd.DataFrame:
    names = ["interval_start", "interval_end", place, "lmp"]
    rows = before.loc[before["interval_start"].isin(intervals), names].reset_index(drop=True)
    rows = rows.rename(columns={place: "subject", "lmp": "with_offer"})
    rows["with_reference"] = _matched(rows, after, place)
    return rows


def _matched(rows: pd.DataFrame, after: pd.DataFrame, place: str) -> Floats:
    """Prices of the other run in the order of ``rows``."""
    other = after[after["interval_start"].isin(rows["interval_start"].unique())]
    same = len(other) == len(rows) and bool(
        (other[place].to_numpy() == rows["subject"].to_numpy()).all()
        and (other["interval_start"].to_numpy() == rows["interval_start"].to_numpy()).all()
    )
    if same:
        return other["lmp"].to_numpy(dtype=float)
    price = other.set_index(["interval_start", place])["lmp"]
    wanted = pd.MultiIndex.from_frame(rows[["interval_start", "subject"]])
    return price.reindex(wanted).to_numpy(dtype=float)
