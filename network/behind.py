"""What lies behind a limit of the grid: the load pocket that it feeds, or the plants it keeps in.

Where the limit and the outage it is watched for are all that joins an area to the grid, that area
lies behind it. In a meshed grid nothing is separated; there the buses behind a limit are those
nearer, by their DFAX, to the one that relieves it most than to the one that loads it most, and
joined to the limit's end without crossing it. The half-way mark does not depend on the slack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from network.arrays import Floats, Positions
from network.pockets import Pocket, pocket

if TYPE_CHECKING:
    from network.grid import Grid

__all__ = ["Behind", "behind"]

_EVEN = 1e-6
"""DFAX this near to the half-way mark, as a share of the range, is on neither side."""


@dataclass(frozen=True, eq=False)
class Behind:
    """The smaller side of a limit."""

    pocket: Pocket
    imports: bool
    """The limit holds back what flows into the pocket: a load pocket. Else what flows out of it."""
    separated: bool
    """Without the limit's branches, and those of its outage, nothing joins it to the grid."""


def behind(grid: Grid, constraint: str, dfax: Floats, contingency: str = "") -> Behind | None:
    """Find the pocket behind a branch or an interface.

    Parameters
    ----------
    constraint
        Name of an interface or branch.
    dfax
        Relief of the limit by 1 MW injected at each bus, (B,), against any slack.
    contingency
        The outage after which the limit holds; blank = the base case.

    Returns
    -------
    Behind or None
        None where the limit is no branch or interface, or does not tell buses apart.
    """
    if constraint in grid.interfaces:
        held = grid.interfaces[constraint].branches
    elif constraint in grid.branches:
        held = grid.branch_positions([constraint])
    else:
        return None
    held = held[grid.in_service[held]]
    out = np.array(grid.contingency(contingency).branches if contingency else (), dtype=np.intp)
    cut = np.union1d(held, out).astype(np.intp)
    if not len(held):
        return None
    island = grid.islands == grid.islands[grid.from_bus[held[0]]]
    inside = _separated(grid, held, cut)
    separated = len(inside) > 0
    if not separated:
        inside = _nearer(grid, held, cut, dfax, island)
    rest = np.setdiff1d(np.flatnonzero(island), inside)
    if not len(inside) or not len(rest):
        return None
    imports = bool(dfax[inside].mean() > dfax[rest].mean())
    name = f"{constraint} after {contingency}" if contingency else constraint
    return Behind(pocket(grid, inside, name), imports, separated)


def _separated(grid: Grid, held: Positions, cut: Positions) -> Positions:
    """Buses of the smaller parts that the cut leaves at an end of the limit, if any."""
    lost = grid.bus_positions(grid.cut_off(cut))
    if not len(lost):
        return lost
    ends = np.unique(np.concatenate([grid.from_bus[held], grid.to_bus[held]]))
    joined = _graph(grid, lost, cut)
    found: set[str] = set()
    for end in np.intersect1d(ends, lost).tolist():
        found |= nx.node_connected_component(joined, grid.bus_names[end])
    return np.sort(grid.bus_positions(sorted(found)))


def _nearer(
    grid: Grid, held: Positions, cut: Positions, dfax: Floats, island: np.ndarray
) -> Positions:
    """Buses of the smaller side of the half-way mark that hang together at the limit's ends."""
    low, high = float(dfax[island].min()), float(dfax[island].max())
    middle, even = (low + high) / 2.0, _EVEN * (high - low)
    if high - low <= 0.0:
        return np.zeros(0, dtype=np.intp)
    start, end = grid.from_bus[held], grid.to_bus[held]
    forward = dfax[end] > dfax[start]
    sides = []
    for mask, at in (
        (island & (dfax > middle + even), np.where(forward, end, start)),
        (island & (dfax < middle - even), np.where(forward, start, end)),
    ):
        joined = _graph(grid, np.flatnonzero(mask), cut)
        found: set[str] = set()
        for bus in np.unique(at[mask[at]]).tolist():
            found |= nx.node_connected_component(joined, grid.bus_names[bus])
        sides.append(np.sort(grid.bus_positions(sorted(found))))
    known = [side for side in sides if len(side)]
    return min(known, key=len) if known else np.zeros(0, dtype=np.intp)


def _graph(grid: Grid, buses: Positions, cut: Positions) -> nx.MultiGraph:
    """Part of the grid's graph between these buses, without the branches of a cut (a view)."""
    edges = [
        (grid.bus_names[grid.from_bus[k]], grid.bus_names[grid.to_bus[k]], grid.branches[k])
        for k in cut[grid.in_service[cut]].tolist()
    ]
    without = nx.restricted_view(grid.graph, [], edges)
    return without.subgraph(grid.bus_names[buses])
