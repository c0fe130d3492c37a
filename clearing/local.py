"""Clear a run's day again over few free units: as submitted and with other offers, alike.

Free at first are the units whose offers change and those whose state the change moves in the
relaxation; then held units that give up money at the new prices join, largest first, until none
wants to switch. See ``docs/impact.md`` for why, and what it cannot see.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from cases import Case, NoClearing, Proof, Run
from clearing.commit.local import GAP, LocalProgram, LocalSchedule
from clearing.day.day import Day
from clearing.day.schedule import Commitment
from clearing.day.start_costs import commitment_cost
from clearing.extended import again, decided_whole
from clearing.program.rows import RowSet
from clearing.reopened import committed_units
from clearing.session.session import Session, secure_contingencies
from network.arrays import Flags

__all__ = ["LocalPair", "LocalRerun", "Made"]

_MOVED: Final = 0.02
"""Difference of a state between two relaxations from which a unit is free."""
_LEAST_MONEY: Final = 1.0
"""Money that a held unit must give up before it is freed."""
REPLACED: Final = "its offers are replaced"
RELAXED: Final = "its state moves in the relaxation"
LOSES: Final = "it gives up {money:.2f} at the new prices"

Made = Callable[[Session, Any, Proof, bool], Run]
"""Takes a session, what it cleared, what is proven and whether to validate; gives the run."""


@dataclass(frozen=True, eq=False)
class LocalPair:
    """One comparison: the day as submitted and with other offers, over the same free units.

    Attributes
    ----------
    control, counterfactual
        The two runs. The control is the parent itself where it leaves no state of it.
    before
        The counterfactual before the last widening; None where there was none.
    freed
        Unit to the reason why it was free.
    steps
        Of each set that was tried: free, closed, wanting (held units that would switch).
    ended
        Why it ended: nobody wants to switch, everything is free, or a program did not close.
    """

    control: Run
    counterfactual: Run
    before: Run | None
    freed: dict[str, str]
    steps: tuple[dict[str, Any], ...]
    ended: str

    @property
    def wanting(self) -> int:
        """Held units that would still switch."""
        return int(self.steps[-1].get("wanting", 0)) if self.steps else 0

    def told(self) -> dict[str, Any]:
        """What the events of a run say of it."""
        return {
            "freed": dict(sorted(self.freed.items())),
            "steps": list(self.steps),
            "ended": self.ended,
            "still_wanting": self.wanting,
            "control_objective": self.control.objective,
            "counterfactual_objective": self.counterfactual.objective,
        }


class LocalRerun:
    """Pairs of clearings of one day; the program as submitted is built once.

    Parameters
    ----------
    run
        A run with commitment.
    made
        Makes a run of a cleared session.
    """

    def __init__(self, run: Run, made: Made) -> None:
        self._run, self._made = run, made
        self._held: Flags = committed_units(run)
        self._whole = decided_whole(run)
        self._security = run.settings["security"]
        self._limit = float(run.rulebook.solver.time_limit)
        self._control: LocalProgram | None = None

    def pair(self, case: Case, replaced: Iterable[str]) -> LocalPair | None:
        """Clear as submitted and with the offers of `case`; None where not even the first closes.

        Parameters
        ----------
        case
            The run's case with other offers or parameters of the units in `replaced`.
        """
        deadline = time.perf_counter() + self._limit
        units = set(case.units["unit"])
        freed = dict.fromkeys(sorted(set(replaced) & units), REPLACED)
        steps: list[dict[str, Any]] = []
        kept: list[tuple[tuple[str, ...], LocalSchedule, LocalSchedule]] = []
        try:
            control = self._submitted(deadline)
            other = self._program(again(self._run, case, None), deadline)
            freed |= _moved(control, other, freed)
            ended = _widened(control, other, freed, kept, steps, deadline)
        except NoClearing as error:
            if error.reason not in ("limit", "infeasible"):
                raise
            ended = str(error)
        if not kept:
            return None
        names, as_submitted, replaced_by = kept[-1]
        one = self._cleared(self._run.case, as_submitted, names, check=False)
        two = self._cleared(case, replaced_by, names, check=False)
        before = None
        if len(kept) > 1:
            last = kept[-2][2]
            same = np.array_equal(last.on, replaced_by.on)
            before = two if same else self._cleared(case, last, kept[-2][0], check=False)
        reasons = {name: freed[name] for name in names}
        return LocalPair(one, two, before, reasons, tuple(steps), ended)

    def over(self, case: Case, free: Iterable[str]) -> Run | None:
        """Clear with the offers of `case` over given free units; None where it does not close."""
        deadline = time.perf_counter() + self._limit
        names = tuple(sorted(set(free) & set(case.units["unit"])))
        try:
            found = self._program(again(self._run, case, None), deadline).close(
                names, None, deadline
            )
        except NoClearing as error:
            if error.reason not in ("limit", "infeasible"):
                raise
            return None
        return None if found is None else self._cleared(case, found, names, check=True)

    def _submitted(self, deadline: float) -> LocalProgram:
        if self._control is None:
            self._control = self._program(again(self._run, self._run.case, None), deadline)
        return self._control

    def _program(self, day: Day, deadline: float) -> LocalProgram:
        outages, _ = secure_contingencies(day, self._security)
        rows = self._known
        return LocalProgram(
            day, outages, self._held, self._whole, rows, self._run.objective, deadline
        )

    @property
    def _known(self) -> RowSet:
        """Rows of the grid that the run's clearing found."""
        rows: RowSet = self._run.model.cleared.soft
        return rows

    def _cleared(
        self, case: Case, schedule: LocalSchedule, free: tuple[str, ...], *, check: bool
    ) -> Run:
        """The run of a schedule; the parent itself where nothing differs from it."""
        parent = self._run
        if case is parent.case and np.array_equal(schedule.on, self._held):
            return parent
        day = again(parent, case, None)
        on = schedule.on
        day = day.committed(Commitment(on, commitment_cost(day, on), schedule.whole))
        session = None
        same_units = case.units.equals(parent.case.units)
        if np.array_equal(on, self._held) and same_units:
            session = parent.model.repriced(day)
        if session is None:
            session = Session.open(day, self._security)
            session.know(self._known)
        session.live.deadline = time.perf_counter() + self._limit
        cleared = session.solve()
        objective = cleared.solution.objective
        gap = schedule.open_money / max(abs(objective), 1e-9)
        proof = Proof("commitment_local", gap, objective - schedule.open_money, "", free)
        return self._made(session, cleared, proof, check)


