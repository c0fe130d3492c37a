"""Both ways of the links that share reserve: a clearing in the way that costs less."""

from __future__ import annotations

from dataclasses import replace

from cases import NoClearing
from clearing.day.day import Day, LinkGuess
from clearing.session.cleared import Cleared
from clearing.session.loop import Progress
from clearing.session.session import Security, Session

__all__ = ["cleared_best_way"]


def cleared_best_way(
    day: Day,
    security: Security,
    progress: Progress | None,
    deadline: float,
    session: Session | None = None,
) -> tuple[Session, Cleared]:
    """Clear a day, in both ways of its shared links where the first leaves them idle.

    The rows of shared reserve are written for one way of the flow (`define_sharing`). Where the
    solution has less flow than reserve against it must leave, the other way is cleared too, and
    the one of lower cost holds.
    """
    if session is None:
        session = Session.open(day, security, progress)
    session.live.deadline = deadline
    cleared, failed = None, None
    try:
        cleared = session.solve()
    except NoClearing as error:
        if session.shared is None:
            raise
        failed = error
    if session.shared is None or (cleared is not None and not _idle(session, cleared)):
        assert cleared is not None
        return session, cleared
    turned = replace(day, guess=LinkGuess(turned=not day.guess.turned))
    other = Session.open(turned, security, progress)
    other.live.deadline = deadline
    try:
        found = other.solve()
    except NoClearing:
        if cleared is None:
            assert failed is not None
            raise failed from None
        return session, cleared
    if cleared is None or found.solution.objective < cleared.solution.objective:
        return other, found
    return session, cleared


def _idle(session: Session, cleared: Cleared) -> bool:
    """Whether the links carry no more than reserve against their flow must leave."""
    sharing, rules = session.compiled.market.sharing, session.day.reserves.sharing
    assert session.shared is not None and sharing is not None
    x = cleared.solution.x
    back = x[session.compiled.column_of(sharing.arrives)] * (rules.source != sharing.source)
    left = session.shared.flow(cleared.solution) - back
    return bool((left <= rules.keep + cleared.day.rulebook.security.tolerance_mw).any())
