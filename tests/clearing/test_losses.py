"""Marginal losses: by hand, against a nonlinear program, and what must not change anything."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

import counterflow as cf
from cases import Case, Run
from tests.oracles import losses as oracle

LOSSES = {"losses.method": "marginal"}
START = "2030-01-01T00:00Z"


def case_of(grid: oracle.Grid, reference: str = "", resistance: float = 1.0) -> Case:
    """Build one interval of a grid of the oracle; buses B0, B1, ..., one unit per block."""
    name = [f"B{k}" for k in range(len(grid.demand))]
    blocks = [(f"G{k}", name[bus], mw, price) for k, (bus, mw, price) in enumerate(grid.blocks)]
    lines = [
        {
            "branch": f"L{k}",
            "from_bus": name[a],
            "to_bus": name[b],
            "r": r * resistance,
            "x": x,
            "rating_mw": limit if math.isfinite(limit) else math.nan,
        }
        for k, (a, b, r, x, limit) in enumerate(grid.branches)
    ]
    loads = {f"D{k}": mw for k, mw in enumerate(grid.demand) if mw}
    tables = {
        "buses": pd.DataFrame({"bus": name}),
        "branches": pd.DataFrame(lines),
        "units": pd.DataFrame([{"unit": u, "bus": b, "p_max": m} for u, b, m, _ in blocks]),
        "offers": pd.DataFrame(
            [{"unit": u, "segment": 1, "mw": m, "price": p} for u, _, m, p in blocks]
        ),
        "loads": pd.DataFrame({"load": list(loads), "bus": [f"B{d[1:]}" for d in loads]}),
        "demand": pd.DataFrame(
            {"interval_start": [pd.Timestamp(START)], **{d: [mw] for d, mw in loads.items()}}
        ),
    }
    meta = {"name": "losses", "start": START, "reference": reference, "base_mva": grid.base}
    return Case.build(meta, tables)


def cleared(case: Case, **settings: Any) -> Run:
    return cf.clear(case, commitment=False, settings={**LOSSES, **settings})


def by_bus(run: Run, column: str = "lmp") -> np.ndarray[Any, Any]:
    return np.asarray(run.prices.set_index("bus")[column].to_numpy(dtype=float))


INF = math.inf
TWO = oracle.Grid((0.0, 100.0), ((0, 1, 0.05, 0.1, INF),), ((0, 300.0, 20.0),))


def test_two_buses_by_hand() -> None:
    """F MW in the middle of the line: F - 0.05 F^2 / 200 = 100 arrive, so 1 - rho = sqrt(0.9).

    rho = 0.05 F / 100; F = 102.633404, the losses 0.05 F^2 / 100 = 5.266808, and one MW more at the
    end takes (1 + rho) / (1 - rho) MW at the start: 20 (2 - sqrt(0.9)) / sqrt(0.9) = 22.163702.
    """
    run = cleared(case_of(TWO, "B0"))
    root = math.sqrt(0.9)
    flow = (1.0 - root) / 0.0005
    assert flow == pytest.approx(102.633404, abs=1e-6)
    assert run.flows["flow_mw"].to_numpy() == pytest.approx([flow], abs=1e-5)
    assert run.dispatch["mw"].to_numpy() == pytest.approx([105.266808], abs=1e-5)
    assert run.objective == pytest.approx(20.0 * 105.266808, abs=1e-3)
    assert by_bus(run) == pytest.approx([20.0, 22.163702], abs=1e-5)
    assert by_bus(run, "mec") == pytest.approx([20.0, 20.0], abs=1e-5)
    assert by_bus(run, "mlc") == pytest.approx([0.0, 2.163702], abs=1e-5)
    assert by_bus(run, "mcc") == pytest.approx([0.0, 0.0], abs=1e-9)
    told = run.manifest["losses"]
    assert told["mwh"] == pytest.approx(5.266808, abs=1e-5)
    assert 1 <= told["iterations"] <= 6
    assert told["residual_mw"] <= 1e-5


def test_congested_line_by_hand() -> None:
    """60 MW in the middle: rho = 0.03, half of the 1.8 MW lost falls to either end.

    A makes 60.9, B 100 - 59.1 = 40.9. One MW more on the line takes 1.03 MW at 20 and brings 0.97
    MW at 50: it is worth 48.5 - 20.6 = 27.9.
    """
    grid = oracle.Grid(
        (0.0, 100.0), ((0, 1, 0.05, 0.1, 60.0),), ((0, 300.0, 20.0), (1, 300.0, 50.0))
    )
    run = cleared(case_of(grid, "B0"))
    assert run.dispatch["mw"].to_numpy() == pytest.approx([60.9, 40.9], abs=1e-5)
    assert by_bus(run) == pytest.approx([20.0, 50.0], abs=1e-6)
    shadow = run.constraints.set_index("constraint")["shadow_price"]
    assert shadow["L0"] == pytest.approx(27.9, abs=1e-4)
    # DFAX stay lossless: 27.9 at B, and the losses are the rest: 0.03 * (20 + 50) = 2.1.
    assert by_bus(run, "mcc") == pytest.approx([0.0, 27.9], abs=1e-4)
    assert by_bus(run, "mlc") == pytest.approx([0.0, 2.1], abs=1e-4)


def test_three_buses_in_a_row_by_hand() -> None:
    """50 MW at B1, 80 MW at B2, r = 0.04 and 0.02: one line after the other.

    L1: F - 0.0001 F^2 = 80: F = (1 - sqrt(1 - 0.032)) / 0.0002 = 80.650450, it takes 81.300899.
    L0: F - 0.0002 F^2 = 131.300899: F = (1 - sqrt(1 - 0.105040719)) / 0.0004 = 134.942811.
    B0 makes F + 0.0002 F^2 = 138.584724 MW. rho: 0.0539771 on L0, 0.0161301 on L1.
    """
    grid = oracle.Grid(
        (0.0, 50.0, 80.0), ((0, 1, 0.04, 0.1, INF), (1, 2, 0.02, 0.1, INF)), ((0, 500.0, 10.0),)
    )
    run = cleared(case_of(grid, "B0"))
    second = (1.0 - math.sqrt(1.0 - 0.032)) / 0.0002
    taken = second + 0.0001 * second**2
    first = (1.0 - math.sqrt(1.0 - 0.0008 * (50.0 + taken))) / 0.0004
    assert second == pytest.approx(80.650450, abs=1e-5)
    assert first == pytest.approx(134.942811, abs=1e-5)
    assert run.flows["flow_mw"].to_numpy() == pytest.approx([first, second], abs=1e-5)
    middle = 10.0 * (1.0 + 0.0004 * first) / (1.0 - 0.0004 * first)
    last = middle * (1.0 + 0.0002 * second) / (1.0 - 0.0002 * second)
    assert by_bus(run) == pytest.approx([10.0, middle, last], abs=1e-5)


def test_equal_offers_share_where_losses_are_equal() -> None:
    """Two units at 20, each 0.04 away from 100 MW between them: no vertex, half of it from each.

    F - 0.0002 F^2 = 50 on each side: F = (1 - sqrt(0.96)) / 0.0004 = 50.510257.
    """
    grid = oracle.Grid(
        (0.0, 100.0, 0.0),
        ((0, 1, 0.04, 0.1, INF), (2, 1, 0.04, 0.1, INF)),
        ((0, 300.0, 20.0), (2, 300.0, 20.0)),
    )
    run = cleared(case_of(grid))
    flow = (1.0 - math.sqrt(0.96)) / 0.0004
    assert run.flows["flow_mw"].to_numpy() == pytest.approx([flow, flow], abs=0.5)
    assert run.objective == pytest.approx(40.0 * (flow + 0.0002 * flow**2), abs=1e-3)
    price = 20.0 * (1.0 + 0.0004 * flow) / (1.0 - 0.0004 * flow)
    assert by_bus(run) == pytest.approx([20.0, price, 20.0], abs=0.01)


def random_grid(seed: int, tight: bool) -> oracle.Grid:
    """A ring with a chord or two, losses of a few percent, offers that differ."""
    rng = np.random.default_rng(seed)
    buses = int(rng.integers(4, 8))
    pairs = [(k, (k + 1) % buses) for k in range(buses)]
    pairs += [(0, buses // 2), (1, buses - 2)][: int(rng.integers(1, 3))]
    pairs = [(a, b) for a, b in pairs if a != b]
    demand = rng.uniform(20.0, 120.0, buses) * (rng.random(buses) < 0.7)
    demand[0] += 40.0
    x = rng.uniform(0.02, 0.1, len(pairs))
    r = x * rng.uniform(0.1, 0.4, len(pairs))
    blocks = [
        (int(bus), float(rng.uniform(0.4, 0.9) * demand.sum()), float(rng.uniform(10.0, 60.0)))
        for bus in rng.choice(buses, 3, replace=False)
        for _ in range(2)
    ]
    lines = [(a, b, float(p), float(q), INF) for (a, b), p, q in zip(pairs, r, x, strict=True)]
    grid = oracle.Grid(tuple(map(float, demand)), tuple(lines), tuple(blocks))
    if tight:
        flow = np.abs(oracle.solve(grid)[2])
        worst = int(flow.argmax())
        a, b, p, q, _ = lines[worst]
        lines[worst] = (a, b, p, q, 0.8 * float(flow[worst]))
        grid = oracle.Grid(grid.demand, tuple(lines), grid.blocks)
    return grid


@pytest.mark.parametrize("tight", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_nonlinear_program(seed: int, tight: bool) -> None:
    """Cost, flows and prices are those of the nonlinear program."""
    grid = random_grid(seed, tight)
    cost, _, flow = oracle.solve(grid)
    run = cleared(case_of(grid))
    assert run.slacks.empty
    assert run.objective == pytest.approx(cost, rel=1e-7, abs=1e-3)
    assert run.flows["flow_mw"].to_numpy() == pytest.approx(flow, abs=0.05)
    assert by_bus(run) == pytest.approx(oracle.prices(grid), abs=5e-3)
    if tight:
        assert len(run.constraints) == 1


@pytest.mark.parametrize("seed", range(3))
def test_prices_do_not_depend_on_the_reference(seed: int) -> None:
    grid = random_grid(seed, True)
    found = [by_bus(cleared(case_of(grid, bus))) for bus in ("", "B0", "B3")]
    assert np.ptp(found, axis=0).max() <= 1e-6
    energy = by_bus(cleared(case_of(grid, "B3")), "mec")
    assert energy == pytest.approx(np.full(len(energy), found[0][3]))


def test_without_resistance_nothing_changes() -> None:
    case = case_of(random_grid(4, True), resistance=0.0)
    lossy, lossless = cleared(case), cf.clear(case, commitment=False)
    pd.testing.assert_frame_equal(lossy.prices, lossless.prices, check_exact=True)
    pd.testing.assert_frame_equal(lossy.dispatch, lossless.dispatch, check_exact=True)
    assert "losses" not in lossy.manifest


def test_small_resistances_approach_the_lossless_prices() -> None:
    grid = random_grid(2, True)
    lossless = by_bus(cf.clear(case_of(grid), commitment=False))
    gaps = [
        np.abs(by_bus(cleared(case_of(grid, resistance=s))) - lossless).max() for s in (0.1, 0.01)
    ]
    assert gaps[1] < 0.2 * gaps[0]
