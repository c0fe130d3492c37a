"""Reserves: awards within offers, ramps and capacity; requirements met or reported as short."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from clearing.validation.custom_facts import worth_of
from clearing.validation.facts import Facts, Floats
from clearing.validation.report import above, below, differing, rows
from clearing.validation.reserve_facts import ReserveFacts, reserve_facts
from clearing.validation.risk_facts import in_binding_risk, risk_shortage_cost
from clearing.validation.units import moves

__all__ = [
    "awards",
    "capacity",
    "held_by_reserves",
    "offer_room",
    "prices",
    "ramps",
    "ramps_with_energy",
    "requirements",
    "reserve_cost",
    "reserve_price_of_units",
    "shadow_prices",
    "shortage_cost",
    "stated",
]


def awards(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check 0 <= award <= MW offered, by unit and product, and 0 where a unit cannot give it.

    A unit that is off gives nothing, but for quick-start units and products that can be given
    off line.
    """
    table = facts.table("reserves")
    if table.empty:
        return
    real = facts.once(reserve_facts)
    of_load = (table["kind"] == "load").to_numpy(dtype=bool)
    unknown = facts.names("units").get_indexer(pd.Index(table["unit"])) < 0
    unknown[of_load] = (facts.names("loads").get_indexer(pd.Index(table["unit"])) < 0)[of_load]
    unknown |= real.products.get_indexer(pd.Index(table["product"])) < 0
    unknown |= facts.interval_of(table) < 0
    unknown |= table.duplicated(["kind", "unit", "product", "interval_start"]).to_numpy()
    unknown |= ~np.isfinite(table["mw"].to_numpy(dtype=np.float64))
    bad = table[unknown]
    one = np.ones(len(bad))
    yield rows("reserves.rows", bad["unit"], bad["interval_start"], one, 0.0 * one, one)
    names, shape = _names(facts, real), (len(facts.starts), -1)
    award = real.award.reshape(shape)
    offered = np.nan_to_num(real.offered).reshape(shape)
    yield above("reserves.offer", names, facts.starts, award, offered, facts.tolerance)
    yield below("reserves.offer", names, facts.starts, award, 0.0, facts.tolerance)
    given = real.load_award.reshape(shape)
    limit = np.nan_to_num(real.load_offered).reshape(shape)
    loads = [f"{load} {product}" for load in facts.names("loads") for product in real.products]
    yield above("reserves.offer", loads, facts.starts, given, limit, facts.tolerance)
    quick = facts.case.tables["units"]["quick_start"].to_numpy(dtype=bool)
    able = facts.on[:, :, None] | (quick[:, None] & real.offline)[None]
    most = np.where(able, np.inf, 0.0).reshape(shape)
    yield above("reserves.off", names, facts.starts, award, most, facts.tolerance)


