"""The mixed-integer program behind a decided commitment, whole, in the money of the day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from clearing.commit.program import CommitmentProgram
from clearing.commit.strict import strict_rules
from clearing.day.day import Day
from clearing.day.fleet import Fleet
from clearing.limits.loss_rows import LossRows
from clearing.limits.network import NetworkLimits
from clearing.program.program import Program
from clearing.program.rows import Keys, RowSet
from clearing.session.cleared import Cleared
from network import Contingency
from network.arrays import Flags

__all__ = ["Settled", "resettled", "settled"]

_USED_MW = 1e-6


@dataclass(frozen=True, eq=False)
class Settled:
    """The program whose optimum lies between the bound and the objective of a run.

    It is the program as it decided: every row of the grid that any schedule asked for, penalties
    above the cost of any start, and no slack at all where the decision allowed none, so that no
    start can be dodged by exceeding a limit. It is not restricted to states near the relaxation or
    near a known schedule, as single solves on the way are. Slack that the run's own dispatch uses
    is open. Merged units are counts, as in the decision.

    What the run's schedule would pay at those penalties beyond the rulebook's is taken off as a
    constant, as it is from the run's bound: so costs are in the money of the day.
    """

    program: Program
    network: NetworkLimits
    told: dict[str, Any]
    """What a run says of it, as `decided` in its manifest.

    soft_ramps: whether ramps may be exceeded. open: slack that limits of the market may use, None
    = any. beyond: money that is taken off.
    """


def settled(program: CommitmentProgram, cleared: Cleared, beyond: float) -> Settled:
    """Give the program behind a run's commitment.

    Parameters
    ----------
    program
        The program as the decision left it.
    cleared
        The dispatch of the run.
    beyond
        What the run's schedule costs at the program's penalties less its objective.
    """
    told: dict[str, Any] = {"soft_ramps": program.soft_ramps, "open": None, "beyond": beyond}
    closed = None
    if program.hard:
        n = len(program.compiled.cost)
        unused = program.unused
        names, keys = _used(cleared)
        free = np.ones(n, dtype=bool)
        free[unused[unused < n]] = False
        told["open"] = sorted(names | _slack_names(program, free))
        closed = np.zeros(len(program.live.soft), dtype=bool)
        closed[unused[unused >= n] - n] = True
        closed &= ~np.isin(program.live.soft.keys, keys)
    return _settled(program, told, closed)


def resettled(
    day: Day,
    outages: tuple[Contingency, ...],
    told: Mapping[str, Any],
    rows: RowSet,
    soft: Flags,
    losses: LossRows | None,
) -> Settled:
    """Build the program behind a run's commitment again.

    Parameters
    ----------
    told
        What the run says of it.
    rows, soft
        Its rows of the grid, and which of them may be exceeded, (N,).
    losses
        Those of the run's dispatch; None without.
    """
    free = replace(day, commitment=None)
    fleet = Fleet(free.with_rulebook(strict_rules(free)), merge=True)
    program = CommitmentProgram(fleet, outages, np.inf, None, bool(told["soft_ramps"]))
    if losses is not None:
        program.relax()
        program.learn(losses, None)
    program.know(rows)
    held: Keys = rows.keys[~soft]
    closed = None if told["open"] is None else np.isin(program.live.soft.keys, held)
    return _settled(program, dict(told), closed)


def _settled(program: CommitmentProgram, told: dict[str, Any], closed: Flags | None) -> Settled:
    base = program.live.program(integer=True)
    high = base.high
    if told["open"] is not None:
        known = set(told["open"])
        for column, name in _slack(program).items():
            if name not in known:
                high[column] = 0.0
    whole = replace(base, constant=base.constant - told["beyond"], high=high, closed=closed)
    return Settled(whole, program.network, told)


def _slack(program: CommitmentProgram) -> dict[int, str]:
    """Names of the columns of the market that exceed a limit at a penalty."""
    slack, market = set(program.slack.tolist()), program.compiled.market
    names = {
        column: str(market.variables[at].name)
        for at, column in zip(
            market.slack.tolist(), program.compiled.column_of(market.slack).tolist(), strict=True
        )
    }
    return {column: name for column, name in names.items() if column in slack}


def _slack_names(program: CommitmentProgram, free: Flags) -> set[str]:
    at = program.slack[free[program.slack]].tolist()
    if not at:
        return set()
    names = _slack(program)
    return {names[k] for k in at}


def _used(cleared: Cleared) -> tuple[set[str], Keys]:
    """Names of slack variables and keys of soft rows that a dispatch exceeds."""
    market = cleared.compiled.market
    exceeded = cleared.solution.x[cleared.compiled.column_of(market.slack)] > _USED_MW
    names = {str(market.variables[k].name) for k in market.slack[exceeded].tolist()}
    return names, cleared.soft.keys[cleared.solution.excess > _USED_MW]
