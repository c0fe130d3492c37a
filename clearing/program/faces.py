"""The faces of a program: what it is in Pyomo, made when someone asks for it.

A face is written from the arrays that are solved, under the names of the formulation, so it is
complete and never another program than the one that HiGHS has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyomo.environ as pyo
from scipy.sparse import csr_array

from clearing.formulation.build import without_collector
from clearing.formulation.market import linear
from clearing.program.program import Program
from network.arrays import Floats, Positions

__all__ = ["SoftKey", "pyomo_model"]

SoftKey = tuple[str, str, int, str]
"""Constraint, contingency ('' in the base case), interval and way (upper or lower)."""


def pyomo_model(program: Program, soft_keys: Sequence[SoftKey]) -> pyo.ConcreteModel:
    """Write a program as a Pyomo model that stands on its own.

        minimize cost = offered_cost + penalty_cost                                     (objective)
        every row of the formulation under its own name
        loss_tangent[k]:    least <= coefficients * variables <= most           (loss tangents)
        soft_limit[c,k,t,w]: coefficients * variables - excess[c,k,t,w] <= limit    (soft rows)

    Loss tangents stand in place of `energy_balance`, which is then not there. Bounds are those of
    the run: a direction that is held has the bounds 0 and 0. Where a solution is known it is the
    value of the variables.

    Parameters
    ----------
    soft_keys
        Index of each soft row, (N,).
    """
    with without_collector():
        model = pyo.ConcreteModel()
        members = _variables(model, program)
        model.excess = pyo.Var(list(soft_keys), within=pyo.NonNegativeReals)
        excess = list(model.excess.values())
        closed = program.closed if program.closed is not None else np.zeros(len(excess), bool)
        for k in np.flatnonzero(closed).tolist():
            excess[k].setub(0.0)
        members += excess
        if program.x is not None:
            for variable, value in zip(members, program.x.tolist(), strict=True):
                variable.set_value(value, skip_validation=True)
        _constraints(model, program, members)
        _objective(model, program, members)
    return model


def _variables(model: pyo.ConcreteModel, program: Program) -> list[Any]:
    """Write the variables of the formulation; give the new variable of each column, (n,)."""
    compiled = program.compiled
    members: list[Any] = [None] * len(program.cost)
    low, high = program.low.tolist(), program.high.tolist()
    for own in compiled.market.model.component_objects(pyo.Var):
        made = pyo.Var(list(own.keys())) if own.is_indexed() else pyo.Var()
        model.add_component(own.name, made)
        columns = compiled.columns_of(own).tolist()
        for old, new, column in zip(own.values(), made.values(), columns, strict=True):
            if program.integer and old.is_integer():
                new.domain = pyo.Integers
            new.setlb(None if low[column] == -np.inf else low[column])
            new.setub(None if high[column] == np.inf else high[column])
            members[column] = new
    assert all(member is not None for member in members)
    return members


def _constraints(model: pyo.ConcreteModel, program: Program, members: list[Any]) -> None:
    compiled, matrix = program.compiled, program.matrix
    low, high = program.row_bounds
    m, cuts = len(compiled.row_low), len(program.tangents)
    written = np.zeros(len(low), dtype=bool)
    written[program.tangents.balance] = True
    for own in compiled.market.model.component_objects(pyo.Constraint, active=True):
        rows = compiled.rows(own)
        kept = ~written[rows]
        keys = [key for key, keep in zip(own.keys(), kept.tolist(), strict=True) if keep]
        made = pyo.Constraint(keys) if own.is_indexed() else pyo.Constraint()
        if len(keys):
            model.add_component(own.name, made)
            _write(made, keys, rows[kept], matrix, (low, high), members)
            written[rows] = True
    if cuts:
        model.loss_tangent = pyo.Constraint(range(cuts))
        _write(model.loss_tangent, range(cuts), m + np.arange(cuts), matrix, (low, high), members)
    soft = list(model.excess.keys())
    model.soft_limit = pyo.Constraint(soft)
    at = m + cuts + np.arange(len(soft))
    _write(model.soft_limit, soft, at, matrix, (low, high), members)
    written[m:] = True
    assert written.all()


def _write(
    component: Any,
    keys: Sequence[Any],
    rows: Positions,
    matrix: csr_array,
    bounds: tuple[Floats, Floats],
    members: list[Any],
) -> None:
    """Write rows of the matrix as the members of a constraint."""
    start, inside = matrix.indptr.tolist(), matrix.indices
    least, most = (side[rows].tolist() for side in bounds)
    for key, row, low, high in zip(keys, rows.tolist(), least, most, strict=True):
        span = slice(start[row], start[row + 1])
        body = linear([members[j] for j in inside[span].tolist()], matrix.data[span])
        if low == high:
            component[key] = (body, high)
        else:
            component[key] = (
                None if low == -np.inf else low,
                body,
                None if high == np.inf else high,
            )


def _objective(model: pyo.ConcreteModel, program: Program, members: list[Any]) -> None:
    compiled = program.compiled
    cost = np.concatenate([program.cost, program.soft.penalty])
    slack = np.zeros(len(cost), dtype=bool)
    slack[len(program.cost) :] = True
    slack[compiled.column_of(compiled.market.slack)] = True
    offered, penalties = np.flatnonzero((cost != 0.0) & ~slack), np.flatnonzero(slack)
    model.offered_cost = pyo.Expression(
        expr=linear([members[k] for k in offered.tolist()], cost[offered], program.constant)
    )
    model.penalty_cost = pyo.Expression(
        expr=linear([members[k] for k in penalties.tolist()], cost[penalties])
    )
    model.cost = pyo.Objective(expr=model.offered_cost + model.penalty_cost)
