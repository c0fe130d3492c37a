"""Real time: the commitment of a day-ahead run, dispatched anew interval by interval."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cases import Case, InputError, Proof, RuleBook, Run
from cases.warned import Warned
from clearing.day.day import Day
from clearing.day.extension import Extend
from clearing.day.schedule import Commitment
from clearing.day.start_costs import commitment_cost
from clearing.extended import extension_of, extension_setting
from clearing.outcome import exceeded, open_prices, solver_of, validated
from clearing.realtime.day_ahead import DayAhead
from clearing.realtime.joined import Joined
from clearing.realtime.rolling import Rolling
from clearing.session.loop import Progress
from clearing.session.session import Security, secure_contingencies

__all__ = ["clear_realtime"]

_OF_COMMITMENT = ("min_up_above_horizon", "min_down_above_horizon")
"""Warnings about a case that say nothing where the commitment is not decided on it."""


def clear_realtime(
    case: Case,
    commitment_from: Run,
    *,
    rulebook: str | Path | RuleBook | None = None,
    as_of: dt.date | str | None = None,
    security: Security = "none",
    settings: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    extend: Extend | None = None,
) -> Run:
    """Dispatch a real-time case with the commitment of a day-ahead run, in rolling windows.

    Each window looks `realtime.look_ahead` intervals ahead; its first interval is binding, and the
    next window begins from what that leaves: outputs (so ramps hold between windows), stored
    energy, energy budgets. Prices are those of each interval's own window.

    A unit is on where it was committed in the day-ahead interval that contains the real-time one,
    so it starts and stops at the edges of day-ahead intervals; quick-start units too. It is off
    where real time has it out, and on where it is self-scheduled above 0 MW. Virtuals are left
    out: they exist day-ahead only. Outputs before the first interval are those of the real-time
    case.

    Parameters
    ----------
    case
        The real-time case: the same units and storages, each interval inside one of the run's.
    commitment_from
        The day-ahead run; the new run names it as its parent.
    rulebook
        By default that of the day-ahead run.
    as_of
        The date whose rules count; by default the newest of each, or those of the day-ahead run.
    extend
        As in `clear`, called for every window; by default that of the day-ahead run.

    Raises
    ------
    InputError
        Where case and run do not match, with everything that is missing.
    NoClearing
        Where a window has no schedule: an energy budget that committed units must exceed, or a
        storage that cannot reach the end that the case asks for.
    """
    begin = time.perf_counter()
    changed = dict(settings or {})
    rules = RuleBook.load(rulebook or commitment_from.rulebook, as_of=as_of)
    rules = rules.with_settings(changed)
    _check(commitment_from, rules)
    ahead = DayAhead.of(commitment_from, case)
    extend = extension_of(commitment_from) if extend is None else extend
    day = Day.of(case, rules, extend=extend)
    on = ahead.states(day)
    day = day.committed(Commitment(on, commitment_cost(day, on)))
    outages, islanding = secure_contingencies(day, security)
    deadline = begin + rules.solver.time_limit
    rolling = Rolling(day, ahead, outages, rules.realtime.look_ahead, deadline)
    joined = Joined(day, rules.security.tolerance_mw)
    joined.warnings += islanding
    for window in rolling.windows():
        joined.add(window)
        if progress is not None:
            progress(
                {
                    "stage": "real time",
                    "day": case.interval_starts[window.first].isoformat(timespec="minutes"),
                    "pass": f"{window.first + 1} of {day.intervals}",
                    "rows": len(window.session.live.soft),
                    "gap": None,
                    "seconds": time.perf_counter() - begin,
                }
            )
    tables = joined.tables()
    manifest = {
        "status": "optimal",
        "objective": joined.objective,
        **Proof("commitment_held").stated(),
        "solver": solver_of(rules),
        "parent": commitment_from.id,
        "settings": {
            "market": "rt",
            "commitment": True,
            "commitment_from": commitment_from.id,
            "look_ahead": rules.realtime.look_ahead,
            "security": security,
            "pricing": "fixed",
            "reference": day.reference_name,
            "set": changed,
            **extension_setting(day),
        },
        **(
            {}
            if day.extension is None
            else {"extension": {"name": day.extension.name, "rows": day.extension.components}}
        ),
        "times": {**rolling.times, "total": time.perf_counter() - begin},
        "passes": joined.passes,
        "soft_rows": joined.rows,
        "warnings": [
            *(Warned.of(w) for w in case.warnings if w.rule not in _OF_COMMITMENT),
            *joined.warnings,
            *_of_extension(day),
            *open_prices(tables["prices"], rules.pricing.tie_break),
            *exceeded(tables["slacks"]),
        ],
    }
    events = [{"event": "windows", "count": day.intervals, "look_ahead": rolling.look_ahead}]
    run = Run(manifest, tables, case, rules, events)
    validated(run)
    return run


def _of_extension(day: Day) -> list[str]:
    """What the objective of real time leaves out."""
    if day.extension is None or not day.extension.costs:
        return []
    text = (
        f"the costs that the extension {day.extension.name} adds count in every window and are not "
        "part of the objective: what of them belongs to a binding interval is not defined"
    )
    return [Warned(text, "costs_left_out")]


def _check(run: Run, rules: RuleBook) -> None:
    if not run.settings.get("commitment"):
        message = "the run was cleared without commitment: every unit is on, nothing to take over"
        raise InputError.one("", None, "commitment_from", "commitment_from", message)
    for key, value, usual in (
        ("pricing.method", rules.pricing.method, "fixed"),
        ("losses.method", rules.losses.method, "none"),
    ):
        if value != usual:
            message = f"{value} is not available in real time; set it to {usual}"
            raise InputError.one("", None, key, "not_available", message)
