"""A case of many days, committed in windows: what a week needs that is too large in one piece."""

from __future__ import annotations

from typing import Any

import pandas as pd

from cases import Case, InputError, Run
from clearing import reclear
from counterflow.studies.ahead import clear_day, held
from counterflow.studies.horizon import part
from counterflow.studies.state import carried

__all__ = ["clear_rolling"]


def clear_rolling(case: Case, hours: float, look_ahead: float = 0.0, **arguments: Any) -> Run:
    """Decide the commitment of a case window by window, then dispatch and price all of it at once.

    Each window begins in the state in which the one before ends, as the days of a rolling study
    do, and is decided together with its look-ahead. The dispatch and the prices are those of one
    program over the whole case with that commitment held. The manifest has the windows, as
    ``rolling``: start, objective, status and proof of each.

    Parameters
    ----------
    case
        A case of more than one window.
    hours, look_ahead
        Length of a window and of what is solved beyond it, in hours; whole intervals.
    arguments
        Those of `cf.clear`.

    Raises
    ------
    InputError
        Hours that are no whole intervals; nothing to commit; a state that fits no window.
    NoClearing
        A window has no schedule.
    """
    for name, value in (("rolling", hours), ("look_ahead", look_ahead)):
        steps = value / case.interval_hours
        if steps != int(steps) or value < 0 or (name == "rolling" and not value):
            message = f"expected whole intervals of {case.interval_hours:g} h, not {value:g} h"
            raise InputError.one("", None, name, "value", message)
    if not arguments.get("commitment", True) or arguments.get("commitment_from") is not None:
        message = "windows decide which units run: leave out what gives or skips the commitment"
        raise InputError.one("", None, "rolling", "known_option", message)
    windows: list[Run] = []
    begin, end = case.interval_starts[0], case.interval_ends[-1]
    while begin < end:
        window = part(case, begin.to_pydatetime(), pd.Timedelta(hours=hours + look_ahead))
        if windows:
            window = carried(window, windows[-1])
        windows.append(clear_day(window, hours, **arguments))
        begin = windows[-1].case.interval_ends[-1]
    if len(windows) == 1:
        return windows[0]
    dispatch = pd.concat([run.dispatch for run in windows], ignore_index=True)
    run = reclear(held(windows[0], case, {"dispatch": dispatch}), case)
    stopped = [r.stated["status"] for r in windows if r.stated["status"] != "optimal"]
    told = [
        {
            "start": r.case.interval_starts[0].isoformat(),
            "objective": r.objective,
            "status": r.stated["status"],
            "proof": r.stated["proof"],
        }
        for r in windows
    ]
    said = {
        **run.stated,
        "parent": None,
        "status": stopped[0] if stopped else "optimal",
        "rolling": {"hours": hours, "look_ahead": look_ahead, "windows": told},
    }
    return Run(said, run.tables, case, run.rulebook, run.events, run.model)
