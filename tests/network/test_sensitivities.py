"""PTDF, LODF and DFAX: against flows, brute-force outages, pypower and published relief factors."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cases import InputError
from network import Contingency, DegenerateNetwork, Grid, IslandingOutage, Slack
from tests.network.dense import Tables, dense_flows, injections, random_tables

seeds = st.integers(0, 10_000)


def grid_of(tables: Tables, convention: str = "matpower") -> Grid:
    return Grid(tables.buses, tables.branches, tables.base_mva, convention=convention)


def some_slack(grid: Grid, seed: int) -> Slack:
    return Slack.distributed(grid, np.random.default_rng(seed).uniform(0, 1, len(grid.buses)))


@pytest.mark.parametrize("convention", ["matpower", "series"])
@pytest.mark.parametrize("islands", [1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_ptdf_gives_the_flows(seed: int, islands: int, convention: str) -> None:
    tables = random_tables(seed, 20, extra=16, islands=islands, negative=1, out=2)
    grid = grid_of(tables, convention)
    mw = injections(tables, seed)
    idle = dense_flows(tables, np.zeros(20), convention)
    for slack in (None, some_slack(grid, seed)):
        rows = grid.ptdf(grid.branches, slack)
        expected = dense_flows(tables, mw, convention) - idle
        np.testing.assert_allclose(rows @ mw, expected, atol=1e-7)


@given(seed=seeds, islands=st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_an_injection_spread_like_the_slack_moves_nothing(seed: int, islands: int) -> None:
    grid = grid_of(random_tables(seed, 12, islands=islands))
    slack = some_slack(grid, seed)
    rows = grid.ptdf(grid.branches, slack)
    for island in range(islands):
        weights = np.where(grid.islands == island, slack.weights, 0.0)
        np.testing.assert_allclose(rows @ weights, 0.0, atol=1e-9)


def test_branches_do_not_feel_other_islands() -> None:
    grid = grid_of(random_tables(1, 12, islands=2))
    rows = grid.ptdf(grid.branches, some_slack(grid, 2))
    elsewhere = grid.islands[grid.from_bus][:, None] != grid.islands[None, :]
    assert np.all(rows[elsewhere] == 0.0)
    assert np.abs(rows[~elsewhere]).max() > 0.1


def test_rows_come_in_the_order_asked_for() -> None:
    grid = grid_of(random_tables(1, 40, extra=30))
    every = grid.ptdf(np.arange(len(grid.branches)))
    np.testing.assert_array_equal(grid.ptdf([5, 3, 30]), every[[5, 3, 30]])
    np.testing.assert_array_equal(grid.ptdf(["l3"]), every[[3]])
    np.testing.assert_array_equal(grid.ptdf("l3"), every[[3]])
    np.testing.assert_array_equal(grid.ptdf(3), every[[3]])
    assert grid.ptdf([]).shape == (0, 40)


# Outages


@given(seed=seeds, islands=st.integers(1, 2), negative=st.integers(0, 1))
@settings(max_examples=15, deadline=None)
def test_lodf_matches_removing_each_branch(seed: int, islands: int, negative: int) -> None:
    tables = random_tables(seed, 14, extra=12, islands=islands, negative=negative, out=1)
    grid = grid_of(tables)
    mw = injections(tables, seed)
    before = grid.flows(mw)
    outages = np.flatnonzero(grid.in_service & ~grid.forest.bridges)
    factors = grid.lodf(outages)
    assert factors.shape == (len(grid.branches), len(outages))
    for column, out in zip(factors.T, outages, strict=True):
        after = before + column * before[out]
        np.testing.assert_allclose(after, dense_flows(tables.without([out]), mw), atol=1e-5)
        assert column[out] == -1.0
    np.testing.assert_allclose(grid.lodf(outages, rows=[2, 0]), factors[[2, 0]])


@given(seed=seeds, size=st.integers(2, 3))
@settings(max_examples=15, deadline=None)
def test_outages_of_several_branches_match_removing_them(seed: int, size: int) -> None:
    tables = random_tables(seed, 14, extra=16)
    rng = np.random.default_rng(seed)
    out = rng.choice(len(tables.branches), size, replace=False)
    assume(tables.without(out).islands() == 1)
    grid = grid_of(tables)
    mw = injections(tables, seed)
    before = grid.flows(mw)
    factors = grid.outage_lodf(out)
    after = before + factors @ before[out]
    np.testing.assert_allclose(after, dense_flows(tables.without(out), mw), atol=1e-6)
    np.testing.assert_allclose(after, grid.without(out).flows(mw), atol=1e-6)
    np.testing.assert_array_equal(factors[out], -np.eye(size))
    np.testing.assert_allclose(grid.outage_lodf(out, rows=[1, 4]), factors[[1, 4]])


@given(seed=seeds, size=st.integers(1, 2))
@settings(max_examples=15, deadline=None)
def test_ptdf_after_an_outage_is_the_ptdf_of_the_grid_without_it(seed: int, size: int) -> None:
    tables = random_tables(seed, 14, extra=16)
    out = np.random.default_rng(seed).choice(len(tables.branches), size, replace=False)
    assume(tables.without(out).islands() == 1)
    grid = grid_of(tables)
    rows = np.setdiff1d(np.arange(len(grid.branches)), out)
    slack = some_slack(grid, seed)
    expected = grid.without(out).ptdf(rows, slack)
    np.testing.assert_allclose(grid.ptdf_after(rows, out, slack), expected, atol=1e-8)


def test_parallel_twin_takes_over_all_of_a_circuit_that_feeds_a_pocket() -> None:
    buses = pd.DataFrame({"bus": ["a", "b"]})
    branches = pd.DataFrame(
        {"branch": ["p", "q"], "from_bus": ["a", "b"], "to_bus": ["b", "a"], "x": [0.1, 0.3]}
    )
    grid = Grid(buses, branches, 100.0)
    np.testing.assert_allclose(grid.lodf(["p", "q"]), [[-1.0, -1.0], [-1.0, -1.0]])


def test_islanding_outages_are_named_with_what_they_cut_off() -> None:
    buses = pd.DataFrame({"bus": list("abcd")})
    ends = ["ab", "bc", "ca", "cd"]
    branches = pd.DataFrame(
        {"branch": ends, "from_bus": [e[0] for e in ends], "to_bus": [e[1] for e in ends], "x": 0.1}
    )
    grid = Grid(buses, branches, 100.0)
    with pytest.raises(IslandingOutage, match="the outage of cd cuts off d") as caught:
        grid.lodf(["ab", "cd"])
    assert caught.value.outages == (("cd",),)
    assert caught.value.cut_off == (("d",),)
    with pytest.raises(IslandingOutage, match="ab and ca cuts off a"):
        grid.outage_lodf(["ab", "ca"])
    with pytest.raises(IslandingOutage):
        grid.ptdf_after(["ab"], ["cd"])
    assert grid.lodf(["ab"]).shape == (4, 1)


def test_outages_that_leave_cancelling_susceptances_are_named() -> None:
    # Without r, the circuits p (x = 0.1) and q (x = -0.1) leave b floating against a.
    branches = pd.DataFrame(
        {
            "branch": ["p", "q", "r"],
            "from_bus": ["a", "a", "a"],
            "to_bus": ["b", "b", "b"],
            "x": [0.1, -0.1, 0.2],
        }
    )
    grid = Grid(pd.DataFrame({"bus": ["a", "b"]}), branches, 100.0)
    with pytest.raises(DegenerateNetwork, match="after the outage of r"):
        grid.lodf(["p", "r"])
    with pytest.raises(DegenerateNetwork, match="after the outage of r"):
        grid.outage_lodf(["r"])


def test_outage_of_what_is_out_already_changes_nothing() -> None:
    tables = random_tables(3, 10, out=2)
    grid = grid_of(tables)
    idle = np.flatnonzero(~grid.in_service)
    assert not grid.lodf(idle).any()
    with pytest.raises(InputError, match="in service"):
        grid.outage_lodf(idle)
    with pytest.raises(InputError, match="different branches"):
        grid.outage_lodf([0, 0])


# pypower, a port of MATPOWER by others


@pytest.mark.parametrize("name", ["case14", "case30", "case57", "case118"])
def test_ptdf_and_lodf_match_pypower(name: str) -> None:
    pypower = pytest.importorskip("pypower.api")
    from pypower.ext2int import ext2int
    from pypower.makeLODF import makeLODF

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pypower divides by zero for islanding outages
        case = ext2int(getattr(pypower, name)())
        bus, branch = case["bus"], case["branch"]
        slack_bus = int(np.flatnonzero(bus[:, 1] == 3)[0])
        their_ptdf = pypower.makePTDF(case["baseMVA"], bus, branch, slack_bus)
        their_lodf = makeLODF(branch, their_ptdf)
    names = [str(int(number)) for number in bus[:, 0]]
    grid = Grid(
        pd.DataFrame({"bus": names}),
        pd.DataFrame(
            {
                "branch": [f"l{k}" for k in range(len(branch))],
                "from_bus": [names[int(k)] for k in branch[:, 0]],
                "to_bus": [names[int(k)] for k in branch[:, 1]],
                "x": branch[:, 3],
                "tap": branch[:, 8],
                "shift_deg": branch[:, 9],
            }
        ),
        float(case["baseMVA"]),
    )
    slack = Slack.bus(grid, names[slack_bus])
    np.testing.assert_allclose(grid.ptdf(grid.branches, slack), their_ptdf, atol=1e-9)
    secure = np.flatnonzero(~grid.forest.bridges)
    assert len(secure) > 10
    np.testing.assert_allclose(grid.lodf(secure), their_lodf[:, secure], atol=1e-7)


# The published five-bus system


def five_bus() -> Grid:
    """The five-bus system of Li and Bo (2010), MATPOWER's case5: reactances as printed."""
    x = {"AB": 0.0281, "AD": 0.0304, "AE": 0.0064, "BC": 0.0108, "CD": 0.0297, "DE": 0.0297}
    branches = pd.DataFrame(
        {
            "branch": list(x),
            "from_bus": [name[0] for name in x],
            "to_bus": [name[1] for name in x],
            "x": list(x.values()),
        }
    )
    return Grid(pd.DataFrame({"bus": list("ABCDE")}), branches, 100.0)


