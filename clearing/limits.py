"""Limits of the grid as soft rows: which ones a schedule breaks, and their coefficients.

A limit's flow is ``sensitivity @ injections + what the phase shifts cause``. Its row over the
columns x of the market is, for the upper limit,

    (sensitivity @ injection matrix of the interval) @ x - excess <= limit - fixed flow

and mirrored for the lower one. Sensitivities are PTDF rows against the reference bus of each
island (the energy balance makes the choice immaterial), one back-substitution for each branch that
is ever asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from cases import Failure, InputError
from clearing.compiled import Compiled
from clearing.rows import Keys, Kind, RowSet, SoftRows
from network import Contingency, ContingencyScreen, Interface, interface_weights
from network.arrays import Floats, Positions

__all__ = ["NetworkLimits"]

_WORST = 2
"""Contingencies that enter per branch and interval in one pass, the worst ones."""
_TINY = 1e-9


class NetworkLimits:
    """Branch, interface and post-contingency limits of a compiled market."""

    def __init__(self, compiled: Compiled, contingencies: Sequence[Contingency]) -> None:
        self.day = compiled.market.day
        self.grid = self.day.grid
        self.contingencies = tuple(contingencies)
        self._compiled = compiled
        self._injection = compiled.injection
        self._rows: dict[int, int] = {}
        self._ptdf = np.zeros((0, len(self.grid.buses)))

    @cached_property
    def interfaces(self) -> tuple[Interface, ...]:
        """Interfaces in the order of their first rows."""
        return tuple(self.grid.interfaces.values())

    @cached_property
    def _weights(self) -> csr_array:
        return interface_weights(self.interfaces, len(self.grid.branches))

    @cached_property
    def _interface_limits(self) -> tuple[Floats, Floats]:
        low = np.array([i.min_mw for i in self.interfaces], dtype=float)
        return low, np.array([i.max_mw for i in self.interfaces], dtype=float)

    @cached_property
    def screen(self) -> ContingencyScreen:
        """The screen of post-contingency flows, prepared when first used."""
        return ContingencyScreen(self.grid, self.contingencies)

    @cached_property
    def fixed_flows(self) -> Floats:
        """Flows that constants and phase shifts cause, (L, T)."""
        return self.grid.flows(np.ascontiguousarray(self._compiled.fixed_injection.T))

    def flows(self, x: Floats) -> Floats:
        """Base-case flows, (L, T), at a solution (n,)."""
        return self.grid.flows(np.ascontiguousarray(self._compiled.injections(x).T))

    def violated(self, flows: Floats, tolerance: float, known: Keys) -> RowSet:
        """Limits that `flows` (L, T) break by more than `tolerance` MW, but for `known` keys."""
        base = self.met(flows, tolerance, known)
        if not self.contingencies:
            return base
        return RowSet.joined([base, self._after_outages(flows, tolerance, known)])

    def met(self, flows: Floats, tolerance: float, known: Keys) -> RowSet:
        """Base-case limits that `flows` (L, T) pass by more than `tolerance` MW, < 0 allowed."""
        low, high = self.day.flow_limits
        parts = [_beyond(Kind.BRANCH, flows, low, high, tolerance)]
        if self.interfaces:
            over = np.asarray(self._weights @ flows)
            parts.append(_beyond(Kind.INTERFACE, over, *self._interface_limits, tolerance))
        return RowSet.joined([rows[~np.isin(rows.keys, known)] for rows in parts])

    def _after_outages(self, flows: Floats, tolerance: float, known: Keys) -> RowSet:
        worst = _WORST
        while True:
            found = self.screen.violations(flows, tolerance, worst)
            rows = RowSet.of(
                Kind.CONTINGENCY,
                found.line,
                found.interval,
                found.direction,
                found.excess,
                found.contingency,
            )
            new = rows[~np.isin(rows.keys, known)]
            # Rows that are exceeded at a penalty stay violated: look behind them.
            if len(found) == found.found or _behind(rows, new, worst):
                return _worst_per_place(new, _WORST)
            worst *= 4

    def sensitivities(self, rows: RowSet) -> tuple[Floats, Positions]:
        """MW on limits per MW injected: (K, B) distinct ones, and which one each row has, (N,)."""
        kind, element, contingency = rows.kind, rows.element, rows.contingency
        names = np.stack([kind, element, contingency])
        distinct, which = np.unique(names, axis=1, return_inverse=True)
        result = np.empty((distinct.shape[1], len(self.grid.buses)))
        base = distinct[0] == Kind.BRANCH
        result[base] = self._branch_rows(distinct[1, base])
        for k in np.flatnonzero(distinct[0] == Kind.INTERFACE).tolist():
            interface = self.interfaces[distinct[1, k]]
            result[k] = interface.weights @ self._branch_rows(interface.branches)
        after = np.flatnonzero(distinct[0] == Kind.CONTINGENCY)
        if len(after):
            line, outage = distinct[1, after], distinct[2, after]
            result[after] = self._branch_rows(line)
            factors, out = self._outage_factors(line, outage)
            for j in range(factors.shape[1]):
                with_branch = out[:, j] >= 0
                own = self._branch_rows(out[with_branch, j])
                result[after[with_branch]] += factors[with_branch, j, None] * own
        return result, which.reshape(-1)

    def fixed_flow(self, rows: RowSet) -> Floats:
        """Flow on each row's limit, (N,), that constants and phase shifts cause."""
        return self.flow_on(rows, self.fixed_flows)

    def flow_on(self, rows: RowSet, flows: Floats) -> Floats:
        """Flow on each row's limit, (N,), given base-case flows (L, T)."""
        kind, element, when = rows.kind, rows.element, rows.interval
        result = np.empty(len(rows))
        branch = (kind == Kind.BRANCH) | (kind == Kind.CONTINGENCY)
        result[branch] = flows[element[branch], when[branch]]
        at = kind == Kind.INTERFACE
        if at.any():
            over = np.asarray(self._weights @ flows)
            result[at] = over[element[at], when[at]]
        after = np.flatnonzero(kind == Kind.CONTINGENCY)
        if len(after):
            pairs = np.stack([element[after], rows.contingency[after]])
            distinct, which = np.unique(pairs, axis=1, return_inverse=True)
            factors, out = self._outage_factors(distinct[0], distinct[1])
            which = which.reshape(-1)
            for j in range(factors.shape[1]):
                moved = flows[np.maximum(out[which, j], 0), when[after]]
                result[after] += factors[which, j] * moved
        return result

    def limit(self, rows: RowSet) -> Floats:
        """Limit in the row's own direction, (N,): the upper one, or minus the lower one."""
        low, high = self.day.flow_limits
        below, above = self._interface_limits
        emergency = self.grid.emergency_rating
        result = np.empty(len(rows))
        for kind, down, up in (
            (Kind.BRANCH, low, high),
            (Kind.INTERFACE, below, above),
            (Kind.CONTINGENCY, -emergency, emergency),
        ):
            at = rows.kind == kind
            element = rows.element[at]
            result[at] = np.where(rows.direction[at] > 0, up[element], -down[element])
        return result

    def soft_rows(self, rows: RowSet) -> SoftRows:
        """Write network rows for the solver."""
        sensitivity, which = self.sensitivities(rows)
        buses, count = len(self.grid.buses), len(rows)
        pieces, order = [], []
        for t in np.unique(rows.interval).tolist():
            here = np.flatnonzero(rows.interval == t)
            block = self._injection[t * buses : (t + 1) * buses]
            used = np.unique(block.indices)
            compact = csr_array(block[:, used])
            flow = np.asarray(compact.T @ sensitivity[which[here]].T).T
            flow *= rows.direction[here, None]
            flow[np.abs(flow) < _TINY] = 0.0
            at, column = np.nonzero(flow)
            pieces.append((here[at], used[column], flow[at, column]))
            order.append(here)
        row, column, value = (np.concatenate(part) for part in zip(*pieces, strict=True))
        matrix = csr_array((value, (row, column)), shape=(count, len(self._compiled.cost)))
        return SoftRows(
            rows,
            matrix,
            self.limit(rows) - rows.direction * self.fixed_flow(rows),
            self._penalty[rows.kind] * self.day.hours,
        )

    @cached_property
    def _penalty(self) -> Floats:
        rules = self.day.rulebook.penalties
        by_kind = {
            Kind.BRANCH: rules.branch,
            Kind.INTERFACE: rules.interface,
            Kind.CONTINGENCY: rules.contingency,
        }
        return np.array([by_kind[kind] for kind in sorted(by_kind)])

    def _branch_rows(self, branches: Positions) -> Floats:
        """PTDF rows of branches, (K, B), each made once."""
        wanted = np.unique(branches)
        new = np.array([b for b in wanted.tolist() if b not in self._rows], dtype=np.intp)
        if len(new):
            first = len(self._rows)
            self._rows.update({branch: first + k for k, branch in enumerate(new.tolist())})
            self._ptdf = np.vstack([self._ptdf, self.grid.ptdf(new)])
        places = [self._rows[b] for b in np.asarray(branches).tolist()]
        return np.asarray(self._ptdf[places])

    @cached_property
    def _out(self) -> Positions:
        """Branches of each contingency, (C, n), filled up with -1."""
        width = max((len(c.branches) for c in self.contingencies), default=1)
        out = np.full((len(self.contingencies), width), -1, dtype=np.intp)
        for k, contingency in enumerate(self.contingencies):
            out[k, : len(contingency.branches)] = contingency.branches
        return out

    def _outage_factors(self, line: Positions, outage: Positions) -> tuple[Floats, Positions]:
        """Outage factors of pairs, (N, n), and the branches they belong to."""
        return self.screen.pair_lodf(line, outage), self._out[outage]


