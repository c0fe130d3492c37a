"""Reserve that one zone gives to another over the links between them, with what is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cases import InputError
from clearing.day.chords import Chords
from clearing.day.day import Day
from clearing.formulation.market import Market
from clearing.formulation.order import family
from clearing.formulation.terms import Terms
from network.arrays import Flags, Floats, Positions

__all__ = ["Sharing", "define_sharing"]

_FIRST_GUESS = 1
"""Segment of the flow before any solution is known, where a curve has as many."""


@dataclass(frozen=True, eq=False)
class Sharing:
    """Where shared reserve stands in a market; R rows of `reserve_sharing`."""

    source: int
    """Zone from which the links' flow comes."""
    sink: int
    flow: Terms
    """Flow of the links from source to sink, one row."""
    curve: Chords
    """Losses of all links together."""
    before: Positions
    """Variables of the segments of the flow before, (S,)."""
    sent: Positions
    """Variable of awards that each row sends, (R,)."""
    extra: Positions
    """Variable of what each row sends beside awards, (R,)."""
    arrives: Positions
    """Variable of what arrives, (R,)."""
    received: Positions
    """Variable of what counts, (R,)."""

    def segment_of(self, flow: float) -> int:
        """Segment in which a flow lies."""
        return int(np.searchsorted(self.curve.start, flow, side="right")) - 1

    def bounds(self, segment: int) -> tuple[Floats, Floats]:
        """Bounds of the segments of the flow before that hold it in one: ((S,), (S,))."""
        return _held(self.curve, segment)


@family(needs=("reserves", "links"))
def define_sharing(market: Market) -> None:
    """Define what zones give to each other over links whose flow goes from source to sink.

    Along the flow, what is sent comes on top of it, and loses what the larger flow loses more:

        extra + sent <= max_mw,   sent <= reserve_supply of the source            (sent)
        after = flow + extra + sent <= capacity_mw                                (after)
        arrives <= extra + sent - loss(after) + loss(flow)                        (arrives)

    Against it, less flow is sent, which gives the source reserve and costs the sink what it no
    longer receives:

        after = flow - arrives,  arrives <= max_mw,  flow - arrives >= keep_mw    (after)
        arrives <= extra + sent - loss(after) + loss(flow)                        (arrives)

    and in both cases ``received <= effectiveness * arrives``. The losses are those of all links of
    the pair as one, capacities added and resistances in parallel, by chords. loss(after) is convex;
    loss(flow) is not on this side, so its segment is data, which the session moves until the flow
    lies in it (`clearing.session.shared`).
    """
    day, reserves = market.day, market.day.reserves
    rules = reserves.sharing
    if not len(rules):
        return
    _check(day)
    source, sink = _way(day)
    towards = _links_between(day, source, sink)
    flow = _flow(market, towards)
    _close(market, _links_between(day, sink, source))
    curve = _curve(day, towards)
    segments = _segments(market, "shared_before", ["before"], curve)
    low, high = _held(curve, min(_guess(day), len(curve) - 1))
    family_ = market.families["shared_before"]
    family_.low[:], family_.high[:] = low, high
    sums = Terms.build(1, np.zeros(len(segments), dtype=np.intp), segments, 1.0) - flow
    market.constrain("shared_before_sum", ["before"], sums, 0.0, 0.0, definition=True)
    lost_before = Terms.build(1, np.zeros(len(curve), dtype=np.intp), segments, curve.slope)

    products, zones = (n.to_numpy(dtype=object) for n in (reserves.products, reserves.zones))
    count = len(rules)
    keys = list(
        zip(
            products[rules.product].tolist(),
            zones[rules.source].tolist(),
            zones[rules.sink].tolist(),
            strict=True,
        )
    )
    prices, free = day.rulebook.reserves, np.full(count, np.inf)
    none = np.zeros(count)
    sent = market.define("shared_sent", keys, none, free)
    extra = market.define("shared_extra", keys, none, rules.extra)
    arrives = market.define("shared_arrives", keys, none, free)
    received = market.define("shared_received", keys, none, free)
    for made, price in (
        (sent, prices.sent_price),
        (extra, prices.extra_price),
        (received, prices.received_price),
    ):
        market.pay(made.at, np.full(count, price))
    supply = market.supply
    assert supply is not None
    given = Terms.of(supply.variable[rules.interval, rules.product, rules.source])
    market.constrain("shared_supply", keys, Terms.of(sent.at) - given, -np.inf, 0.0)
    after = _segments(market, "shared_after", keys, curve)
    row = np.repeat(np.arange(count), len(curve))
    total_after = Terms.build(count, row, after, 1.0)
    lost_after = Terms.build(count, row, after, np.tile(curve.slope, count))
    every = np.zeros(count, dtype=np.intp)
    along: Flags = rules.source == source
    offered = Terms.of(sent.at) + Terms.of(extra.at)
    step = offered * along.astype(float) - Terms.of(arrives.at) * (~along).astype(float)
    market.constrain(
        "shared_after_sum", keys, total_after - flow[every] - step, 0.0, 0.0, definition=True
    )
    moved = offered * along.astype(float) + Terms.of(arrives.at) * (~along).astype(float)
    market.constrain("shared_most", keys, moved, -np.inf, rules.most)
    own = float(day.case.tables["links"]["max_mw"].to_numpy(dtype=float)[towards].sum())
    capacity = np.where(np.isnan(rules.capacity), own, rules.capacity)
    for name, at, low, high in (
        ("shared_capacity", np.flatnonzero(along), -free, capacity),
        ("shared_keep", np.flatnonzero(~along), rules.keep, free),
    ):
        names = [keys[k] for k in at.tolist()]
        market.constrain(name, names, total_after[at], low[at], high[at])
    body = Terms.of(arrives.at) - offered + lost_after - lost_before[every]
    market.constrain("shared_arrival", keys, body, -np.inf, 0.0)
    body = Terms.of(received.at) - Terms.of(arrives.at) * rules.effectiveness
    market.constrain("shared_count", keys, body, -np.inf, 0.0)
    market.sharing = Sharing(
        source, sink, flow, curve, segments, sent.at, extra.at, arrives.at, received.at
    )


