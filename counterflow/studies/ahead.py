"""A day cleared with a look-ahead: solved beyond its end, and what lies beyond thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from cases import Case, Run
from clearing import clear, reclear
from counterflow.studies.horizon import part

__all__ = ["clear_day", "held"]

_OF_ONE_PROGRAM: Final = ("decided", "look_ahead")
"""What a run says that belongs to the program of its own stretch of time."""


def clear_day(case: Case, hours: float, **arguments: Any) -> Run:
    """Clear the first `hours` of a case; the rest of it is the look-ahead.

    The whole case decides which units run and what storage holds at the end of the day. The day is
    then dispatched and priced by itself with both held, so that its run is that of a case of one
    day. What the look-ahead came to is in the manifest, as ``look_ahead``.
    """
    day = part(case, case.meta.start, pd.Timedelta(hours=hours))
    if day is case:
        return clear(case, **arguments)
    whole = clear(case, **arguments)
    day = _held_levels(day, whole)
    kept = day.interval_starts
    tables = {
        name: frame[frame["interval_start"].isin(kept)].reset_index(drop=True)
        for name, frame in ((name, whole.tables[name]) for name in ("dispatch", "prices"))
    }
    run = reclear(held(whole, day, tables), day)
    told = {
        "hours": case.meta.intervals * case.interval_hours - hours,
        "objective": whole.objective,
        "status": whole.stated.get("status"),
        "proof": whole.stated.get("proof"),
    }
    said = {**run.stated, "parent": None, "status": told["status"], "look_ahead": told}
    return Run(said, run.tables, day, run.rulebook, [*whole.events, *run.events], run.model)


def held(run: Run, case: Case, tables: Mapping[str, pd.DataFrame]) -> Run:
    """A run of another stretch of time that says how it was cleared, to be dispatched again."""
    stated = {key: value for key, value in run.stated.items() if key not in _OF_ONE_PROGRAM}
    return Run(stated, tables, case, run.rulebook, run.events)


def _held_levels(day: Case, whole: Run) -> Case:
    """The day with the stored energy at its start and end that the whole case found."""
    schedule = whole.storage_schedule
    if not len(schedule):
        return day
    storage = day.storage.set_index("storage", drop=False)
    at_end = schedule[schedule["interval_start"] == day.interval_starts[-1]]
    at_start = schedule[schedule["interval_start"] == day.interval_starts[0]].set_index("storage")
    ends = at_end.set_index("storage")["energy_mwh"].reindex(storage.index)
    hours = day.interval_hours
    began = (
        at_start["energy_mwh"]
        - hours * at_start["charge_mw"] * storage["efficiency_in"]
        + hours * at_start["discharge_mw"] / storage["efficiency_out"]
    )
    low, high = storage["energy_min"], storage["energy_max"]
    first = storage["initial_mwh"].where(~storage["cyclic"], began.clip(low, high))
    table = storage.assign(initial_mwh=first, final_mwh=ends.clip(low, high), cyclic=False)
    return day.replace(storage=table.reset_index(drop=True))
