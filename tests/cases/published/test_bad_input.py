"""What is wrong with published files is named with file and row, and what it should be."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from cases.errors import InputError
from cases.readers.published import read_market, read_offers, read_prices
from tests.cases.published import files as f

HOUR = "2024-07-10T04:00:00"


def pjm_file(folder: Path, rows: list[f.Row], name: str = "o.csv") -> Path:
    return f.written(folder, name, f.text(f.PJM, rows))


def said(call: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        call()
    return str(caught.value)


def test_a_renamed_column_is_named_with_the_layout_of_its_date(tmp_path: Path) -> None:
    content = f.text(f.PJM, [f.pjm(HOUR, "a", [(50, 20)])]).replace("bid_slope_flag", "slope_flag")
    text = said(lambda: read_offers([f.written(tmp_path, "o.csv", content)], "PJM"))
    assert "o.csv row 1, bid_slope_flag: the column is missing" in text
    assert "slope_flag" in text
    assert "PJM energy_market_offers has" in text
    assert "mw1..20" in text


def test_a_file_of_another_market_is_named(tmp_path: Path) -> None:
    other = f.written(tmp_path, "m.csv", f.text(f.MISO, [f.miso("07/10/2024 00:00:00", "1",
                                                               [(10, 20)], 5, 20)]))  # fmt: skip
    text = said(
        lambda: read_offers([pjm_file(tmp_path, [f.pjm(HOUR, "a", [(5, 2)])]), other], "PJM")
    )
    assert text == "m.csv row 1: is MISO da_co (offers); expected offers or reserves of PJM"
    text = said(lambda: read_prices([other], "MISO"))
    assert "is MISO da_co (offers); expected prices of MISO" in text


def test_an_hour_in_two_rows_is_named_with_both(tmp_path: Path) -> None:
    one = pjm_file(tmp_path, [f.pjm(HOUR, "a", [(50, 20)]), f.pjm(HOUR, "b", [(50, 20)])], "1.csv")
    two = pjm_file(tmp_path, [f.pjm(HOUR, "b", [(50, 20)])], "2.csv")
    text = said(lambda: read_offers([one, two], "PJM"))
    assert text == ("2.csv row 2: unit b at 2024-07-10T00:00:00-04:00 is in 1.csv row 3 already")
    price = f.text(f.PJM_LMP, [f.pjm_price(HOUR, "Z", 30)] * 2)
    text = said(lambda: read_prices([f.written(tmp_path, "p.csv", price)], "PJM"))
    assert text.startswith("p.csv row 3: Z at 2024-07-10T04:00:00+00:00 is in p.csv row 2")


def test_masks_that_change_are_named(tmp_path: Path) -> None:
    """PJM's codes are of one year; a unit of one owner is not another's the day after."""
    rows = [
        f.pjm("2025-01-01T04:00:00", "a", [(5, 2)]),
        f.pjm("2025-01-01T05:00:00", "a", [(5, 2)]),
    ]
    text = said(lambda: read_offers([pjm_file(tmp_path, rows)], "PJM"))
    assert text.startswith("o.csv row 3: the codes of units change every year")
    owned = [f.miso(f"07/1{k}/2024 00:00:00", "1", [(10, 20)], 5, 20, **{"Owner Code": owner})
             for k, owner in ((0, "X"), (1, "X"), (2, "Y"))]  # fmt: skip
    text = said(lambda: read_offers([f.written(tmp_path, "m.csv", f.text(f.MISO, owned))], "MISO"))
    assert text.startswith("m.csv row 4: unit 1 was of owner X and is of Y here")


def test_a_layout_holds_from_its_day_on(tmp_path: Path) -> None:
    """Before RTC+B, 2025-12-05, storage had no file of its own; AS offers were renamed then."""
    row = {k: v for k, v in f.ercot("12/04/2025", 1, "B", [(0, 2), (9, 2)], 3).items()
           if k in f.ERCOT_ESR}  # fmt: skip
    path = f.written(tmp_path, "60d_DAM_ESR_Data-x.csv", f.text(f.ERCOT_ESR, [row]))
    text = said(lambda: read_offers([path], "ERCOT"))
    assert "has 2025-12-04, but ERCOT 60d_DAM_ESR_Data since 2025-12-05 has days from" in text


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"mw1": "x"}, "o.csv row 3, mw1: must be a number, not 'x'"),
        ({"unit_code": ""}, "o.csv row 3, unit_code: a row without a unit"),
        ({"bid_datetime_beginning_utc": "soon"}, "o.csv row 3, bid_datetime_beginning_utc: must"),
        ({"mw2": 40, "bid2": 30}, "o.csv row 3, mw1: MW or prices fall"),
        ({"mw2": 60, "bid2": 10}, "o.csv row 3, mw1: MW or prices fall"),
        ({"avg_ecomax": -5}, "o.csv row 3, avg_ecomax: is -5, below 0 MW"),
    ],
)
def test_a_row_that_is_no_offer(tmp_path: Path, change: f.Row, expected: str) -> None:
    rows = [f.pjm(HOUR, "a", [(50, 20)]), f.pjm(HOUR, "b", [(50, 20)]) | change]
    path = pjm_file(tmp_path, rows)
    assert expected in said(lambda: read_offers([path], "PJM"))


def test_a_file_that_was_cut(tmp_path: Path) -> None:
    rows = [f.isone("07/10/2024", f"{k:02d}", "A1", [(10, 20)]) for k in range(1, 4)]
    content = f.tagged(f.ISONE, rows).splitlines()
    path = f.written(tmp_path, "o.csv", "\n".join(content[:-2] + content[-1:]) + "\n")
    text = said(lambda: read_offers([path], "ISO-NE"))
    assert "o.csv: the file says that it has 3 lines, and has 2" in text
    row = f.text(f.PJM, [f.pjm(HOUR, "a", [(50, 20)])])
    short = f.written(tmp_path, "p.csv", row.rstrip("\n").rpartition(",")[0] + "\n")
    assert f"p.csv row 2: has {len(f.PJM) - 1} cells" in said(lambda: read_offers([short], "PJM"))


def test_day_ahead_and_real_time_are_not_mixed(tmp_path: Path) -> None:
    paths = []
    for kind, hour in (("dayahead", "01"), ("realtime", "02")):
        content = f.tagged(f.ISONE, [f.isone("07/10/2024", hour, "A1", [(10, 20)])])
        paths.append(f.written(tmp_path, f"hb{kind}energyoffer_20240710.csv", content))
    assert "is of the real-time market" in said(lambda: read_offers(paths, "ISO-NE"))


def test_missing_hours_days_and_prices(tmp_path: Path) -> None:
    hours = [4, 5, 7]
    rows = [f.pjm(f"2024-07-10T0{h}:00:00", "a", [(50, 20)]) for h in hours]
    prices = f.text(f.PJM_LMP, [f.pjm_price(f"2024-07-10T0{h}:00:00", "Z", 30) for h in (4, 5)])
    lmp = f.written(tmp_path, "p.csv", prices)
    text = said(lambda: read_market("pjm-offers", [pjm_file(tmp_path, rows)], prices=[lmp]))
    assert "1 of 4 hours have no offer, first 2024-07-10T02:00:00-04:00: 2024-07-10 (1 h)" in text
    assert "--date and --days; the files hold 2024-07-10 to 2024-07-10" in text
    full = [f.pjm(f"2024-07-10T0{h}:00:00", "a", [(50, 20)]) for h in (4, 5, 6)]
    text = said(
        lambda: read_market("pjm-offers", [pjm_file(tmp_path, full, "f.csv")], prices=[lmp])
    )
    assert "Z has no price in 1 of 3 hours, first 2024-07-10T02:00:00-04:00" in text
    text = said(lambda: read_market("pjm-offers", [tmp_path / "f.csv"]))
    assert "publishes offers without prices: give --prices" in text


def test_an_empty_day_is_told(tmp_path: Path) -> None:
    """About a fifth of ISO New England's days are published without a line."""
    paths = [f.written(tmp_path, f"hbdayaheadenergyoffer_2024071{d}.csv", f.tagged(f.ISONE, [
        f.isone(f"07/1{d}/2024", f"{h:02d}", "A1", [(10, 20)]) for h in range(1, 25) if d != 1]))
        for d in (0, 1, 2)]  # fmt: skip
    stamps = [(f"07/1{d}/2024", f"{h:02d}") for d in (0, 1, 2) for h in range(1, 25)]
    lmp = f.tagged(f.ISONE_LMP, [{"Date": d, "Hour Ending": h, "Location Name": "Z",
        "Locational Marginal Price": 30, "Energy Component": 30, "Congestion Component": 0,
        "Marginal Loss Component": 0} for d, h in stamps])  # fmt: skip
    price = f.written(tmp_path, "lmp.csv", lmp)
    text = said(lambda: read_market("isone-offers", paths, prices=[price]))
    assert "2024-07-11 (24 h); without a row: hbdayaheadenergyoffer_20240711.csv" in text
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        case = read_market("isone-offers", paths, prices=[price], date="2024-07-12")
    assert case.meta.intervals == 24
    assert len(case.offer_history) == 24


def test_several_nodes_need_a_zone(tmp_path: Path) -> None:
    offers = pjm_file(tmp_path, [f.pjm(HOUR, "a", [(50, 20)])])
    rows = [f.pjm_price(HOUR, "Y", 30), f.pjm_price(HOUR, "Z", 31)]
    lmp = f.written(tmp_path, "p.csv", f.text(f.PJM_LMP, rows))
    text = said(lambda: read_market("pjm-offers", [offers], prices=[lmp]))
    assert "the prices are of 2 nodes (Y, Z, ...): name that of the units with --zone" in text
    text = said(lambda: read_market("pjm-offers", [offers], prices=[lmp], zone="Q"))
    assert "no row of the price files is of Q" in text
