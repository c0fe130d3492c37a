"""A day's commitment over few free units: the states of all others are held.

Two such programs of the same day, as submitted and with other offers, are solved over the same
free units to the same gap, so that what differs between them is what the offers did.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from cases import NoClearing
from clearing.commit.margins import cluster_problems
from clearing.commit.program import CommitmentProgram
from clearing.commit.strict import strict_rules
from clearing.day.day import Day
from clearing.day.fleet import Fleet
from clearing.program.rows import RowSet
from network import Contingency
from network.arrays import Flags, Floats

__all__ = ["GAP", "LocalProgram", "LocalSchedule"]

GAP: Final = 1e-6
"""Relative gap within which a program counts as closed."""
_ASKED: Final = 1e-7
"""Relative gap that the solver is asked for."""
_LEANING: Final = 2e-7
"""Share of the objective that leaving the first schedule costs at most, all unit-hours together."""
_ROUNDS: Final = 20


@dataclass(frozen=True, eq=False)
class LocalSchedule:
    """States over the free units, closed to :data:`GAP`."""

    on: Flags
    """(T, U)."""
    whole: Floats | None
    """Values of an extension's variables, of which the whole ones count, (V,)."""
    x: Floats
    """All columns of the program, (n,)."""
    open_money: float
    """Money by which no schedule over these units can be cheaper, at most."""


class LocalProgram:
    """The commitment of a day, relaxed once with every unit free, solved with few of them free.

    Parameters
    ----------
    day
        The day with its offers, no commitment held.
    outages
        Contingencies that are secured.
    held
        Which units are on where they are held, (T, U): the first schedule of every solve.
    whole
        Values of an extension's variables in that schedule, (V,).
    known
        Rows of the grid that are loaded from the start.
    worth
        Cost of the first schedule, money: leaving it costs a tiny share of that.
    deadline
        Time (of `time.perf_counter`) at which solving ends.

    Raises
    ------
    NoClearing
        The relaxation has no solution, or none in time.
    """

    def __init__(
        self,
        day: Day,
        outages: tuple[Contingency, ...],
        held: Flags,
        whole: Floats | None,
        known: RowSet,
        worth: float,
        deadline: float,
    ) -> None:
        fleet = Fleet(day.with_rulebook(strict_rules(day)), merge=False)
        self.fleet, self.worth = fleet, abs(worth)
        added = day.extension is not None and bool(day.extension.whole.any())
        self.nothing = not fleet.decided.any() and not added
        """Whether there is nothing to decide: every unit is on while it is available."""
        self.relaxed_on: Floats = np.zeros((day.intervals, 0))
        """States of the relaxation, (T, C), one column for each unit that is decided."""
        if self.nothing:
            return
        self.program = CommitmentProgram(fleet, outages, deadline, None)
        self.program.know(known)
        self.program.relax()
        compiled, shape = self.program.compiled, (day.intervals, len(fleet.clusters))
        self._on, self._start, self._stop = (
            compiled.columns(name).reshape(shape) for name in ("on", "start", "stop")
        )
        self.relaxed_on = self.program.relaxed[self._on]
        self._first = self._states_of(held, whole)
        self._cost = self.program.live.cost.copy()

    def _states_of(self, held: Flags, whole: Floats | None) -> Floats:
        """The columns of a schedule, its states set and all else 0, (n,)."""
        day, compiled = self.fleet.day, self.program.compiled
        x = np.zeros(len(compiled.cost))
        on = held[:, self.fleet.first].astype(float)
        first = np.nan_to_num(self.fleet.initial, nan=-1.0)
        before = np.vstack([np.where(first < 0.0, on[0], first)[None, :], on[:-1]])
        x[self._on] = on
        x[self._start], x[self._stop] = np.maximum(on - before, 0.0), np.maximum(before - on, 0.0)
        if whole is not None and day.extension is not None and day.extension.whole.any():
            x[compiled.columns("extension_whole")] = whole[day.extension.whole]
        return x

    def close(
        self, free: Collection[str], start: LocalSchedule | None, deadline: float
    ) -> LocalSchedule | None:
        """Decide the states of the free units; None where that does not close in its time.

        Parameters
        ----------
        free
            Names of units.
        start
            A schedule to begin from; the first one where left out.
        """
        if self.nothing:
            return LocalSchedule(~self.fleet.day.out, None, np.zeros(0), 0.0)
        self._hold(free)
        self.program.deadline = self.program.live.deadline = deadline
        x = self._first if start is None else start.x
        rules = self.fleet.day.rulebook.security
        network, live = self.program.network, self.program.live
        for _ in range(_ROUNDS):
            found = self.program.solve(_ASKED, start=x)
            if found is None:
                return None
            # A program that presolve alone solves comes with no bound, but is proven.
            proven = found.finished and not np.isfinite(found.bound)
            left = _ASKED * self.worth if proven else max(0.0, found.objective - found.bound)
            if left > GAP * self.worth:
                return None
            x = found.x
            own = x[: len(self.program.compiled.cost)]
            missing = network.violated(own, network.flows(own), rules.tolerance_mw, live.soft.keys)
            if not len(missing):
                left += _LEANING * self.worth
                return LocalSchedule(self.program.on(x), self.program.whole(x), x, left)
            self.program.know(missing)
            x = x[: len(own)]
        return None

    def _hold(self, free: Collection[str]) -> None:
        """Free the states of some units and hold those of all others at the first schedule."""
        compiled, live = self.program.compiled, self.program.live
        units = self.fleet.day.units.to_numpy(dtype=object)[self.fleet.first]
        is_free = np.isin(units, list(free))
        for columns in (self._on, self._start, self._stop):
            at = self._first[columns]
            low = np.where(is_free, compiled.low[columns], at)
            high = np.where(is_free, compiled.high[columns], at)
            live.set_bounds(columns.ravel(), low.ravel(), high.ravel())
        cost = self._cost.copy()
        states = self._on[:, is_free].ravel()
        if len(states):
            each = _LEANING * self.worth / len(states)
            cost[states] += np.where(self._first[states] > 0.5, -each, each)
        live.set_costs(self._on.ravel(), cost[self._on.ravel()], live.constant)

    def lost(self, schedule: LocalSchedule, free: Collection[str]) -> dict[str, float]:
        """Money that each held unit gives up at the prices of a schedule, against its own best.

        The prices are the duals of the linear program at the schedule's states. Blind where units
        pay only when switched together; hours priced at penalties inflate it: it ranks units.
        """
        if self.nothing:
            return {}
        live, compiled = self.program.live, self.program.compiled
        states = self.program.states
        low, high = live.low[states].copy(), live.high[states].copy()
        at = np.rint(schedule.x[states])
        live.set_bounds(states, at, at)
        try:
            live.solve()
        except NoClearing:
            return {}
        finally:
            live.set_bounds(states, low, high)
        solution = live.highs.getSolution()
        reduced = np.asarray(solution.col_dual)[: len(compiled.cost)]
        dual = np.asarray(solution.row_dual)[: len(compiled.row_low)]
        units = self.fleet.day.units.to_numpy(dtype=object)[self.fleet.first]
        return {
            str(units[problem.cluster]): problem.lost(schedule.x)
            for problem in cluster_problems(self.fleet, compiled, reduced, dual)
            if units[problem.cluster] not in free
        }

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the units whose state is a decision."""
        return tuple(self.fleet.day.units.to_numpy(dtype=object)[self.fleet.first].tolist())
