"""The grid: branches that mean something, and islands that nothing supplies."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cases.checks.context import Context, positions

__all__ = ["check_grid", "components"]


def check_grid(context: Context) -> None:
    """Check reactances and self-loops; warn of islands without a unit or storage.

    What lies in such an island is cut off: its load is shed, and without load it has no price.
    """
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
    at = _first(tables["buses"]["bus"].tolist())
    placed = [*tables["units"]["bus"].tolist(), *tables["storage"]["bus"].tolist()]
    if any(bus not in at for bus in placed):
        return  # reported where they are; an island may only seem to have no unit
    labels = components(tables)
    supplied = {int(labels[at[bus]]) for bus in placed}
    for label in sorted(set(labels.tolist()) - supplied):
        members = positions(labels == label)
        names = ", ".join(tables["buses"]["bus"].iloc[members[:10]])
        more = f" and {len(members) - 10} more" if len(members) > 10 else ""
        taken = tables["loads"]["bus"].isin(tables["buses"]["bus"].iloc[members]).any()
        what = "its load is shed" if taken else "it takes nothing and has no price"
        message = f"no unit in the island of bus {names}{more}: {what}"
        context.warn("buses", members[0], "bus", "island_without_unit", message)


def components(tables: dict[str, pd.DataFrame]) -> NDArray[np.int64]:
    """Give the connected part of each bus, over branches in service and links."""
    names = tables["buses"]["bus"].tolist()
    at = _first(names)
    lines, links = tables["branches"], tables["links"]
    lines = lines[lines["in_service"].to_numpy()]
    starts = [*lines["from_bus"].tolist(), *links["from_bus"].tolist()]
    ends = [*lines["to_bus"].tolist(), *links["to_bus"].tolist()]
    joined = [(at[a], at[b]) for a, b in zip(starts, ends, strict=True) if a in at and b in at]
    pairs = np.array(joined, dtype=np.intp).reshape(-1, 2).T
    size = len(names)
    matrix = coo_array((np.ones(pairs.shape[1]), (pairs[0], pairs[1])), shape=(size, size))
    _, labels = connected_components(matrix, directed=False)
    result: NDArray[np.int64] = labels[[at[bus] for bus in names]].astype(np.int64)
    return result


def _first(names: list[str]) -> dict[str, int]:
    """Position of each name, of its first row where it is there twice."""
    return {name: len(names) - 1 - back for back, name in enumerate(reversed(names))}
