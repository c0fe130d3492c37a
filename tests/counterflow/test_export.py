"""Prices in the columns of published market data."""

from pathlib import Path

import pandas as pd
import pytest

import counterflow as cf
from cases import Run
from cases.errors import InputError
from counterflow.tables.export import write_prices, write_table
from tests.counterflow.five_bus import LMP, five_bus_case, five_bus_tables, make_run


def test_gridstatus(run: Run) -> None:
    table = cf.export_prices(run, "gridstatus")
    assert list(table.columns) == [
        "Interval Start",
        "Interval End",
        "Market",
        "Location",
        "Location Type",
        "LMP",
        "Energy",
        "Congestion",
        "Loss",
    ]
    row = table.set_index("Location").loc["D"]
    assert row["Interval Start"] == pd.Timestamp("2024-03-05T00:00-05:00")
    assert row["Market"] == "DAY_AHEAD_HOURLY"
    assert row["LMP"] == row["Energy"] + row["Congestion"] + row["Loss"] == LMP["D"]


def test_gridstatus_has_zones_and_hubs(run: Run) -> None:
    zones = run.prices.head(2).drop(columns=["bus", "zone"])
    zones = zones.assign(point=["west", "Hub"], kind=["zone", "hub"])
    table = cf.export_prices(make_run(run.case, {**run.tables, "zone_prices": zones}))
    kinds = table.set_index("Location")["Location Type"]
    assert kinds[["A", "west", "Hub"]].tolist() == ["Bus", "Zone", "Hub"]


def test_real_time_intervals_are_named_so() -> None:
    case = five_bus_case(interval_minutes=5, imported={"options": {"market": "rt"}})
    run = make_run(case, five_bus_tables(case))
    assert set(cf.export_prices(run)["Market"]) == {"REAL_TIME_5_MIN"}
    assert "total_lmp_rt" in cf.export_prices(run, "pjm").columns


def test_pjm(run: Run) -> None:
    table = cf.export_prices(run, "pjm")
    assert list(table.columns) == [
        "datetime_beginning_utc",
        "datetime_beginning_ept",
        "pnode_id",
        "pnode_name",
        "voltage",
        "type",
        "zone",
        "system_energy_price_da",
        "total_lmp_da",
        "congestion_price_da",
        "marginal_loss_price_da",
    ]
    row = table.set_index("pnode_name").loc["D"]
    assert row["datetime_beginning_utc"] == "2024-03-05T05:00:00"
    assert row["datetime_beginning_ept"] == "2024-03-05T00:00:00"
    assert row["voltage"] == "230 KV"
    assert row["total_lmp_da"] == LMP["D"]
    parts = ["system_energy_price_da", "congestion_price_da", "marginal_loss_price_da"]
    assert row[parts].sum() == pytest.approx(LMP["D"])


def test_nyiso_congestion_has_the_opposite_sign(run: Run) -> None:
    table = cf.export_prices(run, "nyiso").set_index("Name")
    assert list(table.columns) == [
        "Time Stamp",
        "PTID",
        "LBMP ($/MWHr)",
        "Marginal Cost Losses ($/MWHr)",
        "Marginal Cost Congestion ($/MWHr)",
    ]
    assert table.loc["D", "Time Stamp"] == "03/05/2024 00:00"
    assert table.loc["D", "Marginal Cost Congestion ($/MWHr)"] == pytest.approx(-29.942736)
    # LBMP = energy + losses - congestion, with the energy price 10 of the slack.
    losses = table["Marginal Cost Losses ($/MWHr)"]
    energy = table["LBMP ($/MWHr)"] - losses + table["Marginal Cost Congestion ($/MWHr)"]
    assert energy.tolist() == pytest.approx([10.0] * 5)


def test_unknown_profile(run: Run) -> None:
    with pytest.raises(InputError, match="expected one of gridstatus, pjm, nyiso"):
        cf.export_prices(run, "caiso")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_files(run: Run, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"prices.{suffix}"
    assert write_prices(run, path, "nyiso") == 5
    read = pd.read_csv(path) if suffix == "csv" else pd.read_parquet(path)
    pd.testing.assert_frame_equal(read, cf.export_prices(run, "nyiso"), check_dtype=False)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_file_names_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must end in \.csv or \.parquet"):
        write_prices(run, tmp_path / "prices.xlsx")
    with pytest.raises(InputError, match="is not a folder"):
        write_prices(run, tmp_path / "missing" / "prices.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_never_overwritten(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("mine")
    with pytest.raises(InputError, match="exists already; nothing is ever overwritten"):
        write_prices(run, path)
    assert path.read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["prices.csv"]


def test_a_table_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def failing() -> pd.DataFrame:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_table(failing, tmp_path / "table.csv")
    assert list(tmp_path.iterdir()) == []
