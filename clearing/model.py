"""The model behind a run: open for inspection, and alive for the next pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import highspy
import pyomo.environ as pyo
from scipy.sparse import csc_array, csr_array

from cases import InputError
from clearing.commit.program import Program
from clearing.formulation.market import linear
from clearing.limits.names import row_names
from clearing.limits.network import NetworkLimits
from clearing.program.live import LiveModel
from clearing.session.cleared import Cleared
from clearing.session.loop import Loop
from clearing.session.session import Session

__all__ = ["ClearedModel"]


class ClearedModel:
    """What `run.model` is: the Pyomo model, the live solver and the solved day."""

    def __init__(self, session: Session, cleared: Cleared, program: Program | None = None) -> None:
        self.session = session
        self.cleared = cleared
        self.program = program

    @property
    def live(self) -> LiveModel:
        """The live solver with its soft rows."""
        return self.session.live

    @property
    def loop(self) -> Loop:
        """The loop that finds violated rows."""
        return self.session.loop

    @property
    def highs(self) -> highspy.Highs:
        """The live HiGHS instance."""
        return self.live.highs

    @property
    def pyomo(self) -> pyo.ConcreteModel:
        """The dispatch in Pyomo with every row that was added on the way, as `soft_limit`.

        Each is ``coefficients * variables - excess <= limit`` and is indexed by (constraint,
        contingency, interval, direction).
        """
        return _with_soft_rows(self.live, self.cleared.network)

    @property
    def commitment(self) -> pyo.ConcreteModel:
        """The mixed-integer program that decided which units run, with its rows of the grid.

        Raises InputError where nothing was decided in this session.
        """
        if self.program is None:
            message = "this run decided no commitment, or was read from its folder"
            raise InputError.one("", None, "model", "no_commitment", message)
        return _with_soft_rows(self.program.live, self.program.network)

    def write_lp(
        self, path: str | Path, *, program: Literal["dispatch", "commitment"] = "dispatch"
    ) -> None:
        """Write the dispatch or the commitment, penalties included, as an LP file."""
        model = self.commitment if program == "commitment" else self.pyomo
        base = model.cost.expr
        model.cost.set_value(base + model.penalty_cost)
        try:
            model.write(str(path), io_options={"symbolic_solver_labels": True})
        finally:
            model.cost.set_value(base)


def _with_soft_rows(live: LiveModel, network: NetworkLimits) -> pyo.ConcreteModel:
    """The Pyomo model of a live one, its soft rows, their excess and what that costs added.

    With losses `loss_tangent` stands for the lossless `energy_balance`, which is deactivated.
    """
    compiled, soft = live.compiled, live.soft
    model = compiled.market.model
    for name in ("excess", "soft_limit", "penalty_cost", "loss_tangent"):
        if model.component(name) is not None:
            model.del_component(name)
    constraint, contingency = row_names(network, soft)
    way = ["upper" if d > 0 else "lower" for d in soft.direction.tolist()]
    keys = list(
        zip(constraint.tolist(), contingency.tolist(), soft.interval.tolist(), way, strict=True)
    )
    model.excess = pyo.Var(keys, within=pyo.NonNegativeReals)
    model.soft_limit = pyo.Constraint(keys)
    loaded: Any = live.highs.getLp()
    columns, first = len(compiled.cost), live.hard
    members = compiled.by_column
    matrix = _rows_of(loaded)
    tangents = range(len(live.cut_place))
    if len(tangents):
        model.energy_balance.deactivate()
        model.loss_tangent = pyo.Constraint(tangents)
    for k in tangents:
        at = len(compiled.row_low) + k
        row = matrix[[at]]
        body = linear([members[c] for c in row.indices.tolist()], row.data)
        least, most = loaded.row_lower_[at], loaded.row_upper_[at]
        model.loss_tangent[k] = body == least if most == least else body >= least
    for k, key in enumerate(keys):
        row = matrix[[first + k]]
        pairs = [(c, v) for c, v in zip(row.indices.tolist(), row.data, strict=True) if c < columns]
        body = linear([members[c] for c, _ in pairs], [v for _, v in pairs])
        model.soft_limit[key] = body - model.excess[key] <= loaded.row_upper_[first + k]
    price = [loaded.col_cost_[columns + k] for k in range(len(keys))]
    model.penalty_cost = pyo.Expression(expr=linear([model.excess[key] for key in keys], price))
    return model


def _rows_of(loaded: Any) -> Any:
    """Rows of the matrix of a loaded HiGHS model."""
    matrix = loaded.a_matrix_
    shape = (loaded.num_row_, loaded.num_col_)
    parts = (matrix.value_, matrix.index_, matrix.start_)
    columnwise = matrix.format_ == highspy.MatrixFormat.kColwise
    return csr_array(csc_array(parts, shape=shape)) if columnwise else csr_array(parts, shape=shape)
