"""A dozen rows of each market's offers, made by hand, with the right tables beside them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
import pytest

from cases.readers.published import Offers, read_offers
from tests.cases.published import files as f

Block = tuple[str, str, int, float, float]


def blocks(offers: Offers, form: str = "%d %H") -> list[Block]:
    """Unit, hour on the market's clock, number, MW, price."""
    rows = offers.offers
    stamps = rows["interval_start"].dt.strftime(form)
    return [
        (unit, stamp, int(number), round(mw, 6), round(price, 6))
        for unit, stamp, number, mw, price in zip(
            rows["unit"], stamps, rows["segment"], rows["mw"], rows["price"], strict=True
        )
    ]


def column(offers: Offers, name: str) -> list[object]:
    return offers.units[name].tolist()


def test_pjm_steps_and_slopes_from_utc(tmp_path: Path) -> None:
    """Cumulative MW; a slope has the price in the middle: (20 + 40) / 2 from 10 to 60 MW."""
    rows = [
        f.pjm("2024-07-10T04:00:00", "aB=", [(50, 20), (50, 25), (100, 30)], no_load_cost=110,
              hot_start_cost=700, cold_start_cost=900),
        f.pjm("2024-07-10T04:00:00", "c+/", [(10, 20), (60, 40)], slope=True),
        f.pjm("2024-07-10T05:00:00", "aB=", [(70, 22)]),
        f.pjm("2024-07-10T05:00:00", "c+/", [(0, 18), (60, 48)], slope=True),
    ]  # fmt: skip
    file = f.written(tmp_path, "o.csv", f.text(f.PJM, rows))
    offers = read_offers([file], "PJM")
    assert offers.timezone == "America/New_York"
    assert blocks(offers) == [
        ("aB=", "10 00", 1, 50, 20), ("aB=", "10 00", 2, 50, 30),
        ("c+/", "10 00", 1, 10, 20), ("c+/", "10 00", 2, 50, 30),
        ("aB=", "10 01", 1, 70, 22), ("c+/", "10 01", 1, 60, 33),
    ]  # fmt: skip
    assert column(offers, "startup_hot")[0] == 700
    # In three pieces the slope of 0.5 $/MW is 20 MW each, at 18 + 0.5 x (10, 30, 50).
    fine = read_offers([file], "PJM", pieces=3)
    assert blocks(fine)[-3:] == [
        ("c+/", "10 01", 1, 20, 23), ("c+/", "10 01", 2, 20, 33), ("c+/", "10 01", 3, 20, 43),
    ]  # fmt: skip


def test_isone_segments_begin_at_the_minimum(tmp_path: Path) -> None:
    """The MW below the economic minimum have the first price; a must-take needs no price."""
    day = "07/10/2024"
    rows = [
        f.isone(day, "01", "A1", [(30, 20), (50, 35)], **{
            "Economic Minimum": 20, "Economic Maximum": 100, "No Load Price": 150}),
        f.isone(day, "01", "A2", [], **{
            "Must Take Energy": 40, "Economic Maximum": 40, "Unit Status": "MUST_RUN"}),
        f.isone(day, "01", "B1", [(80, 50)], **{
            "Economic Maximum": 80, "Unit Status": "UNAVAILABLE"}),
        f.isone(day, "24", "A1", [(30, 21)], **{"Economic Maximum": 50}),
    ]  # fmt: skip
    file = f.written(tmp_path, "hbdayaheadenergyoffer_20240710.csv", f.tagged(f.ISONE, rows))
    offers = read_offers([file], "ISO-NE")
    assert blocks(offers) == [
        ("A1", "10 00", 1, 50, 20), ("A1", "10 00", 2, 50, 35),
        ("A2", "10 00", 1, 40, -150), ("A1", "10 23", 1, 30, 21),
    ]  # fmt: skip
    assert column(offers, "status") == ["economic", "must_run", "unavailable", "economic"]
    assert column(offers, "owner") == ["LA", "LA", "LB", "LA"]


