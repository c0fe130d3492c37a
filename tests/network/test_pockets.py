"""Pockets, areas behind cuts, zones and paths: against networkx and by hand."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from cases import InputError
from network import Grid, pocket, shortest_path, zone_graph, zone_pocket
from tests.network.dense import random_tables


@pytest.fixture
def grid() -> Grid:
    """A square a-b-c-d; e-f-g hang on d in a triangle; h hangs on g; i hangs on a."""
    ends = ["ab", "bc", "cd", "da", "ed", "ef", "fg", "ge", "gh", "ai"]
    branches = pd.DataFrame(
        {
            "branch": ends,
            "from_bus": [e[0] for e in ends],
            "to_bus": [e[1] for e in ends],
            "x": [0.1, 0.1, 0.2, 0.3, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1],
            "rating_mw": [100.0] * 4 + [80.0] * 6,
        }
    )
    buses = pd.DataFrame({"bus": list("abcdefghi"), "zone": list("NNSSSSSSN")})
    cut = pd.DataFrame({"interface": ["import"] * 2, "branch": ["ab", "cd"], "weight": [1.0, -1]})
    limits = pd.DataFrame({"interface": ["import"], "min_mw": [np.nan], "max_mw": [50.0]})
    return Grid(buses, branches, 100.0, interfaces=cut, interface_limits=limits)


def test_radial_pockets_hang_on_the_core_by_one_branch(grid: Grid) -> None:
    found = {p.name: p for p in grid.pockets()}
    assert {name: p.buses for name, p in found.items()} == {
        "ed": ("e", "f", "g", "h"),
        "ai": ("i",),
    }
    assert found["ed"].boundary.tolist() == [4]
    assert found["ed"].inward.tolist() == [-1.0]  # the branch runs from e, inside, to d
    assert found["ai"].inward.tolist() == [1.0]


@pytest.mark.parametrize("seed", range(6))
def test_radial_pockets_are_what_networkx_finds_outside_the_core(seed: int) -> None:
    tables = random_tables(seed, 30, extra=9, islands=2)
    grid = Grid(tables.buses, tables.branches, 100.0)
    graph = tables.graph()
    expected = set()
    for island in nx.connected_components(graph):
        meshed = graph.subgraph(island).copy()
        meshed.remove_edges_from(list(nx.bridges(meshed)))
        parts = list(nx.connected_components(meshed))
        size = max(map(len, parts))
        assert [len(part) for part in parts].count(size) == 1, "the core would be ambiguous"
        core = max(parts, key=len)
        outside = graph.subgraph(island - core)
        expected |= {frozenset(part) for part in nx.connected_components(outside)}
    found = grid.pockets()
    assert {frozenset(p.buses) for p in found} == expected
    for area in found:
        same = pocket(grid, area.buses, area.name)
        assert same.buses == area.buses
        assert same.boundary.tolist() == area.boundary.tolist()
        assert same.inward.tolist() == area.inward.tolist()


def test_areas_behind_a_cut(grid: Grid) -> None:
    (area,) = grid.pockets("import")
    assert area.name == "import"
    assert area.buses == ("b", "c")
    assert area.boundary.tolist() == [0, 2]
    assert area.inward.tolist() == [1.0, -1.0]
    assert [p.buses for p in grid.pockets(["gh"])] == [("h",)]
    both = grid.pockets(["gh", "ai"])
    assert {p.name: p.buses for p in both} == {"gh+ai/1": ("h",), "gh+ai/2": ("i",)}
    with pytest.raises(InputError, match="ab separates no area"):
        grid.pockets(["ab"])


def test_import_of_a_pocket_is_an_interface(grid: Grid) -> None:
    (area,) = grid.pockets("import")
    imported = area.interface(grid)
    assert (imported.min_mw, imported.max_mw) == (-200.0, 200.0)
    mw = np.array([60.0, -40.0, -20.0, 0, 0, 0, 0, 0, 0])
    assert float(imported.flow(grid.flows(mw))) == pytest.approx(60.0)


def test_zones_as_pockets_and_as_graphs(grid: Grid) -> None:
    north = zone_pocket(grid, "N")
    assert north.buses == ("a", "b", "i")
    assert grid.branches[north.boundary].tolist() == ["bc", "da"]
    assert north.inward.tolist() == [-1.0, 1.0]
    inside = zone_graph(grid, "N")
    assert set(inside.nodes) == {"a", "b", "i"}
    assert {key for _, _, key in inside.edges(keys=True)} == {"ab", "ai"}
    with pytest.raises(InputError, match="no such zone: X; known: N, S"):
        zone_pocket(grid, "X")


def test_paths_take_the_least_reactance(grid: Grid) -> None:
    path = shortest_path(grid, "i", "d")
    assert path.buses == ("i", "a", "d")
    assert path.branches == ("ai", "da")
    assert path.reactance == pytest.approx(0.4)
    twin = Grid(
        pd.DataFrame({"bus": ["a", "b", "c"]}),
        pd.DataFrame(
            {"branch": ["p", "q"], "from_bus": ["a", "b"], "to_bus": ["b", "a"], "x": [0.2, 0.1]}
        ),
        100.0,
    )
    assert shortest_path(twin, "a", "b").branches == ("q",)
    with pytest.raises(InputError, match="different islands"):
        shortest_path(twin, "a", "c")
    with pytest.raises(InputError, match="no such bus: z"):
        shortest_path(twin, "a", "z")