def test_five_bus_relief_factors_with_the_slack_at_e() -> None:
    grid = five_bus()
    dfax = grid.dfax("DE", "lower", Slack.bus(grid, "E"))  # the line binds from E to D
    expected = [0.11195652, 0.26289991, 0.32091375, 0.48045178, 0.0]
    np.testing.assert_allclose(dfax[list("ABCDE")], expected, atol=5e-9)
    np.testing.assert_allclose(
        grid.dfax("DE", "upper", Slack.bus(grid, "E")), -dfax.to_numpy(), atol=1e-15
    )


def test_five_bus_relief_factors_with_a_load_weighted_slack() -> None:
    grid = five_bus()
    slack = Slack.load_weighted(grid, {"B": 300.0, "C": 300.0, "D": 400.0})
    dfax = grid.dfax("DE", "lower", slack)
    expected = [-0.255368, -0.104425, -0.046411, 0.113127, -0.367325]
    np.testing.assert_allclose(dfax[list("ABCDE")], expected, atol=5e-7)


def test_five_bus_flows_of_the_published_dispatches() -> None:
    grid = five_bus()
    # Case A1: 40 + 170 at A, 323.494846 at C, 466.505154 at E; load 300, 300, 400 at B, C, D.
    a1 = np.array([210.0, -300.0, 323.494846 - 300.0, -400.0, 466.505154])
    expected = [249.716765, 186.788389, -226.505154, -50.283235, -26.788389, -240.0]
    np.testing.assert_allclose(grid.flows(a1), expected, atol=2e-6)
    # Case A2, unlimited: 110 + 100 at A, 90 at C, 600 at E; load 300 at B, C and D.
    a2 = np.array([210.0, -300.0, 90.0 - 300.0, -300.0, 600.0])
    assert grid.flows(a2)[5] == pytest.approx(-266.886527, abs=1e-6)


