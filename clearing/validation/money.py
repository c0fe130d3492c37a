"""Money: offers as submitted, unit costs from offer blocks, penalties, the objective."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clearing.validation.facts import MONEY_TOLERANCE, Facts, Floats, effective_blocks
from clearing.validation.report import differing, rows

__all__ = ["dispatch_cost", "objective", "offers", "penalties"]


def offers(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that ``offers_used`` covers all units and intervals and repeats what was submitted.

    Rows whose source is not ``submitted`` may carry another price, not another width.
    """
    key = ["unit", "interval_start", "segment"]
    used = facts.run.offers_used
    submitted = effective_blocks(facts.case.offers, "unit", facts.starts)
    both = submitted.merge(used, on=key, how="outer", suffixes=("", "_used"), indicator=True)
    price_kept = both["source"].ne("submitted") | (both["price"] == both["price_used"])
    wrong = both["_merge"].ne("both") | (both["mw"] != both["mw_used"]) | ~price_kept
    bad = both[wrong]
    yield rows(
        "money.offers",
        (bad["unit"].astype(str) + " segment " + bad["segment"].astype(str)),
        bad["interval_start"],
        bad["price_used"],
        bad["price"],
        (bad["price_used"] - bad["price"]).abs(),
    )


def dispatch_cost(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check ``cost``: the output of a unit at its offer blocks, filled in order from 0 MW.

    With commitment, no-load, start-up and shut-down offers come on top.
    """
    names = pd.Index(facts.case.units["unit"])
    stated = facts.by_name("dispatch", "unit", "cost", facts.case.units["unit"])
    expected = block_cost(
        facts.run.offers_used, "unit", names, facts.starts, facts.dispatch, ascending=True
    )
    expected = expected * facts.hours
    slack = MONEY_TOLERANCE * np.maximum(1.0, np.abs(expected)) + facts.hours * 1e-4
    yield differing("money.cost", names, facts.starts, stated, expected, slack)


def block_cost(
    blocks: pd.DataFrame,
    by: str,
    names: pd.Index[str],
    starts: pd.DatetimeIndex,
    mw: Floats,
    *,
    ascending: bool,
) -> Floats:
    """Money per hour (T, N) of ``mw`` filled into priced blocks, cheapest (or dearest) first."""
    cost = np.zeros_like(mw)
    if blocks.empty:
        return cost
    t = starts.get_indexer(pd.DatetimeIndex(blocks["interval_start"]))
    n = names.get_indexer(pd.Index(blocks[by]))
    price = blocks["price"].to_numpy(dtype=np.float64)
    width = blocks["mw"].to_numpy(dtype=np.float64)
    order = np.lexsort((price if ascending else -price, n, t))
    order = order[(t[order] >= 0) & (n[order] >= 0)]
    t, n, price, width = t[order], n[order], price[order], width[order]
    first = np.flatnonzero(np.r_[True, (t[1:] != t[:-1]) | (n[1:] != n[:-1])])
    end = np.cumsum(width)
    before = np.r_[0.0, end][first]
    begin = end - width - np.repeat(before, np.diff(np.r_[first, len(t)]))
    filled = np.clip(mw[t, n] - begin, 0.0, width)
    np.add.at(cost, (t, n), filled * price)
    return cost


def penalties(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that a slack costs its MW at the rulebook's penalty price for the interval."""
    slacks = facts.run.slacks
    price = slacks["kind"].map(dict(facts.rulebook.penalties)).to_numpy(dtype=np.float64)
    stated = slacks["penalty"].to_numpy(dtype=np.float64)
    expected = slacks["mw"].to_numpy(dtype=np.float64) * stated * facts.hours
    cost = slacks["cost"].to_numpy(dtype=np.float64)
    wrong = ~(np.abs(cost - expected) <= MONEY_TOLERANCE * np.maximum(1.0, np.abs(expected)))
    bad = slacks[wrong]
    yield rows(
        "money.penalty",
        bad["constraint"],
        bad["interval_start"],
        cost[wrong],
        expected[wrong],
        np.abs(cost - expected)[wrong],
    )
    other = ~(stated == price)
    odd = slacks[other]
    yield rows(
        "money.penalty_price",
        odd["constraint"],
        odd["interval_start"],
        stated[other],
        price[other],
        np.abs(stated - price)[other],
    )


def objective(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check objective = unit costs - value of accepted bids + penalties, over all intervals.

    Accepted virtual supply counts at its offer, virtual demand and up-to-congestion at what they
    would have paid.
    """
    loads = pd.Index(facts.case.loads["load"])
    blocks = effective_blocks(facts.case.bids, "load", facts.starts)
    value = block_cost(blocks, "load", loads, facts.starts, facts.bid_mw, ascending=False)
    expected = float(facts.run.dispatch["cost"].sum()) - float(value.sum()) * facts.hours
    expected += float(facts.run.slacks["cost"].sum())
    virtuals = facts.run.virtual_awards
    sign = np.where(virtuals["kind"] == "inc", 1.0, -1.0)
    expected += float((sign * virtuals["mw"] * virtuals["price"]).sum()) * facts.hours
    stated = facts.run.objective
    excess = abs(stated - expected)
    if not excess <= MONEY_TOLERANCE * max(1.0, abs(expected)):
        yield rows("money.objective", ["objective"], [pd.NaT], [stated], [expected], [excess])
