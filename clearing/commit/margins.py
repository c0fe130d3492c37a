"""What it costs at least to hold a state against the relaxation, one cluster at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from scipy.sparse import csc_array, csr_array

from clearing.day.fleet import Fleet
from clearing.program.compiled import Compiled
from clearing.program.solver import quiet, run
from network.arrays import Flags, Floats, Positions

__all__ = [
    "ClusterProblem",
    "Margins",
    "cluster_problems",
    "column_margins",
    "margins",
]

_WHOLE = 1e-6


@dataclass(frozen=True, eq=False)
class Margins:
    """Lagrangian bounds: what a schedule costs at least in which one state has one level.

    Dualize every row that is not a cluster's own with its dual in the relaxation. What is left
    falls apart by cluster and its least cost is the relaxation's, so for every schedule in which
    state k is at level v

        cost >= bound + least cost of k's cluster with state k at v - least cost of k's cluster

    and no schedule below a given cost has a state at a level that rises above it: reduced-cost
    fixing (Nemhauser and Wolsey, "Integer and Combinatorial Optimization", 1988) with the whole
    problem of a unit in place of one column. More rows can only raise the costs it speaks of.
    With one column alone (`column_margins`) it is reduced-cost fixing itself.
    """

    bound: float
    """Objective of the relaxation."""
    column: Positions
    """Columns of states, (K,)."""
    level: Floats
    """A level of each, (K,)."""
    rise: Floats
    """What it adds to the bound at least, (K,); inf where that is more than `most`."""
    most: float

    def limits(self, rise: float) -> tuple[Positions, Floats, Floats]:
        """Columns, and the least and largest level of each in schedules that cost so much more.

        All of what costs up to `rise` more than the bound is inside; empty beyond what is known.
        """
        near = self.rise <= rise if rise <= self.most else np.zeros(len(self.rise), dtype=bool)
        columns, at = np.unique(self.column[near], return_inverse=True)
        low, high = np.full(len(columns), np.inf), np.full(len(columns), -np.inf)
        np.minimum.at(low, at.reshape(-1), self.level[near])
        np.maximum.at(high, at.reshape(-1), self.level[near])
        return columns, low, high


def margins(
    fleet: Fleet,
    compiled: Compiled,
    bound: float,
    reduced: Floats,
    dual: Floats,
    most: float,
    deadline: float = np.inf,
) -> Margins:
    """Solve the clusters' problems with each of their states held at each of its levels.

    Parameters
    ----------
    bound, reduced, dual
        Objective of the relaxation, reduced costs of the compiled market's columns, (n,), and
        duals of its rows, (m,).
    most
        Rises above this count as infinite.
    deadline
        Time (of `time.perf_counter`) from which on clusters are left out: nothing is said of them.
    """
    found = []
    for cluster in cluster_problems(fleet, compiled, reduced, dual):
        if time.perf_counter() >= deadline:
            break
        found.append(cluster.rises(most))
    blank = [(np.zeros(0, dtype=np.intp), np.zeros(0), np.zeros(0))]
    column, level, rise = (np.concatenate(parts) for parts in zip(*(found or blank), strict=True))
    return Margins(bound, column, level, rise, most)


def cluster_problems(
    fleet: Fleet, compiled: Compiled, reduced: Floats, dual: Floats
) -> Iterator[ClusterProblem]:
    """Give the problem of each cluster at the duals of the rows that it shares with others.

    Parameters
    ----------
    reduced, dual
        Reduced costs of the compiled market's columns, (n,), and duals of its rows, (m,), at an
        optimum of its program.
    """
    owner = _owners(fleet, compiled)
    matrix: Any = csr_array(compiled.matrix)
    own = _own_rows(matrix, owner)
    # Reduced costs without the cluster's own rows: those rows are in its problem.
    kept = np.where(own >= 0, dual, 0.0)
    cost = reduced + matrix.T @ kept
    states = compiled.column_of(np.concatenate(compiled.market.integers))
    columns_of, rows_of = _grouped(owner), _grouped(own)
    for cluster in range(len(fleet.clusters)):
        columns, rows = columns_of.get(cluster), rows_of.get(cluster)
        if columns is None or rows is None:
            continue
        part = csc_array(matrix[rows][:, columns])
        whole = np.flatnonzero(np.isin(columns, states))
        yield ClusterProblem(cluster, compiled, columns, rows, part, cost[columns], whole)


def column_margins(
    states: Positions, low: Floats, high: Floats, reduced: Floats, bound: float, most: float
) -> Margins:
    """Margins by the reduced costs of the states alone: weaker, and there already.

    A state that stands at a limit in the relaxation adds its reduced cost with every level away
    from it. Parameters are as in `margins`; `low` and `high` are limits of the columns, (n,).
    """
    least = low[states]
    count = np.rint(high[states] - least).astype(np.intp) + 1
    column, cost = np.repeat(states, count), np.repeat(reduced[states], count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    level = np.repeat(least, count) + step
    away = np.where(cost > 0.0, step, step - np.repeat(count - 1, count))
    rise = np.maximum(cost * away, 0.0)
    return Margins(bound, column, level, rise, most)


class ClusterProblem:
    """The linear program of one cluster at the duals of what it shares with others."""

    def __init__(
        self,
        cluster: int,
        compiled: Compiled,
        columns: Positions,
        rows: Positions,
        part: csc_array,
        cost: Floats,
        states: Positions,
    ) -> None:
        self.cluster, self.columns, self.states = cluster, columns, states
        self.low, self.high = compiled.low[columns], compiled.high[columns]
        lp: Any = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(columns), len(rows)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, self.low, self.high
        lp.row_lower_, lp.row_upper_ = compiled.row_low[rows], compiled.row_high[rows]
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = part.indptr, part.indices
        lp.a_matrix_.value_ = part.data
        self.highs = quiet()
        for name, value in (("presolve", "off"), ("solver", "simplex")):
            self.highs.setOptionValue(name, value)
        self.highs.passModel(lp)

    def lost(self, x: Floats) -> float:
        """What the states of a solution, (n,), cost more than the best of the cluster's own."""
        least = self._least()
        at = self.columns[self.states]
        held = np.rint(x[at])
        columns = self.states.astype(np.int32)
        self.highs.changeColsBounds(len(columns), columns, held, held)
        with_held = self._least()
        low, high = self.low[self.states], self.high[self.states]
        self.highs.changeColsBounds(len(columns), columns, low, high)
        return with_held - least if np.isfinite(least) and np.isfinite(with_held) else np.inf

    def rises(self, most: float) -> tuple[Positions, Floats, Floats]:
        """Columns, levels and how far the least cost rises where a state is held at a level."""
        states = self.states
        least = self._least()
        x = np.asarray(self.highs.getSolution().col_value)
        if np.isfinite(least):
            self.highs.setOptionValue("objective_bound", least + most)
        column, level, rise = [], [], []
        for k in states.tolist():
            value, low, high = x[k], self.low[k], self.high[k]
            down = np.arange(np.floor(value + _WHOLE), low - 0.5, -1.0)
            up = np.arange(np.floor(value + _WHOLE) + 1.0, high + 0.5)
            for levels in (down, up):
                for at in levels.tolist():
                    more = 0.0
                    if high > low and abs(value - at) > _WHOLE and np.isfinite(least):
                        self.highs.changeColBounds(k, at, at)
                        more = self._least() - least
                        self.highs.changeColBounds(k, low, high)
                    column.append(self.columns[k])
                    level.append(at)
                    rise.append(more)
                    if more > most:
                        break  # it rises further with every level: the least cost is convex
        return np.array(column, dtype=np.intp), np.array(level), np.array(rise)

    def _least(self) -> float:
        if run(self.highs) == "optimal":
            return float(self.highs.getInfo().objective_function_value)
        return np.inf


