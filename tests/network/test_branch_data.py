"""Conventions, angle limits, defaults, and bad branch tables."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from cases import InputError
from network import Grid

BUSES = pd.DataFrame({"bus": ["a", "b", "c"]})


def branches(**columns: list[object]) -> pd.DataFrame:
    count = len(next(iter(columns.values()))) if columns else 1
    table: dict[str, object] = {
        "branch": [f"l{k}" for k in range(count)],
        "from_bus": ["a"] * count,
        "to_bus": ["b"] * count,
        "x": [0.1] * count,
    }
    return pd.DataFrame({**table, **columns})


def test_conventions_differ_as_their_formulas_do() -> None:
    # r = 0.03, x = 0.04, tap 1.25: 1 / (0.04 * 1.25) = 20 and 0.04 / (0.0009 + 0.0016) = 16.
    table = branches(r=[0.03], x=[0.04], tap=[1.25], shift_deg=[3.0])
    matpower = Grid(BUSES, table, 100.0)
    series = Grid(BUSES, table, 100.0, convention="series")
    assert matpower.susceptance.tolist() == pytest.approx([20.0])
    assert series.susceptance.tolist() == pytest.approx([16.0])
    assert matpower.shift.tolist() == pytest.approx([math.radians(3.0)])
    assert series.shift.tolist() == [0.0]


def test_blank_cells_mean_what_the_tables_say() -> None:
    table = branches(
        tap=[0.0, np.nan],
        r=[np.nan, 0.0],
        rating_mw=[np.nan, 50.0],
        emergency_rating_mw=[70.0, np.nan],
    )
    grid = Grid(BUSES, table, 100.0)
    assert grid.susceptance.tolist() == pytest.approx([10.0, 10.0])
    assert grid.rating.tolist() == [np.inf, 50.0]
    assert grid.emergency_rating.tolist() == [70.0, 50.0]
    bare = Grid(BUSES, branches(), 100.0)
    assert bare.rating.tolist() == bare.emergency_rating.tolist() == [np.inf]


def test_branches_out_of_service_have_no_susceptance() -> None:
    grid = Grid(BUSES, branches(x=[0.1, 0.0], in_service=[True, False]), 100.0)
    assert grid.susceptance.tolist() == [10.0, 0.0]
    assert grid.ptdf(["l1"]).tolist() == [[0.0, 0.0, 0.0]]


def test_angle_limits_bound_the_flow_between_the_same_angles() -> None:
    # b = 10 per unit, base 100 MVA: 1 rad is 1000 MW; a shift of 2 degrees moves both limits.
    table = branches(
        x=[0.1, -0.1, 0.1, 0.1],
        shift_deg=[2.0, 0.0, 0.0, 0.0],
        angle_min_deg=[-30.0, -30.0, np.nan, -360.0],
        angle_max_deg=[20.0, 20.0, 15.0, 360.0],
        in_service=[True, True, True, True],
    )
    low, high = Grid(BUSES, table, 100.0).angle_flow_limits()
    per_degree = 1000.0 * math.pi / 180.0
    np.testing.assert_allclose(low, [-32 * per_degree, -20 * per_degree, -np.inf, -np.inf])
    np.testing.assert_allclose(high, [18 * per_degree, 30 * per_degree, 15 * per_degree, np.inf])
    low, high = Grid(BUSES, table, 100.0, convention="series").angle_flow_limits()
    np.testing.assert_allclose([low[0], high[0]], [-30 * per_degree, 20 * per_degree])


def test_one_sided_limits_of_a_negative_susceptance_swap() -> None:
    table = branches(x=[-0.1], angle_min_deg=[-30.0])
    low, high = Grid(BUSES, table, 100.0).angle_flow_limits()
    assert low.tolist() == [-np.inf]
    assert high.tolist() == pytest.approx([1000.0 * math.pi / 6])


def test_branches_out_of_service_have_no_angle_limits() -> None:
    table = branches(angle_min_deg=[-1.0], angle_max_deg=[1.0], in_service=[False])
    low, high = Grid(BUSES, table, 100.0).angle_flow_limits()
    assert (low.tolist(), high.tolist()) == ([-np.inf], [np.inf])


def test_everything_wrong_is_found_at_once() -> None:
    table = branches(
        from_bus=["a", "nowhere", "c", "a"],
        to_bus=["b", "b", "c", "b"],
        x=[0.0, 0.1, 0.1, np.nan],
    )
    with pytest.raises(InputError) as caught:
        Grid(BUSES, table, 100.0)
    assert {(f.file, f.row, f.column) for f in caught.value.failures} == {
        ("branches", 2, "x"),
        ("branches", 3, "from_bus"),
        ("branches", 4, "to_bus"),
        ("branches", 5, "x"),
    }


def test_names_must_be_unique() -> None:
    with pytest.raises(InputError, match="l0 appears twice"):
        Grid(BUSES, branches(branch=["l0", "l0"]), 100.0)
    with pytest.raises(InputError, match="b appears twice"):
        Grid(pd.DataFrame({"bus": ["a", "b", "b"]}), branches(), 100.0)


def test_missing_columns_wrong_base_and_unknown_convention_are_named() -> None:
    with pytest.raises(InputError, match="column is missing"):
        Grid(BUSES, branches().drop(columns="x"), 100.0)
    with pytest.raises(InputError, match="base_mva"):
        Grid(BUSES, branches(), 0.0)
    with pytest.raises(InputError, match="expected one of matpower, series"):
        Grid(BUSES, branches(), 100.0, convention="lossy")


def test_unknown_names_and_positions_are_named() -> None:
    grid = Grid(BUSES, branches(), 100.0)
    with pytest.raises(InputError, match="no such branch: l9"):
        grid.ptdf(["l9"])
    with pytest.raises(InputError, match="positions from 0 to 0"):
        grid.ptdf([1])
    with pytest.raises(InputError, match="no such bus: z"):
        grid.bus_positions(["z"])