def test_nyiso_minimum_generation_and_self_commitment(tmp_path: Path) -> None:
    """20 MW cost 300 an hour, 15 each, and go on at 25; the other bid leaves 500 - 20 x 20."""
    rows = [
        f.nyiso("01JUN2024:00:00:00", "10", [(60, 25), (100, 40)], **{
            "Fixed Min Gen MW": 20, "Fixed Min Gen Cost": 300}),
        f.nyiso("01JUN2024:00:00:00", "20", [(50, 20)], **{
            "Fixed Min Gen MW": 20, "Fixed Min Gen Cost": 500, "Self Commit MW1": 30}),
        f.nyiso("01JUN2024:00:00:00", "20", [(50, 99)], Market="HAM"),
        f.nyiso("01JUN2024:01:00:00", "10", [(60, 26)], Duration=3),
        f.nyiso("01JUN2024:01:00:00", "20", [(50, 21)]),
    ]  # fmt: skip
    content = f.text(f.NYISO, rows).replace(",,", ", ,").replace(",,", ", ,")  # blank = a space
    offers = read_offers([f.written(tmp_path, "20240601biddata_genbids.csv", content)], "NYISO")
    assert blocks(offers) == [
        ("10", "01 00", 1, 20, 15), ("10", "01 00", 2, 40, 25), ("10", "01 00", 3, 40, 40),
        ("20", "01 00", 1, 20, 20), ("20", "01 00", 2, 30, 20),
        ("10", "01 01", 1, 60, 26), ("20", "01 01", 1, 50, 21),
        ("10", "01 02", 1, 60, 26), ("10", "01 03", 1, 60, 26),
    ]  # fmt: skip
    assert column(offers, "must_take_mw")[:2] == [0, 30]
    assert column(offers, "no_load")[:2] == [0, 100]
    ahead = read_offers([tmp_path / "20240601biddata_genbids.csv"], "NYISO", version="rt")
    assert blocks(ahead) == [("20", "01 00", 1, 50, 99)]


def test_miso_cleared_mw_and_standard_time(tmp_path: Path) -> None:
    """EST all year: the first hour of a July day in MISO is 1:00 on the clock of New York."""
    rows = [
        f.miso("07/10/2024 00:00:00", "1", [(50, 20), (100, 30)], 70, 28),
        f.miso("07/10/2024 00:00:00", "2", [(0, 10), (80, 50)], 0, 29, Slope=1),
        f.miso("07/10/2024 00:00:00", "3", [], 60, 27, **{
            "Self Scheduled MW": 60, "Must Run Flag": 1}),
        f.miso("07/10/2024 00:00:00", "4", [(40, 5)], 0, 27, **{"Unit Available Flag": 0}),
    ]  # fmt: skip
    path = tmp_path / "20240710_da_co.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("20240710_da_co.csv", f.text(f.MISO, rows))
    offers = read_offers([path], "MISO")
    assert blocks(offers, "%H%z") == [
        ("1", "00-0500", 1, 50, 20), ("1", "00-0500", 2, 50, 30), ("2", "00-0500", 1, 80, 30),
        ("3", "00-0500", 1, 60, -500),
    ]  # fmt: skip
    assert column(offers, "cleared_mw") == [70, 0, 60, 0]
    assert column(offers, "lmp") == [28, 29, 27, 27]
    assert column(offers, "status") == ["economic", "economic", "must_run", "unavailable"]
    assert offers.units["interval_start"].iloc[0] == pd.Timestamp(
        "2024-07-10 01:00", tz="America/New_York"
    )


def test_ercot_before_and_after_storage_has_its_own_file(tmp_path: Path) -> None:
    """Curves are lines: up to 20 MW at the minimum's 12, then (25 + 45) / 2 from 20 to 60 MW.

    Storage's curve of 2 $/MW goes from 20 at -10 MW to 60 at 10: charging is worth (20 + 40) / 2,
    discharging costs (40 + 60) / 2.
    """
    old = [
        f.ercot("07/10/2024", 1, "GEN", [(20, 25), (60, 45)], 30, LSL=20, **{
            "Min Gen Cost": 12, "Awarded Quantity": 30, "Start Up Hot": 500}),
        f.ercot("07/10/2024", 1, "BATT", [(0, 40), (10, 40)], 30, **{"Resource Type": "PWRSTR"}),
        f.ercot("07/10/2024", 1, "DOWN", [(50, 30)], 30, **{"Resource Status": "OUT"}),
    ]  # fmt: skip
    file = f.written(tmp_path, "60d_DAM_Gen_Resource_Data-08-SEP-24.csv", f.text(f.ERCOT, old))
    offers = read_offers([file], "ERCOT")
    assert blocks(offers) == [
        ("BATT", "10 00", 1, 10, 40), ("GEN", "10 00", 1, 20, 12), ("GEN", "10 00", 2, 40, 35),
    ]  # fmt: skip
    assert column(offers, "owner") == ["DB", "DD", "DG"]
    assert column(offers, "node") == ["BATT_RN", "DOWN_RN", "GEN_RN"]
    new = [f.ercot("12/06/2025", 24, "BATT", [(-10, 20), (10, 60)], 35, LSL=-10)]
    esr = f.written(tmp_path, "60d_DAM_ESR_Data-04-FEB-26.csv", f.text(f.ERCOT_ESR, [
        {k: v for k, v in row.items() if k in f.ERCOT_ESR} for row in new]))  # fmt: skip
    stored = read_offers([esr], "ERCOT")
    assert blocks(stored) == [("BATT", "06 23", 1, 10, 50)]
    assert stored.bids[["unit", "segment", "mw", "price"]].to_numpy().tolist() == [
        ["BATT", 1, 10, 30]
    ]