def _owners(fleet: Fleet, compiled: Compiled) -> Positions:
    """Cluster that each column belongs to, (n,); -1 where it is nobody's own."""
    units = fleet.day.units
    cluster = {units[u]: c for c, members in enumerate(fleet.clusters) for u in members.tolist()}
    owner = np.full(len(compiled.cost), -1, dtype=np.intp)
    for name, family in compiled.market.families.items():
        if family.of_unit and len(family):
            owner[compiled.columns(name)] = [
                cluster.get(member.index()[0], -1) for member in family.members
            ]
    return owner


def _own_rows(matrix: Any, owner: Positions) -> Positions:
    """Cluster to which all columns of a row belong, (m,); -1 for the rows that clusters share."""
    of = owner[matrix.indices]
    used: Flags = np.diff(matrix.indptr) > 0
    begin = matrix.indptr[:-1][used]
    own = np.full(matrix.shape[0], -1, dtype=np.intp)
    least, most = np.minimum.reduceat(of, begin), np.maximum.reduceat(of, begin)
    own[used] = np.where(least == most, least, -1)
    return own


def _grouped(of: Positions) -> dict[int, Positions]:
    """Positions by the group that they belong to, without those of group -1."""
    order = np.argsort(of, kind="stable")
    groups, begin = np.unique(of[order], return_index=True)
    parts = np.split(order, begin[1:])
    return {g: part for g, part in zip(groups.tolist(), parts, strict=True) if g >= 0}
