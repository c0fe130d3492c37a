"""Where the buses go on a map: their coordinates, or a layout of the graph."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray

SMALL = 120
MIDDLE = 1500


def bus_positions(
    buses: pd.DataFrame, branches: pd.DataFrame, *, seed: int = 7
) -> tuple[NDArray[Any], bool]:
    """Return a position (B, 2) of each bus, and whether they are the case's coordinates.

    Coordinates are used where most buses have them; a bus without goes to the mean of its
    neighbors, and buses at one place are spread a little. Otherwise the graph is laid out:
    Kamada-Kawai for small grids, springs for middle ones, the eigenvectors of the Laplacian
    for large ones; the same input gives the same layout.
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
    ordered: nx.Graph[int] = nx.Graph()
    ordered.add_nodes_from(nodes)
    ordered.add_edges_from(sorted(tuple(sorted(edge)) for edge in graph.edges))
    if len(nodes) <= SMALL:
        start = nx.circular_layout(ordered)
        found = nx.kamada_kawai_layout(ordered, pos=start)
        return np.array([found[node] for node in nodes])
    spectral = _spectral(ordered, nodes, seed)
    if len(nodes) > MIDDLE:
        return spectral
    start = {node: spectral[i] for i, node in enumerate(nodes)}
    k = 1.2 / np.sqrt(len(nodes))
    found = nx.spring_layout(ordered, pos=start, k=k, iterations=60, seed=seed)
    return np.array([found[node] for node in nodes])


def _spectral(graph: nx.Graph[int], nodes: list[int], seed: int) -> NDArray[Any]:
    """Second and third eigenvector of the normalized Laplacian, ranks mixed in to spread them."""
    from scipy.sparse.linalg import eigsh

    laplacian = nx.normalized_laplacian_matrix(graph, nodelist=nodes).tocsc()
    first = np.random.default_rng(seed).standard_normal(len(nodes))
    _, vectors = eigsh(laplacian, k=3, sigma=-1e-3, which="LM", v0=first)
    xy = vectors[:, ::-1][:, :2] if vectors.shape[1] == 2 else vectors[:, 1:3]
    xy = xy * np.where(xy[np.abs(xy).argmax(axis=0), [0, 1]] < 0, -1.0, 1.0)
    rank = xy.argsort(axis=0).argsort(axis=0) / (len(nodes) - 1) - 0.5
    scaled = xy / np.abs(xy).max(axis=0)
    spread: NDArray[Any] = 0.75 * rank + 0.25 * scaled
    return spread
