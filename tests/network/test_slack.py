"""Slack weights: shares per island, what they are made from, and bad ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cases import InputError, read_case
from network import Grid, Slack
from tests.network.dense import random_tables


@pytest.fixture
def grid() -> Grid:
    """Buses a, b, c in one island; d, e in another; f alone."""
    branches = pd.DataFrame(
        {
            "branch": ["ab", "bc", "de"],
            "from_bus": ["a", "b", "d"],
            "to_bus": ["b", "c", "e"],
            "x": [0.1, 0.1, 0.1],
        }
    )
    return Grid(pd.DataFrame({"bus": list("abcdef")}), branches, 100.0)


def test_one_bus_takes_its_island_and_references_take_the_others(grid: Grid) -> None:
    slack = Slack.bus(grid, "c")
    assert grid.buses[grid.references].tolist() == ["b", "d", "f"]
    assert slack.weights.tolist() == [0, 0, 1, 1, 0, 1]
    assert slack.name == "bus c"


def test_load_weighted_shares_are_those_of_each_island(grid: Grid) -> None:
    slack = Slack.load_weighted(grid, {"a": 30.0, "c": 10.0, "b": -50.0, "e": 7.0})
    assert slack.weights.tolist() == [0.75, 0, 0.25, 0, 1, 1]
    assert slack.name == "load-weighted"
    by_position = Slack.load_weighted(grid, np.array([30.0, -50.0, 10.0, 0.0, 7.0, 0.0]))
    assert by_position.weights.tolist() == slack.weights.tolist()


def test_given_weights_are_scaled_to_one_per_island(grid: Grid) -> None:
    slack = Slack.distributed(grid, pd.Series({"a": 1.0, "b": 1.0, "d": 3.0, "f": 9.0}))
    assert slack.weights.tolist() == [0.5, 0.5, 0, 1, 0, 1]


@pytest.mark.parametrize("islands", [1, 3])
def test_weights_sum_to_one_in_every_island(islands: int) -> None:
    tables = random_tables(5, 15, islands=islands)
    grid = Grid(tables.buses, tables.branches, 100.0)
    mw = np.random.default_rng(0).uniform(-1, 1, 15)
    for slack in (Slack.bus(grid, "b0"), Slack.load_weighted(grid, mw)):
        assert np.bincount(grid.islands, slack.weights) == pytest.approx(np.ones(islands))


def test_bad_weights_are_refused(grid: Grid) -> None:
    with pytest.raises(InputError, match="bus b has weight -1"):
        Slack.distributed(grid, {"a": 1.0, "b": -1.0})
    with pytest.raises(InputError, match="every weight is zero"):
        Slack.distributed(grid, {"a": 0.0})
    with pytest.raises(InputError, match="no such bus: z"):
        Slack.bus(grid, "z")
    with pytest.raises(InputError, match="one per bus"):
        Slack.distributed(grid, np.ones(5))
    with pytest.raises(InputError, match="finite"):
        Slack.load_weighted(grid, {"a": np.nan})


def test_the_slack_of_a_case_is_its_reference_or_its_mean_demand() -> None:
    case = read_case("pjm5")
    grid = Grid.from_case(case)
    bus_of = case.loads.set_index("load")["bus"]
    mean = case.demand.drop(columns="interval_start").mean().rename(bus_of)
    mw = mean.groupby(level=0).sum()
    slack = Slack.from_case(case.replace(reference=""), grid)
    expected = (mw / mw.sum()).reindex(grid.buses, fill_value=0.0)
    np.testing.assert_allclose(slack.weights, expected)
    bus = str(grid.buses[1])
    assert Slack.from_case(case.replace(reference=bus), grid).name == f"bus {bus}"
