"""Why a program has no optimum: limits in conflict, or a cost that falls without end."""

from __future__ import annotations

import highspy
import numpy as np

from cases import CounterflowError, InputError, NoClearing
from clearing.program.compiled import Compiled
from clearing.program.conflicts import conflicts, named_rows
from clearing.program.solver import ended, quiet, run
from network.arrays import Floats

__all__ = ["unsolved"]

_MOVES = 1e-6
_MOST = 10
_ENDLESS = (
    highspy.HighsModelStatus.kUnbounded,
    highspy.HighsModelStatus.kUnboundedOrInfeasible,
)


def unsolved(
    compiled: Compiled, highs: highspy.Highs, deadline: float = np.inf
) -> CounterflowError:
    """Say why the solver ended without an optimum, by its status.

    Only what it proved infeasible is explained, until the deadline (of `time.perf_counter`).

    Only what a user adds can leave a cost without an end: that is an InputError, which names the
    variables that run off and the constraints that speak of them.
    """
    status, reason = highs.getModelStatus(), ended(highs)
    if status in _ENDLESS:
        ray = _ray(compiled)
        if ray is not None:
            return _endless(compiled, ray)
    if reason == "infeasible":
        found = conflicts(compiled, deadline)
        return NoClearing("no clearing: no dispatch keeps the limits", found, reason="infeasible")
    if status == highspy.HighsModelStatus.kTimeLimit:
        message = "no clearing: the time limit ended before every limit was kept"
        return NoClearing(message, (), reason="limit")
    said = f"no clearing: the solver ended with status {highs.modelStatusToString(status)}"
    return NoClearing(said, (), reason="limit" if reason == "limit" else "solver_error")


def _ray(compiled: Compiled) -> Floats | None:
    """A direction in which the cost falls and every limit holds for ever, (n,), if there is one.

    It solves the program over the directions that lead nowhere out of bounds and rows, each column
    moving by at most 1.
    """
    highs = quiet()
    n, m = len(compiled.cost), len(compiled.row_low)
    low = np.where(np.isfinite(compiled.low), 0.0, -1.0)
    high = np.where(np.isfinite(compiled.high), 0.0, 1.0)
    highs.addVars(n, low, high)
    highs.changeColsCost(n, np.arange(n, dtype=np.int32), compiled.cost)
    matrix = compiled.matrix
    highs.addRows(
        m,
        np.where(np.isfinite(compiled.row_low), 0.0, -np.inf),
        np.where(np.isfinite(compiled.row_high), 0.0, np.inf),
        matrix.nnz,
        matrix.indptr[:-1].astype(np.int32),
        matrix.indices.astype(np.int32),
        np.asarray(matrix.data, dtype=float),
    )
    run(highs)
    if highs.getInfo().objective_function_value > -_MOVES:
        return None
    return np.asarray(highs.getSolution().col_value, dtype=float)


def _endless(compiled: Compiled, ray: Floats) -> InputError:
    moves = np.flatnonzero(np.abs(ray) > _MOVES)
    names = [str(variable.name) for variable in compiled.by_column]
    added = [k for k in moves.tolist() if names[k].startswith("extension_")]
    shown = added or moves.tolist()
    touched = np.unique(compiled.matrix[:, shown].nonzero()[0]).tolist()
    rows, _ = named_rows(compiled)
    speak = [rows[k] for k in touched if rows[k].startswith("extension_")] or ["no constraint"]
    message = (
        "the cost falls without end as "
        + ", ".join(
            f"{_plain(names[k])} {'rises' if ray[k] > 0 else 'falls'}" for k in shown[:_MOST]
        )
        + "; what speaks of it: "
        + ", ".join(speak[:_MOST])
    )
    return InputError.one("", None, "extend", "unbounded", message)


def _plain(name: str) -> str:
    """A variable of an extension by the name that the user gave it."""
    for family in ("extension_variable", "extension_whole"):
        if name.startswith(f"{family}["):
            return name[len(family) + 1 : -1].strip("'")
    return name
