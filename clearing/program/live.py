"""A program in the live solver: one HiGHS instance that keeps its basis while things change."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import highspy
import numpy as np
from scipy.sparse import csr_array, eye_array, hstack

from cases import RuleBook
from clearing.program.compiled import Compiled
from clearing.program.program import Program, Tangents
from clearing.program.rows import RowSet, SoftRows
from clearing.program.solver import quiet, run, within
from clearing.program.unsolved import unsolved
from network.arrays import Flags, Floats, Positions

__all__ = ["LiveProgram", "LpSolution"]

_DEVEX = 1
_DUAL, _PRIMAL = 1, 4
_SPARED_MW = 1e-6
_BASIC = int(highspy.HighsBasisStatus.kBasic)


@dataclass(frozen=True, eq=False)
class LpSolution:
    """An optimal solution of the linear program that is loaded."""

    objective: float
    x: Floats
    """Columns of the compiled market, (n,)."""
    excess: Floats
    """MW beyond each soft row's limit, (N,)."""
    row_dual: Floats
    """Duals of the compiled market's rows, money per MW over the interval, (m,)."""
    soft_dual: Floats
    """Worth of one more MW of each soft row's limit over the interval, >= 0, (N,)."""
    cut_dual: Floats
    """Duals of the loss tangents, money per MW over the interval, (C,)."""


