"""Prices: their split, the terms of congestion, and what each bus's price says about its units.

Whether a price is right can be told without a solver: dispatch and prices are optimal together
exactly when every limit with a shadow price is met and nobody would rather produce, consume or
carry another amount at the prices published (linear-programming duality).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from clearing.day.chords import Chords
from clearing.validation.blocks import Blocks
from clearing.validation.custom_facts import worth_of
from clearing.validation.energy_limits import budget_value
from clearing.validation.facts import Facts, Floats
from clearing.validation.report import above, below, differing, rows
from clearing.validation.reserves import held_by_reserves
from clearing.validation.unit_outages import outage_value
from clearing.validation.units import limits

LONGEST_TABLE = 2_000_000
"""Rows up to which the terms of prices are made only to be checked."""

__all__ = ["at_the_margin", "balance_price", "bids", "links", "points", "split", "terms", "units"]


def split(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check lmp = mec + mcc + mlc, one mec per island and interval, no loss term if lossless.

    A bus without a price has none of its parts.
    """
    names = facts.names("buses")
    lmp, mec, mcc, mlc = (
        facts.by_name("prices", column) for column in ("lmp", "mec", "mcc", "mlc")
    )
    slack = facts.price_tolerance * np.maximum(1.0, np.abs(np.nan_to_num(lmp)) / 1e3)
    yield differing("prices.split", names, facts.starts, lmp, mec + mcc + mlc, slack)
    first = np.unique(facts.grid.islands, return_index=True)[1][facts.grid.islands]
    yield differing("prices.mec", names, facts.starts, mec, mec[:, first], facts.price_tolerance)
    if not facts.lossy and facts.chords is None:
        none = np.where(np.isnan(lmp), mlc, 0.0)
        yield differing("prices.mlc", names, facts.starts, mlc, none, facts.price_tolerance)


