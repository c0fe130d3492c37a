"""What reserve awards share with energy: capacity, ramps, and whether the unit is on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from clearing.formulation.given_ramps import both_scheduled, most_output, output_before
from clearing.formulation.market import Market
from clearing.formulation.terms import Terms
from network.arrays import Flags, Floats, Positions

__all__ = ["ReserveCaps", "define_reserve_limits", "reserve_caps"]

_MINUTES = 60.0
_SAME_MW = 1e-9


@dataclass(frozen=True, eq=False)
class ReserveCaps:
    """Most of each reserve offer that can be awarded, MW, (N,), whatever the unit does else."""

    on: Floats
    """While the unit is on."""
    off: Floats
    """While it is off."""
    most: Floats
    """Whichever can be reached, by what is known of its state."""
    quick: Floats
    """MW that a unit can give while it is off, (T * U,); 0 where it cannot start quickly."""


def reserve_caps(market: Market) -> ReserveCaps:
    """Bound awards by what is offered, by the ramp in the response time, and by capacity.

    on:   least of MW offered, ramp * minutes / 60, capacity - p_min
    off:  least of MW offered, capacity, startup_ramp; quick-start units and offline products
    """
    day, reserves = market.day, market.day.reserves
    offers = reserves.offers
    at = _unit_rows(market)
    ramp = np.where(
        reserves.up[offers.product],
        _ramp(market, True)[offers.unit],
        _ramp(market, False)[offers.unit],
    )
    capacity = day.capacity
    room = np.maximum(capacity - day.unit_column("p_min"), 0.0).ravel()[at]
    if not day.rulebook.reserves.ramps:
        ramp = np.full(len(offers), np.inf)
    rise = ramp * reserves.minutes[offers.product] / _MINUTES
    on = np.minimum(np.minimum(offers.mw, rise), room)
    quick = day.case.tables["units"]["quick_start"].to_numpy(dtype=bool)
    quick_mw = np.where(quick, np.fmin(capacity, day.unit_column("startup_ramp")), 0.0).ravel()
    off = np.where(reserves.offline[offers.product], np.minimum(offers.mw, quick_mw[at]), 0.0)
    given = np.where(market.on.constant[at] > 0.5, on, off)
    most = np.where(_known(market)[at], given, np.maximum(on, off))
    offered = np.zeros(len(quick_mw), dtype=bool)
    offered[at[off > 0.0]] = True
    quick_mw = np.where(offered, quick_mw, 0.0)
    return ReserveCaps(on, off, most * _count(market)[at], quick_mw)


def define_reserve_limits(market: Market, awards: Terms, caps: ReserveCaps) -> None:
    """Define every row that awards share with energy; `awards` by offer, (N,).

    Where states are decided, awards of products that respond in exactly an interval are left to
    the capacity and ramp rows of the commitment, as ``market.sustained``, but for units that have
    none there, ``market.apart``.
    """
    _define_states(market, awards, caps)
    _define_capacity(market, awards, caps)
    _define_floor(market, awards, caps)
    if market.day.rulebook.reserves.ramps:
        _define_shared_ramps(market, awards, caps)
    if market.commits:
        at, given = _awarded(market, awards, caps, _sustained(market))
        # A unit that is off gives what it can start with: no output stands behind it.
        quick = caps.quick[at]
        given = given + market.on[at] * quick - Terms.constants(quick * _count(market)[at])
        constant = np.zeros(len(market.on))
        constant[at] = given.constant
        market.sustained = market.sustained + Terms.build(
            len(market.on), at[given.row], given.variable, given.coefficient, constant
        )
    _define_starting_capacity(market, awards, caps)
    if market.day.rulebook.reserves.ramps:
        _define_ramps_with_energy(market, awards, caps)


def _define_states(market: Market, awards: Terms, caps: ReserveCaps) -> None:
    """Keep each offer to the state of its unit where the unit can give reserves on and off.

        reserve[u,k,t] <= most on * on[u,t] + most off * (1 - on[u,t])                   (state)

    Other units have neither capacity nor a floor to give reserves from while they are off.
    """
    at = _unit_rows(market)
    rows = np.flatnonzero((caps.quick[at] > 0.0) & ~_known(market)[at] & (caps.most > 0.0))
    reserves = market.day.reserves
    products = reserves.products.to_numpy(dtype=object)[reserves.offers.product[rows]].tolist()
    keys = [(u, k, t) for (u, t), k in zip(_keys(market, at[rows]), products, strict=True)]
    limit = market.on[at[rows]] * (caps.on - caps.off)[rows]
    most = (caps.off * _count(market)[at])[rows]
    _at_most(market, "reserve_state", keys, awards[rows] - limit, most)


def _define_capacity(market: Market, awards: Terms, caps: ReserveCaps) -> None:
    """Share the capacity of a unit between energy and upward reserves.

    p[u,t] + sum over k of reserve[u,k,t]
        <= reach[u,t] * on[u,t] + quick[u,t] * (1 - on[u,t])                          (capacity)

    with every product k by itself where `reserves.capacity = each`.
    """
    reserves = market.day.reserves
    together: list[tuple[Flags, tuple[str, ...]]]
    if market.day.rulebook.reserves.capacity == "joint":
        together = [(reserves.up, ())]
    else:
        each = np.eye(len(reserves.products), dtype=bool)[reserves.up]
        names = reserves.products[reserves.up].tolist()
        together = [(row, (name,)) for row, name in zip(each, names, strict=True)]
    parts = []
    for products, name in together:
        at, given = _awarded(market, awards, caps, products)
        quick = caps.quick[at]
        reach = np.maximum(market.day.capacity, market.day.low).ravel()[at]
        body = market.output[at] + given - market.on[at] * (reach - quick)
        keys = [(*key, *name) for key in _keys(market, at)]
        parts.append((keys, body, quick * _count(market)[at]))
    _at_most_all(market, "reserve_capacity", parts)


def _define_starting_capacity(market: Market, awards: Terms, caps: ReserveCaps) -> None:
    """Keep output and reserves that must last the interval to start-up and shut-down ramps.

        p[u,t] + sum of reserve[u,k,t]
            <= reach[u,t] * on[u,t] - (reach[u,t] - startup_ramp[u])+ * start[u,t]       (start)
            <= reach[u,t] * on[u,t] - (reach[u,t] - shutdown_ramp[u])+ * stop[u,t+1]      (stop)

    with the sum over products whose minutes are the interval (Morales-España,
    Latorre and Ramos, "Tight and compact MILP formulation for the thermal unit commitment problem",
    IEEE Trans. Power Systems 28(4), 2013, eqs. 8 to 10).
    """
    day, units = market.day, len(market.day.units)
    at, given = _awarded(market, awards, caps, _sustained(market))
    rows = np.flatnonzero(market.apart[at % units])
    at, given = at[rows], given[rows]
    floor = day.low.ravel()[at]
    reach, quick = np.maximum(day.capacity.ravel()[at], floor), caps.quick[at]
    later = np.minimum(at + units, len(market.on) - units + at % units)
    stops = market.stop[later] * (later != at).astype(float)
    body = market.output[at] + given - market.on[at] * (reach - quick)
    parts = []
    for word, event, column in (
        ("start", market.start[at], "startup_ramp"),
        ("stop", stops, "shutdown_ramp"),
    ):
        most = np.maximum(day.unit_column(column)[at % units], floor)
        cut = np.maximum(reach - np.where(np.isnan(most), np.inf, most), 0.0)
        may = event.constant > 0.5
        may[event.row] |= event.coefficient > 0.0
        chosen = np.flatnonzero(may & (cut > 0.0))
        keys = [(*key, word) for key in _keys(market, at[chosen])]
        parts.append((keys, (body + event * cut)[chosen], quick[chosen]))
    _at_most_all(market, "reserve_starting_capacity", parts)


def _define_floor(market: Market, awards: Terms, caps: ReserveCaps) -> None:
    """Keep downward reserves above the least output.

    p[u,t] - sum over k of reserve[u,k,t] >= p_min[u] * on[u,t]                         (floor)
    """
    at, given = _awarded(market, awards, caps, ~market.day.reserves.up)
    least = market.day.unit_column("p_min")[at % len(market.day.units)]
    body = given + market.on[at] * least - market.output[at]
    _at_most(market, "reserve_floor", _keys(market, at), body, np.zeros(len(at)))


def _define_shared_ramps(market: Market, awards: Terms, caps: ReserveCaps) -> None:
    """Share the ramp of a unit between products by response time.

        sum over k with minutes[k] <= m of reserve[u,k,t]
            <= ramp[u] * m / 60 * on[u,t] + quick[u,t] * (1 - on[u,t])            (shared ramp)

    for every response time m of a product and each direction; without quick for downward ones.
    Rows that other limits imply are left out.
    """
    day, reserves = market.day, market.day.reserves
    at_offer, known, count = _unit_rows(market), _known(market), _count(market)
    room = np.maximum(day.capacity - day.unit_column("p_min"), 0.0).ravel()
    parts = []
    for up, minutes in _response_times(market):
        inside = (reserves.up == up) & (reserves.minutes <= minutes)
        at, given = _awarded(market, awards, caps, inside)
        own = inside[reserves.offers.product]
        all_on, all_most = (
            np.bincount(at_offer[own], weights=cap[own], minlength=len(known))[at]
            for cap in (caps.on, caps.most)
        )
        ramp = _ramp(market, up)[at % len(day.units)] * minutes / _MINUTES
        limit = np.minimum(ramp, all_on)
        needed = all_most > ramp * count[at] + _SAME_MW
        needed |= ~known[at] & (limit < room[at] - _SAME_MW)
        rows = np.flatnonzero(needed)
        quick = caps.quick[at[rows]] if up else np.zeros(len(rows))
        body = given[rows] - market.on[at[rows]] * (limit[rows] - quick)
        parts.append((_ramp_keys(market, at[rows], up, minutes), body, quick * count[at[rows]]))
    _at_most_all(market, "reserve_ramp", parts)


def _define_ramps_with_energy(market: Market, awards: Terms, caps: ReserveCaps) -> None:
    """Let output and reserves that take an interval or longer to give share the ramp.

        p[u,t] + sum of reserve[u,k,t] - p[u,t-1] <= ramp_up[u] * m / 60 * on[u,t-1]
            + startup_ramp[u] * start[u,t] + quick[u,t] * (1 - on[u,t])               (ramp up)
        p[u,t-1] - p[u,t] + sum of reserve[u,k,t] <= ramp_down[u] * m / 60 * on[u,t]
            + shutdown_ramp[u] * stop[u,t]                                          (ramp down)

    with the sum over products with interval <= minutes[k] <= m, for every such response time m
    (where m is the interval, the ramp rows of pglib-uc). Soft at the penalty of ramps, by
    ``reserve_ramp_excess``, as the ramps of energy alone are. Between two self-schedules nothing
    is decided: a schedule that moves further than its ramp leaves nothing for reserves, and pays
    nothing.
    """
    day, reserves, units = market.day, market.day.reserves, len(market.day.units)
    interval = day.hours * _MINUTES
    before, was_on = output_before(market)
    scheduled = both_scheduled(market)
    parts = []
    for up, minutes in _response_times(market):
        same = abs(minutes - interval) <= _SAME_MW
        if minutes < interval - _SAME_MW:
            continue
        inside = (reserves.up == up) & (reserves.minutes <= minutes)
        inside &= reserves.minutes >= interval - _SAME_MW
        at, given = _awarded(market, awards, caps, inside)
        ramp = _ramp(market, up)[at % units] * minutes / _MINUTES
        binds = np.isfinite(ramp) & np.isfinite(before.constant[at]) & (_count(market)[at] == 1.0)
        if same and up and market.commits:
            binds &= market.apart[at % units]
        rows = np.flatnonzero(binds)
        at, given, ramp = at[rows], given[rows], ramp[rows]
        event = day.unit_column("startup_ramp" if up else "shutdown_ramp")[at % units]
        event = np.where(np.isnan(event), most_output(market)[at % units], event)
        change = (market.output[at] - before[at]) * (1.0 if up else -1.0)
        moved = np.where(scheduled[at], change.constant, -np.inf)
        ramp, event = np.maximum(ramp, moved), np.maximum(event, moved)
        if up:
            limit = was_on[at] * ramp + market.start[at] * event - market.on[at] * caps.quick[at]
            most = caps.quick[at]
        else:
            limit = market.on[at] * ramp + market.stop[at] * event
            most = np.zeros(len(at))
        body = given + change - limit
        parts.append((_ramp_keys(market, at, up, minutes), body, most))
    keys = [key for part in parts for key in part[0]]
    if not keys:
        return
    excess = market.define_slack("reserve_ramp_excess", keys, "ramp", of_unit=True)
    body = Terms.joined([terms for _, terms, _ in parts]) - Terms.of(excess.at)
    most = np.concatenate([part[2] for part in parts])
    market.constrain("reserve_ramp_with_energy", keys, body, -np.inf, most, coupled=True)


def _unit_rows(market: Market) -> Positions:
    """Row t * U + u of each reserve offer, (N,)."""
    offers = market.day.reserves.offers
    return np.asarray(offers.interval * len(market.day.units) + offers.unit)


def _known(market: Market) -> Flags:
    """Where it is data whether a unit is on, (T * U,)."""
    known = np.ones(len(market.on), dtype=bool)
    known[market.on.row] = False
    return known


def _ramp(market: Market, up: bool) -> Floats:
    """Ramp of every unit, MW per hour, (U,); inf = no limit."""
    ramp = market.day.unit_column("ramp_up" if up else "ramp_down")
    return np.where(np.isnan(ramp), np.inf, ramp)


def _count(market: Market) -> Floats:
    """Units that each unit stands for, (T * U,): merged units stand in the first of them."""
    return np.tile(market.count, market.day.intervals)


def _sustained(market: Market) -> Flags:
    """Upward products that respond in exactly an interval, and so last through it, (K,)."""
    reserves = market.day.reserves
    same: Flags = np.abs(reserves.minutes - market.day.hours * _MINUTES) <= _SAME_MW
    return reserves.up & same


def _response_times(market: Market) -> list[tuple[bool, float]]:
    """Direction (upward or not) and response time of the products, each once."""
    reserves = market.day.reserves
    return [
        (up, minutes)
        for up in (True, False)
        for minutes in np.unique(reserves.minutes[reserves.up == up]).tolist()
    ]


def _awarded(
    market: Market, awards: Terms, caps: ReserveCaps, products: Flags
) -> tuple[Positions, Terms]:
    """Rows t * U + u in which some of these products can be awarded, and the sums of awards."""
    chosen = products[market.day.reserves.offers.product] & (caps.most > 0.0)
    rows, place = np.unique(_unit_rows(market)[chosen], return_inverse=True)
    group = np.full(len(awards), -1, dtype=np.intp)
    group[chosen] = place
    return rows, awards.summed(group, len(rows))


def _keys(market: Market, at: Positions) -> list[Any]:
    """Give unit and interval of rows t * U + u."""
    day = market.day
    names = day.units.to_numpy(dtype=object)[at % len(day.units)].tolist()
    return list(zip(names, (at // len(day.units)).tolist(), strict=True))


def _ramp_keys(market: Market, at: Positions, up: bool, minutes: float) -> list[Any]:
    return [(*key, "up" if up else "down", minutes) for key in _keys(market, at)]


def _at_most(market: Market, name: str, keys: list[Any], body: Terms, most: Floats) -> None:
    if len(keys):
        market.constrain(name, keys, body, np.full(len(keys), -np.inf), most)


def _at_most_all(market: Market, name: str, parts: list[tuple[list[Any], Terms, Floats]]) -> None:
    """Write several sets of rows as one component."""
    if parts:
        keys = [key for own, _, _ in parts for key in own]
        body = Terms.joined([terms for _, terms, _ in parts])
        _at_most(market, name, keys, body, np.concatenate([most for _, _, most in parts]))
