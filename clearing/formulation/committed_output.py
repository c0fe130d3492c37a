"""Output of units whose state is decided: blocks above minimum output, and what caps them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cases import InputError
from clearing.day.fleet import Fleet
from clearing.formulation.commitment import States
from clearing.formulation.market import Market
from clearing.formulation.order import family
from clearing.formulation.terms import Terms
from network.arrays import Flags, Floats, Positions

__all__ = ["Above", "define_always_on", "define_capacity", "define_committed_output"]

_NARROW_MW = 1e-9


@dataclass(frozen=True, eq=False)
class Above:
    """Output above minimum output of each cluster, and its room, (T, C) each."""

    at: Positions
    """Positions of the variables; -1 where there is no room."""
    room: Floats
    """Most of one unit, MW."""

    @property
    def terms(self) -> Terms:
        """Output above minimum, (T * C,)."""
        return Terms.of(self.at.ravel())


@family()
def define_always_on(market: Market, fleet: Fleet) -> None:
    """Define output of units that are on whenever they are available: nothing to decide.

    low[t,u] <= p[u,t] <= high[t,u]                                        (dispatch limits)
    p[u,t] = low[t,u] + sum over s of block[u,t,s]                             (offer blocks)
    """
    day = fleet.day
    own = ~np.isnan(day.self_scheduled)
    low = np.where(own, day.self_scheduled, 0.0)
    low = np.where(~fleet.decided[None, :], day.low, low)
    high = np.where(~fleet.decided[None, :], np.maximum(day.low, day.reach), low)
    if (day.case.tables["units"]["node"] != "").any():
        message = "units that inject at a price node are not available with commitment"
        raise InputError.one("units", None, "node", "not_available", message)
    np.add.at(market.fixed_injection.T, day.unit_bus, low.T)
    market.output = Terms.constants(low)
    always = (~fleet.decided)[None, :] & ~day.out
    market.on = Terms.constants(always.astype(float))
    market.stop = Terms.zeros(low.size)
    start = np.zeros(low.shape)
    start[0] = always[0] & (day.initial_on == 0.0)
    market.start = Terms.constants(start)
    market.apart = ~fleet.decided | own.any(axis=0)
    blocks = day.offers
    at = (blocks.interval, blocks.of)
    fixed = blocks.filled(low)
    fixed[~(own | ~fleet.decided[None, :])[at]] = 0.0
    market.constant_cost += float((blocks.price * fixed).sum())
    least = np.maximum(blocks.start, low[at])
    most = np.minimum(blocks.start + blocks.mw, high[at])
    used = np.flatnonzero(most - least > _NARROW_MW)
    names = day.units.to_numpy(dtype=object)[blocks.of[used]].tolist()
    keys = list(
        zip(names, blocks.interval[used].tolist(), blocks.segment[used].tolist(), strict=True)
    )
    block = market.define("block", keys, np.zeros(len(used)), (most - least)[used], of_unit=True)
    market.pay(block.at, blocks.price[used])
    market.inject(
        block.at, blocks.interval[used], day.unit_bus[blocks.of[used]], np.ones(len(used))
    )
    row = blocks.interval[used] * len(day.units) + blocks.of[used]
    market.output = market.output + Terms.build(low.size, row, block.at, 1.0)


@family(needs=("always_on", "states"), makes=("output",))
def define_committed_output(market: Market, states: States) -> Above:
    """Define output above minimum output of the clusters, by the blocks of their offers.

        p[g,t] = p_min * on[g,t] + above[g,t],  above[g,t] = sum over s of part[g,t,s]
        part[g,t,s] <= width[s] * on[g,t] - cut_start[s] * start[g,t] - cut_stop[s] * stop[g,t+1]
                                                                               (offer block limits)

    The cuts are the part of the block that lies above the start-up (shut-down) ramp. Where a unit
    may run a single interval, each event has a row of its own (Knueven, Ostrowski and Watson, "On
    mixed-integer programming formulations for the unit commitment problem", INFORMS J. Computing
    32(4), 2020, equations 42 to 45). Output up to p_min costs its part of the blocks.
    """
    fleet, day = states.fleet, states.fleet.day
    shape = states.on.shape
    first = fleet.first
    free = np.isnan(day.self_scheduled[:, first])
    p_min = np.broadcast_to(day.unit_column("p_min")[first], shape)
    room = np.where(free, np.maximum(day.reach[:, first] - p_min, 0.0), 0.0)
    blocks = day.offers
    cluster = np.full(len(day.units), -1, dtype=np.intp)
    cluster[first] = np.arange(len(first))
    mine = np.flatnonzero(cluster[blocks.of] >= 0)
    when, g = blocks.interval[mine], cluster[blocks.of[mine]]
    minimum = np.where(free, p_min, 0.0)
    at_minimum = np.zeros(shape)
    level = np.clip(minimum[when, g] - blocks.start[mine], 0.0, blocks.mw[mine])
    np.add.at(at_minimum, (when, g), level * blocks.price[mine])
    market.pay(states.on.ravel(), at_minimum.ravel())

    least = np.maximum(blocks.start[mine], p_min[when, g])
    top = np.where(free, day.reach[:, first], 0.0)[when, g]
    most = np.minimum(blocks.start[mine] + blocks.mw[mine], top)
    used = np.flatnonzero(most - least > _NARROW_MW)
    when, g, least, most = when[used], g[used], least[used], most[used]
    names = day.units.to_numpy(dtype=object)[first]
    segment = blocks.segment[mine[used]]
    price = blocks.price[mine[used]]
    width = most - least
    keys = list(zip(names[g].tolist(), when.tolist(), segment.tolist(), strict=True))
    most_in = np.asarray(width * fleet.count[g], dtype=float)
    part = market.define("part", keys, np.zeros(len(keys)), most_in, of_unit=True)
    market.pay(part.at, price)

    has = room > _NARROW_MW
    t, c = np.nonzero(has)
    out_keys = list(zip(names[c].tolist(), t.tolist(), strict=True))
    reach = np.asarray((room * fleet.count)[has], dtype=float)
    above = market.define("above", out_keys, np.zeros(len(t)), reach, of_unit=True)
    at = np.full(shape, -1, dtype=np.intp)
    at[has] = above.at
    row_of = np.full(shape, -1, dtype=np.intp)
    row_of[has] = np.arange(len(t))
    sums = Terms.build(len(t), row_of[when, g], part.at, 1.0) - Terms.of(above.at)
    market.constrain("above_blocks", out_keys, sums, 0.0, 0.0, definition=True)
    bus = day.unit_bus[first]
    market.inject(above.at, t, bus[c], np.ones(len(t)))
    steady = np.flatnonzero(minimum.ravel() > 0.0)
    when_all = np.repeat(np.arange(shape[0]), shape[1])
    market.inject(
        states.on.ravel()[steady],
        when_all[steady],
        np.tile(bus, shape[0])[steady],
        minimum.ravel()[steady],
    )
    _tell_units(market, states, Above(at, room), minimum)

    start_mw, stop_mw = fleet.startup_mw[first][g], fleet.shutdown_mw[first][g]
    cut_start, cut_stop = np.clip(most - start_mw, 0.0, width), np.clip(most - stop_mw, 0.0, width)
    long = fleet.up[first][g] > 1
    on, start = Terms.of(states.on[when, g]), Terms.of(states.start[when, g])
    stop = Terms.of(_next(states.stop)[when, g])
    inside = Terms.of(part.at) - on * width
    market.constrain(
        "offer_block_limit",
        keys,
        inside + start * cut_start + stop * np.where(long, cut_stop, _beyond(cut_stop, cut_start)),
        -np.inf,
        0.0,
    )
    short = np.flatnonzero(~long & (cut_stop > _NARROW_MW))
    if len(short):
        other = inside + start * _beyond(cut_start, cut_stop) + stop * cut_stop
        market.constrain(
            "offer_block_limit_stop",
            [keys[k] for k in short.tolist()],
            other[short],
            -np.inf,
            0.0,
        )
    return Above(at, room)


def _beyond(a: Floats, b: Floats) -> Floats:
    return np.maximum(a - b, 0.0)


def _next(event: Positions) -> Positions:
    """The event's variable one interval later, -1 after the last."""
    return np.vstack([event[1:], np.full((1, event.shape[1]), -1)])


