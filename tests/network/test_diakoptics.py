"""The torn grid gives the factors of the whole one: against the dense inverse, piece by piece."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network import ContingencyScreen, Grid, branch_outages
from network.diakoptics import elimination_tree, tear
from network.outages import OutageGroup
from tests.network.dense import Array, Tables, dense_flows, injections, random_tables


def dense_transfers(tables: Tables) -> Array:
    """a_l' K^-1 a_m for all pairs of branches, (L, L), by the pseudo-inverse."""
    place = {bus: k for k, bus in enumerate(tables.buses["bus"].tolist())}
    ends = np.zeros((len(tables.branches), len(place)))
    b = np.zeros(len(tables.branches))
    for k, row in enumerate(tables.branches.itertuples()):
        if row.in_service:
            ends[k, place[row.from_bus]], ends[k, place[row.to_bus]] = 1.0, -1.0
            b[k] = 1.0 / (row.x * row.tap)
    return ends @ np.linalg.pinv(ends.T @ (b[:, None] * ends), rcond=1e-11) @ ends.T


@given(
    seed=st.integers(0, 10_000),
    islands=st.integers(1, 3),
    negative=st.integers(0, 2),
    size=st.sampled_from([1, 3, 8, 40]),
)
@settings(max_examples=40, deadline=None)
def test_factors_of_the_torn_grid_are_those_of_the_whole(
    seed: int, islands: int, negative: int, size: int
) -> None:
    tables = random_tables(seed, 30, extra=25, islands=islands, negative=negative, out=2)
    grid = Grid(tables.buses, tables.branches, 100.0)
    torn = tear(grid, size)
    assert torn is not None
    assert len(torn.pieces) > 1 or size == 40
    expected = dense_transfers(tables)
    count = len(grid.branches)
    np.testing.assert_allclose(torn.own_transfer(count), np.diagonal(expected), atol=1e-8)
    rng = np.random.default_rng(seed)
    rows = rng.uniform(-1, 1, count) * (rng.random(count) < 0.8)
    columns = rng.uniform(-1, 1, count) * (rng.random(count) < 0.8)
    values = expected * rows[:, None] * columns
    np.fill_diagonal(values, 0.0)
    sizes = np.abs(values[np.abs(values) > 1e-9])  # without the noise between islands
    level = np.quantile(sizes, 0.7) * (1.0 + 1e-6)  # so that no value is equal to it
    found = np.zeros((count, count))
    for line, outage, value in torn.large_factors(rows / level, columns):
        assert not found[line, outage].any(), "parts must not overlap"
        found[line, outage] = value
    large = np.abs(values) > level
    assert large.sum() > 10
    np.testing.assert_allclose(found, np.where(large, values / level, 0.0), atol=1e-6)


def test_far_pieces_are_skipped_without_loss() -> None:
    # A long ladder: its far ends hardly feel each other, so most pairs of pieces are bounded out.
    count = 200
    graph = nx.ladder_graph(count)
    buses = pd.DataFrame({"bus": [f"b{k}" for k in range(2 * count)]})
    branches = pd.DataFrame(
        {
            "branch": [f"l{k}" for k in range(graph.number_of_edges())],
            "from_bus": [f"b{a}" for a, _ in graph.edges],
            "to_bus": [f"b{b}" for _, b in graph.edges],
            "x": 0.1,
            "tap": 1.0,
            "in_service": True,
        }
    )
    grid = Grid(buses, branches, 100.0)
    torn = tear(grid, 20)
    assert torn is not None
    assert len(torn.pieces) > 10
    expected = dense_transfers(Tables(buses, branches))
    ones = np.full(len(branches), 1.0 / np.sqrt(1e-3))
    parts = list(torn.large_factors(ones, ones))
    np.fill_diagonal(expected, 0.0)
    large = {(int(a), int(b)) for a, b in np.argwhere(np.abs(expected) > 1e-3)}
    found = {
        (int(a), int(b)) for line, outage, _ in parts for a, b in zip(line, outage, strict=True)
    }
    assert found == large
    assert len(parts) < 0.5 * len(torn.pieces) ** 2


@pytest.mark.parametrize("seed", range(4))
def test_pairs_of_the_torn_grid_are_those_found_by_solves(seed: int) -> None:
    tables = random_tables(seed, 250, extra=200, islands=2, negative=4, out=5)
    grid = Grid(tables.buses, tables.branches, 100.0)
    outages = np.array([c.branches for c in branch_outages(grid)])
    rng = np.random.default_rng(seed)
    lines = np.flatnonzero(grid.in_service)
    margin = rng.uniform(-0.2, 10.0, len(lines))  # some lines have none, and keep every pair
    cap = rng.uniform(0.0, 60.0, len(grid.branches))
    cap[::7] = 0.0
    torn, solved = OutageGroup(grid, outages), OutageGroup(grid, outages)
    mine = torn.pairs_of_all(lines, margin, cap)
    expected = solved.pairs_by_outage(np.arange(len(outages)), lines, margin, cap)
    np.testing.assert_array_equal(mine.line, expected.line)
    np.testing.assert_array_equal(mine.outage, expected.outage)
    np.testing.assert_allclose(mine.factors, expected.factors, atol=1e-8)
    everyone = np.arange(len(outages))
    np.testing.assert_allclose(
        torn.factors(lines[:5], everyone), solved.factors(lines[:5], everyone), atol=1e-9
    )


def test_a_piece_whose_susceptances_cancel_is_not_trusted() -> None:
    # At b, 10 and -10 cancel: alone it is a singular piece, but the grid is sound.
    branches = pd.DataFrame(
        {
            "branch": ["ab", "bc", "ca", "cd", "da"],
            "from_bus": ["a", "b", "c", "c", "d"],
            "to_bus": ["b", "c", "a", "d", "a"],
            "x": [0.1, -0.1, 0.2, 0.3, 0.2],
            "r": 0.0,
            "tap": 1.0,
            "shift_deg": 0.0,
            "rating_mw": 40.0,
            "in_service": True,
        }
    )
    tables = Tables(pd.DataFrame({"bus": list("abcd")}), branches)
    grid = Grid(tables.buses, tables.branches, 100.0)
    assert tear(grid, 1) is None
    mw = injections(tables, 1)
    np.testing.assert_allclose(grid.flows(mw), dense_flows(tables, mw), atol=1e-9)
    screen = ContingencyScreen(grid, branch_outages(grid))
    found = screen.violations(grid.flows(mw), 1e-4, worst=9)
    for line, contingency, flow in zip(found.line, found.contingency, found.flow, strict=True):
        after = dense_flows(tables.without([int(contingency)]), mw)
        assert flow == pytest.approx(after[line], abs=1e-6)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_elimination_tree_follows_from_elimination(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 15))
    pairs = rng.integers(0, count, (int(rng.integers(0, 25)), 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    order = rng.permutation(count)[: int(rng.integers(1, count + 1))]
    graph = nx.Graph()
    graph.add_nodes_from(order.tolist())
    graph.add_edges_from(
        (a, b) for a, b in pairs.tolist() if a in set(order.tolist()) and b in set(order.tolist())
    )
    place = {bus: k for k, bus in enumerate(order.tolist())}
    expected = []
    for bus in order.tolist():  # eliminate: the neighbors of a bus become neighbors of each other
        neighbors = list(graph.neighbors(bus))
        expected.append(min((place[n] for n in neighbors), default=len(order)))
        graph.remove_node(bus)
        graph.add_edges_from((a, b) for a in neighbors for b in neighbors if a < b)
    assert elimination_tree(order, pairs[:, 0], pairs[:, 1], count) == expected
