"""The mixed-integer program of a day in HiGHS: relaxed to find rows, then solved for states."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import highspy
import numpy as np

from cases import NoClearing
from clearing.commit.available import HandOver
from clearing.commit.margins import Margins, column_margins, margins
from clearing.commit.schedule import Schedule
from clearing.day.fleet import Fleet
from clearing.formulation.build_commitment import build_commitment
from clearing.limits.loss_rows import LossRows
from clearing.limits.losses import Losses
from clearing.limits.network import NetworkLimits
from clearing.program.compiled import Compiled, compile_market
from clearing.program.conflicts import conflicts
from clearing.program.live import LiveProgram, LpSolution
from clearing.program.rows import Kind, RowSet
from clearing.program.solver import Ended, quiet, run
from clearing.session.loop import Loop, Progress
from network import Contingency
from network.arrays import Flags, Floats, Positions

__all__ = ["CommitmentProgram"]

_UNUSED_MW = 1e-6
_WHOLE = 1e-6
_LINEARIZATIONS = 4
"""States of the relaxation at which losses are linearized, at most."""
_AROUND = 1
"""Intervals on either side of an undecided one that a restricted program may change too."""
_CLOSE = 0.005
"""Rise, as a share of the relaxation's objective, up to which a known schedule is a good one."""
_NODES = 30
"""Most nodes of a restricted program: it hunts for a schedule, it proves nothing."""
_FAR = 0.01
"""Rise, as a share of the relaxation's objective, up to which margins are worked out."""
_MANY_STATES = 20_000
"""States beyond which margins by cluster would cost more than they save."""
_INSIDE = 0.98
"""Share of the gap that is used, so that rounding does not end beyond it."""

_WITH_START: tuple[tuple[str, Any], ...] = (
    ("mip_heuristic_effort", 0.0),
    ("mip_pscost_minreliable", 1),
)
"""Options of a solve that begins from a good schedule: prove more, search less."""
_BY_SOLVER = -1
"""Pricing as HiGHS chooses it: devex, right for dispatch, takes half as long again here."""
_PARALLEL = 1 << 12
"""The rule of HiGHS's presolve for parallel rows and columns, which can lose a part of the cost of
a first solution (seen in 1.15 and 1.16)."""