def test_ercot_offers_of_reserves_in_both_orders_of_words(tmp_path: Path) -> None:
    generation = f.text(f.ERCOT, [f.ercot("07/10/2024", 1, "GEN", [(0, 20), (60, 20)], 30)])
    one = {"Delivery Date": "07/10/2024", "Hour Ending": 1, "QSE": "Q1", "DME": "DG",
           "Resource Name": "GEN"}  # fmt: skip
    blocks_of = {"PRICE1 REGUP": 8, "PRICE1 ECRS": 9, "QUANTITY MW1": 5,
                 "PRICE2 REGUP": 12, "QUANTITY MW2": 7}  # fmt: skip
    energy = f.written(tmp_path, "60d_DAM_Gen_Resource_Data-08-SEP-24.csv", generation)
    offered = f.text(f.ERCOT_AS, [one | blocks_of])
    name = "60d_DAM_Generation_Resource_ASOffers-08-SEP-24.csv"
    after = offered.replace("07/10/2024", "12/10/2025")
    after = after.replace("PRICE1 REGUP", "REGUP PRICE1").replace("PRICE2 REGUP", "REGUP PRICE2")
    columns = ["product", "segment", "mw", "price"]
    for content, day in ((offered, "07/10/2024"), (after, "12/10/2025")):
        f.written(tmp_path, energy.name, generation.replace("07/10/2024", day))
        found = read_offers([f.written(tmp_path, name, content), energy], "ERCOT").reserve_offers
        assert found[columns].to_numpy().tolist() == [
            ["contingency_reserve", 1, 5, 9],
            ["regulation_up", 1, 5, 8],
            ["regulation_up", 2, 7, 12],
        ]


def test_caiso_points_begin_a_price_and_self_schedules_have_rows(tmp_path: Path) -> None:
    """From 0 MW at 20, from 50 at 30, to the end at 80; a single point is a block up to it."""
    stamp = "2024-07-10T07:00:00-00:00"

    def point(unit: str, x: float, y: float) -> f.Row:
        return f.caiso(stamp, unit, **{
            "SCH_BID_TIMEINTERVALSTART_GMT": stamp, "SCH_BID_XAXISDATA": x,
            "SCH_BID_Y1AXISDATA": y, "SCH_BID_CURVETYPE": "BIDPRICE"})  # fmt: skip

    rows = [
        point("101", 50, 30), point("101", 0, 20), point("101", 80, 30), point("202", 15, 44),
        f.caiso(stamp, "303", SELFSCHEDMW=25),
        {**point("404", 9, 9), "MARKETPRODUCTTYPE": "NR"},
        {**point("505", 9, 9), "RESOURCE_TYPE": "LOAD"},
    ]  # fmt: skip
    offers = read_offers([f.written(tmp_path, "bids.csv", f.text(f.CAISO, rows))], "CAISO")
    assert blocks(offers) == [
        ("101", "10 00", 1, 50, 20), ("101", "10 00", 2, 30, 30), ("202", "10 00", 1, 15, 44),
        ("303", "10 00", 1, 25, -150),
    ]  # fmt: skip
    assert column(offers, "must_take_mw") == [0, 0, 25]


@pytest.mark.parametrize("market", ["PJM", "MISO"])
def test_ids_stay_text_in_files_and_frames(tmp_path: Path, market: str) -> None:
    rows = [f.pjm("2024-07-10T04:00:00", "007", [(50, 20)])]
    content, header = f.text(f.PJM, rows), "unit_code"
    if market == "MISO":
        content = f.text(f.MISO, [f.miso("07/10/2024 00:00:00", "007", [(50, 20)], 1, 2)])
        header = "Unit Code"
    path = f.written(tmp_path, "o.csv", content)
    assert read_offers([path], market).units["unit"].tolist() == ["007"]
    frame = pd.read_csv(path, dtype={header: "str"})
    assert read_offers([frame], market).offers.equals(read_offers([path], market).offers)