# DFAX


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_positive_dfax_relieves_either_limit(seed: int) -> None:
    tables = random_tables(seed, 12)
    grid = grid_of(tables)
    slack = some_slack(grid, seed)
    before = grid.flows(np.zeros(12), slack)
    bus = seed % 12
    up = np.zeros(12)
    up[bus] = 1.0
    change = grid.flows(up, slack) - before
    for k in range(4):
        name = str(grid.branches[k])
        assert grid.dfax(name, "upper", slack).iloc[bus] == pytest.approx(-change[k], abs=1e-9)
        assert grid.dfax(name, "lower", slack).iloc[bus] == pytest.approx(change[k], abs=1e-9)


def test_dfax_after_a_contingency_is_that_of_the_grid_without_it() -> None:
    tables = random_tables(11, 12, extra=14)
    grid = grid_of(tables)
    slack = some_slack(grid, 1)
    secure = [str(name) for name in grid.branches[~grid.forest.bridges]]
    line, out = secure[0], secure[1]
    expected = grid.without([out]).dfax(line, "upper", slack)
    mine = grid.dfax((line, out), "upper", slack)
    pd.testing.assert_series_equal(mine, expected, atol=1e-9)
    position = int(grid.branch_positions(out)[0])
    named = grid.dfax((line, Contingency("anything", (position,))), "upper", slack)
    pd.testing.assert_series_equal(named, mine)
    pd.testing.assert_series_equal(
        grid.dfax((line, ""), "upper", slack), grid.dfax(line, "upper", slack)
    )


def test_dfax_refuses_what_it_does_not_know() -> None:
    grid = five_bus()
    with pytest.raises(InputError, match="expected upper or lower"):
        grid.dfax("DE", "up")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no such branch: XY"):
        grid.dfax("XY", "upper")
    with pytest.raises(InputError, match="no such branch: nothing"):
        grid.dfax(("DE", "nothing"), "upper")


def test_an_outage_of_units_leaves_the_sensitivity_to_others() -> None:
    """What somebody else injects flows as it does without the units, or the branches, that went."""
    grid = five_bus()
    for branches in ((), (0,)):
        with_unit = grid.dfax(("DE", Contingency("trip", branches, ("u1",))), "upper")
        alone = grid.dfax(("DE", Contingency("trip", branches)), "upper")
        pd.testing.assert_series_equal(with_unit, alone)
    pd.testing.assert_series_equal(
        grid.dfax(("DE", Contingency("trip", (), ("u1",))), "upper"), grid.dfax("DE", "upper")
    )
