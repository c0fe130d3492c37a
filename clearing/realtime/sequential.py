"""A day cleared interval by interval, each from the MW that the one before ended with."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from cases import Case, InputError, Proof, RuleBook, Run
from cases.intervals import Intervals
from clearing.day.day import Day, LinkGuess
from clearing.outcome import exceeded, open_prices, solver_of, validated
from clearing.session.cleared import Cleared
from clearing.session.loop import Progress
from clearing.session.session import Security, Session
from clearing.session.ways import cleared_best_way
from clearing.tables import result_tables
from network.arrays import Floats

__all__ = ["check_sequential", "clear_sequential"]


@dataclass(eq=False)
class _Chain:
    """What is kept from interval to interval."""

    output: Floats | None = None
    stored: Floats | None = None
    guess: LinkGuess = field(default_factory=LinkGuess)
    parts: dict[str, list[pd.DataFrame]] = field(default_factory=dict)
    objectives: list[float] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    times: dict[str, float] = field(default_factory=dict)
    passes: int = 0
    rows: int = 0

    def take(self, session: Session, cleared: Cleared) -> None:
        """Keep tables and state of a solved interval."""
        for name, table in result_tables(cleared).items():
            frame = table if isinstance(table, pd.DataFrame) else table()
            if len(frame) or name not in self.parts:
                self.parts.setdefault(name, []).append(frame)
        self.output = cleared.output[-1]
        if len(cleared.day.case.tables["storage"]):
            schedule = self.parts["storage_schedule"][-1]
            self.stored = schedule["energy_mwh"].to_numpy(dtype=float)
        segment = None if session.shared is None else session.shared.segment
        self.guess = LinkGuess(session.day.guess.turned, segment)
        self.objectives.append(cleared.solution.objective)
        self.warnings += [text for text in session.warnings if text not in self.warnings]
        self.passes += session.passes
        self.rows += len(session.live.soft)
        for name, seconds in session.times.items():
            self.times[name] = self.times.get(name, 0.0) + seconds

    def tables(self) -> dict[str, pd.DataFrame]:
        """Give all tables of the day."""
        made = {}
        for name, parts in self.parts.items():
            filled = [part for part in parts if len(part)]
            made[name] = pd.concat(filled or parts[:1], ignore_index=True)
        return made


def check_sequential(case: Case, rules: RuleBook, commitment: bool) -> None:
    """InputError where a case asks for what one interval at a time cannot give."""
    if case.tables["branch_ratings"].shape[0] and rules.clearing.horizon != "sequential":
        message = "ratings by interval need clearing.horizon = sequential"
        raise InputError.one("branch_ratings", None, None, "not_available", message)
    if rules.clearing.horizon != "sequential":
        return
    units = case.tables["units"]
    dear = len(case.tables["commitment_offers"]) or (units["p_min"] > 0.0).any()
    if commitment and dear:
        message = (
            "sequential decides no commitment, and the case has least outputs or costs of starts: "
            "clear without commitment, or with clearing.horizon = joint"
        )
        raise InputError.one("", None, "clearing.horizon", "not_available", message)
    for name in ("energy_limits", "virtuals"):
        if len(case.tables[name]):
            message = f"{name} are not available with clearing.horizon = sequential"
            raise InputError.one(name, None, None, "not_available", message)


def clear_sequential(
    case: Case,
    rules: RuleBook,
    *,
    security: Security,
    changed: Mapping[str, Any],
    progress: Progress | None = None,
    parent: str | None = None,
    check: bool = True,
) -> Run:
    """Clear every interval of a case by itself, from the MW of the one before.

    The ramp of an interval starts from the output that the interval before ended with; the first
    from `initial_mw`. Which units run is not decided: all are on. Storage goes on from what is in
    it. The run has no model: clear one interval alone for that.

    Raises
    ------
    InputError
        Where the case asks for more than one interval at a time (`check_sequential`).
    NoClearing
        Where an interval has no dispatch.
    """
    begin = time.perf_counter()
    intervals, chain = Intervals(case), _Chain()
    deadline = begin + rules.solver.time_limit
    first: Day | None = None
    for t in range(case.meta.intervals):
        own = intervals.cut(t, chain.output, chain.stored)
        day = replace(Day.of(own, rules), guess=chain.guess)
        first = first or day
        session, cleared = cleared_best_way(day, security, None, deadline)
        chain.take(session, cleared)
        if progress is not None:
            progress(
                {
                    "stage": "interval",
                    "day": case.interval_starts[t].isoformat(timespec="minutes"),
                    "pass": f"{t + 1} of {case.meta.intervals}",
                    "rows": chain.rows,
                    "gap": None,
                    "seconds": time.perf_counter() - begin,
                }
            )
    assert first is not None
    tables, objective = chain.tables(), float(np.sum(chain.objectives))
    manifest = {
        "status": "optimal",
        "objective": objective,
        "objectives": chain.objectives,
        **Proof("dispatch", 0.0, objective).stated(),
        "solver": solver_of(rules),
        "parent": parent,
        "settings": {
            "commitment": False,
            "horizon": "sequential",
            "security": security,
            "pricing": "fixed",
            "penalty_factor": rules.pricing.penalty_factor,
            "reference": first.reference_name,
            "set": dict(changed),
        },
        "times": {**chain.times, "total": time.perf_counter() - begin},
        "passes": chain.passes,
        "soft_rows": chain.rows,
        "warnings": [
            *(str(w) for w in case.warnings),
            *chain.warnings,
            *open_prices(tables["prices"], rules.pricing.tie_break),
            *exceeded(tables["slacks"]),
        ],
    }
    events = [{"event": "intervals", "count": case.meta.intervals}]
    run = Run(manifest, tables, case, rules, events)
    if check:
        validated(run)
    return run
