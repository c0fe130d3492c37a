"""Flows and injections as variables, for those that the user's own constraints ask for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array, csr_array

from clearing.formulation.market import Market
from clearing.formulation.terms import Terms
from network.arrays import Floats, Positions

__all__ = ["FlowVariables"]

_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class FlowVariables:
    """Variables for flows of branches and injections of buses, A of them.

        flow[l,t] = sum over buses b of PTDF[l,b] * injection[b,t] + shift flow      (flow)
        injection[b,t] = what all variables and constants put into bus b             (injection)

    PTDF rows are against the reference bus of each island, which the balance makes immaterial.
    One more MW of demand at a bus changes the definition by its weight there, so a row with
    coefficient a and dual pi on such a variable adds pi * a * weight to the LMP, also where nothing
    but demand moves the flow.
    """

    variable: Positions
    """Position of each variable in the market, (A,)."""
    interval: Positions
    """(A,)."""
    weight_of: Positions
    """Row of `weights` of each, (A,)."""
    weights: Floats
    """MW per MW injected at each bus, (W, B)."""
    _place: dict[str, dict[tuple[int, int], int]]
    """By quantity, element and interval: position of the variable."""

    @classmethod
    def none(cls, buses: int) -> FlowVariables:
        """No variables."""
        empty = np.zeros(0, dtype=np.intp)
        return cls(empty, empty, empty, np.zeros((0, buses)), {})

    @classmethod
    def define(
        cls,
        market: Market,
        flows: tuple[Positions, Positions],
        injections: tuple[Positions, Positions],
    ) -> FlowVariables:
        """Define variables for (elements, intervals) of both quantities, sorted by interval."""
        grid, buses = market.day.grid, len(market.day.grid.buses)
        branches, bus = np.unique(flows[0]), np.unique(injections[0])
        weights = np.zeros((len(branches) + len(bus), buses))
        if len(branches):
            weights[: len(branches)] = grid.ptdf(branches)
        weights[len(branches) + np.arange(len(bus)), bus] = 1.0
        shift = np.concatenate([grid.shift_flow[branches], np.zeros(len(bus))])
        matrix = _injections(market) if len(weights) else None
        place: dict[str, dict[tuple[int, int], int]] = {}
        variable, interval, weight_of = [], [], []
        for name, names, distinct, first, (element, when) in (
            ("flow", grid.branches, branches, 0, flows),
            ("injection", grid.buses, bus, len(branches), injections),
        ):
            if matrix is None or not len(element):
                place[name] = {}
                continue
            which = first + np.searchsorted(distinct, element)
            if name == "flow" and market.nodal is not None:
                body = market.nodal.flow[when * len(grid.branches) + element]
                constant = np.zeros(len(when))
            elif market.nodal is not None:
                body = _leaving(market, element, when)
                constant = np.zeros(len(when))
            else:
                body = _bodies(matrix, weights, which, when, buses)
                fixed = (weights[which] * market.fixed_injection[when]).sum(axis=1)
                constant = fixed + shift[which]
            keys = list(zip(names[element].tolist(), when.tolist(), strict=True))
            free = np.full(len(keys), np.inf)
            own = market.define(name, keys, -free, free)
            definition = Terms.of(own.at) - body
            market.constrain(
                f"{name}_definition", keys, definition, constant, constant, definition=True
            )
            pairs = zip(element.tolist(), when.tolist(), strict=True)
            place[name] = dict(zip(pairs, own.at.tolist(), strict=True))
            variable.append(own.at)
            interval.append(when)
            weight_of.append(which)
        none = [np.zeros(0, dtype=np.intp)]
        return cls(
            np.concatenate(none + variable),
            np.concatenate(none + interval),
            np.concatenate(none + weight_of),
            weights,
            place,
        )

    def terms(self, quantity: str, element: Positions, interval: Positions) -> Terms:
        """A quantity of elements in intervals, one row each."""
        own = self._place[quantity]
        found = [own[key] for key in zip(element.tolist(), interval.tolist(), strict=True)]
        return Terms.of(np.array(found, dtype=np.intp))


def _leaving(market: Market, bus: Positions, when: Positions) -> Terms:
    """What flows leave buses with, less what they bring, one row for each of (bus, when)."""
    grid, nodal = market.day.grid, market.nodal
    assert nodal is not None
    incidence = csc_array(grid.incidence)
    start, count = incidence.indptr[bus], np.diff(incidence.indptr)[bus]
    row = np.repeat(np.arange(len(bus)), count)
    at = np.repeat(start, count) + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    branch = incidence.indices[at]
    each: Terms = nodal.flow[when[row] * len(grid.branches) + branch] * incidence.data[at]
    return each.summed(row, len(bus))


def _injections(market: Market) -> csr_array:
    """MW at each bus and interval per unit of each variable, (T * B, n)."""
    buses = len(market.day.grid.buses)
    entries = market.injections
    row = np.concatenate([e.interval * buses + e.bus for e in entries])
    column = np.concatenate([e.variable for e in entries])
    value = np.concatenate([e.coefficient for e in entries])
    shape = (market.day.intervals * buses, len(market.variables))
    return csr_array((value, (row, column)), shape=shape)


def _bodies(
    matrix: csr_array, weights: Floats, row: Positions, when: Positions, buses: int
) -> Terms:
    """What variables put into weighted sums of injections, one row for each of (row, when)."""
    places, variables, values = [], [], []
    for t in np.unique(when).tolist():
        here = np.flatnonzero(when == t)
        block = matrix[t * buses : (t + 1) * buses]
        used = np.unique(block.indices)
        compact = csr_array(block[:, used])
        moved = np.asarray(compact.T @ weights[row[here]].T).T
        moved[np.abs(moved) < _TINY] = 0.0
        at, column = np.nonzero(moved)
        places.append(here[at])
        variables.append(used[column].astype(np.intp))
        values.append(moved[at, column])
    none = [np.zeros(0, dtype=np.intp)]
    return Terms.build(
        len(row),
        np.concatenate(none + places),
        np.concatenate(none + variables),
        np.concatenate([np.zeros(0), *values]),
    )
