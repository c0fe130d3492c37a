"""The pairs that can bind are exactly those of the stated inequality, either way they are found."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from network import DegenerateNetwork, Grid, IslandingOutage
from network.outages import OutageGroup, Pairs
from tests.network.dense import Tables, dense_flows, random_tables
from tests.network.test_screening import doubles


def brute_force_factors(tables: Tables, out: np.ndarray) -> np.ndarray:
    """Factors of one outage, (L, n), from grids without shifts: one injection pattern at a time."""
    unshifted = Tables(tables.buses, tables.branches.assign(shift_deg=0.0))
    rng = np.random.default_rng(0)
    mw = rng.uniform(-1, 1, (len(tables.buses), 4 * len(out)))
    mw -= mw.mean(axis=0)
    before, after = dense_flows(unshifted, mw), dense_flows(unshifted.without(out), mw)
    factors, *_ = np.linalg.lstsq(before[out].T, (after - before).T, rcond=None)
    return factors.T


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_pairs_are_those_of_the_inequality(seed: int, size: int) -> None:
    tables = random_tables(seed, 18, extra=20)
    grid = Grid(tables.buses, tables.branches, 100.0)
    if size == 1:
        outages = np.flatnonzero(~grid.forest.bridges)[:, None]
    else:
        outages = np.array([c.branches for c in doubles(tables, grid, 15, seed)][::2])
    lines = np.arange(len(grid.branches))
    rng = np.random.default_rng(seed)
    margin, cap = rng.uniform(-5.0, 20.0, len(lines)), rng.uniform(10.0, 50.0, len(lines))
    expected = {}
    for number, out in enumerate(outages):
        factors = brute_force_factors(tables, out)
        reach = np.abs(factors) @ cap[out]
        for line in np.setdiff1d(np.flatnonzero(reach > margin), out):
            expected[int(line), number] = factors[line]
    every = np.arange(len(outages))
    group = OutageGroup(grid, outages)
    by_outage = group.pairs_by_outage(every, lines, margin, cap)
    by_line = group.pairs_by_line(lines, every, margin, cap)
    for pairs in (by_outage, by_line):
        keys = list(zip(pairs.line.tolist(), pairs.outage.tolist(), strict=True))
        assert keys == sorted(expected)
        assert 0.1 < len(keys) / (len(lines) * len(outages)) < 0.9
        np.testing.assert_allclose(pairs.factors, [expected[key] for key in keys], atol=1e-7)
    assert len(Pairs.merged([by_outage, Pairs.none(outages.shape[1])])) == len(by_outage)


def test_errors_survive_pickling_as_parallel_studies_need() -> None:
    islanding = IslandingOutage([("a", "b")], [("x", "y")])
    degenerate = DegenerateNetwork([("a",)])
    for error in (islanding, degenerate):
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), str(copy)) == (type(error), str(error))
        assert copy.outages == error.outages
