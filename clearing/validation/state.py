"""On, start, stop and hours in a state, recomputed from ``dispatch.on`` and the initial state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clearing.validation.facts import Facts, Floats

__all__ = ["HOUR_TOLERANCE", "State", "initial_state", "outages", "state"]

Flags = npt.NDArray[np.bool_]

HOUR_TOLERANCE = 1e-6
"""Hours by which a time on or off may fall short of a limit, for lengths such as 5 minutes."""


@dataclass(frozen=True)
class State:
    """What follows from which units are on, (T, U) each."""

    was_on: Flags
    """On in the interval before; the first one from the initial state."""
    start: Flags
    stop: Flags
    hours: Floats
    """Hours in the state of the interval before, counted at the start of an interval; infinite
    where it began before the case at a time that is not given."""
    given: Flags
    """Whether the state of the interval before began before the case or was imposed by it."""


def initial_state(facts: Facts) -> Floats:
    """State before the first interval (U,): 1 on, 0 off, NaN free.

    The sign of ``initial_hours``; where that is blank, whether ``initial_mw`` is above 0.
    """
    units = facts.case.tables["units"]
    hours, mw = (units[c].to_numpy(dtype=np.float64) for c in ("initial_hours", "initial_mw"))
    sign = np.where(np.isnan(hours), mw, hours)
    return np.where(np.isnan(sign), np.nan, (sign > 0.0).astype(np.float64))


def outages(facts: Facts) -> Flags:
    """Where a unit is available for less than its p_min and not must-take (T, U): it is off."""
    p_min = facts.case.tables["units"]["p_min"].to_numpy(dtype=np.float64)
    out: Flags = np.isnan(facts.self_scheduled) & (facts.available < p_min - 1e-6)
    return out


def state(facts: Facts) -> State:
    """Recompute starts, stops and hours in a state.

    A unit whose initial state is free was before the case what it is in the first interval.
    """
    on, initial = facts.on, initial_state(facts)
    first = np.where(np.isnan(initial), on[0], initial > 0.5)
    was_on: Flags = np.vstack([first, on[:-1]])
    units = facts.case.tables["units"]
    fixed = facts.self_scheduled
    must = facts.must_run
    out = outages(facts)
    imposed = np.where(on, (fixed > 0.0) | (must & ~out), out | (fixed == 0.0))
    hours = np.empty(on.shape)
    given = np.ones(on.shape, dtype=bool)
    known = np.abs(units["initial_hours"].to_numpy(dtype=np.float64))
    hours[0] = np.where(np.isnan(initial) | np.isnan(known), np.inf, known)
    for t in range(1, len(on)):
        same = on[t - 1] == was_on[t - 1]
        hours[t] = np.where(same, hours[t - 1], 0.0) + facts.hours
        given[t] = np.where(same, given[t - 1], imposed[t - 1])
    return State(was_on, on & ~was_on, ~on & was_on, hours, given)
