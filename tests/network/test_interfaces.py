"""Interfaces: weighted sums of flows, their sensitivities and limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cases import InputError
from network import Grid, Slack, interface_weights
from tests.network.dense import dense_flows, injections, random_tables

TABLE = pd.DataFrame(
    {
        "interface": ["north", "north", "south", "north"],
        "branch": ["l1", "l4", "l4", "l7"],
        "weight": [1.0, -1.0, 0.5, 2.0],
    }
)
LIMITS = pd.DataFrame({"interface": ["north"], "min_mw": [np.nan], "max_mw": [150.0]})


def grid_with_interfaces(table: pd.DataFrame = TABLE, limits: pd.DataFrame = LIMITS) -> Grid:
    tables = random_tables(4, 12)
    return Grid(tables.buses, tables.branches, 100.0, interfaces=table, interface_limits=limits)


def test_flows_and_sensitivities_are_weighted_sums() -> None:
    grid = grid_with_interfaces()
    tables = random_tables(4, 12)
    mw = injections(tables, 0, intervals=3)
    flows = dense_flows(tables, mw)
    place = {name: k for k, name in enumerate(grid.branches)}
    expected = flows[place["l1"]] - flows[place["l4"]] + 2.0 * flows[place["l7"]]
    north = grid.interfaces["north"]
    np.testing.assert_allclose(north.flow(grid.flows(mw)), expected, atol=1e-7)
    weights = interface_weights(grid.interfaces.values(), len(grid.branches))
    np.testing.assert_allclose(
        weights @ grid.flows(mw), [expected, 0.5 * flows[place["l4"]]], atol=1e-7
    )
    slack = Slack.bus(grid, "b2")
    change = north.ptdf(grid, slack) @ mw + north.flow(grid.shift_flow)
    np.testing.assert_allclose(change, expected, atol=1e-7)
    dfax = grid.dfax("north", "lower", slack)
    np.testing.assert_allclose(dfax, north.ptdf(grid, slack))
    assert dfax.name == "north"


def test_dfax_of_an_interface_after_an_outage_is_that_of_the_grid_without_it() -> None:
    grid = grid_with_interfaces()
    out = next(
        str(name)
        for name in grid.branches[~grid.forest.bridges]
        if name not in set(TABLE["branch"])
    )
    slack = Slack.bus(grid, "b2")
    np.testing.assert_allclose(
        grid.dfax(("north", out), "upper", slack),
        grid.without(out).dfax("north", "upper", slack),
        atol=1e-9,
    )


def test_blank_limits_are_none() -> None:
    interfaces = grid_with_interfaces().interfaces
    assert (interfaces["north"].min_mw, interfaces["north"].max_mw) == (-np.inf, 150.0)
    assert (interfaces["south"].min_mw, interfaces["south"].max_mw) == (-np.inf, np.inf)


def test_a_grid_without_interfaces_has_none() -> None:
    tables = random_tables(4, 12)
    assert Grid(tables.buses, tables.branches, 100.0).interfaces == {}
    assert interface_weights([], 5).shape == (0, 5)


def test_unknown_branches_and_limits_without_an_interface_are_all_named() -> None:
    table = TABLE.assign(branch=["l1", "x1", "x2", "l7"])
    limits = pd.DataFrame({"interface": ["east"], "min_mw": [0.0], "max_mw": [1.0]})
    with pytest.raises(InputError) as caught:
        _ = grid_with_interfaces(table, limits).interfaces
    assert [(f.file, f.row) for f in caught.value.failures] == [
        ("interfaces", 3),
        ("interfaces", 4),
        ("interface_limits", 2),
    ]
