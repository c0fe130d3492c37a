"""Units: output within p_min and what is available, must-take as scheduled, ramps kept."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from clearing.validation.facts import Facts, Floats
from clearing.validation.report import above, below, differing
from clearing.validation.state import initial_state, outages, state

__all__ = ["availability", "bounds", "moves", "ramps", "self_schedules"]


def bounds(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check p_min * on <= p <= min(available, offered) * on; without commitment all can be on.

    Must-take units are checked by ``self_schedules``.
    """
    names = facts.names("units")
    free = np.isnan(facts.self_scheduled)
    lower, upper = limits(facts)
    mw = facts.dispatch
    upper = np.where(free, upper, np.inf)
    lower = np.where(free, lower, -np.inf)
    yield above("units.upper", names, facts.starts, mw, upper, facts.tolerance)
    yield below("units.lower", names, facts.starts, mw, lower, facts.tolerance)
    if not facts.commitment:
        on = facts.on.astype(np.float64)
        expected = (~outages(facts)).astype(np.float64)
        yield differing("units.on", names, facts.starts, on, expected, 0.0)


def limits(facts: Facts) -> tuple[Floats, Floats]:
    """Least and largest output (T, U) of units that are free to move."""
    p_min = facts.case.tables["units"]["p_min"].to_numpy(dtype=np.float64)
    lower = np.minimum(p_min, facts.available)
    offered = facts.offers_used.width(facts.dispatch.shape)
    most = np.minimum(facts.available, np.maximum(offered, lower))
    return np.where(facts.on, lower, 0.0), np.where(facts.on, most, 0.0)


def availability(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that ``available_mw`` repeats p_max and the availability table; blank = no limit."""
    names = facts.names("units")
    stated = facts.by_name("dispatch", "available_mw")
    free = np.isnan(facts.self_scheduled)
    known = np.where(np.isinf(facts.available), np.nan, facts.available)
    expected = np.where(free, known, np.nan_to_num(stated))
    yield differing("units.available", names, facts.starts, stated, expected, facts.tolerance)


def self_schedules(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that must-take units produce exactly their schedule."""
    names = facts.names("units")
    fixed = np.where(np.isnan(facts.self_scheduled), facts.dispatch, facts.self_scheduled)
    yield differing(
        "units.self_schedule", names, facts.starts, facts.dispatch, fixed, facts.tolerance
    )


def ramps(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check p_t - p_(t-1) <= ramp_up * hours * on_(t-1) + startup_ramp * start_t; falls likewise.

    The first interval moves from ``initial_mw`` where it is given, and from 0 where the unit was
    off. Without commitment every unit was on before the case. MW beyond a limit must be
    reported in ``slacks``, and nothing else may be. Between two self-schedules (or the initial
    output and one) nothing is decided, so nothing is limited.
    """
    units, names = facts.case.tables["units"], facts.names("units")
    was_on, start, stop, before = moves(facts)
    fixed = np.vstack([np.ones(len(names), dtype=bool), ~np.isnan(facts.self_scheduled)])
    change = np.where(fixed[:-1] & fixed[1:], np.nan, facts.dispatch - before)
    for direction, ramp, event_ramp, moved, staying, event in (
        ("upper", "ramp_up", "startup_ramp", change, was_on, start),
        ("lower", "ramp_down", "shutdown_ramp", -change, facts.on, stop),
    ):
        limit = _limit(units[ramp], staying, facts.hours) + _limit(units[event_ramp], event, 1.0)
        slack = facts.slack("ramp", names, direction)
        over = np.fmax(moved - limit, 0.0)
        yield above("ramps.limit", names, facts.starts, moved, limit + slack, facts.tolerance)
        yield differing("ramps.slack", names, facts.starts, slack, over, facts.tolerance)


def moves(
    facts: Facts,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], npt.NDArray[np.bool_], Floats]:
    """Give which units were on before, start and stop, and their output before (T, U).

    The first interval comes from the initial state; its output before is NaN where not given.
    """
    initial = facts.case.tables["units"]["initial_mw"].to_numpy(dtype=np.float64)
    if facts.commitment:
        real = facts.once(state)
        was_on, start, stop = real.was_on, real.start, real.stop
        initial = np.where(initial_state(facts) == 0.0, 0.0, initial)
    else:
        was_on = np.vstack([np.ones((1, len(initial)), dtype=bool), facts.on[:-1]])
        start, stop = facts.on & ~was_on, ~facts.on & was_on
    return was_on, start, stop, np.vstack([initial, facts.dispatch[:-1]])


def _limit(per_step: pd.Series[float], when: npt.NDArray[np.bool_], factor: float) -> Floats:
    """Give a ramp limit (T, U) that counts where ``when`` holds; a blank limit is none."""
    mw = np.nan_to_num(per_step.to_numpy(dtype=np.float64), nan=np.inf) * factor
    return np.where(when, mw, 0.0)
