"""What soft rows are called and what they limit, as results and the Pyomo model show it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from clearing.limits.network import NetworkLimits
from clearing.program.faces import SoftKey
from clearing.program.rows import Kind, RowSet
from network.arrays import Positions

__all__ = ["limited", "named_rows", "row_names", "rows_table", "soft_keys"]


def row_names(network: NetworkLimits, rows: RowSet) -> tuple[pd.Index[str], pd.Index[str]]:
    """Names of constraints and contingencies of rows, (N,) each; base case = blank.

    A branch or interface goes by its own name, a ramp by ``ramp_up:UNIT`` or ``ramp_down:UNIT``:
    names are for eyes, what they stand for is in `limited`.
    """
    element = _elements(network, rows)
    ramp = rows.kind == Kind.RAMP
    element[ramp] = _kinds(rows)[ramp] + ":" + element[ramp]
    listed = _contingencies(network).to_numpy(dtype=object)
    return pd.Index(element, dtype="str"), pd.Index(listed[rows.contingency + 1], dtype="str")


def limited(network: NetworkLimits, rows: RowSet) -> dict[str, pd.Index[str]]:
    """Kind of each row and the branch, interface or unit that it limits, (N,) each."""
    return {
        "kind": pd.Index(_kinds(rows), dtype="str"),
        "element": pd.Index(_elements(network, rows), dtype="str"),
    }


def _labels(kind: Kind) -> tuple[str, str]:
    """What rows of a kind are called, in results, for their upper and their lower limits."""
    return ("ramp_up", "ramp_down") if kind == Kind.RAMP else (kind.label, kind.label)


def _kinds(rows: RowSet) -> npt.NDArray[np.object_]:
    labels = np.array([_labels(kind) for kind in Kind], dtype=object)
    return np.asarray(labels[rows.kind, np.where(rows.direction > 0, 0, 1)])


def _elements(network: NetworkLimits, rows: RowSet) -> npt.NDArray[np.object_]:
    element = np.empty(len(rows), dtype=object)
    for kind, names in _elements_of(network):
        at = rows.kind == kind
        element[at] = names.to_numpy(dtype=object)[rows.element[at]]
    return element


def _elements_of(network: NetworkLimits) -> tuple[tuple[Kind, pd.Index[str]], ...]:
    """Names of all that rows of each kind can limit."""
    day = network.day
    return (
        (Kind.BRANCH, day.grid.branches),
        (Kind.CONTINGENCY, day.grid.branches),
        (Kind.INTERFACE, pd.Index([i.name for i in network.interfaces], dtype="str")),
        (Kind.RAMP, day.units),
    )


def _contingencies(network: NetworkLimits) -> pd.Index[str]:
    """The base case, then the contingencies."""
    return pd.Index(["", *(k.name for k in network.contingencies)], dtype="str")


def rows_table(network: NetworkLimits, rows: RowSet) -> pd.DataFrame:
    """Rows as a table: interval_start, constraint, contingency, direction, kind, element."""
    constraint, contingency = row_names(network, rows)
    return pd.DataFrame(
        {
            "interval_start": network.day.case.interval_starts[rows.interval],
            "constraint": constraint,
            "contingency": contingency,
            "direction": np.where(rows.direction > 0, "upper", "lower"),
            **limited(network, rows),
        }
    )


def named_rows(network: NetworkLimits, table: pd.DataFrame) -> tuple[RowSet, Positions]:
    """Rows of a table as `rows_table` makes it, and their places in it.

    Those that the grid does not have are left out.
    """
    interval = network.day.case.interval_starts.get_indexer(
        pd.DatetimeIndex(table["interval_start"])
    )
    outage = _contingencies(network).get_indexer(pd.Index(table["contingency"])) - 1
    direction = np.where(table["direction"] == "upper", 1, -1)
    parts, places = [], [np.zeros(0, dtype=np.intp)]
    labels = {label: kind for kind in Kind for label in _labels(kind)}
    kinds = table["kind"].map(labels)
    for kind, names in _elements_of(network):
        at = np.flatnonzero((kinds == kind).to_numpy())
        element = names.get_indexer(pd.Index(table["element"].iloc[at]))
        known = (element >= 0) & (interval[at] >= 0) & (outage[at] >= -1)
        at, element = at[known], element[known]
        places.append(at)
        none = np.zeros(len(at))
        parts.append(RowSet.of(kind, element, interval[at], direction[at], none, outage[at]))
    found = np.concatenate(places)
    order = np.argsort(found)
    return RowSet.joined(parts)[order], found[order]


def soft_keys(network: NetworkLimits, rows: RowSet) -> list[SoftKey]:
    """Index of each row in a Pyomo model, (N,)."""
    constraint, contingency = row_names(network, rows)
    way = np.where(rows.direction > 0, "upper", "lower").tolist()
    names = (constraint.tolist(), contingency.tolist(), rows.interval.tolist(), way)
    return list(zip(*names, strict=True))
