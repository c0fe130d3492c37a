"""Contingencies: read from a table or made of every branch, islanding ones apart."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from cases import InputError, read_case
from network import Contingency, Grid, branch_outages, contingencies, listed_contingencies
from tests.network.dense import random_tables


@pytest.fixture
def grid() -> Grid:
    """A square a-b-c-d with e hanging on d and a spare circuit out of service."""
    ends = ["ab", "bc", "cd", "da", "de", "ac"]
    branches = pd.DataFrame(
        {
            "branch": ends,
            "from_bus": [e[0] for e in ends],
            "to_bus": [e[1] for e in ends],
            "x": 0.1,
            "in_service": [True] * 5 + [False],
        }
    )
    return Grid(pd.DataFrame({"bus": list("abcde")}), branches, 100.0)


def test_every_branch_in_service_goes_out_once(grid: Grid) -> None:
    found = branch_outages(grid)
    assert [c.name for c in found] == ["ab", "bc", "cd", "da"]
    assert [c.branches for c in found] == [(0,), (1,), (2,), (3,)]
    assert [(i.contingency.name, i.cut_off) for i in found.islanding] == [("de", ("e",))]
    assert len(found) == 4
    assert found[2].name == "cd"


@pytest.mark.parametrize("seed", range(5))
def test_islanding_outages_cut_off_what_networkx_finds(seed: int) -> None:
    tables = random_tables(seed, 25, extra=8, islands=2)
    found = branch_outages(Grid(tables.buses, tables.branches, 100.0))
    assert len(found.islanding) > 2
    for entry in found.islanding:
        after = tables.without(entry.contingency.branches).graph()
        assert set(entry.cut_off) in list(nx.connected_components(after))
    for contingency in found:
        assert tables.without(contingency.branches).islands() == 2
    assert len(found) + len(found.islanding) == len(tables.branches)


def test_rows_of_one_name_go_out_together(grid: Grid) -> None:
    table = pd.DataFrame(
        {
            "contingency": ["tower", "tower", "line", "gone", "tower2", "plant", "plant", "tower2"],
            "kind": ["branch"] * 5 + ["unit", "branch", "branch"],
            "element": ["ab", "cd", "bc", "ac", "ab", "u1", "da", "ac"],
        }
    )
    found = listed_contingencies(grid, table)
    assert list(found) == [
        Contingency("line", (1,)),
        Contingency("tower2", (0,)),
        Contingency("plant", (3,), ("u1",)),
    ]
    assert [(i.contingency, i.cut_off) for i in found.islanding] == [
        (Contingency("tower", (0, 2)), ("b", "c"))
    ]
    assert found.void == (Contingency("gone", ()),)


def test_unknown_elements_and_kinds_are_all_named(grid: Grid) -> None:
    table = pd.DataFrame(
        {
            "contingency": ["a", "b", "c"],
            "kind": ["branch", "bus", "branch"],
            "element": ["zz", "a", "yy"],
        }
    )
    with pytest.raises(InputError) as caught:
        listed_contingencies(grid, table)
    assert [(f.row, f.column) for f in caught.value.failures] == [
        (2, "element"),
        (4, "element"),
        (3, "kind"),
    ]


def test_a_case_without_a_table_means_every_branch() -> None:
    case = read_case("pjm5")
    grid = Grid.from_case(case)
    every = contingencies(case, grid)
    assert [c.name for c in every] == list(grid.branches)
    table = pd.DataFrame(
        {"contingency": ["one"], "kind": ["branch"], "element": [grid.branches[2]]}
    )
    listed = case.replace(contingencies=table)
    assert list(contingencies(listed, Grid.from_case(listed))) == [Contingency("one", (2,))]


def test_a_grid_finds_its_contingencies_by_name(grid: Grid) -> None:
    assert grid.contingency("bc") == Contingency("bc", (1,))
    table = pd.DataFrame(
        {"contingency": ["bc", "t", "t"], "kind": "branch", "element": ["ab", "ab", "bc"]}
    )
    listed = Grid(
        pd.DataFrame({"bus": list("abcde")}),
        pd.DataFrame(
            {
                "branch": ["ab", "bc", "ca"],
                "from_bus": ["a", "b", "c"],
                "to_bus": ["b", "c", "a"],
                "x": np.full(3, 0.1),
            }
        ),
        100.0,
        contingencies=table,
    )
    assert listed.contingency("bc") == Contingency("bc", (0,))
    assert listed.contingency("t") == Contingency("t", (0, 1))
    assert listed.contingency("ca") == Contingency("ca", (2,))
