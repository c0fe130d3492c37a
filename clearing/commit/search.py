"""Schedules of one commitment program, looked at by their secured dispatch, and the best bound."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cases import NoClearing
from cases.warned import Warned
from clearing.commit.decision import Decision
from clearing.commit.program import CommitmentProgram
from clearing.commit.schedule import Schedule
from clearing.commit.settled import settled
from clearing.day.day import Day
from clearing.day.schedule import Commitment
from clearing.day.start_costs import commitment_cost
from clearing.program.rows import RowSet
from clearing.session.cleared import Cleared
from clearing.session.loop import Progress
from clearing.session.session import Security, Session
from network.arrays import Flags, Floats

__all__ = ["Search"]

_ROUNDS = 30
_NEAR = (0.001, 0.0025)
"""Restricted programs keep states that cost up to these shares of the relaxation's objective."""
_GOOD = 0.007
"""Distance to the relaxation, as a share of it, at which a first schedule needs no wider search."""
_ROUNDING = 1e-9
"""Relative distance of schedule and bound that is none: sums in another order."""


@dataclass(eq=False)
class Search:
    """Schedules found so far for one program, and the best bound."""

    day: Day
    security: Security
    program: CommitmentProgram
    progress: Progress | None
    known: RowSet | None
    late: float
    """Time (of `time.perf_counter`) when the dispatch of a schedule must have ended."""
    relaxed: float = -np.inf
    bound: float = -np.inf
    best: tuple[Session, Cleared, Commitment, float] | None = None
    best_x: Any = None
    """All columns of the last schedule that was looked at, (n,)."""
    last: Session | None = None
    """The session of the last schedule that was looked at."""
    seen: float = np.inf
    """Its cost, limits exceeded at the program's penalties."""
    none: bool = False
    """Whether the solver proved that no schedule exists."""
    stopped_by: str = ""
    """What ended the search; see `cases.proof.Proof`."""
    apart: tuple[float, float] | None = None
    """What the last whole program said of its schedule and what its dispatch costs, where the
    dispatch costs more than the gap allows and breaks nothing that the program does not know."""
    rechecked: bool = False
    """Whether a bound was found false and everything solved again without presolve."""
    rounds: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def gap(self) -> float:
        """Proven relative gap of the best schedule; below zero its bound cannot be true."""
        if self.best is None:
            return np.inf
        below = max(self.bound, self.relaxed)
        gap = (self.best[3] - below) / max(abs(self.best[1].solution.objective), 1e-9)
        return gap if abs(gap) > _ROUNDING else 0.0

    @property
    def proven_none(self) -> bool:
        """Whether no schedule exists, and none was found that says otherwise."""
        return self.none and self.best is None

    def relax(self, deadline: float) -> bool:
        """Solve the relaxation, and keep back as much of the time as that took; whether it did."""
        begin = time.perf_counter()
        try:
            self.relaxed = self.program.relax()
        except NoClearing as error:
            self._ended(error)
            return False
        spent = time.perf_counter() - begin + self.program.build_seconds
        self.program.deadline = max(deadline - spent, 0.5 * (begin + deadline))
        return True

    def _ended(self, error: NoClearing) -> None:
        """Take down that a program has no solution, or none in time; raise any other error."""
        if error.reason not in ("infeasible", "limit"):
            raise error
        self._stopped(error.reason)

    def _stopped(self, reason: str) -> None:
        self.none = reason == "infeasible"
        self.stopped_by = {"limit": "time_limit", "infeasible": ""}.get(reason, reason)

    def nothing(self) -> NoClearing:
        """Say why no schedule was found though one may exist."""
        if self.stopped_by == "solver_error":
            message = "no clearing: the solver failed before a schedule was found"
            return NoClearing(message, (), reason="solver_error")
        message = "no clearing: the time limit ended before a schedule was found"
        return NoClearing(message, (), reason="limit")

    def look_at(self, on: Flags, whole: Floats | None = None) -> bool:
        """Clear a commitment, keep it if it is the best, and learn its rows; whether it is new.

        `whole` holds the values of an extension's variables, (V,).
        """
        commitment = Commitment(on, commitment_cost(self.day, on), whole)
        session = Session.open(self.day.committed(commitment), self.security, self.progress)
        session.live.deadline = self.late
        if self.known is not None:
            session.know(self.known)
        session.know(self.program.live.soft)
        if session.losses is not None:
            session.losses.start_at(self.program.network.tangent)
        try:
            cleared = session.solve()
        except NoClearing as error:
            if error.reason != "limit":
                raise
            self._stopped("limit")
            return False
        self.last = session
        before = len(self.program.live.soft)
        objective = _strict_objective(cleared, self.program.fleet.day)
        if objective - cleared.solution.objective > _ROUNDING * abs(objective):
            objective = min(objective, self._strictly(commitment, session))
        self.program.know(session.live.soft)
        self.seen = objective
        if self.best is None or objective < self.best[3]:
            self.best = session, cleared, commitment, objective
        missed = self.program.learn(session.losses, self.best_x)
        return (
            self._recheck(max(self.bound, self.relaxed), self.best[3])
            or missed
            or (len(self.program.live.soft) > before)
        )

    def _recheck(self, bound: float, known: float) -> bool:
        """Where a bound lies above the cost of a schedule, start again without presolve; whether.

        HiGHS with presolve can call a false optimum proven. Programs that are no relaxation of
        the dispatch, with losses or outages of units, prove nothing of this kind.
        """
        if not self.program.relaxes or bound - known <= _ROUNDING * abs(known):
            return False
        if self.rechecked:
            # Nothing else is left to try: the run says what its bound is worth.
            self.bound = max(self.bound, bound)
            return False
        self.rechecked = True
        self.events.append({"event": "false bound", "bound": bound, "objective": known})
        self.bound, self.relaxed = -np.inf, -np.inf
        with suppress(NoClearing):  # no time left: then nothing is proven
            self.relaxed = self.program.without_presolve()
        return True

    def _strictly(self, commitment: Commitment, session: Session) -> float:
        """What a commitment costs at the program's penalties, and the rows that it breaks there.

        At the rulebook's penalties, which are lower, its dispatch may exceed more limits than it
        must; that is no fault of the commitment.
        """
        day = self.program.fleet.day.committed(commitment)
        strict = Session.open(day, self.security)
        strict.live.deadline = self.late
        strict.know(session.live.soft)
        if strict.losses is not None:
            strict.losses.start_at(self.program.network.tangent)
        try:
            cleared = strict.solve()
        except NoClearing as error:
            if error.reason != "limit":
                raise
            self._stopped("limit")
            return np.inf
        self.program.know(strict.live.soft)
        return cleared.solution.objective

    def _share(self) -> float:
        """Part of the program's cost that is money of the day, not of its higher penalties."""
        if self.best is None:
            return 1.0
        money, strict = abs(self.best[1].solution.objective), abs(self.best[3])
        return min(1.0, money / max(strict, 1e-9))

    def first_schedule(self, gap: float) -> None:
        """Solve the program restricted to states that cost little, more of them if it must be."""
        for near in _NEAR:
            schedule = self.program.solve(max(gap / 2, 1e-6), start=self.best_x, near=near)
            if schedule is not None:
                self.best_x = schedule.x
                self._told("restricted", schedule)
                self.look_at(self.program.on(schedule.x), self.program.whole(schedule.x))
            if self.best is not None:
                above = self.best[3] - self.relaxed
                if above <= max(_GOOD * abs(self.relaxed), gap * abs(self.best[3])):
                    return
            if self.program.many or self.stopped_by:
                return

    def run(self, gap: float) -> None:
        """Solve the whole program until its schedule, secured, is within the gap."""
        target = gap
        while self.gap > gap and self.rounds < _ROUNDS and not self.stopped_by:
            self.rounds += 1
            worth = np.inf if self.best is None else self.best[3]
            begun = np.inf if self.best_x is None else self.seen
            asked = target * self._share()
            schedule = self.program.solve(asked, start=self.best_x, worth=worth)
            if schedule is None:
                self._stopped(self.program.ended)
                return
            self._told("whole", schedule)
            self.bound = max(self.bound, schedule.bound)
            # The schedule that the solve began from is one of those it speaks of.
            news = self._recheck(schedule.claimed, begun)
            self.best_x = schedule.x
            news = self.look_at(self.program.on(schedule.x), self.program.whole(schedule.x)) or news
            if not schedule.finished:
                self.stopped_by = "time_limit"
                return
            self.apart = None
            if not news:
                # Nothing that the program does not know: what is left is the gap it was given.
                if self.seen - schedule.objective > gap * abs(self.seen) + _ROUNDING:
                    self.apart = schedule.objective, self.seen
                if target <= gap / 64:
                    self.stopped_by = "difference"
                    return
                target /= 4
        self.stopped_by = self.stopped_by or "rounds"

    def _told(self, stage: str, schedule: Schedule) -> None:
        self.events.append(
            {
                "event": "schedule",
                "program": stage,
                "objective": schedule.objective,
                "bound": schedule.bound,
                "rows": len(self.program.live.soft),
            }
        )

    def decision(self, islanding: list[str], begin: float) -> Decision:
        """The best schedule as a result."""
        assert self.best is not None
        session, cleared, commitment, strict = self.best
        limit = self.gap > self.day.rulebook.solver.gap
        warnings: list[str] = []
        if self.rechecked:
            text = (
                "the solver called a bound proven that lies above a known schedule: the commitment "
                "was decided again without presolve"
            )
            warnings.append(Warned(text, "false_bound"))
        if self.program.distrusted:
            self.events.append({"event": "false objective", "solves": self.program.distrusted})
        if self.apart is not None and self.program.relaxes:
            said, costs = self.apart
            text = (
                f"the dispatch of a decided schedule costs {costs:.2f}, its program said {said:.2f}"
                ": program and dispatch do not agree"
            )
            warnings.append(Warned(text, "program_and_dispatch"))
        if limit:
            asked = self.day.rulebook.solver.gap
            text = (
                "the commitment was stopped by a limit: it is proven to lie within "
                f"{100.0 * self.gap:.4f} % of the best, not the {100.0 * asked:g} % asked for"
            )
            warnings.append(Warned(text, "stopped_by_limit"))
        elif self.gap < 0.0:
            text = (
                f"the bound lies {-self.gap:.2e} of the cost above the schedule: it proves nothing"
            )
            warnings.append(Warned(text, "bound_above"))
        if session is not self.last:
            self.program.learn(session.losses, None)
        if self.program.loses_units:
            text = (
                "outages of units: the commitment lets every available unit pick up, the dispatch "
                "those that are on; the gap is proven for the former"
            )
            warnings.append(Warned(text, "gap_of_unit_outages"))
        if self.program.losses is not None:
            text = (
                "losses: the gap is proven for a program that takes losses by their tangents and "
                "limits of the grid as linearized at the last schedule"
            )
            warnings.append(Warned(text, "gap_of_losses"))
        return Decision(
            commitment,
            session,
            cleared,
            max(self.bound, self.relaxed) - (strict - cleared.solution.objective),
            self.gap,
            "limit" if limit else "optimal",
            (self.stopped_by or "difference") if limit else "",
            self.events,
            warnings,
            {
                "commit_build": self.program.build_seconds,
                "commit_mip": self.program.mip_seconds,
                "commit": time.perf_counter() - begin,
            },
            self.rounds,
            settled(self.program, cleared, strict - cleared.solution.objective),
        )


def _strict_objective(cleared: Cleared, strict: Day) -> float:
    """Objective of a cleared day with what it exceeds paid at the commitment's penalties."""
    day, compiled = cleared.day, cleared.compiled
    penalties = day.rulebook.penalties
    more = strict.rulebook.penalties.balance - penalties.balance
    beyond = float(cleared.solution.excess.sum())
    for name, family in compiled.market.families.items():
        if family.penalty is not None:
            columns = compiled.columns(name)
            # What a demand curve prices costs the same in both.
            paid = compiled.cost[columns] == getattr(penalties, family.penalty) * day.hours
            beyond += float(cleared.solution.x[columns][paid].sum())
    return cleared.solution.objective + more * day.hours * beyond
