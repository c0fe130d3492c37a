"""Islands, bridges and what hangs behind them, from the ends of the branches alone.

networkx answers the same questions (the tests compare with it); these answers are linear in the
size of the grid with small constants, so that a grid of 70,000 buses does not pay for a graph
that nobody asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, depth_first_order

from network.arrays import Flags, Floats, Positions

__all__ = ["Forest", "island_labels", "spanning_forest"]


def _adjacency(buses: int, from_bus: Positions, to_bus: Positions) -> coo_array:
    ones: Floats = np.ones(2 * len(from_bus))
    ends = (np.concatenate([from_bus, to_bus]), np.concatenate([to_bus, from_bus]))
    return coo_array((ones, ends), shape=(buses, buses))


def island_labels(buses: int, from_bus: Positions, to_bus: Positions) -> Positions:
    """Island of each bus, (B,), numbered from 0 in the order of their first buses."""
    if buses == 0:
        return np.zeros(0, dtype=np.intp)
    _, labels = connected_components(_adjacency(buses, from_bus, to_bus), directed=False)
    return np.asarray(labels, dtype=np.intp)


@dataclass(frozen=True)
class Forest:
    """A depth-first spanning tree of every island, and the bridges among its branches.

    The buses below any bus are a contiguous run of `preorder`.
    """

    preorder: Positions
    """Buses in the order of the visit; an island's root comes before its other buses."""
    place: Positions
    """Place of each bus in `preorder`."""
    size: Positions
    """Number of buses in the subtree of each bus, itself included."""
    below: Positions
    """For each branch that is a bridge the bus at its lower end, else -1."""
    labels: npt.NDArray[np.uint64]
    """Label of each branch such that the labels of the branches of any cut cancel (XOR to 0)."""

    @property
    def bridges(self) -> Flags:
        """Which branches split their island when they go out, (L,)."""
        return self.below >= 0

    def may_split(self, branches: Positions) -> bool:
        """Whether these in-service branches may hold a cut; False is certain, True nearly so.

        They hold one if and only if some of their labels XOR to zero, but for a chance of 2^-64
        that labels of no cut do (Pritchard and Thurimella, "Fast computation of small cuts via
        cycle space sampling", ACM Trans. Algorithms 7(4), 2011).
        """
        basis: list[int] = []
        for label in self.labels[branches].tolist():
            for known in basis:
                label = min(label, label ^ known)
            if label == 0:
                return True
            basis.append(label)
        return False

    def subtree(self, bus: int) -> Positions:
        """Buses from `bus` downwards."""
        start = self.place[bus]
        return self.preorder[start : start + self.size[bus]]


def spanning_forest(
    roots: Positions, from_bus: Positions, to_bus: Positions, in_service: Flags, buses: int
) -> Forest:
    """Search the in-service branches depth first from `roots`, one bus of each island.

    In a depth-first tree every other branch joins a bus to one above it. A tree branch is a
    bridge when no other branch passes over it, and the branches that pass over it are those that
    start below less those that end below (Tarjan 1974, with sums instead of low points).
    """
    branch = np.flatnonzero(in_service)
    f, t = from_bus[branch], to_bus[branch]
    # One more bus above all roots makes one tree of the forest.
    top = np.full(len(roots), buses, dtype=np.intp)
    graph = _adjacency(buses + 1, np.concatenate([f, top]), np.concatenate([t, roots])).tocsr()
    visited, above = depth_first_order(graph, buses, directed=True)
    preorder = np.asarray(visited[1:], dtype=np.intp)
    place = np.empty(buses, dtype=np.intp)
    place[preorder] = np.arange(buses)
    parent = np.asarray(above[:buses], dtype=np.intp)

    counts = [1] * (buses + 1)
    parents: list[int] = parent.tolist()
    for bus in reversed(preorder.tolist()):
        counts[parents[bus]] += counts[bus]
    size = np.array(counts[:buses], dtype=np.intp)

    forward = place[f] > place[t]
    low, high = np.where(forward, f, t), np.where(forward, t, f)
    tree = np.zeros(len(branch), dtype=bool)
    along = np.flatnonzero(parent[low] == high)
    tree[along[np.unique(low[along], return_index=True)[1]]] = True

    starts = np.bincount(place[low[~tree]], minlength=buses)
    ends = np.bincount(place[high[~tree]], minlength=buses)
    running = np.concatenate([[0], np.cumsum(starts - ends)])
    passing = running[place + size] - running[place]
    bridge = tree & (passing[low] == 0)

    labels = np.zeros(len(in_service), dtype=np.uint64)
    labels[branch] = _cut_labels(place, size, low, high, tree)
    below = np.full(len(in_service), -1, dtype=np.intp)
    below[branch[bridge]] = low[bridge]
    return Forest(preorder, place, size, below, labels)


def _cut_labels(
    place: Positions, size: Positions, low: Positions, high: Positions, tree: Flags
) -> npt.NDArray[np.uint64]:
    """Draw labels of the branches off the tree; a tree branch has those of all that pass over."""
    labels = np.zeros(len(tree), dtype=np.uint64)
    drawn = np.random.default_rng(0).integers(1, 2**64, np.count_nonzero(~tree), dtype=np.uint64)
    labels[~tree] = drawn
    at_place = np.zeros(len(place) + 1, dtype=np.uint64)
    for ends in (low, high):
        np.bitwise_xor.at(at_place, place[ends[~tree]] + 1, drawn)
    through = np.bitwise_xor.accumulate(at_place)
    lower = low[tree]
    labels[tree] = through[place[lower] + size[lower]] ^ through[place[lower]]
    return labels
