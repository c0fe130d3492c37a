"""What lies behind a limit: by hand on small grids, and whatever the slack."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from network import Grid, Slack
from network.behind import behind
from network.sensitivities import constraint_ptdf
from tests.network.dense import random_tables


def grid_of(ends: list[str], x: float = 0.1, **more: pd.DataFrame) -> Grid:
    buses = sorted({bus for pair in ends for bus in pair})
    branches = pd.DataFrame(
        {"branch": ends, "from_bus": [e[0] for e in ends], "to_bus": [e[1] for e in ends], "x": x}
    )
    return Grid(pd.DataFrame({"bus": buses}), branches, 100.0, **more)


def relief(grid: Grid, name: str, slack: str, outage: str = "", sign: float = 1.0) -> np.ndarray:
    """DFAX by bus of a limit that holds back flow in its positive direction."""
    contingency = grid.contingency(outage) if outage else None
    return -sign * constraint_ptdf(grid, name, contingency, Slack.bus(grid, slack))


@pytest.mark.parametrize("slack", ["a", "b", "f"])
def test_a_bridge_feeds_the_smaller_side(slack: str) -> None:
    """a-b-c-a, d-e-f-d and g on f; c-d joins the triangles: flow to d feeds d, e, f, g.

    The smaller side is the triangle a, b, c: what it sends out is held back.
    """
    grid = grid_of(["ab", "bc", "ca", "cd", "de", "ef", "fd", "fg"])
    found = behind(grid, "cd", relief(grid, "cd", slack))
    assert found is not None and found.separated
    assert found.pocket.buses == ("a", "b", "c") and not found.imports
    other_way = behind(grid, "cd", relief(grid, "cd", slack, sign=-1.0))
    assert other_way is not None and other_way.pocket.buses == ("a", "b", "c")
    assert other_way.imports
    stub = behind(grid, "fg", relief(grid, "fg", slack))
    assert stub is not None and stub.imports and stub.pocket.buses == ("g",)
    assert stub.pocket.boundary.tolist() == [7]


@pytest.mark.parametrize("slack", ["a", "c", "d"])
def test_a_limit_after_an_outage_and_an_interface_separate_too(slack: str) -> None:
    """The square a-b-c-d with e on c: after ab is lost, cb alone feeds b."""
    table = pd.DataFrame({"interface": "in", "branch": ["ab", "cd"], "weight": [1.0, -1.0]})
    limits = pd.DataFrame({"interface": ["in"], "min_mw": [np.nan], "max_mw": [50.0]})
    grid = grid_of(["ab", "bc", "cd", "da", "ce"], interfaces=table, interface_limits=limits)
    after = behind(grid, "bc", relief(grid, "bc", slack, "ab", sign=-1.0), "ab")
    assert after is not None and after.separated and after.imports
    assert after.pocket.buses == ("b",) and after.pocket.name == "bc after ab"
    cut = behind(grid, "in", relief(grid, "in", slack))
    assert cut is not None and cut.separated and cut.pocket.buses == ("a", "d")
    assert not cut.imports  # the interface counts what flows into b, c, e


@pytest.mark.parametrize("slack", ["A", "B", "C", "D", "E"])
def test_a_mesh_is_parted_half_way(slack: str) -> None:
    """The five-bus system, limit on E-D (flow from E to D), from angles worked out here.

    With D at angle 0, 1 MW injected at a bus puts theta_E / x_ED on the line. Half of the way from
    the bus that loads it most (E) to the one that relieves it most (D) lies between A and B.
    """
    lines = {"AB": 0.0281, "AD": 0.0304, "AE": 0.0064, "BC": 0.0108, "CD": 0.0297, "ED": 0.0297}
    branches = pd.DataFrame(
        {
            "branch": list(lines),
            "from_bus": [name[0] for name in lines],
            "to_bus": [name[1] for name in lines],
            "x": list(lines.values()),
        }
    )
    grid = Grid(pd.DataFrame({"bus": list("ABCDE")}), branches, 100.0)
    laplacian = np.zeros((5, 5))
    for name, x in lines.items():
        i, j = "ABCDE".index(name[0]), "ABCDE".index(name[1])
        laplacian[[i, j, i, j], [i, j, j, i]] += np.array([1, 1, -1, -1]) / x
    kept = [0, 1, 2, 4]
    loads = np.zeros(5)
    loads[kept] = np.linalg.inv(laplacian[np.ix_(kept, kept)])[3] / lines["ED"]
    assert [bus for bus, share in zip("ABCDE", loads, strict=True) if share > loads[4] / 2] == [
        "A",
        "E",
    ]
    found = behind(grid, "ED", relief(grid, "ED", slack))
    assert found is not None and not found.separated and not found.imports
    assert found.pocket.buses == ("A", "E")


@pytest.mark.parametrize("seed", range(8))
def test_the_slack_does_not_matter_and_the_pocket_hangs_together(seed: int) -> None:
    tables = random_tables(seed, 16, extra=7)
    grid = Grid(tables.buses, tables.branches, 100.0)
    names = [str(b) for b in grid.branches[grid.in_service]]
    for name in names[:6]:
        ways = [behind(grid, name, relief(grid, name, str(bus))) for bus in grid.buses[[0, 5, 9]]]
        found = {None if way is None else (way.pocket.buses, way.imports) for way in ways}
        assert len(found) == 1
        way = ways[0]
        if way is None:
            continue
        assert 0 < len(way.pocket.buses) <= len(grid.buses) / 2
        inside = grid.graph.subgraph(way.pocket.buses)
        ends = {str(grid.bus_names[k]) for k in (*grid.from_bus, *grid.to_bus)}
        assert set(way.pocket.buses) <= ends and nx.is_connected(nx.Graph(inside))
        bridge = name in grid.bridges
        assert way.separated == bridge
        if bridge:
            assert set(way.pocket.buses) == set(grid.cut_off([name]))


def test_what_is_no_limit_of_the_grid_has_nothing_behind_it() -> None:
    grid = grid_of(["ab", "bc"])
    zero = np.zeros(3)
    assert behind(grid, "ramp_up:G", zero) is None
    assert behind(grid_of(["ab", "bc", "ca"]), "ab", zero) is None
