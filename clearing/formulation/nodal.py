"""Flows by bus angles and losses by chords, for `losses.method = chords`.

Losses are withdrawn at the receiving bus of each direction, so that what a branch loses is one more
injection per segment, and every bus has a balance of its own. Angles are variables: with segments
on most branches, rows over all injections would be dense.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cases import InputError
from clearing.day.chords import Chords
from clearing.day.day import Day
from clearing.formulation.market import Market
from clearing.formulation.order import family
from clearing.formulation.terms import Terms
from network.arrays import Floats, Positions

__all__ = ["Nodal", "branch_chords", "define_nodal_flows", "fixed_branch_loss"]


@dataclass(frozen=True, eq=False)
class Nodal:
    """Where the balances of buses and the flows stand in a market."""

    flow: Terms
    """Flow of each branch and interval, from -> to, MW, row t * L + l."""
    bus: Positions
    """Bus of each row of `bus_balance`, (R,): all but the reference bus of each island."""
    interval: Positions
    forward: Chords
    back: Chords
    segments: tuple[Positions, Positions]
    """Variables of the segments by interval and segment, (T * S,), forward and back."""


@family(needs=("output", "shortage", "links"))
def define_nodal_flows(market: Market) -> None:
    """Define flows, their losses, angles, and the balance of every bus.

        flow[l,t] = sum over j of forward[l,t,j] - back[l,t,j]                           (flow)
        0 <= forward[l,t,j], back[l,t,j] <= width of segment j, the last without end  (segments)
        flow[l,t] = b * (angle[from,t] - angle[to,t] - shift * base)               (angle flow)
        injections[b,t] - flows out + flows in - sum of slope_j * segment at the receiving bus
            - half the fixed loss of each branch at each end = 0                  (bus balance)

    for every bus but the reference of each island, whose balance is that of the island
    (`define_energy_balance`). Branches without segments are one free variable without losses.
    """
    day = market.day
    if day.rulebook.losses.method != "chords":
        return
    grid, periods = day.grid, np.arange(day.intervals)
    names = grid.branches.to_numpy(dtype=object)
    forward, back = branch_chords(day)
    segments = []
    flow = Terms.zeros(day.intervals * len(grid.branches))
    for name, chords, sink, sign in (
        ("branch_forward", forward, grid.to_bus, 1.0),
        ("branch_back", back, grid.from_bus, -1.0),
    ):
        count = day.intervals * len(chords)
        branch, when = np.tile(chords.of, day.intervals), np.repeat(periods, len(chords))
        number = np.tile(chords.number, day.intervals)
        keys = list(zip(names[branch].tolist(), when.tolist(), number.tolist(), strict=True))
        width = np.tile(chords.width, day.intervals)
        made = market.define(name, keys, np.zeros(count), width)
        slope = np.tile(chords.slope, day.intervals)
        market.inject(made.at, when, sink[branch], -slope)
        row = when * len(grid.branches) + branch
        flow = flow + Terms.build(len(flow), row, made.at, sign)
        segments.append(made.at)
    lossless = np.flatnonzero(grid.in_service & (_segments(day) == 0))
    branch, when = np.tile(lossless, day.intervals), np.repeat(periods, len(lossless))
    free = np.full(len(branch), np.inf)
    pairs = list(zip(names[branch].tolist(), when.tolist(), strict=True))
    made = market.define("branch_flow", pairs, -free, free)
    row = when * len(grid.branches) + branch
    flow = flow + Terms.build(len(flow), row, made.at, 1.0)
    half = 0.5 * fixed_branch_loss(day)
    for end in (grid.from_bus, grid.to_bus):
        np.add.at(market.fixed_injection.T, end, -half[:, None])
    _define_angles(market, flow)
    bus, interval = _define_balances(market, flow)
    market.nodal = Nodal(flow, bus, interval, forward, back, (segments[0], segments[1]))


def branch_chords(day: Day) -> tuple[Chords, Chords]:
    """Segments of the branches in service, forward and back; InputError without a rating."""
    table, count = day.case.tables["branches"], _segments(day)
    low, high = day.flow_limits
    for limit, column in ((high, "rating_mw"), (-low, "rating_reverse_mw")):
        bad = np.flatnonzero((count > 0) & ~np.isfinite(limit))
        if len(bad):
            name = table["branch"].iloc[bad[0]]
            message = f"{name} has loss_segments, which divide its rating: it needs one"
            raise InputError.one("branches", int(bad[0]) + 2, column, "loss_rating", message)
    r, base = table["r"].to_numpy(dtype=float), day.grid.base_mva
    if (r[count > 0] < 0.0).any():
        row = int(np.flatnonzero((count > 0) & (r < 0.0))[0])
        message = "losses by chords need a resistance of 0 or more"
        raise InputError.one("branches", row + 2, "r", "loss_resistance", message)
    rules = day.rulebook.losses
    return (
        Chords.of_lines(rules, count, r, high, base),
        Chords.of_lines(rules, count, r, -low, base),
    )


def _segments(day: Day) -> Positions:
    table = day.case.tables["branches"]
    count = table["loss_segments"].to_numpy(dtype=np.intp)
    return np.asarray(np.where(day.grid.in_service, count, 0), dtype=np.intp)


def fixed_branch_loss(day: Day) -> Floats:
    """MW lost on each branch at any flow, (L,); none on branches without segments."""
    fixed = day.case.tables["branches"]["fixed_loss_mw"].to_numpy(dtype=float)
    return np.where(_segments(day) > 0, fixed, 0.0)


def _define_angles(market: Market, flow: Terms) -> None:
    day, grid = market.day, market.day.grid
    buses, branches = len(grid.buses), len(grid.branches)
    names = grid.buses.to_numpy(dtype=object)
    bus = np.tile(np.arange(buses), day.intervals)
    when = np.repeat(np.arange(day.intervals), buses)
    free = np.full(len(bus), np.inf)
    free[np.isin(bus, grid.references)] = 0.0
    keys = list(zip(names[bus].tolist(), when.tolist(), strict=True))
    # In MW of a line of one per unit, so that the numbers of a row are alike.
    angle = market.define("angle", keys, -free, free)
    live = np.flatnonzero(grid.in_service)
    branch, t = np.tile(live, day.intervals), np.repeat(np.arange(day.intervals), len(live))
    row = np.arange(len(branch))
    each = np.tile(grid.susceptance[live], day.intervals)
    ends = Terms.build(
        len(row),
        np.concatenate([row, row]),
        np.concatenate(
            [angle.at[t * buses + grid.from_bus[branch]], angle.at[t * buses + grid.to_bus[branch]]]
        ),
        np.concatenate([each, -each]),
    )
    keys = list(zip(grid.branches.to_numpy(dtype=object)[branch].tolist(), t.tolist(), strict=True))
    pushed = -grid.susceptance * grid.shift * grid.base_mva
    shift = np.tile(pushed[live], day.intervals)
    body = flow[t * branches + branch] - ends
    market.constrain("angle_flow", keys, body, shift, shift, definition=True)


def _define_balances(market: Market, flow: Terms) -> tuple[Positions, Positions]:
    day, grid = market.day, market.day.grid
    buses, branches = len(grid.buses), len(grid.branches)
    count = day.intervals * buses
    branch = np.tile(np.arange(branches), day.intervals)
    when = np.repeat(np.arange(day.intervals), branches)
    leaving = flow.summed(when * buses + grid.from_bus[branch], count)
    coming = flow.summed(when * buses + grid.to_bus[branch], count)
    entries = market.injections
    total = (
        Terms.build(
            count,
            np.concatenate([e.interval * buses + e.bus for e in entries]),
            np.concatenate([e.variable for e in entries]),
            np.concatenate([e.coefficient for e in entries]),
            market.fixed_injection.ravel(),
        )
        - leaving
        + coming
    )
    inner = np.flatnonzero(~np.isin(np.arange(buses), grid.references))
    interval = np.repeat(np.arange(day.intervals), len(inner))
    bus = np.tile(inner, day.intervals)
    keys = list(
        zip(grid.buses.to_numpy(dtype=object)[bus].tolist(), interval.tolist(), strict=True)
    )
    rows = total[interval * buses + bus]
    market.constrain("bus_balance", keys, rows, 0.0, 0.0, definition=True)
    return bus, interval
