"""Commitment: on, start and stop fit together, and minimum times, must-run and outages hold.

A run without commitment has every unit on; these checks then have nothing to say.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clearing.validation.facts import Facts
from clearing.validation.report import above, below, differing
from clearing.validation.state import HOUR_TOLERANCE, outages, state

__all__ = ["logic", "minimum_times", "must_run", "outage", "scheduled"]


def logic(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check start_t - stop_t = on_t - on_(t-1), never both, on_0 from the initial state.

    The initial state is the sign of ``initial_hours``, or else whether ``initial_mw`` is above 0;
    where both are blank it is free, so that the first interval has neither start nor stop.
    """
    if not facts.commitment:
        return
    names, real = facts.names("units"), facts.once(state)
    for column, expected in (("start", real.start), ("stop", real.stop)):
        stated = facts.by_name("dispatch", column)
        right = expected.astype(np.float64)
        yield differing(f"commitment.{column}", names, facts.starts, stated, right, 0.0)


def minimum_times(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check hours on before a stop >= min_up, and hours off before a start >= min_down.

    Hours count from the start or stop before, or from ``initial_hours``; the end of the case cuts
    them short. Where the case itself imposes both ends of a time (initial state, self-schedule,
    must-run, outage) nothing was decided, and nothing is limited. In real time nothing is decided.
    """
    if not facts.commitment or facts.rolling:
        return
    units, names, real = facts.case.tables["units"], facts.names("units"), facts.once(state)
    out, fixed = outages(facts), facts.self_scheduled
    must = facts.must_run & ~out
    for column, event, imposed in (
        ("min_up", real.stop, out | (fixed == 0.0)),
        ("min_down", real.start, must | (fixed > 0.0)),
    ):
        decided = event & ~(imposed & real.given)
        spent = np.where(decided, real.hours, np.inf)
        least = units[column].to_numpy(dtype=np.float64)
        yield below(f"commitment.{column}", names, facts.starts, spent, least, HOUR_TOLERANCE)


def must_run(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check on = 1 for must-run units, but for outages and self-schedules of 0 MW.

    In real time a unit that was out day-ahead stays off.
    """
    if not facts.commitment or facts.rolling:
        return
    names, on = facts.names("units"), facts.on.astype(np.float64)
    must = facts.must_run & ~outages(facts) & ~(facts.self_scheduled == 0.0)
    least = np.where(must, 1.0, 0.0)
    yield below("commitment.must_run", names, facts.starts, on, least, 0.0)


def outage(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check on = 0 where a unit is available for less than its p_min."""
    if not facts.commitment:
        return
    names, on = facts.names("units"), facts.on.astype(np.float64)
    most = np.where(outages(facts), 0.0, 1.0)
    yield above("commitment.outage", names, facts.starts, on, most, 0.0)


def scheduled(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check on = 1 where a self-schedule is above 0 MW."""
    if not facts.commitment:
        return
    names, on = facts.names("units"), facts.on.astype(np.float64)
    least = np.where(facts.self_scheduled > 0.0, 1.0, 0.0)
    yield below("commitment.self_schedule", names, facts.starts, on, least, 0.0)
