"""Decide which units run: the loop between the mixed-integer program and the secured dispatch."""

from __future__ import annotations

import time

from clearing.commit.decision import Decision
from clearing.commit.program import CommitmentProgram
from clearing.commit.search import Search
from clearing.commit.strict import strict_rules
from clearing.day.day import Day
from clearing.day.fleet import Fleet
from clearing.day.schedule import Commitment
from clearing.day.start_costs import commitment_cost
from clearing.program.rows import RowSet
from clearing.session.loop import Progress
from clearing.session.session import Security, Session, secure_contingencies

__all__ = ["Decision", "decide"]

_LATE = 0.05, 0.5
"""What follows the search may end this share of the time limit, and these seconds, after it."""


def decide(
    day: Day,
    security: Security,
    progress: Progress | None = None,
    *,
    start: Commitment | None = None,
    known: RowSet | None = None,
) -> Decision:
    """Decide the commitment of a day to the rulebook's gap, and clear it.

    The relaxation finds rows of the grid; a program restricted to what it leaves open gives a first
    schedule; the dispatch of a schedule finds the rows that it breaks. Rounds of whole program and
    dispatch follow until the secured dispatch lies within the gap of the proven bound. `start` is a
    commitment to begin from, `known` rows that are loaded at once.

    Of the time limit as much is kept back as the relaxation took, for the dispatch of what the last
    solve finds. Raises NoClearing where no schedule exists, with the limits in conflict, or none
    was found in time.
    """
    begin = time.perf_counter()
    solver = day.rulebook.solver
    deadline = begin + solver.time_limit
    late = deadline + _LATE[0] * solver.time_limit + _LATE[1]
    outages, islanding = secure_contingencies(day, security)
    strict = day.with_rulebook(strict_rules(day))
    fleet = Fleet(strict, merge=True)
    added = day.extension is not None and bool(day.extension.whole.any())
    if not fleet.decided.any() and not added:
        return _nothing_to_decide(day, security, progress, known, late)
    program = CommitmentProgram(fleet, outages, deadline, progress)
    found = Search(day, security, program, progress, known, late)
    if found.relax(deadline):
        if known is not None:
            program.know(known)
        if start is not None:
            found.look_at(start.on, start.whole)
        if found.gap > solver.gap and len(program.live.soft):
            found.first_schedule(solver.gap)
        found.run(solver.gap)
    if found.proven_none:
        soft = CommitmentProgram(fleet, outages, deadline, progress, soft_ramps=True)
        found = Search(day, security, soft, progress, known, late)
        if found.relax(deadline):
            found.run(solver.gap)
        if found.proven_none:
            raise program.explain()
    if found.best is None:
        raise found.nothing()
    return found.decision(islanding, begin)


def _nothing_to_decide(
    day: Day,
    security: Security,
    progress: Progress | None,
    known: RowSet | None,
    late: float,
) -> Decision:
    """Clear a day whose units are all on whenever they are available."""
    on = ~day.out
    commitment = Commitment(on, commitment_cost(day, on))
    session = Session.open(day.committed(commitment), security, progress)
    session.live.deadline = late
    if known is not None:
        session.know(known)
    cleared = session.solve()
    return Decision(commitment, session, cleared, cleared.solution.objective, 0.0, "optimal")
