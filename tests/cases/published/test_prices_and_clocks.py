"""Prices and loads of every market, and the days of 23 and 25 hours, by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cases.errors import InputError
from cases.readers.published import read_loads, read_offers, read_prices
from tests.cases.published import files as f


def utc(frame: pd.DataFrame) -> list[str]:
    return frame["interval_start"].dt.tz_convert("UTC").dt.strftime("%m-%d %H").tolist()


def test_components_add_up_in_every_market(tmp_path: Path) -> None:
    """Energy 30, congestion 5, losses 1 = 36, however a market writes them down."""
    day = {"Date": "07/10/2024", "Location Name": "Z"}
    isone = f.tagged(f.ISONE_LMP, [{
        **day, "Hour Ending": "01", "Locational Marginal Price": 36,
        "Energy Component": 30, "Congestion Component": 5,
        "Marginal Loss Component": 1}])  # fmt: skip
    nyiso = f.text(f.NYISO_LMP, [{"Time Stamp": "07/10/2024 00:00", "Name": "Z", "PTID": 1,
        "LBMP ($/MWHr)": 36, "Marginal Cost Losses ($/MWHr)": 1,
        "Marginal Cost Congestion ($/MWHr)": -5}])  # fmt: skip
    parts = {"LMP": 36, "MCE": 30, "MCC": 5, "MCL": 1}
    caiso = f.text(f.CAISO_LMP, [{"INTERVALSTARTTIME_GMT": "2024-07-10T04:00:00-00:00",
        "NODE": "Z", "MARKET_RUN_ID": "DAM", "LMP_TYPE": k, "MW": v}
        for k, v in parts.items()])  # fmt: skip
    hours = [f"HE {k}" for k in range(1, 25)]
    wide = [{"Node": "Z", "Type": "Hub", "Value": name, **dict.fromkeys(hours, value)}
            for name, value in (("LMP", 36), ("MCC", 5), ("MLC", 1))]  # fmt: skip
    above = "Day Ahead Market ExPost LMPs\n07/10/2024\n\nAll Hours-Ending are Eastern Standard\n"
    miso = above + f.text(["Node", "Type", "Value", *hours], wide)
    pjm = f.text(f.PJM_LMP, [f.pjm_price("2024-07-10T04:00:00", "Z", 31, 5)])
    for market, content in (("ISO-NE", isone), ("NYISO", nyiso), ("CAISO", caiso),
                            ("MISO", miso)):  # fmt: skip
        found = read_prices([f.written(tmp_path, f"{market}.csv", content)], market)
        row = found.iloc[0]
        assert (row["lmp"], row["mec"], row["mcc"], row["mlc"]) == (36, 30, 5, 1), market
        assert utc(found)[0] == ("07-10 05" if market == "MISO" else "07-10 04"), market
        assert len(found) == (24 if market == "MISO" else 1)
    row = read_prices([f.written(tmp_path, "pjm.csv", pjm)], "PJM").iloc[0]
    assert (row["lmp"], row["mec"], row["mcc"]) == (36, 31, 5)


def test_frames_of_gridstatus_are_taken_as_they_are() -> None:
    stamps = pd.date_range("2024-07-10", periods=2, freq="h", tz="US/Central")
    lmp = pd.DataFrame({"Time": stamps, "Interval Start": stamps, "Location": "Z",
                        "LMP": [3.0, 4.0], "Energy": [2.0, 2.0], "Congestion": [1.0,
                        2.0], "Loss": 0.0})  # fmt: skip
    assert utc(read_prices([lmp], "ERCOT")) == ["07-10 05", "07-10 06"]
    spp = pd.DataFrame({"Interval Start": stamps, "Location": "Z", "SPP": [3.0, 4.0]})
    assert read_prices([spp], "ERCOT")["lmp"].tolist() == [3.0, 4.0]
    load = pd.DataFrame({"Interval Start": stamps, "Load": [900.0, 910.0]})
    assert read_loads([load], "PJM")["mw"].tolist() == [900.0, 910.0]


def test_loads_leave_totals_and_parts_apart(tmp_path: Path) -> None:
    rows = [
        {"datetime_beginning_utc": "2024-07-10T04:00:00", "zone": z, "load_area": a, "mw": mw}
        for z, a, mw in (("AE", "AE", 10), ("PEP", "PEPCO", 20), ("RTO", "RTO", 31))
    ]
    path = f.written(tmp_path, "load.csv", f.text(f.PJM_LOAD, rows))
    assert read_loads([path], "PJM")["mw"].tolist() == [31]
    assert read_loads([path], "PJM", zone="PEPCO")["mw"].tolist() == [20]


def test_isone_marks_the_repeated_hour(tmp_path: Path) -> None:
    """On 2024-11-03 the hour to 02 comes twice: from 5:00 UTC in summer time, from 6:00 after."""
    rows = [f.isone("11/03/2024", hour, "A1", [(10, 20)]) for hour in ("01", "02", "02X", "03")]
    offers = read_offers([f.written(tmp_path, "o.csv", f.tagged(f.ISONE, rows))], "ISO-NE")
    assert utc(offers.units) == ["11-03 04", "11-03 05", "11-03 06", "11-03 07"]


def test_isone_has_no_third_hour_in_spring(tmp_path: Path) -> None:
    """On 2024-03-10 the hour to 02 ends at 7:00 UTC, as the hour to 04 begins."""
    rows = [f.isone("03/10/2024", hour, "A1", [(10, 20)]) for hour in ("02", "04")]
    path = f.written(tmp_path, "o.csv", f.tagged(f.ISONE, rows))
    assert utc(read_offers([path], "ISO-NE").units) == ["03-10 06", "03-10 07"]
    wrong = f.written(
        tmp_path, "x.csv", f.tagged(f.ISONE, [f.isone("03/10/2024", "03", "A1", [(10, 20)])])
    )
    with pytest.raises(InputError, match=r"x\.csv row 4, Trading Interval: .*23 hours"):
        read_offers([wrong], "ISO-NE")


def test_order_tells_the_repeated_hour_of_nyiso(tmp_path: Path) -> None:
    rows = [f.nyiso(f"03NOV2024:0{hour}:00:00", "1", [(10, price)])
            for hour, price in ((0, 20), (1, 21), (1, 22), (2, 23))]  # fmt: skip
    offers = read_offers([f.written(tmp_path, "o.csv", f.text(f.NYISO, rows))], "NYISO")
    assert utc(offers.units) == ["11-03 04", "11-03 05", "11-03 06", "11-03 07"]
    assert offers.offers["price"].tolist() == [20, 21, 22, 23]
    alone = f.written(tmp_path, "x.csv", f.text(f.NYISO, rows[:2]))
    with pytest.raises(InputError, match=r"x\.csv row 3, Date Time: .*comes twice on this day"):
        read_offers([alone], "NYISO")


def test_a_flag_tells_the_repeated_hour_of_ercot(tmp_path: Path) -> None:
    rows = [
        {
            "DeliveryDate": "11/03/2024",
            "HourEnding": hour,
            "SettlementPoint": "Z",
            "SettlementPointPrice": price,
            "DSTFlag": flag,
        }
        for hour, price, flag in (("02:00", 9, "Y"), ("02:00", 8, "N"), ("24:00", 7, "N"))
    ]
    found = read_prices([f.written(tmp_path, "p.csv", f.text(f.ERCOT_SPP, rows))], "ERCOT")
    assert utc(found) == ["11-03 06", "11-03 07", "11-04 05"]
    assert found["lmp"].tolist() == [8, 9, 7]


def test_standard_time_has_even_days(tmp_path: Path) -> None:
    """MISO's day of the clock change has 24 hours, from 5:00 UTC as any other."""
    rows = [f.miso(f"11/03/2024 {hour:02d}:00:00", "1", [(10, 20)], 5, 20) for hour in range(24)]
    offers = read_offers([f.written(tmp_path, "o.csv", f.text(f.MISO, rows))], "MISO")
    assert utc(offers.units)[0] == "11-03 05"
    assert utc(offers.units)[-1] == "11-04 04"