def _tell_units(market: Market, states: States, above: Above, minimum: Floats) -> None:
    """Give the unit that stands for a cluster the cluster's output and states, others nothing."""
    fleet = states.fleet
    units = len(fleet.day.units)
    periods = len(states.on)
    row = np.arange(periods)[:, None] * units + fleet.first[None, :]
    count = periods * units

    def placed(at: Positions, coefficient: Floats | float = 1.0) -> Terms:
        each = np.broadcast_to(np.asarray(coefficient, dtype=float), at.shape)
        there = at >= 0
        return Terms.build(count, row[there], at[there], each[there])

    market.output = market.output + placed(above.at) + placed(states.on, minimum)
    market.on = market.on + placed(states.on)
    market.start = market.start + placed(states.start)
    market.stop = market.stop + placed(states.stop)
    market.count = np.ones(units)
    for members in fleet.clusters:
        market.count[members] = 0.0
        market.count[members[0]] = len(members)


@family(needs=("states", "committed_output", "reserves"))
def define_capacity(
    market: Market, states: States, above: Above, sustained: Terms, tight: bool
) -> None:
    """Cap output where units start, have started, stop and are about to stop.

        above[g,t] + r[g,t] <= room * on[g,t]
            - sum over i of (P - SU - i * RU)+ * start[g,t-i] - (P - SD)+ * stop[g,t+1]
                                                                              (capacity, started)
        above[g,t] <= room * on[g,t] - sum over i of (P - SU - i * RU)+ * start[g,t-i]
            - sum over j of (P - SD - j * RD)+ * stop[g,t+1+j]                (capacity, stopping)

    with P the reach, SU and SD start-up and shut-down ramps, RU and RD the ramps between intervals
    and r awards of reserves that last the interval. At most min_up - 1 events that exclude each
    other stand in a row, so one of them counts at most (Morales-España, Latorre and Ramos, "Tight
    and compact MILP formulation for the thermal unit commitment problem", IEEE Trans. Power
    Systems 28(4), 2013; Pan and Guan, "A polyhedral study of the integrated minimum-up/-down time
    and ramping polytope", 2016; Knueven, Ostrowski and Watson 2020, equations 38 to 40). A unit
    that may run a single interval has one row for each event. Without `tight`, which needs ramps
    that hold, only the room counts.
    """
    fleet, first = states.fleet, states.fleet.first
    keys = states.keys()
    reach = above.room + fleet.day.unit_column("p_min")[first]
    up, start_mw = fleet.up[first], fleet.startup_mw[first]
    stop_mw, rise, fall = fleet.shutdown_mw[first], fleet.ramp_up[first], fleet.ramp_down[first]
    on = Terms.of(states.on.ravel())
    plain = above.terms + sustained - on * above.room.ravel()
    has = (above.at >= 0).ravel()

    def events(back: int, at: Positions, mw: Floats, by: Floats, used: Flags) -> Terms:
        """Cut of an event `back` intervals away, 0 for clusters that do not use it."""
        reachable = np.where(np.isfinite(by), mw + back * np.where(np.isfinite(by), by, 0.0), mw)
        if back:
            reachable = np.where(np.isfinite(by), reachable, np.inf)
        cut = np.maximum(reach - reachable, 0.0) * used
        return Terms.of(np.where(cut > 0.0, at, -1).ravel(), cut.ravel())

    stops = [_later(states.stop, j + 1) for j in range(int(up.max(initial=1)))]
    starts = [_earlier(states.start, i) for i in range(int(up.max(initial=1)))]
    one = up == 1
    long = ~one

    if not tight:
        market.constrain("capacity", _at(keys, has), plain[has], -np.inf, 0.0)
        return

    # Every start that can still be felt, and one stop.
    row = plain
    for i in range(max(len(starts) - 1, 1)):
        row = row + events(i, starts[i], start_mw, rise, (i <= up - 2) | (one & (i == 0)))
    row = row + events(0, stops[0], stop_mw, fall, long)
    market.constrain("capacity_started", _at(keys, has), row[has], -np.inf, 0.0)

    # A unit that may run a single interval: its stop in a row of its own.
    single = has & np.tile(one & np.isfinite(stop_mw), len(states.on))
    if single.any():
        other = plain + events(0, stops[0], stop_mw, fall, one)
        market.constrain("capacity_single", _at(keys, single), other[single], -np.inf, 0.0)

    # Every stop that can already be felt, and the starts that exclude them.
    felt = np.zeros(len(first), dtype=np.intp)
    with np.errstate(invalid="ignore"):
        most = np.where(np.isfinite(stop_mw), (reach.max(axis=0) - stop_mw) / fall, 0.0)
    felt = np.clip(np.ceil(np.nan_to_num(most)) - 1, 0, up - 1).astype(np.intp)
    row = above.terms - on * above.room.ravel()
    for j in range(int(felt.max(initial=0)) + 1):
        row = row + events(j, stops[j], stop_mw, fall, j <= felt)
    for i in range(max(len(starts) - 1, 0)):
        row = row + events(i, starts[i], start_mw, rise, i <= up - 2 - felt)
    wanted = has & np.tile(long & (felt > 0), len(states.on))
    if wanted.any():
        market.constrain("capacity_stopping", _at(keys, wanted), row[wanted], -np.inf, 0.0)


def _later(event: Positions, by: int) -> Positions:
    result = np.full_like(event, -1)
    if by < len(event):
        result[: len(event) - by] = event[by:]
    return result


def _earlier(event: Positions, by: int) -> Positions:
    result = np.full_like(event, -1)
    if by < len(event):
        result[by:] = event[: len(event) - by]
    return result


def _at(keys: list[tuple[str, int]], rows: Flags) -> list[tuple[str, int]]:
    return [keys[k] for k in np.flatnonzero(rows).tolist()]