def _check(day: Day) -> None:
    """Refuse what shared reserve cannot do yet."""
    rules = day.reserves.sharing
    if day.intervals > 1:
        message = "shared reserve is cleared one interval at a time: clearing.horizon = sequential"
        raise InputError.one("reserve_sharing", None, None, "not_available", message)
    pairs = {
        frozenset(pair) for pair in zip(rules.source.tolist(), rules.sink.tolist(), strict=True)
    }
    if len(pairs) != 1 or any(len(pair) != 2 for pair in pairs):
        message = "reserve is shared between two zones, one pair of them in a case"
        raise InputError.one("reserve_sharing", None, "to_zone", "not_available", message)
    links = day.case.tables["links"]
    if (links["min_mw"].to_numpy(dtype=float) < 0.0).any():
        message = "shared reserve needs links of one way each: a link for every direction"
        raise InputError.one("links", None, "min_mw", "not_available", message)


def _way(day: Day) -> tuple[int, int]:
    """Zones that the links' flow comes from and goes to: as the day says, or the first row."""
    rules = day.reserves.sharing
    first = (int(rules.source[0]), int(rules.sink[0]))
    return first if not day.guess.turned else (first[1], first[0])


def _guess(day: Day) -> int:
    return _FIRST_GUESS if day.guess.segment is None else day.guess.segment


def _links_between(day: Day, source: int, sink: int) -> Positions:
    links, zone = day.case.tables["links"], day.reserves.zone_of_bus
    start = zone[day.grid.bus_positions(links["from_bus"])]
    end = zone[day.grid.bus_positions(links["to_bus"])]
    return np.flatnonzero((start == source) & (end == sink))


def _flow(market: Market, links: Positions) -> Terms:
    """Sum of what links send, one row; InputError where there is none."""
    names = market.day.case.tables["links"]["link"].to_numpy(dtype=object)[links]
    sent = market.families["link"]
    at = [at for m, at in zip(sent.members, sent.at.tolist(), strict=True) if m.index()[0] in names]
    if not at:
        message = "no link leads from one zone of reserve_sharing to the other"
        raise InputError.one("reserve_sharing", None, "from_zone", "no_link", message)
    variable = np.array(at, dtype=np.intp)
    return Terms.build(1, np.zeros(len(variable), dtype=np.intp), variable, 1.0)


def _close(market: Market, links: Positions) -> None:
    """Hold the links of the other way at 0."""
    names = set(market.day.case.tables["links"]["link"].to_numpy(dtype=object)[links].tolist())
    sent = market.families["link"]
    for k, member in enumerate(sent.members):
        if member.index()[0] in names:
            sent.high[k] = 0.0
            member.setub(0.0)


def _curve(day: Day, links: Positions) -> Chords:
    """Chords of all links as one: capacities added, resistances in parallel."""
    table, rules = day.case.tables["links"].iloc[links], day.rulebook.losses
    r = table["r"].to_numpy(dtype=float)
    count = int(table["loss_segments"].max())
    lossy = rules.method == "chords" and count > 0 and bool((r > 0.0).all())
    size = float(table["max_mw"].sum())
    parallel = 1.0 / float((1.0 / r).sum()) if lossy else 0.0
    return Chords.of_lines(
        rules,
        np.array([count if lossy else 1], dtype=np.intp),
        np.array([parallel]),
        np.array([size]),
        day.grid.base_mva,
    )


def _segments(market: Market, name: str, keys: Sequence[object], curve: Chords) -> Positions:
    """Define the segments of a flow for each key."""
    index = [
        (*(key if isinstance(key, tuple) else (key,)), s) for key in keys for s in range(len(curve))
    ]
    width = np.tile(curve.width, len(keys))
    return market.define(name, index, np.zeros(len(index)), width).at


def _held(curve: Chords, segment: int) -> tuple[Floats, Floats]:
    """Bounds that hold a flow in one segment: those below are full, those above are empty."""
    number = np.arange(len(curve))
    full = np.where(np.isfinite(curve.width), curve.width, 0.0)
    low = np.where(number < segment, full, np.where(number == segment, -np.inf, 0.0))
    high = np.where(number < segment, full, np.where(number == segment, np.inf, 0.0))
    return low, high
