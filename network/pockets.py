"""Areas of the grid and what feeds them: radial pockets, areas behind a cut, zones, paths.

A load pocket is an area whose load can exceed what its boundary lets in. Where the boundary is a
single bridge the pocket is radial; otherwise an interface or a list of branches names the cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from cases.errors import InputError
from network.arrays import Flags, Floats, Positions
from network.interfaces import Interface
from network.topology import island_labels

if TYPE_CHECKING:
    from network.grid import Grid

__all__ = [
    "Path",
    "Pocket",
    "pocket",
    "pockets_behind",
    "radial_pockets",
    "shortest_path",
    "zone_graph",
    "zone_pocket",
]


@dataclass(frozen=True, eq=False)
class Pocket:
    """An area and the in-service branches that join it to the rest of the grid."""

    name: str
    buses: tuple[str, ...]
    positions: Positions
    """Positions of `buses` in the grid."""
    boundary: Positions
    """Positions of the branches with one end inside."""
    inward: Floats
    """For each of them +1 where its positive flow goes into the area, else -1."""

    def interface(self, grid: Grid) -> Interface:
        """Express the import of the area, limited both ways by its boundary's summed ratings."""
        limit = float(grid.rating[self.boundary].sum())
        return Interface(self.name, self.boundary, self.inward, -limit, limit)


def pocket(grid: Grid, buses: Iterable[str] | Positions, name: str) -> Pocket:
    """Describe the area of these buses, given by name or by position."""
    if isinstance(buses, np.ndarray) and np.issubdtype(buses.dtype, np.integer):
        positions = np.unique(np.asarray(buses, dtype=np.intp))
    else:
        positions = np.unique(grid.bus_positions(buses))
    inside = np.zeros(len(grid.buses), dtype=bool)
    inside[positions] = True
    starts, ends = inside[grid.from_bus], inside[grid.to_bus]
    boundary = np.flatnonzero(grid.in_service & (starts != ends))
    return Pocket(
        name,
        tuple(str(bus) for bus in grid.bus_names[positions]),
        positions,
        boundary,
        np.where(ends[boundary], 1.0, -1.0),
    )


def radial_pockets(grid: Grid) -> tuple[Pocket, ...]:
    """Everything that hangs on the meshed core of its island by a single branch.

    The core is the largest set of buses that no single outage splits (between equals, the one
    with the first bus); each pocket is named after the bridge that feeds it, and bridges further
    out are inside it.
    """
    bridge = grid.forest.bridges
    meshed = _parts(grid, bridge)
    size = np.bincount(meshed, minlength=len(grid.buses))
    largest = np.lexsort((meshed, -size[meshed], grid.islands))
    first = largest[np.unique(grid.islands[largest], return_index=True)[1]]
    core = np.isin(meshed, meshed[first])
    feeders = bridge & (core[grid.from_bus] != core[grid.to_bus])
    part = _parts(grid, feeders)
    members = _members(part)
    names = np.asarray(grid.branches, dtype=object)
    found = []
    for branch in np.flatnonzero(feeders).tolist():
        start, end = int(grid.from_bus[branch]), int(grid.to_bus[branch])
        outer = end if core[start] else start
        inside = members[part[outer]]
        found.append(
            Pocket(
                str(names[branch]),
                tuple(str(bus) for bus in grid.bus_names[inside]),
                inside,
                np.array([branch]),
                np.array([-1.0 if outer == start else 1.0]),
            )
        )
    return tuple(found)


def pockets_behind(grid: Grid, cut: str | Sequence[str] | Sequence[int]) -> tuple[Pocket, ...]:
    """Find the areas that a cut separates from the largest part of their island.

    `cut` is the name of an interface or branches by name or position. Areas are named by the
    interface or the branches, numbered where there are several. Raises InputError when the cut
    separates nothing.
    """
    if isinstance(cut, str) and cut in grid.interfaces:
        name, branches = cut, grid.interfaces[cut].branches
    else:
        branches = grid.branch_positions(cut)
        name = "+".join(str(branch) for branch in grid.branches[branches])
    out = np.zeros(len(grid.branches), dtype=bool)
    out[branches] = True
    separated = grid.bus_positions(grid.cut_off(branches))
    if len(separated) == 0:
        raise InputError.one("", None, "cut", "a cut", f"{name} separates no area from the grid")
    part = _parts(grid, out)
    areas = [separated[part[separated] == label] for label in np.unique(part[separated])]
    if len(areas) == 1:
        return (pocket(grid, areas[0], name),)
    return tuple(pocket(grid, area, f"{name}/{k}") for k, area in enumerate(areas, start=1))


def zone_pocket(grid: Grid, zone: str) -> Pocket:
    """Describe the area of a zone, with its tie lines as the boundary."""
    return pocket(grid, _zone(grid, zone), zone)


def zone_graph(grid: Grid, zone: str) -> nx.MultiGraph:
    """Return the part of the networkx graph inside a zone (a view)."""
    return grid.graph.subgraph(grid.buses[_zone(grid, zone)])


@dataclass(frozen=True, slots=True)
class Path:
    """A way through the grid: buses in order, and the branch between each two of them."""

    buses: tuple[str, ...]
    branches: tuple[str, ...]
    reactance: float
    """Sum of the sizes of 1 / susceptance, per unit."""


def shortest_path(grid: Grid, source: str, target: str) -> Path:
    """Find the path of least reactance between two buses; InputError where there is none."""
    grid.bus_positions([source, target])
    try:
        buses = nx.shortest_path(grid.graph, source, target, weight="reactance")
    except nx.NetworkXNoPath:
        message = f"{source} and {target} are in different islands"
        raise InputError.one("", None, "path", "one island", message) from None
    branches, reactance = [], 0.0
    for start, end in pairwise(buses):
        circuits = grid.graph[start][end]
        best = min(circuits, key=lambda key: (circuits[key]["reactance"], str(key)))
        branches.append(str(best))
        reactance += circuits[best]["reactance"]
    return Path(tuple(buses), tuple(branches), reactance)


def _zone(grid: Grid, zone: str) -> Positions:
    if zone not in grid.zones:
        known = ", ".join(list(grid.zones)[:10])
        raise InputError.one(
            "", None, "zone", "known zone", f"no such zone: {zone}; known: {known}"
        )
    return grid.zones[zone]


def _parts(grid: Grid, out: Flags) -> Positions:
    live = grid.in_service & ~out
    return island_labels(len(grid.buses), grid.from_bus[live], grid.to_bus[live])


def _members(part: Positions) -> list[Positions]:
    order = np.argsort(part, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(part[order])) + 1)
