"""Moves between intervals, and ramps of units that are on by data or by their own schedule."""

from __future__ import annotations

from typing import Any

import numpy as np

from clearing.formulation.market import Market
from clearing.formulation.order import family
from clearing.formulation.terms import Terms
from network.arrays import Flags, Floats

__all__ = ["both_scheduled", "define_given_ramps", "most_output", "output_before"]

_NARROW_MW = 1e-9


@family(needs=("output",))
def define_given_ramps(market: Market) -> None:
    """Limit changes of output of units that are on without a choice, or schedule themselves.

        p[u,t] - p[u,t-1] - excess <= ramp_up[u] * hours * on[u,t-1]
            + startup_ramp[u] * start[u,t]                                              (ramp up)
        p[u,t-1] - p[u,t] - excess <= ramp_down[u] * hours * on[u,t]
            + shutdown_ramp[u] * stop[u,t]                                            (ramp down)

    where the bounds of output leave room to break them; soft at the penalty of ramps, as in the
    dispatch. Between two self-schedules nothing is decided and nothing is limited.
    """
    day, units = market.day, len(market.day.units)
    before, was_on = output_before(market)
    bounds = market.bounds
    wanted = np.tile(market.apart, day.intervals) & ~both_scheduled(market)
    wanted &= np.isfinite(before.constant)
    parts: list[tuple[list[Any], Terms]] = []
    for word, sign, event, stays, moved in (
        ("up", 1.0, "startup_ramp", was_on, market.start),
        ("down", -1.0, "shutdown_ramp", market.on, market.stop),
    ):
        ramp = np.tile(day.unit_column(f"ramp_{word}") * day.hours, day.intervals)
        limited = np.tile(day.unit_column(event), day.intervals)
        rows = np.flatnonzero(wanted & ~(np.isnan(ramp) & np.isnan(limited)))
        most = most_output(market)[rows % units]
        rise = np.fmin(np.nan_to_num(ramp[rows], nan=np.inf), most)
        jump = np.fmin(np.nan_to_num(limited[rows], nan=np.inf), most)
        body = (market.output[rows] - before[rows]) * sign
        body = body - stays[rows] * rise - moved[rows] * jump
        binding = np.flatnonzero(-_least(-body, bounds) > _NARROW_MW)
        names = day.units.to_numpy(dtype=object)[rows[binding] % units].tolist()
        when = (rows[binding] // units).tolist()
        keys: list[Any] = [(name, t, word) for name, t in zip(names, when, strict=True)]
        parts.append((keys, body[binding]))
    keys = [key for own, _ in parts for key in own]
    if not keys:
        return
    excess = market.define_slack("given_ramp_excess", keys, "ramp", of_unit=True)
    body = Terms.joined([terms for _, terms in parts]) - Terms.of(excess.at)
    market.constrain("given_ramp", keys, body, -np.inf, 0.0, coupled=True)


def output_before(market: Market) -> tuple[Terms, Terms]:
    """Output of each unit in the interval before, NaN where not known, and whether it was on."""
    day, units, count = market.day, len(market.day.units), len(market.output)
    earlier = np.maximum(np.arange(count) - units, 0)
    first = np.arange(count) < units
    later = (~first).astype(float)
    on = np.where(np.isnan(day.initial_on), 1.0, day.initial_on)
    known = np.ones(count, dtype=bool)
    known[market.on.row] = False
    off = (day.initial_on == 0.0) & ~known[:units]
    initial = np.where(off, 0.0, day.initial_output)
    blank = np.zeros(count - units)
    output = market.output[earlier] * later + Terms.constants(np.append(initial, blank))
    return output, market.on[earlier] * later + Terms.constants(np.append(on, blank))


def most_output(market: Market) -> Floats:
    """Most that each unit can put out in any interval, or did before the first, MW, (U,)."""
    reach = np.maximum(market.day.capacity, market.day.low).max(axis=0)
    return np.asarray(np.fmax(reach, market.day.initial_output))


def both_scheduled(market: Market) -> Flags:
    """Where a unit schedules itself in an interval and the one before, or before the day, (T * U,).

    What moves between the two is data.
    """
    own = ~np.isnan(market.day.self_scheduled)
    both: Flags = own & np.vstack([np.ones((1, own.shape[1]), dtype=bool), own[:-1]])
    return both.ravel()


def _least(terms: Terms, bounds: tuple[Floats, Floats]) -> Floats:
    """Least value of each expression within the bounds of its variables, (n,)."""
    low, high = (side[terms.variable] for side in bounds)
    low, high = np.broadcast_to(low, terms.row.shape), np.broadcast_to(high, terms.row.shape)
    side = np.where(terms.coefficient > 0.0, low, high)
    moved = np.where(terms.coefficient != 0.0, terms.coefficient * side, 0.0)
    return np.asarray(terms.constant + np.bincount(terms.row, moved, minlength=len(terms)))