class CommitmentProgram:
    """The commitment of a day: its relaxation with the rows found so far, and its solves."""

    def __init__(
        self,
        fleet: Fleet,
        outages: tuple[Contingency, ...],
        deadline: float,
        progress: Progress | None,
        soft_ramps: bool = False,
    ) -> None:
        begin = time.perf_counter()
        self.fleet, self.progress, self.deadline = fleet, progress, deadline
        rules = fleet.day.rulebook
        self.compiled: Compiled = compile_market(build_commitment(fleet, soft_ramps=soft_ramps))
        self.build_seconds = time.perf_counter() - begin
        self.live = LiveProgram(self.compiled, rules)
        self.live.deadline, self.live.explains = deadline, False
        self.live.highs.setOptionValue("simplex_dual_edge_weight_strategy", _BY_SOLVER)
        self.network = NetworkLimits(self.compiled, outages)
        self.loop = Loop(
            self.live,
            self.network,
            None,
            rules.security.tolerance_mw,
            rules.security.rows_per_pass,
            progress,
        )
        losses = Losses.of(fleet.day)
        balance = self.compiled.rows(self.compiled.market.model.energy_balance)
        self.losses = None if losses is None else LossRows(losses, self.live, self.network, balance)
        self.relaxed: Floats = np.zeros(len(self.compiled.cost))
        """The relaxation's solution, excess columns included."""
        self.mip_seconds = 0.0
        self.ended: Ended = "optimal"
        """How the last mixed-integer solve ended."""
        self.soft_ramps = soft_ramps
        self.distrusted = 0
        """Solves whose schedule did not cost what the solver said, so that they were repeated."""
        self.hard = True
        """Whether the last whole program that was solved held its unused limits hard."""
        self._presolve = "choose"
        self.slack = self._slack_columns()
        self._hand_over = HandOver.of(self.compiled) if losses is None else None

    def _slack_columns(self) -> Positions:
        """Columns of the market that exceed a limit at a penalty, not along a demand curve."""
        day, penalties = self.fleet.day, self.fleet.day.rulebook.penalties
        named = [n for n, f in self.compiled.market.families.items() if f.penalty is not None]
        found = np.concatenate([self.compiled.columns(name) for name in named])
        least = min(penalties.balance, penalties.reserve)
        dear: Flags = self.compiled.cost[found] >= least * day.hours - 1e-6
        return np.asarray(found[dear])

    @property
    def loses_units(self) -> bool:
        """Whether a row speaks of the outage of a unit, that every available unit picks up."""
        lost = self.network.outages.members
        return bool(np.isin(self.live.soft.contingency, lost).any())

    @property
    def relaxes(self) -> bool:
        """Whether every secured dispatch is a solution of it, so that its bounds hold for all."""
        return self.losses is None and not self.loses_units

    @property
    def unused(self) -> Positions:
        """Slack, of the market and of soft rows, that the relaxation does without."""
        n = len(self.compiled.cost)
        slack = np.concatenate([self.slack, np.arange(n, n + len(self.live.soft))])
        return np.asarray(slack[self.relaxed[slack] <= _UNUSED_MW])

    @property
    def states(self) -> Positions:
        """Columns that take whole numbers."""
        return self.compiled.column_of(np.concatenate(self.compiled.market.integers))

    def relax(self) -> float:
        """Solve the relaxation and find the rows of the grid that it breaks; its objective."""
        secured = self.loop.run()
        if self.losses is not None:
            while self.losses.iterations < _LINEARIZATIONS:
                if not self.losses.advance(secured.solution, secured.flows):
                    break
                secured = self.loop.run()
        solution = secured.solution
        self._keep(solution)
        return solution.objective

    def _keep(self, solution: LpSolution) -> None:
        self.relaxed = np.concatenate([solution.x, solution.excess])
        self.bound = solution.objective
        self._margins: Margins | None = None
        self._prices = self._at_optimum()

    def without_presolve(self) -> float:
        """Leave out presolve from here on and solve the relaxation anew; its objective."""
        self._presolve = "off"
        self.live.highs.clearSolver()
        solution = self.live.solve()
        self._keep(solution)
        return solution.objective

    def _at_optimum(self) -> tuple[Floats, Floats]:
        """Reduced costs of the compiled market's columns and duals of its rows, relaxed."""
        run(self.live.highs)
        solution = self.live.highs.getSolution()
        n, m = len(self.compiled.cost), len(self.compiled.row_low)
        return np.asarray(solution.col_dual)[:n], np.asarray(solution.row_dual)[:m]

    @property
    def many(self) -> bool:
        """Whether states are so many that margins by cluster would cost more than they save."""
        return len(self.states) > _MANY_STATES

    @property
    def margins(self) -> Margins:
        """What it costs to hold states against the relaxation."""
        if self._margins is None:
            most, (reduced, dual) = _FAR * abs(self.bound), self._prices
            compiled = self.compiled
            self._margins = (
                column_margins(self.states, compiled.low, compiled.high, reduced, self.bound, most)
                if self.many
                else margins(self.fleet, compiled, self.bound, reduced, dual, most, self.deadline)
            )
        return self._margins

    def know(self, rows: RowSet) -> None:
        """Add rows of the grid that another model has found."""
        network = rows[rows.kind != Kind.RAMP]
        new = network[~np.isin(network.keys, self.live.soft.keys)]
        if len(new):
            self.live.add(self.network.soft_rows(new))
            self.relaxed = np.concatenate([self.relaxed, np.zeros(len(new))])

    def learn(self, losses: LossRows | None, x: Floats | None) -> bool:
        """Linearize losses where another model ended; whether that speaks against x (n,)."""
        if self.losses is None or losses is None:
            return False
        return self.losses.learn(losses, x)

    def on(self, x: Floats) -> Flags:
        """Which units are on at a solution, (T, U)."""
        day = self.fleet.day
        counts = x[self.compiled.columns("on")].reshape(day.intervals, -1)
        return self.fleet.split(counts)

    def whole(self, x: Floats) -> Floats | None:
        """Values of an extension's variables where some are whole numbers, (V,)."""
        extension = self.fleet.day.extension
        if extension is None or not extension.whole.any():
            return None
        values = np.zeros(len(extension.variables))
        values[extension.whole] = np.rint(x[self.compiled.columns("extension_whole")])
        return values

    def solve(
        self,
        gap: float,
        *,
        start: Floats | None = None,
        worth: float = np.inf,
        near: float | None = None,
    ) -> Schedule | None:
        """Decide the states to a relative gap; None where `ended` says why no schedule was found.

        Limits that the relaxation keeps without a penalty are hard, so that no start is dodged by
        exceeding one; where no schedule keeps them they may be exceeded. `start` is a first
        solution, (n,), and `worth` the cost of a schedule that is known: states that no schedule
        cheaper by the gap can have are left out, and the bound says so. `near` restricts the
        program to states that cost up to this share of the relaxation's objective.
        """
        rise, restricted = np.inf, near is not None
        if near is not None:
            rise = near * abs(self.bound)
        elif np.isfinite(worth):
            rise = worth - _INSIDE * gap * abs(worth) - self.bound
        found = self._solve(gap, start, restricted, rise, hard=True)
        if restricted:
            return found
        for hard in (True, False):
            if found is not None or self._stopped:
                break
            found = self._solve(gap, start, restricted, np.inf, hard)
        return found

    @property
    def _stopped(self) -> bool:
        """Whether the last mixed-integer solve was stopped by a limit."""
        return self.ended == "limit"

    def _solve(
        self, gap: float, start: Floats | None, restricted: bool, rise: float, hard: bool
    ) -> Schedule | None:
        """Solve once, and again where the solver contradicts itself: what it says then is void."""
        for first, presolve in ((start, self._presolve), (None, self._presolve), (None, "off")):
            found = self._attempt(gap, first, restricted, rise, hard, presolve)
            if found is None or found.consistent:
                return found
            self.distrusted += 1
        self.ended = "solver_error"
        return None

    def _attempt(
        self,
        gap: float,
        start: Floats | None,
        restricted: bool,
        rise: float,
        hard: bool,
        presolve: str,
    ) -> Schedule | None:
        begin = time.perf_counter()
        left = self.deadline - begin
        if left <= 0.0:
            self.ended = "limit"
            return None
        lp: Any = self.live.highs.getLp()
        highs = quiet()
        rules = self.fleet.day.rulebook.solver
        for name, value in (
            ("presolve", presolve),
            ("presolve_rule_off", 0 if start is None else _PARALLEL),
            ("threads", rules.threads),
            ("random_seed", rules.seed),
            ("mip_rel_gap", _INSIDE * gap),
            ("mip_abs_gap", 1e-6),
            ("mip_heuristic_run_root_reduced_cost", False),
            ("mip_feasibility_tolerance", 1e-7),
            ("primal_feasibility_tolerance", rules.feasibility_tolerance),
            ("time_limit", min(left, 1e30)),
        ):
            highs.setOptionValue(name, value)
        if self.bound > 0.0:
            # A schedule this close to the relaxation needs no other proof.
            highs.setOptionValue("objective_target", self.bound / (1.0 - _INSIDE * gap))
        program = lp if self._hand_over is None else self._hand_over.program(lp)
        highs.passModel(program)
        states = self.states.astype(np.int32)
        kinds = np.full(len(states), int(highspy.HighsVarType.kInteger), dtype=np.uint8)
        highs.changeColsIntegrality(len(states), states, kinds)
        if hard:
            unused = self.unused.astype(np.int32)
            none = np.zeros(len(unused))
            highs.changeColsBounds(len(unused), unused, none, none)
        by_column = restricted and self.many
        known = np.isfinite(rise) and not by_column
        if known:
            self._hold(highs, rise, start)
        elif restricted:
            self._restrict(highs)
        if start is not None:
            highs.setSolution(len(states), states, np.rint(start[states]))
        if restricted:
            highs.setOptionValue("mip_max_nodes", _NODES)
        elif known and start is not None and rise <= _CLOSE * abs(self.bound):
            for name, value in _WITH_START:
                highs.setOptionValue(name, value)
        if self.progress is not None:
            self._report(highs, begin)
        self.ended = run(highs)
        self.mip_seconds += time.perf_counter() - begin
        found = Schedule.of(highs, program)
        if found is not None and self._hand_over is not None:
            found = replace(found, x=self._hand_over.back(found.x))
        if found is not None and not restricted:
            self.hard = hard
        if known and found is not None and not restricted:
            found = replace(found, bound=min(found.bound, self.bound + rise))
        return found

    def _hold(self, highs: highspy.Highs, rise: float, start: Floats | None) -> None:
        """Leave out levels of states that cost more than `rise`, but for those of the start."""
        columns, low, high = self.margins.limits(rise)
        if start is not None:
            given = np.rint(start[columns])
            low, high = np.minimum(low, given), np.maximum(high, given)
        highs.changeColsBounds(len(columns), columns.astype(np.int32), low, high)

    def _restrict(self, highs: highspy.Highs) -> None:
        """Fix the states that the relaxation decides, but for those beside an undecided one."""
        day = self.fleet.day
        states = self.states
        value = self.relaxed[states]
        undecided: Flags = np.asarray(np.abs(value - np.rint(value)) > _WHOLE)
        clusters = len(self.fleet.clusters)
        per_family = day.intervals * clusters
        families = len(states) // per_family if per_family else 0
        if families * per_family == len(states):
            shape = (families, day.intervals, clusters)
            shaped: Flags = np.asarray(undecided.reshape(shape).any(axis=0))
            near = shaped.copy()
            for by in range(1, _AROUND + 1):
                near[by:] |= shaped[:-by]
                near[:-by] |= shaped[by:]
            undecided = np.tile(near.ravel(), families)
        fixed = states[~undecided].astype(np.int32)
        at = np.rint(value[~undecided])
        highs.changeColsBounds(len(fixed), fixed, at, at)

    def _report(self, highs: highspy.Highs, begin: float) -> None:
        progress = self.progress

        def told(event: Any) -> None:
            data = event.data_out
            if progress is not None:
                progress(
                    {
                        "stage": "commitment",
                        "pass": 0,
                        "rows": len(self.live.soft),
                        "gap": float(data.mip_gap),
                        "seconds": time.perf_counter() - begin,
                    }
                )

        highs.cbMipLogging.subscribe(told)

    def explain(self) -> NoClearing:
        """Say which limits stand in each other's way, as far as the time that is left tells."""
        message = "no clearing: no schedule keeps the limits of the units"
        found = conflicts(self.compiled, self.live.deadline)
        if not found and time.perf_counter() >= self.live.deadline:
            message += "; the time limit ended before those in conflict were found"
        return NoClearing(message, found, reason="infeasible")
