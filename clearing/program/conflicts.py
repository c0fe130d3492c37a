"""Which constraints stand in each other's way, where no schedule exists."""

from __future__ import annotations

import time
from typing import Any

import highspy
import numpy as np
import pyomo.environ as pyo
from scipy.sparse import csr_array, eye_array, hstack

from clearing.program.compiled import Compiled
from clearing.program.solver import quiet, run
from network.arrays import Floats

__all__ = ["conflicts", "named_rows"]

_BROKEN = 1e-6
_MOST = 20
_SECONDS = 60.0
_LAST = 1e4
"""What breaking a row costs that says what a variable is: it gives way last."""


def conflicts(compiled: Compiled, deadline: float = np.inf) -> tuple[str, ...]:
    """Name constraints that must give way for a schedule to exist, the least possible in total.

    Every row may be broken at a price per unit; what the cheapest schedule breaks is named, such as
    `minimum_up[COAL,7]`. Whole numbers stay whole. The search takes a minute at most and ends at
    the deadline (of `time.perf_counter`), with the best answer found by then or none.
    """
    if time.perf_counter() >= deadline:
        return ()
    market = compiled.market
    names, dear = named_rows(compiled)
    highs = quiet()
    n, m = len(compiled.cost), len(compiled.row_low)
    price = np.zeros(n)
    highs.addVars(n, compiled.low, compiled.high)
    highs.addVars(2 * m, np.zeros(2 * m), np.full(2 * m, np.inf))
    each = eye_array(m)
    matrix = csr_array(hstack([compiled.matrix, each, -each], format="csr"))
    highs.addRows(
        m,
        compiled.row_low,
        compiled.row_high,
        matrix.nnz,
        matrix.indptr[:-1].astype(np.int32),
        matrix.indices.astype(np.int32),
        np.asarray(matrix.data, dtype=float),
    )
    costs = np.concatenate([price, dear, dear])
    highs.changeColsCost(n + 2 * m, np.arange(n + 2 * m, dtype=np.int32), costs)
    if market.integers:
        whole = compiled.column_of(np.concatenate(market.integers)).astype(np.int32)
        kind = np.full(len(whole), int(highspy.HighsVarType.kInteger), dtype=np.uint8)
        highs.changeColsIntegrality(len(whole), whole, kind)
    left = max(deadline - time.perf_counter(), 0.0)
    highs.setOptionValue("time_limit", min(left, _SECONDS))
    run(highs)
    solution: Any = highs.getSolution()
    value = np.asarray(solution.col_value, dtype=float)
    if len(value) < n + 2 * m:
        return ()
    broken = value[n : n + m] + value[n + m :]
    order = np.argsort(-broken, kind="stable")
    return tuple(names[k] for k in order[:_MOST].tolist() if broken[k] > _BROKEN)


def named_rows(compiled: Compiled) -> tuple[list[str], Floats]:
    """Name of each row and what breaking it costs, (m,)."""
    names, dear = [""] * len(compiled.row_low), np.ones(len(compiled.row_low))
    told = compiled.market.rows
    for component in compiled.market.model.component_objects(pyo.Constraint):
        rows = compiled.rows(component)
        for constraint, row in zip(component.values(), rows, strict=True):
            names[row] = str(constraint.name)
        if component.local_name in told and told[component.local_name].definition:
            dear[rows] = _LAST
    return names, dear
