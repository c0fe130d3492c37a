"""Clear a market day: dispatch with security on the grid, prices, tables, checks."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from cases import Case, InputError, Proof, RuleBook, Run
from cases.warned import Warned
from clearing.commit.decide import Decision, decide
from clearing.day.day import Day
from clearing.day.extension import Extend
from clearing.day.fleet import Fleet
from clearing.day.schedule import Commitment
from clearing.day.start_costs import commitment_cost
from clearing.extended import again, decided_whole, extension_report, extension_setting
from clearing.limits.network import NetworkLimits
from clearing.local import LocalRerun
from clearing.model import ClearedModel, Opened
from clearing.outcome import exceeded, open_prices, solver_of, validated
from clearing.pricing import method_of, priced_by_rule
from clearing.program.program import Program
from clearing.realtime.clear import clear_realtime
from clearing.realtime.sequential import check_sequential, clear_sequential
from clearing.reopened import committed_units, rows_of
from clearing.session.cleared import Cleared
from clearing.session.loop import Progress
from clearing.session.session import Security, Session
from clearing.session.ways import cleared_best_way
from clearing.tables import result_tables
from clearing.tables.program_rows import program_rows

__all__ = ["clear", "local_rerun", "reclear", "recommit"]


def clear(
    case: Case,
    *,
    rulebook: str | Path | RuleBook | None = None,
    as_of: dt.date | str | None = None,
    commitment: bool = True,
    commitment_from: Run | None = None,
    security: Security | None = None,
    gap: float | None = None,
    time_limit: float | None = None,
    settings: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    extend: Extend | None = None,
) -> Run:
    """Clear a market day and give its run.

    Parameters
    ----------
    case
        The market day.
    rulebook
        A rulebook, the name of a shipped one or a TOML file; by default `default`.
    as_of
        The date whose rules count, whatever the market day; by default the newest of each.
    commitment
        Decide which units run. False: every unit is on, p_min binds, no-load, starts and minimum
        times are ignored.
    commitment_from
        A day-ahead run: its commitment is dispatched anew on `case`, a real-time one, in rolling
        windows (`clearing.realtime.clear_realtime`), by its rulebook where none is given.
    security
        "n-1": also the case's contingencies, or every non-islanding branch outage where it has
        none; flows after an outage keep to emergency ratings. By default what the case's header
        says, else "none".
    gap, time_limit
        Relative gap of the commitment and seconds for solving, in place of the rulebook's.
    settings
        Other rulebook values for this run, keys like `pricing.method`.
    progress
        Called with a dict (stage, pass, rows, seconds, ...) after each pass.
    extend
        A function that gets a Pyomo model of the day and adds constraints, variables and costs of
        its own (`docs/tutorials/own-constraints.md`). They hold in commitment, dispatch, prices,
        reruns and real time, where the function sees one window of intervals after the other.

    Raises
    ------
    InputError
        For anything wrong in case, rulebook or options.
    NoClearing
        Where no schedule exists, with the limits in conflict, or none was found within the limits;
        its `reason` says which.
    """
    if security not in (None, "none", "n-1"):
        message = f"expected none or n-1, got {security!r}"
        raise InputError.one("", None, "security", "known_option", message)
    if not isinstance(case, Case):
        message = f"expected a Case, as read_case returns it, got {type(case).__name__}"
        raise InputError.one("", None, "case", "known_option", message)
    security = security or case.meta.security or "none"
    if gap is not None and not 0.0 <= gap < 1.0:
        message = f"expected a fraction from 0 to below 1, got {gap:g}"
        raise InputError.one("", None, "gap", "known_option", message)
    begin = time.perf_counter()
    changed = dict(settings or {})
    if time_limit is not None:
        changed["solver.time_limit"] = time_limit
    if gap is not None:
        changed["solver.gap"] = gap
    if commitment_from is not None:
        if not commitment:
            message = "a run gives the commitment; clear without commitment or from a run, not both"
            raise InputError.one("", None, "commitment_from", "known_option", message)
        return clear_realtime(
            case,
            commitment_from,
            rulebook=rulebook,
            as_of=as_of,
            security=security,
            settings=changed,
            progress=progress,
            extend=extend,
        )
    rules = RuleBook.load(rulebook or "default", as_of=as_of).with_settings(changed)
    day = Day.of(case, rules, extend=extend)
    check_sequential(case, rules, commitment)
    if rules.clearing.horizon == "sequential":
        commitment = False
        if case.meta.intervals > 1:
            if extend is not None or rules.pricing.method != "fixed":
                message = "extensions and other pricing are not available interval by interval"
                raise InputError.one("", None, "clearing.horizon", "not_available", message)
            return clear_sequential(
                case, rules, security=security, changed=changed, progress=progress
            )
    if commitment and rules.losses.method == "chords":
        message = "chords are not available where commitment is decided; clear without commitment"
        raise InputError.one("", None, "losses.method", "not_available", message)
    if not commitment:
        limit = begin + rules.solver.time_limit
        session, cleared = cleared_best_way(day, security, progress, limit)
        return _run(session, cleared, begin, security, changed)
    return _decided(decide(day, security, progress), begin, security, changed)


def _decided(
    found: Decision,
    begin: float,
    security: Security,
    changed: dict[str, Any],
    parent: str | None = None,
) -> Run:
    """Make the run of a decided commitment."""
    return _run(found.session, found.cleared, begin, security, changed, parent, found)


def reclear(
    run: Run,
    case: Case,
    *,
    progress: Progress | None = None,
    check: bool = True,
    extend: Extend | None = None,
) -> Run:
    """Clear the day of `run` again with other offers, from all that its clearing has found.

    `case` is the run's case with other `offers` and `commitment_offers`; the units that run stay
    those of `run`. Where only prices differ, they are changed in the live model; otherwise a new
    model starts with the rows of the old one. The new run names `run` as its parent. The live
    solver goes on to the new run; `run.model` stays what it was. Without `check` the validator is
    left out, for a run that is only looked at for its prices. A run with an extension keeps it; one
    that was read from its folder needs the same function again, as `extend`.
    """
    begin = time.perf_counter()
    settings = run.settings
    _refuse_real_time(run)
    if settings.get("horizon") == "sequential":
        return clear_sequential(
            case,
            run.rulebook,
            security=settings["security"],
            changed=settings["set"],
            progress=progress,
            parent=run.id,
            check=check,
        )
    day = again(run, case, extend)
    if settings["commitment"]:
        on = committed_units(run)
        day = day.committed(Commitment(on, commitment_cost(day, on), decided_whole(run)))
    model: ClearedModel | None = run.model
    live = model if model is not None and model.opened else None
    session = None if live is None else live.repriced(day)
    if session is None:
        session = Session.open(day, settings["security"], progress)
        session.know(rows_of(run, session.network) if live is None else live.cleared.soft)
    limit = begin + day.rulebook.solver.time_limit
    session, cleared = cleared_best_way(day, settings["security"], progress, limit, session)
    return _run(session, cleared, begin, settings["security"], settings["set"], run.id, check=check)


def recommit(
    run: Run, case: Case, *, progress: Progress | None = None, extend: Extend | None = None
) -> Run:
    """Clear the day of `run` again with other offers and decide anew which units run.

    The commitment of `run` is the first schedule and the rows of the grid that its clearing found
    are known from the start. The new run names `run` as its parent. A run that was cleared without
    commitment is cleared again without it. `extend` is as in `reclear`.
    """
    settings = run.settings
    _refuse_real_time(run)
    if not settings["commitment"]:
        return reclear(run, case, progress=progress, extend=extend)
    begin = time.perf_counter()
    day = again(run, case, extend)
    model: ClearedModel | None = run.model
    known = model.cleared.soft if model is not None and model.opened else None
    start = Commitment(on := committed_units(run), commitment_cost(day, on), decided_whole(run))
    found = decide(day, settings["security"], progress, start=start, known=known)
    return _decided(found, begin, settings["security"], settings["set"], run.id)


def local_rerun(run: Run) -> LocalRerun:
    """Give what clears the day of `run` again over few free units, with its offers and others.

    The runs name `run` as their parent; `run` was cleared with commitment.

    Raises
    ------
    InputError
        A real-time run.
    """
    _refuse_real_time(run)
    settings = run.settings

    def made(session: Session, cleared: Cleared, proof: Proof, check: bool) -> Run:
        return _run(
            session,
            cleared,
            time.perf_counter(),
            settings["security"],
            settings["set"],
            run.id,
            check=check,
            proof=proof,
        )

    return LocalRerun(run, made)


def _refuse_real_time(run: Run) -> None:
    if run.settings.get("market") == "rt":
        message = (
            "a real-time run is not cleared again by itself: mitigate the day-ahead run and clear "
            "real time from that"
        )
        raise InputError.one("", None, "run", "real_time", message)


def _run(
    session: Session,
    cleared: Cleared,
    begin: float,
    security: Security,
    changed: dict[str, Any],
    parent: str | None = None,
    decision: Decision | None = None,
    *,
    check: bool = True,
    proof: Proof | None = None,
) -> Run:
    """Make the run of a cleared day; `proof` in place of what its decision proves."""
    cleared = priced_by_rule(session, cleared, security)
    session.live.deadline = float("inf")
    day, loop = session.day, session.loop
    solved = time.perf_counter()
    settled = None if decision is None else decision.settled
    programs: dict[str, tuple[Program, NetworkLimits]]
    programs = {"dispatch": (cleared.program, cleared.network)}
    if settled is not None:
        programs["commitment"] = (settled.program, settled.network)
    tables = result_tables(cleared)
    end = time.perf_counter()
    rules = day.rulebook
    manifest = {
        "status": "optimal" if decision is None else decision.status,
        "objective": cleared.solution.objective,
        **(proof or _proof(cleared, decision)).stated(),
        "solver": solver_of(rules),
        "parent": parent,
        "settings": {
            "commitment": day.commitment is not None,
            "security": security,
            "pricing": method_of(day),
            "penalty_factor": rules.pricing.penalty_factor,
            "reference": day.reference_name,
            "set": changed,
            **extension_setting(day),
        },
        **extension_report(cleared),
        "times": {
            **session.times,
            **({} if decision is None else decision.times),
            "tables": end - solved,
            "total": end - begin,
        },
        "passes": session.passes,
        "soft_rows": len(session.live.soft),
        **({} if session.losses is None else {"losses": session.losses.report}),
        **({} if decision is None else {"held_on": Fleet(day, merge=False).held_on}),
        **({} if settled is None else {"decided": settled.told}),
        "warnings": [
            *(Warned.of(w) for w in day.case.warnings),
            *([] if decision is None else decision.warnings),
            *session.warnings,
            *open_prices(tables["prices"], rules.pricing.tie_break),
            *exceeded(tables["slacks"]),
        ],
    }
    session.times, session.passes = {}, 0
    decided = [] if decision is None else decision.events
    events = [*decided, *loop.events, {"event": "priced", "method": method_of(day)}]
    loop.events = []
    behind = None if settled is None else lambda: settled
    model = ClearedModel(Opened(session, cleared, security, behind))
    held = partial(program_rows, programs)
    run = Run(manifest, {**tables, "program_rows": held}, day.case, rules, events, model)
    run.extend = day.extend
    if check:
        validated(run)
    return run


def _proof(cleared: Cleared, decision: Decision | None) -> Proof:
    """What is proven: a commitment that was taken over has neither gap nor bound."""
    if decision is not None:
        return decision.proof
    if cleared.day.commitment is not None:
        return Proof("commitment_held")
    return Proof("dispatch", 0.0, cleared.solution.objective)
