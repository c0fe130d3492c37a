"""The names of soft rows, as results and the Pyomo model show them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clearing.limits.network import NetworkLimits
from clearing.program.faces import SoftKey
from clearing.program.rows import Kind, RowSet
from network.arrays import Positions

__all__ = ["named_rows", "row_names", "rows_table", "soft_keys"]


def row_names(network: NetworkLimits, rows: RowSet) -> tuple[pd.Index[str], pd.Index[str]]:
    """Names of constraints and contingencies of rows, (N,) each; base case = blank.

    A branch or interface goes by its own name, a ramp by ``ramp_up:UNIT`` or ``ramp_down:UNIT``.
    """
    constraint = np.empty(len(rows), dtype=object)
    for kind, way, names in _names(network):
        at = (rows.kind == kind) & (rows.direction == way)
        constraint[at] = names.to_numpy(dtype=object)[rows.element[at]]
    listed = _contingencies(network).to_numpy(dtype=object)
    return pd.Index(constraint, dtype="str"), pd.Index(listed[rows.contingency + 1], dtype="str")


def _names(network: NetworkLimits) -> list[tuple[Kind, int, pd.Index[str]]]:
    """Names of all that rows of a kind and a direction can limit."""
    grid, units = network.day.grid, network.day.units
    interfaces: pd.Index[str] = pd.Index([i.name for i in network.interfaces], dtype="str")
    found = []
    for way, ramp in ((1, "ramp_up:"), (-1, "ramp_down:")):
        ramps: pd.Index[str] = pd.Index([f"{ramp}{unit}" for unit in units], dtype="str")
        found += [
            (Kind.BRANCH, way, grid.branches),
            (Kind.CONTINGENCY, way, grid.branches),
            (Kind.INTERFACE, way, interfaces),
            (Kind.RAMP, way, ramps),
        ]
    return found


def _contingencies(network: NetworkLimits) -> pd.Index[str]:
    """The base case, then the contingencies."""
    return pd.Index(["", *(k.name for k in network.contingencies)], dtype="str")


def rows_table(network: NetworkLimits, rows: RowSet) -> pd.DataFrame:
    """Rows as a table of names: interval_start, constraint, contingency, direction, kind."""
    constraint, contingency = row_names(network, rows)
    return pd.DataFrame(
        {
            "interval_start": network.day.case.interval_starts[rows.interval],
            "constraint": constraint,
            "contingency": contingency,
            "direction": np.where(rows.direction > 0, "upper", "lower"),
            "kind": np.array([kind.label for kind in Kind], dtype=object)[rows.kind],
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
    for kind, way, names in _names(network):
        at = np.flatnonzero((table["kind"] == kind.label).to_numpy() & (direction == way))
        element = names.get_indexer(pd.Index(table["constraint"].iloc[at]))
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