def capacity(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check what awards share with output.

    p + upward awards <= what is available while on, <= startup_ramp of a unit that is off
    p - downward awards >= p_min while on
    """
    if facts.table("reserves").empty:
        return
    real, units = facts.once(reserve_facts), facts.case.tables["units"]
    names = facts.names("units")
    reach = np.fmax(facts.available, facts.self_scheduled)
    quick = np.fmin(facts.available, units["startup_ramp"].to_numpy(dtype=np.float64))
    upward, downward = real.upward, real.downward
    most = np.where(facts.on, reach, np.where(upward > 0.0, quick, np.inf))
    used = np.where(upward > 0.0, facts.dispatch + upward, -np.inf)
    yield above("reserves.capacity", names, facts.starts, used, most, facts.tolerance)
    p_min = units["p_min"].to_numpy(dtype=np.float64)
    left = np.where(downward > 0.0, facts.dispatch - downward, np.inf)
    least = np.where(facts.on, p_min, 0.0)
    yield below("reserves.floor", names, facts.starts, left, least, facts.tolerance)


def ramps(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check the ramp that products of one direction share, for every response time m.

        sum of awards with minutes <= m  <=  ramp * m / 60

    for units that are on; ``ramp`` is in MW an hour, and a blank one is no limit.
    """
    if facts.table("reserves").empty or not facts.rulebook.reserves.ramps:
        return
    real, units, names = facts.once(reserve_facts), facts.case.tables["units"], facts.names("units")
    for up, column in ((True, "ramp_up"), (False, "ramp_down")):
        ramp = units[column].fillna(np.inf).to_numpy(dtype=np.float64)
        for minutes in np.unique(real.minutes[real.up == up]):
            inside = (real.up == up) & (real.minutes <= minutes)
            total = real.award[:, :, inside].sum(axis=2)
            most = np.where(facts.on, ramp * minutes / 60.0, np.inf)
            yield above("reserves.ramp", names, facts.starts, total, most, facts.tolerance)


def ramps_with_energy(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check the ramp that output shares with awards which take an interval or longer to give.

        p_t - p_(t-1) + sum of upward awards with interval <= minutes <= m
            <= ramp_up * m / 60 * on_(t-1) + startup_ramp * start_t + excess

    for every such response time m, downward awards likewise with falls; a unit that is off moves
    from 0. Blank ramps (with their events) and a blank output before the case are no limit.
    ``excess`` is what ``slacks`` reports. Between two self-schedules nothing is decided: where the
    schedule moves further than its ramp, nothing is left for reserves. Where the interval is the
    response time, output and award also stay within the start-up ramp where the unit starts and
    the shut-down ramp before it stops.
    """
    if facts.table("reserves").empty or not facts.rulebook.reserves.ramps:
        return
    real, units, names = facts.once(reserve_facts), facts.case.tables["units"], facts.names("units")
    for total, _, moved, limit in _lasting(facts, real):
        used = np.where(total > 0.0, total + moved, -np.inf)
        yield above("reserves.ramp", names, facts.starts, used, limit, facts.tolerance)
    _, start, stop, _ = moves(facts)
    interval = 60.0 * facts.hours
    lasting = real.award[:, :, real.up & (real.minutes == interval)].sum(axis=2)
    stops_next = np.vstack([stop[1:], np.zeros((1, len(names)), dtype=bool)])
    for event_now, column in ((start, "startup_ramp"), (stops_next, "shutdown_ramp")):
        most = units[column].fillna(np.inf).to_numpy(dtype=np.float64)
        most = np.where(event_now, most, np.inf)
        used = np.where(lasting > 0.0, facts.dispatch + lasting, -np.inf)
        yield above("reserves.capacity", names, facts.starts, used, most, facts.tolerance)


def requirements(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check awards that count + shortage >= requirement, and that no other shortage is stated.

    A product counts for what it substitutes for, step by step; a unit counts in the zone of its
    bus and in the whole case. ``requirement_mw`` repeats the case's number, series or rule.
    """
    real = facts.once(reserve_facts)
    if not real.requirements:
        return
    table = facts.table("reserve_prices")
    twice = table[table.duplicated(["interval_start", "product", "zone"])]
    one = np.ones(len(twice))
    yield rows("reserves.rows", twice["product"], twice["interval_start"], one + 1.0, one, one)
    asked_of = {(need.product, need.zone) for need in real.requirements}
    risks = facts.case.tables["risks"]
    asked_of |= set(zip(risks["product"], risks["zone"], strict=True))
    key = zip(table["product"].tolist(), table["zone"].tolist(), strict=True)
    idle = table[np.array([of not in asked_of for of in key], dtype=bool)]
    for column in ("requirement_mw", "shortage_mw", "shadow_price"):
        odd = idle[idle[column] != 0.0]
        value = odd[column].to_numpy(dtype=np.float64)
        subject = (odd["product"] + " " + odd["zone"]).str.strip()
        yield rows(
            "reserves.requirement", subject, odd["interval_start"], value, 0.0 * value, abs(value)
        )
    for need in real.requirements:
        label = [f"{need.product} {need.zone}".strip()]
        mw, short = (
            stated(facts, need.product, need.zone, column)
            for column in ("requirement_mw", "shortage_mw")
        )
        asked = np.nan_to_num(need.mw)
        tolerance = facts.tolerance * np.sqrt(max(1.0, len(facts.names("units")) / 10.0))
        yield differing(
            "reserves.requirement",
            label,
            facts.starts,
            np.where(asked == 0.0, np.nan_to_num(mw), mw)[:, None],
            asked[:, None],
            tolerance,
        )
        missing = np.maximum(asked - need.supply, 0.0)
        short = np.nan_to_num(short)
        yield differing(
            "reserves.shortage",
            label,
            facts.starts,
            short[:, None],
            np.where(missing > 0.0, missing, 0.0)[:, None],
            tolerance,
        )


def shadow_prices(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check what requirements are worth, and that prices are made of it.

        price[k, z] = sum over products j that k serves of shadow[j, z] + shadow[j, whole case]

    A requirement is worth nothing where more is given than is asked, what its demand curve says
    where it is short: at least the last block of shortage that is used, at most the next.
    """
    real = facts.once(reserve_facts)
    if facts.priced_otherwise or not real.requirements:
        return
    if len(facts.case.tables["risks"]) or len(facts.case.tables["reserve_sharing"]):
        return  # what reserves are worth then is for `risks.prices` to say
    worth: dict[tuple[str, str], Floats] = {}
    slack = facts.price_tolerance
    for need in real.requirements:
        shadow = np.nan_to_num(stated(facts, need.product, need.zone, "shadow_price"))
        worth[need.product, need.zone] = shadow
        short = np.nan_to_num(stated(facts, need.product, need.zone, "shortage_mw"))
        spare = need.supply - np.nan_to_num(need.mw)
        low, high = need.price_range(short, facts.tolerance)
        high = np.where(spare > facts.tolerance, 0.0, high)
        label = [f"{need.product} {need.zone}".strip()]
        value = shadow[:, None]
        yield below("reserves.shadow_price", label, facts.starts, value, low[:, None], slack)
        yield above("reserves.shadow_price", label, facts.starts, value, high[:, None], slack)
    for product, zone in facts.once(_stated)[0]:
        expected = np.zeros(len(facts.starts))
        for served in real.serves.get(product, ()):
            for place in {"", zone}:
                expected += worth.get((served, place), 0.0)
        price = stated(facts, product, zone, "price")
        expected = np.where(np.isnan(price), np.nan, expected)
        label = [f"{product} {zone}".strip()]
        yield differing(
            "reserves.price", label, facts.starts, price[:, None], expected[:, None], slack
        )


def prices(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check reserve prices: none below 0, no award below its offer, no offer passed over.

    An award earns the price of its product in the zone of its bus (or the whole case), at least
    its offer. Where a unit that is on has capacity and ramp left for more of an offer, the price
    is at most the offer.
    """
    real = facts.once(reserve_facts)
    if facts.priced_otherwise or facts.table("reserve_prices").empty:
        return
    table = facts.table("reserve_prices")
    cheap = table[table["price"].to_numpy(dtype=np.float64) < -facts.price_tolerance]
    value = cheap["price"].to_numpy(dtype=np.float64)
    yield rows(
        "prices.reserve", cheap["product"], cheap["interval_start"], value, 0.0 * value, -value
    )
    price = reserve_price_of_units(facts, real)
    names, shape = _names(facts, real), (len(facts.starts), -1)
    given = real.award > facts.tolerance
    gain = price - real.price + worth_of(facts, "reserve")
    earned = np.where(given, gain, 0.0).reshape(shape)
    yield below("prices.reserve", names, facts.starts, earned, 0.0, facts.price_tolerance)
    missed = np.where(_room(facts, real) > facts.tolerance, gain, 0.0).reshape(shape)
    yield above("prices.reserve", names, facts.starts, missed, 0.0, facts.price_tolerance)


def reserve_cost(facts: Facts) -> float:
    """Money of all awards at their offers."""
    real = facts.once(reserve_facts)
    paid = np.nansum(real.award * np.nan_to_num(real.price))
    paid += np.nansum(real.load_award * np.nan_to_num(real.load_price))
    return float(paid) * facts.hours


def shortage_cost(facts: Facts) -> Floats:
    """Money of ``shortage_mw`` in each interval (T,), by demand curve or penalty."""
    total = np.zeros(len(facts.starts))
    for need in facts.once(reserve_facts).requirements:
        short = np.nan_to_num(stated(facts, need.product, need.zone, "shortage_mw"))
        total += need.shortage_cost(short) * facts.hours
    return total + risk_shortage_cost(facts)


def stated(facts: Facts, product: str, zone: str, column: str) -> Floats:
    """Read a column of ``reserve_prices`` for one product and zone (T,); NaN where no row."""
    place, values = facts.once(_stated)
    at = place.get((product, zone))
    return np.full(len(facts.starts), np.nan) if at is None else values[column][at]


def _stated(facts: Facts) -> tuple[dict[tuple[str, str], int], dict[str, Floats]]:
    """Place of each product and zone in the columns of ``reserve_prices``, (P, T) each."""
    table = facts.table("reserve_prices")
    keys = list(zip(table["product"].tolist(), table["zone"].tolist(), strict=True))
    place = {key: k for k, key in enumerate(dict.fromkeys(keys))}
    of = np.array([place[key] for key in keys], dtype=np.intp)
    t = facts.interval_of(table)
    values = {}
    for column in ("price", "shadow_price", "requirement_mw", "shortage_mw"):
        spread = np.full((len(place), len(facts.starts)), np.nan)
        given = table[column].to_numpy(dtype=np.float64)
        spread[of[t >= 0], t[t >= 0]] = given[t >= 0]
        values[column] = spread
    return place, values


def _lasting(
    facts: Facts, real: ReserveFacts
) -> Iterator[tuple[Floats, npt.NDArray[np.bool_], Floats, Floats]]:
    """Ramps that output shares with awards, by direction and response time, (T, U) each.

    Awards that take an interval or longer, whether any is offered, how far output moves in their
    direction, and how far both may go.
    """
    units, names = facts.case.tables["units"], facts.names("units")
    was_on, start, stop, before = moves(facts)
    change = facts.dispatch - before
    scheduled = ~np.isnan(facts.self_scheduled)
    scheduled[1:] &= scheduled[:-1].copy()
    for up, word, event_ramp in ((True, "up", "startup_ramp"), (False, "down", "shutdown_ramp")):
        ramp = units[f"ramp_{word}"].fillna(np.inf).to_numpy(dtype=np.float64)
        event = units[event_ramp].fillna(np.inf).to_numpy(dtype=np.float64)
        stays, moved = (was_on, start) if up else (facts.on, stop)
        for minutes in np.unique(real.minutes[real.up == up]):
            inside = (real.up == up) & (real.minutes <= minutes)
            inside &= real.minutes >= 60.0 * facts.hours
            limit = np.where(stays, ramp * minutes / 60.0, np.where(moved, event, np.inf))
            limit = np.where(np.isinf(ramp), np.inf, limit)
            way = "upper" if up else "lower"
            limit = limit + facts.slack("ramp", names, way, minutes)
            limit = np.where(scheduled, np.fmax(limit, change if up else -change), limit)
            offered: npt.NDArray[np.bool_] = np.any(
                np.nan_to_num(real.offered[:, :, inside]) > 0.0, axis=2
            )
            total = real.award[:, :, inside].sum(axis=2)
            yield total, offered, change if up else -change, limit


def held_by_reserves(
    facts: Facts, lower: Floats, upper: Floats
) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Narrow the limits of units (T, U) by awards; say where reserves tie output otherwise.

    That is where an award lasts an interval or longer, or could but for the ramp that it shares
    with energy in this interval and the next, and where the largest output in a zone is what sets
    a requirement.
    """
    real = facts.once(reserve_facts)
    lasting = real.award[:, :, real.minutes >= facts.hours * 60.0].sum(axis=2) > 0.0
    lasts = _lasting(facts, real) if facts.rulebook.reserves.ramps else ()
    for total, offered, moved, limit in lasts:
        lasting |= offered & (total + moved >= limit - facts.tolerance)
    if facts.rulebook.reserves.ramps:
        lasting |= _at_event_ramp(facts, real)
    tied = lasting.copy()
    tied[:-1] |= lasting[1:]
    tied |= real.blocks.any(axis=2) | in_binding_risk(facts)
    for need in real.requirements:
        asked = np.nan_to_num(need.largest) > 0.0
        inside = np.ones(len(real.unit_zone), dtype=bool)
        if need.zone:
            inside = real.unit_zone == need.zone
        most = facts.dispatch[:, inside].max(axis=1, initial=0.0)
        at_most = facts.dispatch >= most[:, None] - facts.tolerance
        tied |= asked[:, None] & inside & at_most
    return lower + real.downward, upper - real.upward, tied


def _at_event_ramp(facts: Facts, real: ReserveFacts) -> npt.NDArray[np.bool_]:
    """Where a start or the coming stop caps output and awards that last the interval (T, U)."""
    units = facts.case.tables["units"]
    _, start, stop, _ = moves(facts)
    stops = np.vstack([stop[1:], np.zeros((1, stop.shape[1]), dtype=bool)])
    inside = real.up & (np.abs(real.minutes - 60.0 * facts.hours) < facts.tolerance)
    offered = np.any(np.nan_to_num(real.offered[:, :, inside]) > 0.0, axis=2)
    held = facts.dispatch + real.award[:, :, inside].sum(axis=2)
    found = np.zeros(held.shape, dtype=bool)
    for event, name in ((start, "startup_ramp"), (stops, "shutdown_ramp")):
        ramp = units[name].fillna(np.inf).to_numpy(dtype=np.float64)
        found |= event & offered & (held >= ramp - facts.tolerance)
    return found


def reserve_price_of_units(facts: Facts, real: ReserveFacts) -> Floats:
    """What each unit is paid for each product (T, U, K): its zone's price, or the whole case's.

    A product without prices serves no requirement and is worth nothing.
    """
    price = np.full(real.award.shape, np.nan)
    place, _ = facts.once(_stated)
    priced, zones = {product for product, _ in place}, {zone for _, zone in place}
    inside = {zone: real.unit_zone == zone for zone in set(real.unit_zone.tolist())}
    for k, product in enumerate(real.products.tolist()):
        if product not in priced:
            price[:, :, k] = 0.0
            continue
        whole = stated(facts, product, "", "price")
        for zone, units in inside.items():
            local = stated(facts, product, zone, "price") if zone in zones else whole
            price[:, units, k] = np.where(np.isnan(local), whole, local)[:, None]
    return price


def _room(facts: Facts, real: ReserveFacts) -> Floats:
    """MW that each offer could give beyond its award with nothing else changed (T, U, K)."""
    p_min = facts.case.tables["units"]["p_min"].to_numpy(dtype=np.float64)
    reach = np.fmax(facts.available, facts.self_scheduled)
    above_it = reach - facts.dispatch - real.upward
    below_it = facts.dispatch - real.downward - p_min
    between = np.where(real.up, above_it[:, :, None], below_it[:, :, None])
    return np.minimum(offer_room(facts, real), between)


def offer_room(facts: Facts, real: ReserveFacts) -> Floats:
    """MW that offers and response ramps leave beyond each award (T, U, K), whatever the output.

    None for units that are off, and none for products that last an interval or longer: those
    also share the ramp of energy.
    """
    units = facts.case.tables["units"]
    room = np.where(real.blocks, 0.0, np.nan_to_num(real.offered) - real.award)
    room[in_binding_risk(facts)] = 0.0
    ways = ((True, "ramp_up"), (False, "ramp_down")) if facts.rulebook.reserves.ramps else ()
    for up, column in ways:
        ramp = units[column].fillna(np.inf).to_numpy(dtype=np.float64)
        for minutes in np.unique(real.minutes[real.up == up]):
            inside = (real.up == up) & (real.minutes <= minutes)
            left = ramp * minutes / 60.0 - real.award[:, :, inside].sum(axis=2)
            room[:, :, inside] = np.minimum(room[:, :, inside], left[:, :, None])
    room[~facts.on] = 0.0
    if facts.rulebook.reserves.ramps:
        room[:, :, real.minutes >= facts.hours * 60.0] = 0.0
    return room


def _names(facts: Facts, real: ReserveFacts) -> list[str]:
    return [f"{unit} {product}" for unit in facts.names("units") for product in real.products]
