"""Limits of the grid as soft rows: which ones a schedule breaks, and their coefficients.

A limit's flow is ``sensitivity @ injections + what the phase shifts cause``. Its row over the
columns x of the market is, for the upper limit,

    (sensitivity @ injection matrix of the interval) @ x - excess <= limit - fixed flow

and mirrored for the lower one; after the outage of a unit the row also has what the unit produced
and others pick up (`clearing.unit_outages`). Sensitivities are PTDF rows against the reference bus
of each island (the energy balance makes the choice immaterial), one back-substitution for each
branch that is ever asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from cases import InputError
from clearing.limits.losses import Tangent
from clearing.limits.unit_outages import UnitOutages
from clearing.program.compiled import Compiled
from clearing.program.rows import Keys, Kind, RowSet, SoftRows
from network import Contingency, ContingencyScreen, Interface, interface_weights
from network.arrays import Flags, Floats, Positions
from network.errors import DegenerateNetwork

__all__ = ["NetworkLimits"]

_WORST = 2
"""Contingencies that enter per branch and interval in one pass, the worst ones."""
_COEFFICIENT_DECIMALS = 9
"""Decimals of a row's coefficients: what is smaller is noise, which must not steer the solver."""
_LIMIT_DECIMALS = 8


class NetworkLimits:
    """Branch, interface and post-contingency limits of a compiled market."""

    def __init__(self, compiled: Compiled, contingencies: Sequence[Contingency]) -> None:
        self.day = compiled.market.day
        self.grid = self.day.grid
        self.contingencies = tuple(contingencies)
        self.outages = UnitOutages(self.day, self.contingencies)
        self._compiled = compiled
        self._injection = compiled.injection
        self._rows: dict[int, int] = {}
        self._ptdf = np.zeros((0, len(self.grid.buses)))
        self.tangent: Tangent | None = None
        """With losses, the state that flows are linearized at."""

    def take_over(self, other: NetworkLimits) -> None:
        """Keep what another market on the same grid, with the same contingencies, has computed."""
        self._rows, self._ptdf = other._rows, other._ptdf
        for name in ("screen", "_together", "interfaces", "_weights"):
            if name in other.__dict__:
                self.__dict__[name] = other.__dict__[name]

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
        """The screen of flows after outages of branches alone, prepared when first used."""
        return ContingencyScreen(self.grid, [self.contingencies[k] for k in self._of_branches])

    @cached_property
    def _of_branches(self) -> Positions:
        """Contingencies of branches alone, which the screen knows by their place in this list."""
        return np.array([k for k, c in enumerate(self.contingencies) if not c.units], dtype=np.intp)

    @cached_property
    def fixed_flows(self) -> Floats:
        """Flows that constants and phase shifts cause, (L, T)."""
        return self._flows(self._compiled.fixed_injection)

    def flows(self, x: Floats) -> Floats:
        """Base-case flows, (L, T), at a solution (n,)."""
        return self._flows(self._compiled.injections(x))

    def _flows(self, injections: Floats) -> Floats:
        by_bus = np.ascontiguousarray(injections.T)
        return self.grid.flows(by_bus) if self.tangent is None else self.tangent.flows(by_bus)

    def linearize(self, tangent: Tangent) -> None:
        """Let flows carry losses, linearized at a state; rows made before belong to another."""
        self.tangent = tangent
        self.__dict__.pop("fixed_flows", None)

    def output(self, x: Floats) -> Floats:
        """Output of the units, (T, U), MW, at a solution (n,)."""
        market = self._compiled.market
        own = x[self._compiled.column_of(np.arange(len(market.variables)))]
        return market.output.values(own).reshape(self.day.intervals, -1)

    def violated(self, x: Floats, flows: Floats, tolerance: float, known: Keys) -> RowSet:
        """Limits that a solution (n,) breaks by more than `tolerance` MW, but for `known` keys.

        `flows` are its base-case flows, (L, T).
        """
        found = [self.met(flows, tolerance, known)]
        if len(self._of_branches):
            found.append(self._after_outages(flows, tolerance, known))
        if len(self.outages.members):
            rows = self._after_unit_outages(flows, self.output(x), tolerance)
            found.append(_worst_per_place(rows[~np.isin(rows.keys, known)], _WORST))
        return RowSet.joined(found)

    def _after_unit_outages(self, flows: Floats, output: Floats, tolerance: float) -> RowSet:
        """Emergency ratings that are exceeded after outages of units, of branches with them too."""
        rating = self.grid.emergency_rating
        live = np.flatnonzero(np.isfinite(rating) & self.grid.in_service)
        parts = []
        for k in self.outages.members.tolist():
            if k in self._lost:
                continue
            after = flows + self.outages.change(k, output)
            out = np.array(self.contingencies[k].branches, dtype=np.intp)
            kept = live[~np.isin(live, out)]
            moved = after[kept]
            if len(out):
                moved = moved + self._together[k][kept] @ after[out]
            for direction in (1, -1):
                excess = direction * moved - rating[kept, None]
                line, when = np.nonzero((excess > tolerance) & self.outages.happens(k))
                way, of = np.full(len(line), direction), np.full(len(line), k, dtype=np.intp)
                parts.append(
                    RowSet.of(Kind.CONTINGENCY, kept[line], when, way, excess[line, when], of)
                )
        return RowSet.joined(parts)

    def apply(self, rows: RowSet) -> Flags:
        """Which rows, found for another commitment, limit anything here, (N,).

        The outage of a unit that is off is none.
        """
        result = np.ones(len(rows), dtype=bool)
        for k in self.outages.members.tolist():
            at = np.flatnonzero(rows.contingency == k)
            result[at] = self.outages.happens(k)[rows.interval[at]]
        return result

    @cached_property
    def _together(self) -> dict[int, Floats]:
        """Outage factors, (L, n), of the branches that go out together with units."""
        factors = {}
        for k in self.outages.members.tolist():
            out = self.contingencies[k].branches
            if out:
                with suppress(DegenerateNetwork):
                    factors[k] = self.grid.outage_lodf(np.array(out, dtype=np.intp))
        return factors

    @cached_property
    def _lost(self) -> frozenset[int]:
        """Contingencies of units and branches after which no flows exist."""
        both = [k for k in self.outages.members.tolist() if self.contingencies[k].branches]
        return frozenset(both) - frozenset(self._together)

    @property
    def unscreened(self) -> list[str]:
        """Names of contingencies after which susceptances cancel, so that no flows exist."""
        names = [self.contingencies[k].name for k in sorted(self._lost)]
        if len(self._of_branches):
            names += [c.name for c in self.screen.degenerate]
        return names

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
                self._of_branches[found.contingency],
            )
            new = rows[~np.isin(rows.keys, known)]
            # Rows that are exceeded at a penalty stay violated: look behind them.
            if len(found) == found.found or _behind(rows, new, worst):
                return _worst_per_place(new, _WORST)
            worst *= 4

    def sensitivities(self, rows: RowSet) -> tuple[Floats, Positions]:
        """MW on limits per MW injected: (K, B) distinct ones, and which one each row has, (N,).

        With losses those of each interval, losses included.
        """
        if self.tangent is None:
            return self.lossless(rows)
        names, which = _distinct(rows.kind, rows.element, rows.contingency, rows.interval)
        first = np.zeros(names.shape[1], dtype=np.intp)
        first[which] = np.arange(len(rows))
        factors, of = self.lossless(rows[first])
        return self.tangent.sensitivities(factors[of], names[3]), which

    def lossless(self, rows: RowSet) -> tuple[Floats, Positions]:
        """Give sensitivities as `sensitivities` does, losses left out."""
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
        return np.round(result, _COEFFICIENT_DECIMALS), which.reshape(-1)

    def fixed_flow(self, rows: RowSet) -> Floats:
        """Flow on each row's limit, (N,), that constants and phase shifts cause."""
        fixed = self._compiled.market.output.constant.reshape(self.day.intervals, -1)
        return self.flow_on(rows, self.fixed_flows, fixed)

    def lost_output(self, rows: RowSet) -> tuple[Positions, Positions, Floats]:
        """What the outages of units add to the flows of rows.

        Gives rows, units and MW on the limit per MW of the unit's output before, (E,) each.
        """
        at = np.flatnonzero(np.isin(rows.contingency, self.outages.members))
        sensitivity, which = self.lossless(rows[at])
        parts = []
        state = np.stack([rows.contingency[at], rows.interval[at]])
        for contingency, interval in np.unique(state, axis=1).T.tolist():
            here = np.flatnonzero((state[0] == contingency) & (state[1] == interval))
            effect = sensitivity[which[here]] @ self.outages.pick_up(contingency, interval).T
            unit = np.tile(self.outages.units(contingency), len(here))
            parts.append((np.repeat(at[here], effect.shape[1]), unit, effect.ravel()))
        none = np.zeros(0, dtype=np.intp)
        parts.append((none, none, np.zeros(0)))
        row, of, mw = (np.concatenate(part) for part in zip(*parts, strict=True))
        return row, of, mw

    def flow_on(self, rows: RowSet, flows: Floats, output: Floats) -> Floats:
        """Flow on each row's limit, (N,), given base-case flows (L, T) and output (T, U), MW."""
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
        row, unit, mw = self.lost_output(rows)
        np.add.at(result, row, mw * output[when[row], unit])
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
        if self._compiled.market.nodal is not None:
            return self._rows_over_flows(rows)
        sensitivity, which = self.sensitivities(rows)
        buses, count = len(self.grid.buses), len(rows)
        pieces: list[tuple[Positions, Positions, Floats]] = []
        for t in np.unique(rows.interval).tolist():
            here = np.flatnonzero(rows.interval == t)
            block = self._injection[t * buses : (t + 1) * buses]
            used = np.unique(block.indices)
            compact = csr_array(block[:, used])
            flow = np.asarray(compact.T @ sensitivity[which[here]].T).T
            flow *= rows.direction[here, None]
            flow = np.round(flow, _COEFFICIENT_DECIMALS)
            at, column = np.nonzero(flow)
            pieces.append((here[at], used[column].astype(np.intp), flow[at, column]))
        pieces.append(self._lost_columns(rows))
        row, column, value = (np.concatenate(part) for part in zip(*pieces, strict=True))
        matrix = csr_array((value, (row, column)), shape=(count, len(self._compiled.cost)))
        matrix.sum_duplicates()
        matrix.data[:] = np.round(matrix.data, _COEFFICIENT_DECIMALS)
        limit = self.limit(rows) - rows.direction * self.fixed_flow(rows)
        return SoftRows(
            rows,
            matrix,
            np.round(limit, _LIMIT_DECIMALS),
            self._penalty[rows.kind] * self.day.hours,
        )

    def _rows_over_flows(self, rows: RowSet) -> SoftRows:
        """Write network rows where flows are variables: weights of flows, few to a row."""
        if len(self.outages.members):
            message = "outages of units are not available with losses.method = chords"
            raise InputError.one("", None, "losses.method", "not_available", message)
        row, branch, weight = self._flow_weights(rows)
        place = rows.interval[row] * len(self.grid.branches) + branch
        flow = self._flow_columns[place]
        scaled = csr_array(flow.multiply((weight * rows.direction[row])[:, None]))
        pick = csr_array((np.ones(len(row)), (row, np.arange(len(row)))), (len(rows), len(row)))
        return SoftRows(
            rows,
            csr_array(pick @ scaled),
            np.round(self.limit(rows), _LIMIT_DECIMALS),
            self._penalty[rows.kind] * self.day.hours,
        )

    def _flow_weights(self, rows: RowSet) -> tuple[Positions, Positions, Floats]:
        """Flows that each row is a sum of: rows, branches and weights, (E,) each."""
        kind = rows.kind
        line = np.flatnonzero(kind != Kind.INTERFACE)
        parts = [(line, rows.element[line], np.ones(len(line)))]
        for k in np.flatnonzero(kind == Kind.INTERFACE).tolist():
            interface = self.interfaces[rows.element[k]]
            parts.append(
                (np.full(len(interface.branches), k), interface.branches, interface.weights)
            )
        after = np.flatnonzero(kind == Kind.CONTINGENCY)
        if len(after):
            factors, out = self._outage_factors(rows.element[after], rows.contingency[after])
            at, j = np.nonzero(out >= 0)
            parts.append((after[at], out[at, j], factors[at, j]))
        row, branch, weight = (np.concatenate(part) for part in zip(*parts, strict=True))
        return row.astype(np.intp), branch.astype(np.intp), weight

    @cached_property
    def _flow_columns(self) -> csr_array:
        """Flows over the columns of the market, where they are variables, (T * L, n)."""
        nodal = self._compiled.market.nodal
        assert nodal is not None
        terms = nodal.flow
        column = self._compiled.column_of(terms.variable)
        shape = (len(terms), len(self._compiled.cost))
        return csr_array((terms.coefficient, (terms.row, column)), shape=shape)

    def _lost_columns(self, rows: RowSet) -> tuple[Positions, Positions, Floats]:
        """Coefficients of what units produce before they go out: rows, columns, values."""
        row, unit, mw = self.lost_output(rows)
        output = self._compiled.market.output[rows.interval[row] * len(self.day.units) + unit]
        value = (mw * rows.direction[row])[output.row] * output.coefficient
        at: Positions = row[output.row]
        return at, self._compiled.column_of(output.variable), value

    @cached_property
    def _penalty(self) -> Floats:
        return Kind.penalties(self.day.rulebook)

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
        out = self._out[outage]
        factors = np.zeros(out.shape)
        alone = np.flatnonzero(~np.isin(outage, self.outages.members))
        if len(alone):
            place = np.searchsorted(self._of_branches, outage[alone])
            found = self.screen.pair_lodf(line[alone], place)
            factors[alone, : found.shape[1]] = found
        for k, together in self._together.items():
            at = np.flatnonzero(outage == k)
            factors[at, : together.shape[1]] = together[line[at]]
        return factors, out


def _distinct(*names: Positions) -> tuple[Positions, Positions]:
    """Distinct columns of stacked names, and which one each is."""
    distinct, which = np.unique(np.stack(names), axis=1, return_inverse=True)
    return distinct, which.reshape(-1)


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