def _moved(control: LocalProgram, other: LocalProgram, freed: dict[str, str]) -> dict[str, str]:
    """Units whose state differs between the two relaxations, and were not free already."""
    by_name = dict(zip(control.names, control.relaxed_on.T, strict=True))
    return {
        name: RELAXED
        for name, states in zip(other.names, other.relaxed_on.T, strict=True)
        if name not in freed
        and name in by_name
        and float(np.abs(states - by_name[name]).max(initial=0.0)) > _MOVED
    }


def _widened(
    control: LocalProgram,
    other: LocalProgram,
    freed: dict[str, str],
    kept: list[tuple[tuple[str, ...], LocalSchedule, LocalSchedule]],
    steps: list[dict[str, Any]],
    deadline: float,
) -> str:
    """Solve both programs over ever more free units; why it ended.

    What closed in both goes to `kept`, every try to `steps`, units that are freed to `freed`.
    """
    everything = set(control.names) | set(other.names)
    least = max(_LEAST_MONEY, GAP * other.worth)
    one = two = None
    while True:
        names = tuple(sorted(set(freed)))
        steps.append({"free": len(names), "closed": False})
        two_next = other.close(names, two, deadline)
        one_next = None if two_next is None else control.close(names, one, deadline)
        if one_next is None or two_next is None:
            return "a program did not close in its time"
        one, two = one_next, two_next
        kept.append((names, one, two))
        steps[-1]["closed"] = True
        lost = {name: money for name, money in other.lost(two, freed).items() if money > least}
        steps[-1]["wanting"] = len(lost)
        if everything <= set(freed):
            return "everything is free"
        if not lost:
            return "no held unit wants to switch"
        ranked = sorted(lost, key=lambda name: (-lost[name], name))
        for name in ranked[: max(1, len(freed))]:
            freed[name] = LOSES.format(money=lost[name])