class LiveProgram:
    """A program in HiGHS; whatever changes it goes through here, and HiGHS gets the difference.

    Behind the market's m rows stand C loss tangents (`clearing.limits.loss_rows`), none without
    losses. Soft row k is row ``m + C + k`` and its excess column ``n + k`` of the solver, always.
    """

    def __init__(self, compiled: Compiled, rulebook: RuleBook) -> None:
        self._hold(Program.of(compiled), rulebook)

    @classmethod
    def holding(cls, program: Program, rulebook: RuleBook) -> LiveProgram:
        """Load a program as it is, its rows and what is held included."""
        live = cls.__new__(cls)
        live._hold(program, rulebook)
        return live

    def _hold(self, program: Program, rulebook: RuleBook) -> None:
        self.compiled = program.compiled
        self.rulebook = rulebook
        self.tangents = program.tangents
        self._loaded = program.soft
        self.charged = SoftRows.none(len(program.cost))
        """Rows that are charged in the objective, only while a loop is at work."""
        self.cost = program.cost.copy()
        """Cost of the compiled market's columns as they are now, (n,)."""
        self.constant = program.constant
        self.low, self.high = program.low.copy(), program.high.copy()
        """Bounds of the compiled market's columns as they are now, (n,)."""
        self.highs = quiet()
        self.seconds = 0.0
        """Time spent inside HiGHS."""
        self.iterations = 0
        self.deadline = np.inf
        """Time (of `time.perf_counter`) after which solving ends without a clearing."""
        self.explains = True
        """Whether limits in conflict are looked for where there is no solution."""
        self._options(rulebook)
        self._load(program)

    def program(self, *, integer: bool = False, solution: LpSolution | None = None) -> Program:
        """Give the program as it is now, which later changes here do not touch.

        `integer` says that families of whole numbers are meant to be whole, though the live solver
        relaxes them. Not while a loop is at work.
        """
        assert not len(self.charged)
        return Program(
            self.compiled,
            self.cost.copy(),
            self.constant,
            self.low.copy(),
            self.high.copy(),
            self._loaded,
            self.tangents,
            integer,
            x=None if solution is None else np.concatenate([solution.x, solution.excess]),
        )

    def _options(self, rulebook: RuleBook) -> None:
        solver = rulebook.solver
        for name, value in (
            ("threads", solver.threads),
            ("random_seed", solver.seed),
            ("primal_feasibility_tolerance", solver.feasibility_tolerance),
            ("dual_feasibility_tolerance", solver.feasibility_tolerance),
            ("solver", "simplex"),
            # The first program is a merit order: presolve would take longer than solving it.
            ("presolve", "off"),
            # Devex pricing: rows added warm spoil steepest-edge weights, which are dear to remake.
            ("simplex_dual_edge_weight_strategy", _DEVEX),
        ):
            self.highs.setOptionValue(name, value)

    def _load(self, program: Program) -> None:
        h, count = self.highs, len(program.cost) + len(program.soft)
        none = np.zeros(len(program.soft))
        h.addVars(
            count,
            np.concatenate([program.low, none]),
            np.concatenate([program.high, program.most_excess]),
        )
        cost = np.concatenate([program.cost, program.soft.penalty])
        h.changeColsCost(count, np.arange(count, dtype=np.int32), cost)
        h.changeObjectiveOffset(program.constant)
        _add_rows(h, *program.row_bounds, program.matrix)

    @property
    def soft(self) -> RowSet:
        """Names of the soft rows that are loaded, (N,)."""
        return self._loaded.rows

    @property
    def coefficients(self) -> csr_array:
        """Coefficients of the soft rows that are loaded, (N, n)."""
        return self._loaded.coefficients

    @property
    def loaded(self) -> SoftRows:
        """Soft rows that are loaded, (N,)."""
        return self._loaded

    @property
    def hard(self) -> int:
        """Rows of the solver before the soft ones: the market's and the loss tangents."""
        return len(self.compiled.row_low) + len(self.tangents)

    @property
    def cut_place(self) -> Positions:
        """Interval and island, t * I + i, of each loss tangent, (C,)."""
        return self.tangents.place

    def relinearize(self, tangents: Tangents, kept: Positions, soft: SoftRows) -> None:
        """Load other loss tangents and other coefficients of the soft rows; the basis is kept.

        Parameters
        ----------
        tangents
            The tangents; the balances that they stand for are no longer limits.
        kept
            Which tangent each one was before, (C,); -1 for a new one.
        soft
            The soft rows that are loaded, with other coefficients and limits.
        """
        m, old = len(self.compiled.row_low), self.hard
        basis = self.highs.getBasis()
        balance, place = tangents.balance, tangents.place
        before_place = self.cut_place
        if not basis.valid:
            self.tangents, self._loaded = tangents, soft
            self._reload()
            return
        row, before = list(basis.row_status), list(basis.row_status)
        # A new tangent takes the state of a row at its limit that leaves from the same place.
        if len(before_place):
            lost = np.array([int(s) != _BASIC for s in before[m:old]], dtype=bool)
            lost[kept[kept >= 0]] = False
            leaving = np.bincount(before_place[lost], minlength=len(balance))
        else:
            leaving = np.array([int(before[k]) != _BASIC for k in balance.tolist()], dtype=np.intp)
        for k in balance.tolist():
            row[k] = highspy.HighsBasisStatus.kBasic
        status = []
        for k, at in zip(kept.tolist(), place.tolist(), strict=True):
            if k >= 0:
                status.append(before[m + k])
                continue
            status.append(
                highspy.HighsBasisStatus.kLower
                if leaving[at] > 0
                else highspy.HighsBasisStatus.kBasic
            )
            leaving[at] -= 1
        self.tangents, self._loaded = tangents, soft
        self._reload()
        basis.row_status = row[:m] + status + before[old:]
        states = [int(s) for s in (*basis.col_status, *basis.row_status)]
        if states.count(_BASIC) == len(basis.row_status):
            self.highs.setBasis(basis)

    def _reload(self) -> None:
        """Pass the program to the solver again, with costs and bounds of columns as they are."""
        now = replace(Program.of(self.compiled), soft=self._loaded, tangents=self.tangents)
        matrix = now.matrix
        program = self.highs.getLp()
        program.num_row_ = matrix.shape[0]
        program.row_lower_, program.row_upper_ = now.row_bounds
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.num_row_, program.a_matrix_.num_col_ = matrix.shape
        program.a_matrix_.start_ = matrix.indptr.astype(np.int32)
        program.a_matrix_.index_ = matrix.indices.astype(np.int32)
        program.a_matrix_.value_ = np.asarray(matrix.data, dtype=float)
        self.highs.passModel(program)

    def add(self, new: SoftRows) -> None:
        """Append soft rows with their excess columns in one step; the basis stays valid."""
        count = len(new)
        if not count:
            return
        self.highs.addCols(
            count,
            new.penalty,
            np.zeros(count),
            np.full(count, np.inf),
            0,
            np.zeros(count, dtype=np.int32),
            np.zeros(0, dtype=np.int32),
            np.zeros(0),
        )
        blank = csr_array((count, len(self._loaded)))
        matrix = csr_array(hstack([new.coefficients, blank, -eye_array(count)], format="csr"))
        _add_rows(self.highs, np.full(count, -np.inf), new.limit, matrix)
        self._loaded = self._loaded.with_rows(new)

    def drop(self, rows: Positions) -> None:
        """Take soft rows out again; those that do not bind change nothing by it."""
        if not len(rows):
            return
        n, m = len(self.compiled.cost), self.hard
        self.highs.deleteRows(len(rows), np.asarray(m + rows, dtype=np.int32))
        self.highs.deleteCols(len(rows), np.asarray(n + rows, dtype=np.int32))
        self._loaded = self._loaded[self._others(rows)]

    def charge(self, rows: Positions) -> None:
        """Take out soft rows that are exceeded and charge their excess in the objective instead.

        ``penalty * (coefficients @ x - limit)`` is what the row costs as long as it is exceeded,
        so an optimum at which it still is one of the whole problem (else see `spared`). Duals and
        basis of all other rows stay as they are, and the program is smaller by a dense row.
        """
        if not len(rows):
            return
        n, m = len(self.compiled.cost), self.hard
        basis = self.highs.getBasis()
        kept = self._others(rows)
        column, row = list(basis.col_status), list(basis.row_status)
        basis.col_status = column[:n] + [column[n + k] for k in kept.tolist()]
        basis.row_status = row[:m] + [row[m + k] for k in kept.tolist()]
        charged = self._loaded[rows]
        self.drop(rows)
        self._shift_costs(charged, 1.0)
        self.charged = self.charged.with_rows(charged)
        self.highs.setBasis(basis)

    def spared(self, x: Floats) -> Positions:
        """Charged rows that a solution no longer exceeds: they must be loaded again."""
        over = self.charged.coefficients @ x - self.charged.limit
        return np.flatnonzero(over < -_SPARED_MW)

    def load(self, rows: Positions) -> None:
        """Load charged rows again, with their excess basic: duals stay feasible."""
        if not len(rows):
            return
        back, there = self.charged[rows], len(self._loaded)
        kept = np.ones(len(self.charged), dtype=bool)
        kept[rows] = False
        self.charged = self.charged[kept]
        self._shift_costs(back, -1.0)
        self.add(back)
        basis = self.highs.getBasis()
        column, row = list(basis.col_status), list(basis.row_status)
        n, m = len(self.compiled.cost) + there, self.hard + there
        column[n:] = [highspy.HighsBasisStatus.kBasic] * len(back)
        row[m:] = [highspy.HighsBasisStatus.kUpper] * len(back)
        basis.col_status, basis.row_status = column, row
        self.highs.setBasis(basis)

    def _shift_costs(self, rows: SoftRows, sign: float) -> None:
        cost = sign * np.asarray(rows.penalty @ rows.coefficients)
        columns = np.flatnonzero(cost)
        constant = self.constant - sign * float(rows.penalty @ rows.limit)
        self.set_costs(columns, self.cost[columns] + cost[columns], constant)

    def _others(self, rows: Positions) -> Positions:
        kept = np.ones(len(self._loaded), dtype=bool)
        kept[rows] = False
        return np.flatnonzero(kept)

    def set_costs(self, columns: Positions, cost: Floats, constant: float) -> None:
        """Change the cost of columns (money per MW over the interval) and the fixed cost."""
        self.cost[columns] = cost
        self.constant = constant
        self.highs.changeColsCost(len(columns), np.asarray(columns, dtype=np.int32), cost)
        self.highs.changeObjectiveOffset(constant)

    @property
    def penalty(self) -> Floats:
        """Money per MW over the interval of each soft row's excess, (N,); 0 = the row is free."""
        return self._loaded.penalty

    def set_penalty(self, rows: Positions, penalty: Floats) -> None:
        """Change what exceeding soft rows costs; 0 frees them."""
        each = self._loaded.penalty.copy()
        each[rows] = penalty
        self._loaded = replace(self._loaded, penalty=each)
        columns = np.asarray(len(self.compiled.cost) + rows, dtype=np.int32)
        self.highs.changeColsCost(len(columns), columns, each[rows])

    def set_bounds(self, columns: Positions, low: Floats, high: Floats) -> None:
        """Change the bounds of columns."""
        self.low[columns], self.high[columns] = low, high
        self.highs.changeColsBounds(len(columns), np.asarray(columns, dtype=np.int32), low, high)

    def set_row_limits(self, rows: Positions, low: Floats, high: Floats) -> None:
        """Change the limits of rows of the compiled market."""
        for row, least, most in zip(rows.tolist(), low.tolist(), high.tolist(), strict=True):
            self.highs.changeRowBounds(row, least, most)

    def solve(self) -> LpSolution:
        """Solve from the present basis; NoClearing when there is no optimum."""
        self._run()
        # Thousands of dense rows can defeat a warm dual simplex: go on from its basis with the
        # primal, and as a last resort start afresh.
        if not self._optimal:
            self.highs.setOptionValue("simplex_strategy", _PRIMAL)
            self._run()
            self.highs.setOptionValue("simplex_strategy", _DUAL)
        if not self._optimal:
            self.highs.clearSolver()
            self._run()
        if not self._optimal:
            raise unsolved(self.compiled, self.highs, self.deadline if self.explains else -np.inf)
        info = self.highs.getInfo()
        self.iterations += max(0, int(info.simplex_iteration_count))
        solution: Any = self.highs.getSolution()
        n, m = len(self.compiled.cost), len(self.compiled.row_low)
        value = np.asarray(solution.col_value, dtype=float)
        dual = np.asarray(solution.row_dual, dtype=float)
        return LpSolution(
            float(info.objective_function_value),
            value[:n],
            value[n:],
            dual[:m],
            np.maximum(-dual[self.hard :], 0.0),
            dual[m : self.hard],
        )

    @property
    def _optimal(self) -> bool:
        return bool(self.highs.getModelStatus() == highspy.HighsModelStatus.kOptimal)

    def _run(self) -> None:
        begin = time.perf_counter()
        within(self.highs, self.deadline, "every limit was kept")
        run(self.highs)
        self.seconds += time.perf_counter() - begin

    def inactive(self) -> Flags:
        """Which soft rows do not hold anything back in the present basis, (N,)."""
        m = self.hard
        status = np.array([int(s) for s in self.highs.getBasis().row_status[m:]], dtype=np.intp)
        idle: Flags = status == _BASIC
        return idle


def _add_rows(highs: highspy.Highs, low: Floats, high: Floats, matrix: csr_array) -> None:
    highs.addRows(
        len(low),
        low,
        high,
        matrix.nnz,
        matrix.indptr[:-1].astype(np.int32),
        matrix.indices.astype(np.int32),
        np.asarray(matrix.data, dtype=float),
    )
