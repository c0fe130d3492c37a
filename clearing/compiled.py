"""From the Pyomo model to sparse arrays, once: what the live solver and every later pass use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy.sparse import csc_array, csr_array

from clearing.formulation.build import without_collector
from clearing.formulation.market import Market
from network.arrays import Floats, Positions

__all__ = ["Compiled", "compile_market"]


@dataclass(frozen=True, eq=False)
class Compiled:
    """The columns, rows and objective of a market, (n,) and (m,), and its grid injections."""

    market: Market
    cost: Floats
    constant: float
    low: Floats
    high: Floats
    integer: Positions
    """Positions of the columns that must be whole."""
    matrix: csr_array
    row_low: Floats
    row_high: Floats
    injection: csr_array
    """MW at each bus and interval per unit of each column, (T * B, n)."""
    fixed_injection: Floats
    """MW at each bus that no column changes, (T, B)."""
    _column: dict[int, int]
    _row: dict[int, int]

    def columns(self, component: Any) -> Positions:
        """Columns of an indexed Pyomo variable, in the order of its index."""
        return self.positions(component.values())

    def positions(self, variables: Iterable[Any]) -> Positions:
        """Columns of Pyomo variables."""
        column = self._column
        return np.fromiter((column[id(v)] for v in variables), dtype=np.intp)

    def rows(self, component: Any) -> Positions:
        """Rows of an indexed Pyomo constraint, in the order of its index."""
        row = self._row
        return np.fromiter((row[id(c)] for c in component.values()), dtype=np.intp)

    def injections(self, x: Floats) -> Floats:
        """MW that enter each bus, (T, B), at a solution (n,)."""
        return self.fixed_injection + (self.injection @ x).reshape(self.fixed_injection.shape)


def compile_market(market: Market) -> Compiled:
    """Compile the Pyomo model with its standard-form compiler.

    The compiler leaves out what no row and no cost mentions, such as a lossless link inside an
    island; those variables still act on the grid and become columns behind the others.
    """
    with without_collector():
        form: Any = LinearStandardFormCompiler().write(market.model, mixed_form=True)
    column = {id(v): k for k, v in enumerate(form.columns)}
    others = [v for v in market.variables if id(v) not in column]
    column |= {id(v): k for k, v in enumerate(others, start=len(column))}
    variables = [*form.columns, *others]
    matrix = csr_array(form.A)
    matrix.resize((matrix.shape[0], len(variables)))
    cost = np.zeros(len(variables))
    cost[: len(form.columns)] = csc_array(form.c).toarray().ravel()
    sense = np.array([bound for _, bound in form.rows], dtype=float)
    right = np.asarray(form.rhs, dtype=float)
    bounds = [(v.lb, v.ub) for v in variables]
    grid, intervals = market.day.grid, market.day.intervals
    injection = _injection_matrix(market, column, len(variables), intervals, len(grid.buses))
    return Compiled(
        market,
        cost,
        float(form.c_offset[0]),
        np.array([-np.inf if low is None else low for low, _ in bounds]),
        np.array([np.inf if high is None else high for _, high in bounds]),
        np.flatnonzero([v.is_integer() for v in variables]),
        matrix,
        _row_low(sense, right),
        _row_high(sense, right),
        injection,
        market.fixed_injection,
        column,
        {id(constraint): k for k, (constraint, _) in enumerate(form.rows)},
    )


def _row_low(sense: Floats, right: Floats) -> Floats:
    return np.where(sense <= 0.0, right, -np.inf)


def _row_high(sense: Floats, right: Floats) -> Floats:
    return np.where(sense >= 0.0, right, np.inf)


def _injection_matrix(
    market: Market, column: dict[int, int], columns: int, intervals: int, buses: int
) -> csr_array:
    place = np.fromiter((column[id(v)] for v in market.variables), dtype=np.intp)
    entries = market.injections
    variable = place[np.concatenate([e.variable for e in entries])]
    row = np.concatenate([e.interval * buses + e.bus for e in entries])
    value = np.concatenate([e.coefficient for e in entries])
    matrix = csr_array((value, (row, variable)), shape=(intervals * buses, columns))
    matrix.sum_duplicates()
    return matrix


