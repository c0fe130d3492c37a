"""Flows and angles: against the dense witness, against Kirchhoff, and with every kind of slack."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import InputError
from network import Grid, Slack
from network.errors import DegenerateNetwork
from tests.network.dense import Tables, dense_flows, injections, random_tables

seeds = st.integers(0, 10_000)
CONVENTIONS = ("matpower", "series")


def grid_of(tables: Tables, convention: str = "matpower") -> Grid:
    return Grid(tables.buses, tables.branches, tables.base_mva, convention=convention)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("islands", [1, 3])
@pytest.mark.parametrize("negative", [0, 2])
@pytest.mark.parametrize("seed", range(4))
def test_flows_match_dense_solution(
    seed: int, negative: int, islands: int, convention: str
) -> None:
    tables = random_tables(seed, 20, extra=18, islands=islands, negative=negative, out=2)
    mw = injections(tables, seed + 1, intervals=5)
    expected = dense_flows(tables, mw, convention)
    grid = grid_of(tables, convention)
    np.testing.assert_allclose(grid.flows(mw), expected, atol=1e-7)
    np.testing.assert_allclose(grid.flows(mw[:, 2]), expected[:, 2], atol=1e-7)


def test_many_intervals_are_solved_alike_in_one_call_or_one_by_one() -> None:
    tables = random_tables(7, 15)
    mw = injections(tables, 8, intervals=40)  # more than one block of right-hand sides
    grid = grid_of(tables)
    one_by_one = np.column_stack([grid.flows(mw[:, t]) for t in range(40)])
    np.testing.assert_allclose(grid.flows(mw), one_by_one, atol=1e-9)
    np.testing.assert_allclose(grid.flows(mw), dense_flows(tables, mw), atol=1e-7)


@given(seed=seeds, islands=st.integers(1, 3), negative=st.integers(0, 1))
@settings(max_examples=20, deadline=None)
def test_each_bus_sends_out_what_is_injected(seed: int, islands: int, negative: int) -> None:
    tables = random_tables(seed, 12, islands=islands, negative=negative, out=1)
    grid = grid_of(tables)
    mw = injections(tables, seed)
    flows = grid.flows(mw)
    sent = np.zeros(len(grid.buses))
    np.add.at(sent, grid.from_bus, flows)
    np.subtract.at(sent, grid.to_bus, flows)
    np.testing.assert_allclose(sent, mw, atol=1e-6)


@given(seed=seeds, islands=st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_balanced_flows_do_not_depend_on_the_slack(seed: int, islands: int) -> None:
    tables = random_tables(seed, 12, islands=islands)
    grid = grid_of(tables)
    mw = injections(tables, seed)
    weights = np.random.default_rng(seed).uniform(0.0, 1.0, len(grid.buses))
    plain = grid.flows(mw)
    for slack in (
        Slack.bus(grid, "b3"),
        Slack.load_weighted(grid, weights),
        Slack.distributed(grid, dict(zip(grid.buses, weights, strict=True))),
    ):
        np.testing.assert_allclose(grid.flows(mw, slack), plain, atol=1e-7)


@pytest.mark.parametrize("islands", [1, 2])
def test_imbalance_is_withdrawn_by_the_weights_of_the_slack(islands: int) -> None:
    tables = random_tables(3, 12, islands=islands)
    grid = grid_of(tables)
    rng = np.random.default_rng(5)
    mw, weights = rng.uniform(-50, 80, (12, 3)), rng.uniform(0, 1, 12)
    balanced = mw.copy()
    for island in range(islands):
        here = grid.islands == island
        share = weights[here] / weights[here].sum()
        balanced[here] -= share[:, None] * mw[here].sum(axis=0)
    flows = grid.flows(mw, Slack.distributed(grid, weights))
    np.testing.assert_allclose(flows, dense_flows(tables, balanced), atol=1e-7)


def test_without_a_slack_the_reference_bus_takes_the_imbalance() -> None:
    tables = random_tables(4, 10)
    grid = grid_of(tables)
    mw = np.random.default_rng(1).uniform(-50, 80, 10)
    balanced = mw.copy()
    balanced[grid.references[0]] -= mw.sum()
    np.testing.assert_allclose(grid.flows(mw), dense_flows(tables, balanced), atol=1e-7)
    assert grid.angles(mw)[grid.references[0]] == 0.0


def test_phase_shifts_drive_flows_without_injection() -> None:
    tables = random_tables(6, 10)
    assert (tables.branches["shift_deg"] != 0).any()
    grid = grid_of(tables)
    expected = dense_flows(tables, np.zeros(10))
    assert np.abs(expected).max() > 1.0
    np.testing.assert_allclose(grid.shift_flow, expected, atol=1e-7)
    assert not grid_of(tables, "series").shift_flow.any()


def test_parallel_circuits_share_by_susceptance() -> None:
    # Two circuits of x = 0.1 and 0.3 carry 40 MW as 3 : 1.
    buses = pd.DataFrame({"bus": ["a", "b"]})
    branches = pd.DataFrame(
        {
            "branch": ["p", "q"],
            "from_bus": ["a", "b"],
            "to_bus": ["b", "a"],
            "x": [0.1, 0.3],
        }
    )
    flows = Grid(buses, branches, 100.0).flows(np.array([40.0, -40.0]))
    np.testing.assert_allclose(flows, [30.0, -10.0])


def test_isolated_buses_are_islands_and_carry_nothing() -> None:
    buses = pd.DataFrame({"bus": ["a", "b", "c"]})
    branches = pd.DataFrame(
        {
            "branch": ["ab", "bc"],
            "from_bus": ["a", "b"],
            "to_bus": ["b", "c"],
            "x": [0.1, 0.0],
            "in_service": [True, False],
        }
    )
    grid = Grid(buses, branches, 100.0)
    assert grid.islands.tolist() == [0, 0, 1]
    np.testing.assert_allclose(grid.flows(np.array([5.0, -5.0, 7.0])), [5.0, 0.0])
    alone = Grid(buses, branches.iloc[:0], 100.0)
    assert alone.islands.tolist() == [0, 1, 2]
    assert alone.flows(np.ones((3, 2))).shape == (0, 2)


def test_susceptances_that_cancel_are_refused() -> None:
    buses = pd.DataFrame({"bus": ["a", "b"]})
    branches = pd.DataFrame(
        {"branch": ["p", "q"], "from_bus": ["a", "a"], "to_bus": ["b", "b"], "x": [0.1, -0.1]}
    )
    with pytest.raises(DegenerateNetwork, match="cancel"):
        Grid(buses, branches, 100.0).flows(np.array([1.0, -1.0]))


def test_injections_of_the_wrong_shape_or_not_finite_are_refused() -> None:
    grid = grid_of(random_tables(1, 6))
    with pytest.raises(InputError, match="one per bus"):
        grid.flows(np.zeros(5))
    with pytest.raises(InputError, match="not a finite number at bus"):
        grid.flows(np.array([0.0, np.nan, 0, 0, 0, 0]))