def points(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check prices of zones (weighted by demand, evenly without any) and hubs (by their weights).

    Negative demand counts as none.
    """
    demand = np.maximum(facts.at_bus(facts.demand, facts.bus_of("loads")), 0.0)
    weights: dict[tuple[str, str], Floats] = {}
    buses = facts.case.tables["buses"]
    for zone, at in buses.groupby("zone", sort=False).indices.items():
        if zone:
            inside = np.zeros(len(buses))
            inside[at] = 1.0
            of_load = demand * inside
            total = of_load.sum(axis=1, keepdims=True)
            weights[str(zone), "zone"] = np.where(total > 0.0, of_load, inside)
    hubs = facts.case.tables["hubs"]
    for hub, at in hubs.groupby("hub", sort=False).indices.items():
        row = np.zeros(len(buses))
        np.add.at(row, facts.bus_of("hubs")[at], hubs["weight"].to_numpy(dtype=np.float64)[at])
        weights[str(hub), "hub"] = np.broadcast_to(row, demand.shape)
    table = facts.table("zone_prices")
    for (name, kind), weight in weights.items():
        own = table[(table["point"] == name) & (table["kind"] == kind)]
        t = facts.interval_of(own)
        own, t = own[t >= 0], t[t >= 0]
        for column in ("lmp", "mec", "mcc", "mlc"):
            of_bus = facts.by_name("prices", column)
            stated = np.full((len(facts.starts), 1), np.nan)
            stated[t, 0] = own[column].to_numpy(dtype=np.float64)
            mean = (np.where(weight > 0.0, of_bus, 0.0) * weight).sum(axis=1) / weight.sum(axis=1)
            slack = facts.price_tolerance * np.maximum(1.0, np.abs(np.nan_to_num(mean)) / 1e3)
            check = f"prices.{kind}" + ("" if column == "lmp" else f"_{column}")
            yield differing(check, [name], facts.starts, stated, mean[:, None], slack[:, None])
        unique = np.where(weight > 0.0, facts.by_name("prices", "unique"), 1.0).min(axis=1)
        stated = np.full((len(facts.starts), 1), np.nan)
        stated[t, 0] = own["unique"].to_numpy(dtype=np.float64, na_value=np.nan)
        yield differing(f"prices.{kind}_unique", [name], facts.starts, stated, unique[:, None], 0.0)


def terms(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that mcc of a bus is the sum of dfax * shadow price over ``price_terms``.

    The shadow prices there are those of ``constraints``, for every constraint that has one. Of a
    run just cleared, a table that nobody has asked for and that would be very long is not made
    for this check; it is checked where it exists, as in a run that was read.
    """
    made = facts.run.made("price_terms")
    if not made and len(facts.network_constraints) * len(facts.names("buses")) > LONGEST_TABLE:
        return
    table = facts.table("price_terms")
    mcc = facts.by_name("prices", "mcc")
    total = np.zeros_like(mcc)
    t = facts.interval_of(table)
    b = facts.names("buses").get_indexer(pd.Index(table["bus"]))
    product = (table["dfax"] * table["shadow_price"]).to_numpy(dtype=np.float64)
    known = (t >= 0) & (b >= 0)
    np.add.at(total, (t[known], b[known]), product[known])
    total = np.where(np.isnan(mcc), np.nan, total)
    slack = facts.price_tolerance * np.maximum(1.0, np.abs(total) / 1e3)
    yield differing("prices.terms", facts.names("buses"), facts.starts, mcc, total, slack)

    key = ["interval_start", "constraint", "contingency"]
    binding = facts.network_constraints
    table = table[~facts.is_custom(table)]
    if binding.empty and table.empty:
        return
    priced = binding.loc[binding["shadow_price"] > facts.price_tolerance, [*key, "shadow_price"]]
    used = table[[*key, "shadow_price"]].groupby(key, as_index=False)["shadow_price"]
    both = priced.merge(used.agg(["min", "max"]), on=key, how="outer").fillna(0.0)
    shadow = both["shadow_price"].to_numpy(dtype=np.float64)
    excess = np.maximum(np.abs(both["min"] - shadow), np.abs(both["max"] - shadow)).to_numpy()
    wrong = excess > facts.price_tolerance
    bad = both[wrong]
    yield rows(
        "prices.shadow_price",
        bad["constraint"],
        bad["interval_start"],
        bad["max"],
        shadow[wrong],
        excess[wrong],
    )


def units(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that no unit would rather produce another amount at its price.

    What is produced above p_min costs at most the LMP of the unit's bus, what could be produced
    more costs at least that; inside a block the price is exactly the offer. Where ramps bind the
    LMP is corrected by their shadow prices in this interval and the next, where the energy of a
    day is limited by the shadow price of the budget. What a unit holds for reserves narrows its
    limits. Units that are off or must-take say nothing about prices.
    """
    if facts.priced_otherwise:
        return
    names = facts.names("units")
    price = price_of_units(facts)
    free = np.isnan(facts.self_scheduled) & facts.on
    lower, upper = limits(facts)
    if len(facts.table("reserves")):
        lower, upper, tied = held_by_reserves(facts, lower, upper)
        free = free & ~tied
    yield from _indifferent(
        facts, "prices.unit", names, facts.offers_used, facts.dispatch, price, free, lower, upper
    )


def bids(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that a bid block served is worth at least the LMP, one not served at most that."""
    if facts.priced_otherwise:
        return
    if not len(facts.bids):
        return
    names = facts.names("loads")
    price = worth_of(facts, "load") - facts.lmp[:, facts.bus_of("loads")]
    free = np.ones(facts.bid_mw.shape, dtype=bool)
    lower, upper = np.zeros(free.shape), np.full(free.shape, np.inf)
    yield from _indifferent(
        facts, "prices.bid", names, facts.bids, facts.bid_mw, price, free, lower, upper
    )


def links(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that no link would rather carry another amount at the prices of its ends."""
    if facts.priced_otherwise:
        return
    table, names = facts.case.tables["links"], facts.names("links")
    if table.empty:
        return
    fraction = table["loss_fraction"].to_numpy(dtype=np.float64)
    start = facts.lmp[:, facts.bus_of("links", "from_bus")]
    end = facts.lmp[:, facts.bus_of("links", "to_bus")]
    low = table["min_mw"].to_numpy(dtype=np.float64)
    high = table["max_mw"].to_numpy(dtype=np.float64)
    worth = worth_of(facts, "link")
    covered = covers_links(facts)
    for sent, least, most, here, there, own, chords in (
        (facts.link_mw, low, high, start, end, worth, facts.link_chords[0]),
        (-facts.link_mw, -high, -low, end, start, -worth, facts.link_chords[1]),
    ):
        last, following = slopes(chords, sent, len(names), facts.tolerance)
        mw = np.maximum(sent, 0.0)
        less = mw > np.maximum(least, 0.0) + facts.tolerance
        # A link that sends the other way would first send less that way.
        more = (mw < np.maximum(most, 0.0) - facts.tolerance) & (sent >= -facts.tolerance)
        less &= ~covered
        more &= ~covered
        slack = facts.price_tolerance
        wanted = np.where(less, (1.0 - fraction - last) * there - here + own, 0.0)
        yield below("prices.link", names, facts.starts, wanted, 0.0, slack)
        wanted = np.where(more, (1.0 - fraction - following) * there - here + own, 0.0)
        yield above("prices.link", names, facts.starts, wanted, 0.0, slack)


def slopes(chords: Chords, sent: Floats, lines: int, tolerance: float) -> tuple[Floats, Floats]:
    """MW lost per MW by the last and by the next MW on lines (T, N) each; 0 without segments."""
    last, following = np.zeros((len(sent), lines)), np.zeros((len(sent), lines))
    mw = np.maximum(sent, 0.0)[:, chords.of]
    for found, on in (
        (last, mw > chords.start + tolerance),
        (following, mw >= chords.start - tolerance),
    ):
        np.maximum.at(found.T, chords.of, np.where(on, chords.slope, 0.0).T)
    return last, following


def covers_links(facts: Facts) -> npt.NDArray[np.bool_]:
    """Links whose flow also sets a risk or carries shared reserve: their price is more (T, K)."""
    tables, names = facts.case.tables, facts.names("links")
    terms = tables["risk_terms"]
    own = names.isin(terms.loc[terms["kind"] == "link", "element"])
    return np.tile(own | bool(len(tables["reserve_sharing"])), (len(facts.starts), 1))


def balance_price(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that unserved load prices its island, weighted as it is shared, at the penalty."""
    if facts.priced_otherwise:
        return
    islands = facts.grid.islands
    mean = np.zeros_like(facts.unserved)
    np.add.at(mean.T, islands, (facts.shares * np.nan_to_num(facts.lmp)).T)
    penalty = facts.rulebook.penalties.balance
    short = facts.unserved > facts.tolerance
    over = facts.unserved < -facts.tolerance
    expected = np.where(short, penalty, np.where(over, -penalty, mean))
    names = [str(k) for k in range(mean.shape[1])]
    yield differing("prices.balance", names, facts.starts, mean, expected, facts.price_tolerance)


def price_of_units(facts: Facts) -> Floats:
    """LMP of each unit's bus, corrected by what its ramps, budgets and own outage cost (T, U).

    What custom constraints and an extension make of its output counts too.
    """
    names = facts.names("units")
    own = ramp_value(facts, names) + budget_value(facts) + outage_value(facts)
    own += future_value(facts, names) + worth_of(facts, "unit")
    return facts.unit_lmp + own


def ramp_value(facts: Facts, names: pd.Index[str]) -> Floats:
    """Give the worth of one more MW of a unit to its ramp limits (T, U), money per MWh.

    A rise limit binding into this interval takes its shadow price away, one binding into the next
    gives it; fall limits the other way round. In real time the next interval belongs to another
    window: what this one made of it is `future_value`.
    """
    table = facts.table("constraints")
    worth = np.zeros((len(facts.starts), len(names)))
    for kind, sign in (("ramp_up", -1.0), ("ramp_down", 1.0)):
        shadow = facts.limit_rows(table[table["kind"] == kind], "shadow_price", names)
        worth += sign * shadow
        if not facts.rolling:
            worth[:-1] -= sign * shadow[1:]
    return worth


def future_value(facts: Facts, names: pd.Index[str]) -> Floats:
    """What real time says that later intervals make of one more MW of a unit now (T, U)."""
    table = facts.table("future_values")
    worth = np.zeros((len(facts.starts), len(names)))
    t, n = facts.interval_of(table), names.get_indexer(pd.Index(table["unit"]))
    known = (t >= 0) & (n >= 0)
    value = table["value"].to_numpy(dtype=np.float64)
    np.add.at(worth, (t[known], n[known]), value[known])
    return worth


def _indifferent(
    facts: Facts,
    check: str,
    names: pd.Index[str],
    blocks: Blocks,
    mw: Floats,
    price: Floats,
    free: npt.NDArray[np.bool_],
    lower: Floats,
    upper: Floats,
) -> Iterator[pd.DataFrame]:
    """Blocks in use must not cost more than the price, blocks left must not cost less.

    ``mw``, ``price``, ``free``, ``lower`` and ``upper`` are (T, N).
    """
    dearest, cheapest = at_the_margin(facts, blocks, mw, free, lower, upper)
    yield below(check, names, facts.starts, price, dearest, facts.price_tolerance)
    yield above(check, names, facts.starts, price, cheapest, facts.price_tolerance)


def at_the_margin(
    facts: Facts,
    blocks: Blocks,
    mw: Floats,
    free: npt.NDArray[np.bool_],
    lower: Floats,
    upper: Floats,
    tolerance: float | None = None,
) -> tuple[Floats, Floats]:
    """Price of the last MW above ``lower`` and of the next below ``upper`` (T, N).

    -inf and inf where there is none, and where ``free`` does not hold. Blocks count as used or
    left by more than a tolerance, by default that of the run.
    """
    t, n = blocks.interval, blocks.of
    tolerance = facts.tolerance if tolerance is None else tolerance
    at = mw[t, n]
    dearest = np.full(mw.shape, -np.inf)
    used = free[t, n] & (at > blocks.begin + tolerance) & (at > lower[t, n] + tolerance)
    np.maximum.at(dearest, (t[used], n[used]), blocks.price[used])
    cheapest = np.full(mw.shape, np.inf)
    left = free[t, n] & (at < blocks.end - tolerance) & (at < upper[t, n] - tolerance)
    np.minimum.at(cheapest, (t[left], n[left]), blocks.price[left])
    return dearest, cheapest
