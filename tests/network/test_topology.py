"""Islands, bridges and what outages cut off: against networkx."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network import Grid
from tests.network.dense import Tables, random_tables


@st.composite
def multigraphs(draw: st.DrawFn) -> Tables:
    """Any multigraph, however thin: isolated buses, trees, parallel circuits, outages."""
    count = draw(st.integers(1, 14))
    bus = st.integers(0, count - 1)
    pairs = draw(st.lists(st.tuples(bus, bus).filter(lambda p: p[0] != p[1]), max_size=24))
    pairs = pairs if count > 1 else []
    live = draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs)))
    branches = pd.DataFrame(
        {
            "branch": [f"l{k}" for k in range(len(pairs))],
            "from_bus": [f"b{a}" for a, _ in pairs],
            "to_bus": [f"b{b}" for _, b in pairs],
            "x": np.full(len(pairs), 0.1),
            "in_service": np.array(live, dtype=bool),
        }
    )
    return Tables(pd.DataFrame({"bus": [f"b{k}" for k in range(count)]}), branches)


def nx_bridges(tables: Tables) -> set[str]:
    graph = tables.graph()
    found = set()
    for start, end in nx.bridges(graph):
        (key,) = graph[start][end]
        found.add(key)
    return found


@given(multigraphs())
@settings(max_examples=120, deadline=None)
def test_islands_and_bridges_match_networkx(tables: Tables) -> None:
    grid = Grid(tables.buses, tables.branches, 100.0)
    expected = {frozenset(part) for part in nx.connected_components(tables.graph())}
    mine = {frozenset(grid.buses[grid.islands == island]) for island in range(len(grid.references))}
    assert mine == expected
    assert grid.islands[grid.references].tolist() == list(range(len(expected)))
    assert grid.bridges == nx_bridges(tables)


@given(multigraphs(), st.data())
@settings(max_examples=80, deadline=None)
def test_cut_off_is_what_leaves_the_largest_part(tables: Tables, data: st.DataObject) -> None:
    grid = Grid(tables.buses, tables.branches, 100.0)
    live = np.flatnonzero(grid.in_service)
    if not len(live):
        return
    out = data.draw(st.lists(st.sampled_from(live.tolist()), min_size=1, max_size=3, unique=True))
    cut_off = set(grid.cut_off(out))
    after = tables.without(out).graph()
    for island in nx.connected_components(tables.graph()):
        parts = list(nx.connected_components(after.subgraph(island)))
        stays = island - cut_off
        assert stays in parts
        assert len(stays) == max(map(len, parts))
    if len(out) == 1:
        assert bool(cut_off) == (str(grid.branches[out[0]]) in grid.bridges)


def test_a_bridge_in_a_larger_grid_cuts_off_its_smaller_side() -> None:
    # a - b - c is a triangle, d hangs on c, e and f hang on d.
    buses = pd.DataFrame({"bus": list("abcdef")})
    ends = ["ab", "bc", "ca", "cd", "de", "df"]
    branches = pd.DataFrame(
        {
            "branch": ends,
            "from_bus": [e[0] for e in ends],
            "to_bus": [e[1] for e in ends],
            "x": np.full(6, 0.1),
        }
    )
    grid = Grid(buses, branches, 100.0)
    assert grid.bridges == {"cd", "de", "df"}
    assert grid.cut_off("de") == ("e",)
    assert grid.cut_off("ab") == ()
    assert grid.cut_off(["ab", "bc"]) == ("b",)
    assert set(grid.cut_off("cd")) in ({"d", "e", "f"}, {"a", "b", "c"})


@pytest.mark.parametrize("seed", range(3))
def test_the_graph_holds_every_circuit_in_service(seed: int) -> None:
    tables = random_tables(seed, 15, islands=2, out=3)
    grid = Grid(tables.buses, tables.branches, 100.0)
    assert nx.utils.graphs_equal(
        nx.MultiGraph(grid.graph.edges(keys=True)), nx.MultiGraph(tables.graph().edges(keys=True))
    )
    assert set(grid.graph.nodes) == set(tables.buses["bus"])
    for start, end, key, data in grid.graph.edges(keys=True, data=True):
        position = grid.branches.get_loc(key)
        assert {start, end} == {
            grid.buses[grid.from_bus[position]],
            grid.buses[grid.to_bus[position]],
        }
        assert data["susceptance"] == grid.susceptance[position]
        assert data["position"] == position
    assert grid.graph.nodes["b1"]["zone"] == tables.buses.set_index("bus")["zone"]["b1"]


def test_zones_hold_their_buses() -> None:
    grid = Grid(random_tables(0, 9).buses, random_tables(0, 9).branches, 100.0)
    assert set(grid.zones) == {"z0", "z1", "z2"}
    assert sorted(np.concatenate(list(grid.zones.values())).tolist()) == list(range(9))
    assert Grid(random_tables(0, 9).buses[["bus"]], random_tables(0, 9).branches, 100.0).zones == {}
