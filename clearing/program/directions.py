"""Devices of two directions, links and storage, of which one at a time may act.

A dispatch is a linear program, whose duals are prices. Where it would go both ways at once, to
earn by losing energy at negative prices, a mixed-integer program over the same rows says which way
each such device goes; the linear program is held to that and stays one. Only what has gone both
ways in some pass has a whole number there: once the linear program circles nowhere, its cost is
that of the mixed-integer one, which relaxes the problem with whole numbers for all.
"""

from __future__ import annotations

import time

import highspy
import numpy as np
from scipy.sparse import csr_array

from clearing.program.live import LiveProgram, LpSolution
from clearing.program.solver import quiet, run
from network.arrays import Flags, Floats, Positions

__all__ = ["Directions"]

_AT_ONCE_MW = 1e-6
_GAP = 1e-7
_WHOLE = 1e-6
_FEASIBLE = int(highspy.SolutionStatus.kSolutionStatusFeasible)


class Directions:
    """Pairs of opposed columns of a live model, and which of them are held at 0."""

    def __init__(self, live: LiveProgram) -> None:
        pairs = live.compiled.market.opposed
        none = [np.zeros(0, dtype=np.intp)]
        self._live = live
        self._first: Positions = live.compiled.column_of(
            np.concatenate(none + [p.first for p in pairs])
        )
        self._second: Positions = live.compiled.column_of(
            np.concatenate(none + [p.second for p in pairs])
        )
        self._names = [(p.kind, name) for p in pairs for name in p.names]
        self._asked: Positions = none[0]
        """Pairs that have gone both ways in some pass."""
        self._held: Positions = none[0]

    def release(self) -> None:
        """Let all directions act again: other prices may ask for other ones."""
        compiled, held = self._live.compiled, self._held
        if len(held):
            self._live.set_bounds(held, compiled.low[held], compiled.high[held])
            self._held = held[:0]
        self._asked = self._asked[:0]

    def hold(self, solution: LpSolution) -> list[tuple[str, str]]:
        """Hold what goes both ways at once to one way; give kind and name of each such device."""
        least = np.minimum(solution.x[self._first], solution.x[self._second])
        both = np.flatnonzero(least > _AT_ONCE_MW)
        if not len(both):
            return []
        asked = np.union1d(self._asked, both).astype(np.intp)
        self.release()
        self._asked = asked
        first, second = self._first[asked], self._second[asked]
        self._held = np.where(self._ahead(solution, first, second), second, first)
        zeros = np.zeros(len(asked))
        self._live.set_bounds(self._held, zeros, zeros)
        return sorted({self._names[k] for k in both.tolist()})

    def _ahead(self, solution: LpSolution, first: Positions, second: Positions) -> Flags:
        """Whether pairs of columns go the first way in the best schedule over the rows of now.

        Where no schedule is found within the time limit, the way that a pair goes more.
        """
        live, count = self._live, len(first)
        lp = live.highs.getLp()
        columns = lp.num_col_
        highs = quiet()
        for name in ("threads", "random_seed", "primal_feasibility_tolerance"):
            highs.setOptionValue(name, live.highs.getOptionValue(name)[1])
        left = max(live.deadline - time.perf_counter(), 0.0)
        for name, value in (
            ("mip_rel_gap", _GAP),
            ("mip_feasibility_tolerance", _WHOLE),
            ("mip_heuristic_effort", 0.0),
            ("mip_detect_symmetry", False),
            ("time_limit", left),
        ):
            highs.setOptionValue(name, value)
        highs.passModel(lp)
        high = live.compiled.high[np.concatenate([first, second])]
        way = columns + np.arange(count)
        highs.addVars(count, np.zeros(count), np.ones(count))
        highs.changeColsIntegrality(
            count,
            way.astype(np.int32),
            np.full(count, int(highspy.HighsVarType.kInteger), np.uint8),
        )
        # first - high * way <= 0 and second + high * way <= high
        most, least = high[:count], high[count:]
        _add_pairs(highs, first, way, -most, np.zeros(count))
        _add_pairs(highs, second, way, least, least)
        run(highs)
        found = (
            highs.getInfo().primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        )
        x: Floats = np.asarray(highs.getSolution().col_value, dtype=float)
        if not found or len(x) < columns + count:
            return np.asarray(solution.x[first] >= solution.x[second])
        return np.asarray(x[way] > 0.5)


def _add_pairs(
    highs: highspy.Highs, column: Positions, way: Positions, factor: Floats, most: Floats
) -> None:
    """Add the rows column[k] + factor[k] * way[k] <= most[k]."""
    count = len(column)
    row = np.repeat(np.arange(count), 2)
    entries = np.column_stack([np.ones(count), factor]).ravel()
    matrix = csr_array((entries, (row, np.column_stack([column, way]).ravel())))
    highs.addRows(
        count,
        np.full(count, -np.inf),
        most,
        matrix.nnz,
        matrix.indptr[:-1].astype(np.int32),
        matrix.indices.astype(np.int32),
        np.asarray(matrix.data, dtype=float),
    )
