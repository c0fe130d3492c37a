"""What reserve awards say about themselves: price, offer and the energy profit they forgo."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clearing.validation.facts import MW_STEP, Facts, Floats
from clearing.validation.prices import at_the_margin
from clearing.validation.report import rows
from clearing.validation.reserve_facts import reserve_facts
from clearing.validation.reserves import reserve_price_of_units
from clearing.validation.units import limits

__all__ = ["award_prices"]


def award_prices(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check price, offer and opportunity cost of every award.

    The price is that of the product in the zone of the unit's bus, the offer that of the case. A
    MW of an upward award forgoes LMP less the offer of the next MW of energy where output and
    awards take all that the unit can reach, a MW of a downward award the offer of the last MW less
    LMP where output less awards is at the least; nothing otherwise, and never less than nothing.
    """
    table = facts.table("reserves")
    if table.empty or facts.priced_otherwise:
        return
    real = facts.once(reserve_facts)
    table = table[(table["kind"] == "unit").to_numpy(dtype=bool)]
    t = facts.interval_of(table)
    unit = facts.names("units").get_indexer(pd.Index(table["unit"]))
    product = real.products.get_indexer(pd.Index(table["product"]))
    known = (t >= 0) & (unit >= 0) & (product >= 0)
    table, at = table[known], (t[known], unit[known], product[known])
    for column, values in (
        ("price", reserve_price_of_units(facts, real)),
        ("offer_price", real.price),
    ):
        expected = values[at]
        excess = np.abs(table[column].to_numpy(dtype=np.float64) - expected)
        yield _wrong(facts, table, f"reserves.award_{column}", column, expected, excess)

    lmp = facts.unit_lmp
    free = np.isnan(facts.self_scheduled) & facts.on
    none = np.full(lmp.shape, np.inf)
    last, following = at_the_margin(facts, facts.offers_used, facts.dispatch, free, -none, none)
    close = at_the_margin(
        facts, facts.offers_used, facts.dispatch, free, -none, none, 2.0 * MW_STEP
    )
    low, high = limits(facts)
    for up, forgone, closer, room in (
        (True, lmp - following, lmp - close[1], high - facts.dispatch - real.upward),
        (False, last - lmp, close[0] - lmp, facts.dispatch - real.downward - low),
    ):
        worth, other = (
            np.where(free & np.isfinite(mw), np.maximum(mw, 0.0), 0.0)[at[:2]]
            for mw in (forgone, closer)
        )
        own = real.up[at[2]] == up
        stated = table["opportunity_cost"].to_numpy(dtype=np.float64)
        # At the edge of what counts as full, either is right.
        free_of_it = room[at[:2]] > facts.tolerance
        # At the edge of a block, so is the offer of either side.
        nearest = np.minimum(_nearest(stated, worth), _nearest(stated, other))
        excess = np.where(free_of_it, np.abs(stated), nearest)
        expected = np.where(free_of_it, 0.0, worth)
        excess = np.where(own, excess, 0.0)
        yield _wrong(
            facts, table, "reserves.opportunity_cost", "opportunity_cost", expected, excess
        )


def _nearest(stated: Floats, worth: Floats) -> Floats:
    """How far a number is from either 0 or ``worth``."""
    distance: Floats = np.minimum(np.abs(stated), np.abs(stated - worth))
    return distance


def _wrong(
    facts: Facts, table: pd.DataFrame, check: str, column: str, expected: Floats, excess: Floats
) -> pd.DataFrame:
    scale = np.maximum(1.0, np.abs(np.nan_to_num(expected)) / 1e3)
    wrong = ~(excess <= facts.price_tolerance * scale)
    bad = table[wrong]
    return rows(
        check,
        bad["unit"] + " " + bad["product"],
        bad["interval_start"],
        bad[column],
        expected[wrong],
        excess[wrong],
    )
