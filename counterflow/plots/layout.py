"""Where the buses go on a map: their coordinates, or a layout of the graph."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse.csgraph import shortest_path

SMALL = 120
PIVOTS = 50
ROUNDS = 60


def bus_positions(
    buses: pd.DataFrame, branches: pd.DataFrame, *, seed: int = 7
) -> tuple[NDArray[Any], bool]:
    """Return a position (B, 2) of each bus, and whether they are the case's coordinates.

    Coordinates are used where most buses have them; a bus without goes to the mean of its
    neighbors, and buses at one place are spread a little. Otherwise the graph is laid out,
    island by island: by Kamada and Kawai where it is small, else by stress majorization. The same
    input gives the same layout.
    """
    known = buses[["x", "y"]].notna().all(axis=1).to_numpy()
    position = {bus: i for i, bus in enumerate(buses["bus"])}
    live = branches[branches["in_service"]]
    ends = np.column_stack([live["from_bus"].map(position), live["to_bus"].map(position)])
    if known.mean() >= 0.5 and _spread(buses[["x", "y"]].to_numpy(dtype=float)[known]):
        xy = _fill(buses[["x", "y"]].to_numpy(dtype=float), known, ends)
        return _apart(xy), True
    return _graph_layout(len(buses), ends, seed), False


def _spread(xy: NDArray[Any]) -> bool:
    """More than one place: a file that gives every bus (0, 0) has no map."""
    return len(np.unique(xy, axis=0)) > 1


def _fill(xy: NDArray[Any], known: NDArray[Any], ends: NDArray[Any]) -> NDArray[Any]:
    xy, known = xy.copy(), known.copy()
    while not known.all():
        added = False
        for bus in np.flatnonzero(~known):
            at = ends[(ends == bus).any(axis=1)]
            near = [n for n in at.ravel() if n != bus and known[n]]
            if near:
                xy[bus], known[bus], added = xy[near].mean(axis=0), True, True
        if not added:
            xy[~known] = xy[known].mean(axis=0)
            break
    return xy


def _apart(xy: NDArray[Any]) -> NDArray[Any]:
    """Move buses at one place onto a small circle around it."""
    size = float(np.ptp(xy, axis=0).max())
    places, which, count = np.unique(xy, axis=0, return_inverse=True, return_counts=True)
    out = xy.copy()
    for place in np.flatnonzero(count > 1):
        own = np.flatnonzero(which.ravel() == place)
        turn = 2 * np.pi * np.arange(len(own)) / len(own)
        around = 0.008 * size * np.column_stack([np.cos(turn), np.sin(turn)])
        out[own] = places[place] + around
    return out


def _graph_layout(n: int, ends: NDArray[Any], seed: int) -> NDArray[Any]:
    graph = nx.Graph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from((int(a), int(b)) for a, b in ends)
    parts = sorted(nx.connected_components(graph), key=lambda part: (-len(part), min(part)))
    out = np.zeros((n, 2))
    right = 0.0
    for part in parts:
        nodes = sorted(part)
        own = _component(graph.subgraph(nodes), nodes, seed)
        scale = np.sqrt(len(nodes))
        own = own * scale / max(float(np.ptp(own, axis=0).max()), 1e-9) if len(nodes) > 1 else own
        own = own - own.min(axis=0)
        out[nodes] = own + np.array([right, 0.0])
        right += float(np.ptp(own[:, 0])) + 0.15 * np.sqrt(n)
    return out


def _component(graph: nx.Graph[int], nodes: list[int], seed: int) -> NDArray[Any]:
    if len(nodes) <= 2:
        return np.array([[float(i), 0.0] for i in range(len(nodes))])
    if len(nodes) > SMALL:
        return _level(_stress_layout(graph, nodes, seed))
    ordered: nx.Graph[int] = nx.Graph()
    ordered.add_nodes_from(nodes)
    ordered.add_edges_from(sorted(tuple(sorted(edge)) for edge in graph.edges))
    found = nx.kamada_kawai_layout(ordered, pos=nx.circular_layout(ordered))
    return _level(np.array([found[node] for node in nodes]))


def _level(xy: NDArray[Any]) -> NDArray[Any]:
    """Turn a layout so that it is widest from left to right."""
    centered = xy - xy.mean(axis=0)
    axes: NDArray[Any] = np.linalg.svd(centered, full_matrices=False)[2]
    axes = axes * np.sign(axes[[0, 1], np.abs(axes).argmax(axis=1)])[:, None]
    turned: NDArray[Any] = centered @ axes.T
    return turned


def _stress_layout(graph: nx.Graph[int], nodes: list[int], seed: int) -> NDArray[Any]:
    """Distances on the page like distances on the grid: pivots first, then stress majorization.

    Brandes and Pich, Eigensolver methods for progressive multidimensional scaling of large data
    (2006); Gansner, Koren and North, Graph drawing by stress majorization (2004), with the sum
    taken over pivots, neighbors and neighbors' neighbors only.
    """
    adjacency = nx.to_scipy_sparse_array(graph, nodelist=nodes, weight=None, format="csr")
    pivots = _pivots(adjacency, min(PIVOTS, len(nodes)))
    distance = shortest_path(adjacency, unweighted=True, indices=pivots)
    squares = distance**2
    centered = squares - squares.mean(axis=0) - squares.mean(axis=1)[:, None] + squares.mean()
    _, vectors = np.linalg.eigh(centered @ centered.T)
    xy = -0.5 * centered.T @ vectors[:, :-3:-1]
    xy *= distance.max() / max(float(np.ptp(xy, axis=0).max()), 1e-9)
    xy += np.random.default_rng(seed).normal(scale=0.05, size=xy.shape)

    near = (adjacency @ adjacency + adjacency).tocoo()
    one = adjacency.tocsr()[near.row, near.col]
    step = np.where(np.asarray(one).ravel() > 0, 1.0, 2.0)
    far_from, far_to = np.nonzero(distance.T > 2)
    row = np.concatenate([near.row, far_from])
    col = np.concatenate([near.col, pivots[far_to]])
    wanted = np.concatenate([step, distance.T[far_from, far_to]])
    apart = row != col
    row, col, wanted = row[apart], col[apart], wanted[apart]
    weight = wanted**-2.0
    total = np.bincount(row, weight, len(nodes))
    for _ in range(ROUNDS):
        between = xy[row] - xy[col]
        length = np.maximum(np.hypot(between[:, 0], between[:, 1]), 1e-9)
        pull = xy[col] + between * (wanted / length)[:, None]
        xy = np.column_stack(
            [np.bincount(row, weight * pull[:, k], len(nodes)) / total for k in (0, 1)]
        )
    placed: NDArray[Any] = xy
    return placed


def _pivots(adjacency: Any, count: int) -> NDArray[Any]:
    """Nodes far from one another: each the furthest from those before it."""
    chosen = [0]
    nearest = shortest_path(adjacency, unweighted=True, indices=0)
    while len(chosen) < count:
        chosen.append(int(nearest.argmax()))
        found = shortest_path(adjacency, unweighted=True, indices=chosen[-1])
        nearest = np.minimum(nearest, found)
    return np.array(chosen)