def _beyond(kind: Kind, flows: Floats, low: Floats, high: Floats, tolerance: float) -> RowSet:
    parts = []
    for direction, excess in ((1, flows - high[:, None]), (-1, low[:, None] - flows)):
        element, when = np.nonzero(excess > tolerance)
        way = np.full(len(element), direction)
        parts.append(RowSet.of(kind, element, when, way, excess[element, when]))
    return RowSet.joined(parts)


def _behind(rows: RowSet, new: RowSet, worst: int) -> bool:
    """Whether every branch and interval that shows `worst` violations shows a new one."""
    if not len(rows):
        return True
    place = pd.Series(rows.element * (1 << 20) + rows.interval)
    counts = place.value_counts()
    crowded = counts[counts >= worst].index
    return bool(np.isin(crowded, new.element * (1 << 20) + new.interval).all())


def _worst_per_place(rows: RowSet, worst: int) -> RowSet:
    """Keep the `worst` largest excesses of each branch, interval and direction."""
    place = (rows.element * (1 << 20) + rows.interval) * 2 + (rows.direction > 0)
    order = np.lexsort((-rows.excess, place))
    place = place[order]
    first = np.ones(len(place), dtype=bool)
    first[1:] = place[1:] != place[:-1]
    rank = np.arange(len(place)) - np.flatnonzero(first)[np.cumsum(first) - 1]
    return rows[order[rank < worst]]


def unit_outages_refused(contingencies: Sequence[Contingency]) -> None:
    """Raise InputError where a contingency takes units out."""
    failures = [
        Failure(
            "contingencies",
            None,
            "kind",
            "branches_only",
            f"{c.name} takes units out; outages of units join with unit commitment",
        )
        for c in contingencies
        if c.units
    ]
    if failures:
        raise InputError(failures)
