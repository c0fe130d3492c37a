"""What soft rows are called and what they limit, as results and the Pyomo model show it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from clearing.limits.network import NetworkLimits
from clearing.program.rows import Kind, RowSet

__all__ = ["limited", "row_names"]


def row_names(network: NetworkLimits, rows: RowSet) -> tuple[pd.Index[str], pd.Index[str]]:
    """Names of constraints and contingencies of rows, (N,) each; base case = blank.

    A branch or interface goes by its own name, a ramp by ``ramp_up:UNIT`` or ``ramp_down:UNIT``:
    names are for eyes, what they stand for is in `limited`.
    """
    element = _elements(network, rows)
    ramp = rows.kind == Kind.RAMP
    element[ramp] = _kinds(rows)[ramp] + ":" + element[ramp]
    listed = np.array(["", *(k.name for k in network.contingencies)], dtype=object)
    return pd.Index(element, dtype="str"), pd.Index(listed[rows.contingency + 1], dtype="str")


def limited(network: NetworkLimits, rows: RowSet) -> dict[str, pd.Index[str]]:
    """Kind of each row and the branch, interface or unit that it limits, (N,) each."""
    return {
        "kind": pd.Index(_kinds(rows), dtype="str"),
        "element": pd.Index(_elements(network, rows), dtype="str"),
    }


def _kinds(rows: RowSet) -> npt.NDArray[np.object_]:
    labels = np.array([kind.label for kind in Kind], dtype=object)[rows.kind]
    way = np.where(rows.direction > 0, "ramp_up", "ramp_down").astype(object)
    return np.where(rows.kind == Kind.RAMP, way, labels)


def _elements(network: NetworkLimits, rows: RowSet) -> npt.NDArray[np.object_]:
    day = network.day
    element = np.empty(len(rows), dtype=object)
    for kind, names in (
        (Kind.BRANCH, day.grid.branches),
        (Kind.CONTINGENCY, day.grid.branches),
        (Kind.INTERFACE, pd.Index([i.name for i in network.interfaces], dtype="str")),
        (Kind.RAMP, day.units),
    ):
        at = rows.kind == kind
        element[at] = names.to_numpy(dtype=object)[rows.element[at]]
    return element
