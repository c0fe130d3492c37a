"""From the Pyomo model to sparse arrays, once: what the live solver and every later pass use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy.sparse import csc_array, csr_array, hstack

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
    matrix: csr_array
    row_low: Floats
    row_high: Floats
    injection: csr_array
    """MW at each bus and interval per unit of each column, (T * B, n)."""
    fixed_injection: Floats
    """MW at each bus that no column changes, (T, B)."""
    _place: Positions
    """Column of each of the market's variables."""
    _row: dict[int, int]
    _column: dict[int, int]

    def columns(self, family: str) -> Positions:
        """Columns of a family of variables, in the order of its index."""
        return self._place[self.market.families[family].at]

    def column_of(self, variable: Positions) -> Positions:
        """Columns of variables given by their positions in the market."""
        return self._place[variable]

    @property
    def by_column(self) -> list[Any]:
        """The Pyomo variable of each column."""
        order = np.argsort(self._place).tolist()
        return [self.market.variables[k] for k in order]

    def columns_of(self, component: Any) -> Positions:
        """Columns of an indexed Pyomo variable, in the order of its index."""
        column = self._column
        return np.fromiter((column[id(v)] for v in component.values()), dtype=np.intp)

    def rows(self, component: Any) -> Positions:
        """Rows of an indexed Pyomo constraint, in the order of its index."""
        row = self._row
        return np.fromiter((row[id(c)] for c in component.values()), dtype=np.intp)

    def injections(self, x: Floats) -> Floats:
        """MW that enter each bus, (T, B), at a solution (n,)."""
        moved: Floats = (self.injection @ x).reshape(self.fixed_injection.shape)
        return self.fixed_injection + moved


def compile_market(market: Market) -> Compiled:
    """Compile the Pyomo model with its standard-form compiler.

    The compiler leaves out what no row and no cost mentions, such as a lossless link inside an
    island; those variables still act on the grid and become columns behind the others.
    """
    with without_collector():
        form: Any = LinearStandardFormCompiler().write(market.model, mixed_form=True)
    column = {id(v): k for k, v in enumerate(form.columns)}
    for variable in market.variables:
        column.setdefault(id(variable), len(column))
    place = np.fromiter((column[id(v)] for v in market.variables), dtype=np.intp)
    count = len(place)
    compiled = csr_array(form.A)
    blank = csr_array((compiled.shape[0], count - compiled.shape[1]))
    matrix = csr_array(hstack([compiled, blank], format="csr"))
    cost = np.zeros(count)
    cost[: len(form.columns)] = csc_array(form.c).toarray().ravel()
    sense = np.array([bound for _, bound in form.rows], dtype=float)
    right = np.asarray(form.rhs, dtype=float)
    low, high = np.empty(count), np.empty(count)
    low[place], high[place] = market.bounds
    return Compiled(
        market,
        cost,
        float(form.c_offset[0]),
        low,
        high,
        matrix,
        _row_low(sense, right),
        _row_high(sense, right),
        _injection_matrix(market, place),
        market.fixed_injection,
        place,
        {id(constraint): k for k, (constraint, _) in enumerate(form.rows)},
        column,
    )


def _row_low(sense: Floats, right: Floats) -> Floats:
    return np.where(sense <= 0.0, right, -np.inf)


def _row_high(sense: Floats, right: Floats) -> Floats:
    return np.where(sense >= 0.0, right, np.inf)


def _injection_matrix(market: Market, place: Positions) -> csr_array:
    intervals, buses = market.fixed_injection.shape
    entries = market.injections
    variable = place[np.concatenate([e.variable for e in entries])]
    row = np.concatenate([e.interval * buses + e.bus for e in entries])
    value = np.concatenate([e.coefficient for e in entries])
    matrix = csr_array((value, (row, variable)), shape=(intervals * buses, len(place)))
    matrix.sum_duplicates()
    return matrix
