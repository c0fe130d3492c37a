"""The grid: branches that mean something, and no island without a unit."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cases.checks.context import Context, positions

__all__ = ["check_grid", "components"]


def check_grid(context: Context) -> None:
    """Check reactances, self-loops, and that every island has a unit, storage or a link."""
    branches = context.tables["branches"]
    for position in positions(branches["x"] == 0):
        message = "zero reactance; merge the two buses or give it a value"
        context.fail("branches", position, "x", "zero_reactance", message)
    for name in ("branches", "links"):
        frame = context.tables[name]
        loops = (frame["from_bus"] == frame["to_bus"]) & (frame["from_bus"] != "")
        for position in positions(loops):
            message = f"both ends are bus {frame['to_bus'].iat[position]}"
            context.fail(name, position, "to_bus", "self_loop", message)
    tables = context.tables
    if not context.usable("buses", "branches", "links", "units") or not len(tables["buses"]):
        return
    if len(tables["branches"]) == 0 and not len(tables["links"]) and len(tables["buses"]) > 1:
        context.fail_file(
            "branches", None, "missing_table", "more than one bus, but no branch joins them"
        )
        return
    labels = components(tables)
    supplied = set(labels[_positions(tables, "units")])
    supplied |= set(labels[_positions(tables, "storage")])
    for label in sorted(set(labels) - supplied):
        members = positions(labels == label)
        names = ", ".join(tables["buses"]["bus"].iloc[members[:10]])
        more = f" and {len(members) - 10} more" if len(members) > 10 else ""
        message = f"no unit in the island of bus {names}{more}"
        context.fail("buses", members[0], "bus", "island_without_unit", message)


def components(tables: dict[str, pd.DataFrame]) -> NDArray[np.int64]:
    """Give the connected part of each bus, over branches in service and links."""
    buses = pd.Index(tables["buses"]["bus"]).drop_duplicates()
    ends = []
    for name in ("branches", "links"):
        frame = tables[name]
        if name == "branches":
            frame = frame[frame["in_service"]]
        ends.append(
            np.stack([buses.get_indexer(frame["from_bus"]), buses.get_indexer(frame["to_bus"])])
        )
    pairs = np.concatenate(ends, axis=1)
    pairs = pairs[:, (pairs >= 0).all(axis=0)]
    size = len(buses)
    matrix = coo_array((np.ones(pairs.shape[1]), (pairs[0], pairs[1])), shape=(size, size))
    _, labels = connected_components(matrix, directed=False)
    result: NDArray[np.int64] = labels[buses.get_indexer(tables["buses"]["bus"])].astype(np.int64)
    return result


def _positions(tables: dict[str, pd.DataFrame], name: str) -> NDArray[np.intp]:
    """Positions of the buses that the rows of a table are at; unknown buses are left out."""
    buses = tables["buses"]["bus"].drop_duplicates()
    positions = pd.Series(buses.index, index=pd.Index(buses)).reindex(tables[name]["bus"])
    known: NDArray[np.intp] = positions.dropna().to_numpy().astype(np.intp)
    return known
