"""Money: offers as submitted, unit costs from offer blocks, penalties, the objective."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from clearing.validation.blocks import Blocks
from clearing.validation.commitment_cost import commitment_cost
from clearing.validation.custom_facts import custom_facts
from clearing.validation.facts import (
    MONEY_STEP,
    MONEY_TOLERANCE,
    MW_STEP,
    Facts,
    Floats,
    Ints,
)
from clearing.validation.report import differing, rows
from clearing.validation.reserves import reserve_cost, shortage_cost
from clearing.validation.storage import storage_cost

__all__ = ["dispatch_cost", "objective", "offers", "penalties"]


def offers(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that ``offers_used`` covers all units and intervals and repeats what was submitted.

    Rows whose source is not ``submitted`` may carry another price, not another width.
    """
    names = facts.names("units")
    submitted = Blocks.in_force(facts.case.tables["offers"], "unit", facts.starts, names)
    used, table = facts.offers_used, facts.table("offers_used")
    if len(used) != len(table):
        count = float(len(table) - len(used))
        yield rows("money.offers", ["unknown unit or interval"], [pd.NaT], [count], [0.0], [count])
    most = int(max(submitted.segment.max(initial=0), used.segment.max(initial=0))) + 1
    key, own = ((b.interval * len(names) + b.of) * most + b.segment for b in (submitted, used))
    order, mine = np.argsort(key, kind="stable"), np.argsort(own, kind="stable")
    if not np.array_equal(key[order], own[mine]):
        odd = np.setxor1d(key, own)
        yield _offers(facts, odd // most, odd % most, np.nan * odd, np.nan * odd)
        return
    price, width = used.price[mine], used.mw[mine]
    replaced = _replaced(facts, used)[mine]
    wrong = width != submitted.mw[order]
    wrong |= (price != submitted.price[order]) & ~replaced
    at = order[wrong]
    which = submitted.interval[at] * len(names) + submitted.of[at]
    yield _offers(facts, which, submitted.segment[at], price[wrong], submitted.price[at])


def _replaced(facts: Facts, used: Blocks) -> npt.NDArray[np.bool_]:
    """Whether each block belongs to a unit and interval whose offer was replaced."""
    table = facts.table("offers_used")
    other = table[(table["source"] != "submitted").to_numpy()]
    mark = np.zeros(facts.dispatch.shape, dtype=bool)
    n = facts.names("units").get_indexer(pd.Index(other["unit"]))
    mark[facts.interval_of(other), n] = True
    replaced: npt.NDArray[np.bool_] = mark[used.interval, used.of]
    return replaced


def _offers(facts: Facts, which: Ints, segment: Ints, value: Floats, limit: Floats) -> pd.DataFrame:
    """Report blocks by interval and unit (as one number) and segment."""
    names = facts.names("units")
    subject = [
        f"{names[k % len(names)]} segment {s}"
        for k, s in zip(which.tolist(), segment.tolist(), strict=True)
    ]
    starts = [facts.starts[k // len(names)] for k in which.tolist()]
    excess = np.nan_to_num(np.abs(value - limit), nan=1.0)
    return rows("money.offers", subject, starts, value, limit, excess)


def dispatch_cost(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check ``cost``: the output of a unit at its offer blocks, filled in order from 0 MW.

    With commitment, no-load while on, the start-up tier that the hours off lead to, and shut-down
    come on top.
    """
    stated = facts.by_name("dispatch", "cost")
    expected = facts.offers_used.cost(facts.dispatch) * facts.hours + commitment_cost(facts)
    slack = MONEY_TOLERANCE * np.maximum(1.0, np.abs(expected)) + facts.hours * 1e-4
    slack += MW_STEP * np.abs(facts.offers_used.price).max(initial=0.0) * facts.hours + MONEY_STEP
    yield differing("money.cost", facts.names("units"), facts.starts, stated, expected, slack)


def penalties(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that a slack costs its MW at the rulebook's penalty price for the interval.

    Reserves that are short cost what their demand curve says, or the penalty without one.
    """
    yield from _reserve_shortage(facts)
    slacks = facts.table("slacks")
    if slacks.empty:
        return
    price = slacks["kind"].map(dict(facts.rulebook.penalties)).to_numpy(dtype=np.float64)
    stated = slacks["penalty"].to_numpy(dtype=np.float64)
    expected = slacks["mw"].to_numpy(dtype=np.float64) * stated * facts.hours
    cost = slacks["cost"].to_numpy(dtype=np.float64)
    slack = MONEY_TOLERANCE * np.maximum(1.0, np.abs(expected))
    slack += MW_STEP * np.abs(stated) * facts.hours + MONEY_STEP
    wrong = ~(np.abs(cost - expected) <= slack)
    bad = slacks[wrong]
    yield rows(
        "money.penalty",
        bad["constraint"],
        bad["interval_start"],
        cost[wrong],
        expected[wrong],
        np.abs(cost - expected)[wrong],
    )
    own = (slacks["kind"] == "custom").to_numpy()
    price = price.copy()
    price[own] = _custom_penalties(facts, slacks[own])
    other = ~(stated == price) & (slacks["kind"] != "reserve").to_numpy()
    odd = slacks[other]
    yield rows(
        "money.penalty_price",
        odd["constraint"],
        odd["interval_start"],
        stated[other],
        price[other],
        np.abs(stated - price)[other],
    )


def _custom_penalties(facts: Facts, rows: pd.DataFrame) -> Floats:
    """Penalty of the custom constraint of each row (N,): its own, or the rulebook's."""
    if rows.empty:
        return np.zeros(0)
    real = facts.once(custom_facts)
    t, c = facts.interval_of(rows), real.names.get_indexer(pd.Index(rows["constraint"]))
    return np.where((t >= 0) & (c >= 0), real.penalty[t, c], np.nan)


def _reserve_shortage(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check the money of reserves that are short in each interval."""
    slacks = facts.table("slacks")
    own = slacks[slacks["kind"] == "reserve"]
    paid = np.zeros(len(facts.starts))
    t = facts.interval_of(own)
    np.add.at(paid, t[t >= 0], own["cost"].to_numpy(dtype=np.float64)[t >= 0])
    expected = shortage_cost(facts)
    dearest = max([facts.rulebook.penalties.reserve, *facts.case.tables["reserve_demand"]["price"]])
    tolerance = MONEY_TOLERANCE * np.maximum(1.0, expected) + facts.tolerance * dearest
    yield differing(
        "money.reserve_shortage",
        ["reserves"],
        facts.starts,
        paid[:, None],
        expected[:, None],
        tolerance[:, None],
    )


def objective(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check objective = unit costs - value of accepted bids + penalties, over all intervals.

    Accepted virtual supply counts at its offer, virtual demand and up-to-congestion at what they
    would have paid; storage at its offer for discharging less its bid for charging; reserve
    awards at their offers; an extension at the cost that the run states for it.
    """
    expected = float(np.nansum(facts.by_name("dispatch", "cost")))
    expected += float(facts.bids.cost(facts.bid_mw).sum()) * facts.hours
    expected += float(facts.table("slacks")["cost"].sum())
    virtuals = facts.table("virtual_awards")
    sign = np.where(virtuals["kind"] == "inc", 1.0, -1.0)
    expected += float((sign * virtuals["mw"] * virtuals["price"]).sum()) * facts.hours
    expected += storage_cost(facts) + reserve_cost(facts)
    expected += float(facts.run.stated.get("extension", {}).get("cost", 0.0))
    stated = facts.run.objective
    excess = abs(stated - expected)
    if not excess <= MONEY_TOLERANCE * max(1.0, abs(expected)) + _rounded_away(facts):
        yield rows("money.objective", ["objective"], [pd.NaT], [stated], [expected], [excess])


def _rounded_away(facts: Facts) -> float:
    """Money by which the objective can miss the sum of its parts because tables are rounded.

    Seven standard deviations of a sum of independent roundings, each at most half a step off.
    """
    virtuals, storage = facts.table("virtual_awards"), facts.case.tables["storage"]
    prices = [
        virtuals["price"],
        facts.table("reserves")["offer_price"],
        facts.bids.price,
        *(np.repeat(storage[f"{way}_price"], len(facts.starts)) for way in ("charge", "discharge")),
    ]
    squares = MONEY_STEP**2 * (len(facts.table("dispatch")) + len(facts.table("slacks")))
    moved = np.concatenate([np.asarray(price, dtype=np.float64) for price in prices])
    squares += (MW_STEP * facts.hours) ** 2 * float(np.nansum(moved**2))
    return float(7.0 * np.sqrt(squares / 12.0))
