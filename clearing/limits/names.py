"""The names of soft rows, as results and the Pyomo model show them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clearing.limits.network import NetworkLimits
from clearing.program.rows import Kind, RowSet

__all__ = ["row_names"]


def row_names(network: NetworkLimits, rows: RowSet) -> tuple[pd.Index[str], pd.Index[str]]:
    """Names of constraints and contingencies of rows, (N,) each; base case = blank.

    A branch or interface goes by its own name, a ramp by ``ramp_up:UNIT`` or ``ramp_down:UNIT``.
    """
    day = network.day
    constraint = np.empty(len(rows), dtype=object)
    for kind, names in (
        (Kind.BRANCH, day.grid.branches),
        (Kind.CONTINGENCY, day.grid.branches),
        (Kind.INTERFACE, pd.Index([i.name for i in network.interfaces], dtype="str")),
        (Kind.RAMP, day.units),
    ):
        at = rows.kind == kind
        constraint[at] = names.to_numpy(dtype=object)[rows.element[at]]
    ramp = rows.kind == Kind.RAMP
    way = np.where(rows.direction[ramp] > 0, "ramp_up:", "ramp_down:").astype(object)
    constraint[ramp] = way + constraint[ramp]
    listed = np.array(["", *(k.name for k in network.contingencies)], dtype=object)
    return pd.Index(constraint, dtype="str"), pd.Index(listed[rows.contingency + 1], dtype="str")
