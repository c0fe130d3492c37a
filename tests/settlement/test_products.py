"""Products as files: hours of their blocks by hand, periods of delivery, cover, what is wrong."""

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cases import InputError
from cases.rulebook.settlement import FuturesRules
from counterflow.cli import invoke
from settlement import settle
from settlement.futures import Futures, cover_load, last_trading_day, lot_hours, read_products
from settlement.futures.period import parse_period
from settlement.month import settle_month
from tests.settlement.markets import october_day

NEW_YORK = "America/New_York"


def test_us_peak_and_its_complement() -> None:
    product = Futures(read_products("us-peak"), NEW_YORK)
    # March 2024: 21 working days x 16 h; 743 h in all, for the clock goes forward on Sunday 10.
    assert product.hours("on_peak", "2024-03") == 336
    assert product.hours("off_peak", "2024-03") == 743 - 336
    assert product.lot_mwh("off_peak", "2024-03") == 5 * 407
    # November 2024: 21 Mondays to Fridays less Thanksgiving (28), 721 h in all.
    assert product.hours("on_peak", "2024-11") == 320
    assert product.hours("off_peak", "2024-11") == 721 - 320
    # 4 July 2021 is a Sunday, kept on Monday 5; 25 December 2021 a Saturday, not moved.
    assert product.hours("on_peak", "2021-07") == 16 * (22 - 1)
    assert product.hours("on_peak", "2021-12") == 16 * 23
    # One day: Thursday 28 November 2024 has no on-peak hour.
    with pytest.raises(InputError, match="on_peak has no hour in 2024-11-28"):
        product.hours("on_peak", "2024-11-28")
    assert product.hours("off_peak", "2024-11-28") == 24
    # A quarter is its months, a year its quarters.
    months = sum(product.hours("on_peak", f"2024-{m:02d}") for m in (10, 11, 12))
    assert product.hours("on_peak", "2024-Q4") == months
    year = [product.hours(name, "2024") for name in ("on_peak", "off_peak")]
    assert sum(year) == 366 * 24


def test_base_and_peak_of_08_to_20() -> None:
    product = Futures(read_products("base-peak-08-20"), "Europe/Berlin")
    # October 2024: 23 Mondays to Fridays, 745 hours.
    assert (product.hours("base", "2024-10"), product.hours("peak", "2024-10")) == (745, 276)
    assert product.products == ("base", "peak")


def test_the_paper_as_a_file_is_the_rulebook() -> None:
    product = Futures(read_products("china-2021"))
    known = Futures(FuturesRules())
    for name, hours in lot_hours(2016, 10).items():
        assert product.hours(name, "2016-10") == hours == known.hours(name, "2016-10")
    assert last_trading_day(product, "2016-10") == last_trading_day(known, "2016-10")
    for key in ("tick", "price_limit", "margin", "fee", "sessions", "lot_mw", "calendar"):
        assert getattr(product.rules, key) == getattr(known.rules, key)


def test_a_csv_file_of_products(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(
        "product,hours,days,complement_of,lot_mw,calendar\n"
        "day,07:00-19:00,all,,2,weekdays\nnight,,,day,2,weekdays\n"
    )
    product = Futures(read_products(path), "UTC")
    assert product.lot_mwh("day", "2024-02") == 2 * 12 * 29
    assert product.lot_mwh("night", "2024-02") == 2 * 12 * 29


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name = "x"\n[products.a]\nhour = [[0, 5]]\n', "no such key; did you mean hours"),
        ('name = "x"\n[products.a]\ncomplement_of = "b"\n', "a is the complement of b"),
        ('name = "x"\n[products.a]\ncomplement_of = "a"\nhours = [[0, 4]]\n', "has no hours"),
        ('name = "x"\n', "products"),
        ("name = ", "not TOML"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_products(path)
    with pytest.raises(InputError, match="did you mean us-peak"):
        read_products("us-peek")


def test_periods() -> None:
    quarter = parse_period("2016-Q1")
    assert (quarter.first.isoformat(), quarter.last.isoformat()) == ("2016-01-01", "2016-03-31")
    assert [p.last.day for p in quarter.months()] == [31, 29, 31]
    assert parse_period("2016").last.isoformat() == "2016-12-31"
    for text in ("2016-13", "2016-Q5", "2016-02-30", "16", ""):
        with pytest.raises(InputError, match="a delivery month is written like"):
            parse_period(text)


def quarter_trade() -> pd.DataFrame:
    at = pd.Timestamp("2016-07-01 10:00+08:00")
    return pd.DataFrame(
        [(name, owner, side, "base", "2016-Q4", 2.0, 300.0, at)
         for name, owner, side in (("B", "A", "buy"), ("S", "Z", "sell"))],
        columns=["trade", "owner", "side", "product", "month", "lots", "price", "traded_at"],
    )  # fmt: skip


def test_a_quarter_delivers_in_each_of_its_months() -> None:
    settings = {"settlement.futures.time_value": "purchase"}
    run = october_day([310.0] * 24, day="2016-11-10", settings=settings)
    statement = settle(run, futures=quarter_trade())
    # 2 MW x 24 h x 10, whichever month of the quarter.
    assert statement.total("A", "futures") == 480
    outside = october_day([310.0] * 24, day="2016-09-10", settings=settings)
    assert settle(outside, futures=quarter_trade()).total("A", "futures") == 0


@pytest.mark.slow
def test_the_time_value_of_a_month_of_a_quarter() -> None:
    settings = {"settlement.futures.time_value": "purchase"}
    # Four months from July to November: 8 %/12 on 2 x 24 h x 300 of that day's share.
    value = Decimal(2 * 720 * 300)
    whole = value - value / (1 + Decimal("0.08") / 12) ** 4
    month = settle_month(
        [october_day([310.0] * 24, day=f"2016-11-{d:02d}", settings=settings)
         for d in range(1, 31)], "2016-11", futures=quarter_trade(),
    )  # fmt: skip
    assert month.total("A", "time_value") == -whole.quantize(Decimal("0.01"))


def test_time_value_on_the_delivery_value_is_rounded_once_in_a_month() -> None:
    settings = {
        "settlement.futures.time_value": "delivery",
        "settlement.futures.clearing_house": "",
    }
    prices = [300.0 + 0.71 * day for day in range(1, 5)]
    runs = [october_day([price] * 24, day=f"2016-10-{d:02d}", settings=settings)
            for d, price in enumerate(prices, start=1)]  # fmt: skip
    trades = quarter_trade()
    month = settle_month(runs, "2016-10", futures=trades, partial=True)
    value = sum(Decimal(str(round(price, 6))) * 2 * 24 for price in prices)
    whole = value - value / (1 + Decimal("0.08") / 12) ** 3
    assert month.total("A", "time_value") == -whole.quantize(Decimal("0.01"))
    assert month.total("Z", "time_value") == whole.quantize(Decimal("0.01"))
    daily = sum(settle(run, futures=trades).total("A", "time_value") for run in runs)
    assert daily != month.total("A", "time_value")


def test_cover_by_products_that_share_out_the_hours() -> None:
    product = Futures(read_products("us-peak"), NEW_YORK)
    starts = pd.date_range("2024-02-01", "2024-03-01", freq="h", tz=NEW_YORK, inclusive="left")
    on = product.delivery_mw("on_peak", "2024-02", starts, 1.0) > 0
    load = pd.Series(np.where(on, 52.0, 23.0), index=starts)
    # 52 / 5 = 10.4 and 23 / 5 = 4.6 lots.
    assert cover_load(load, product).lots == {"off_peak": 5, "on_peak": 10}
    under = cover_load(load, product, "no_overcover")
    assert under.lots == {"off_peak": 4, "on_peak": 10}
    assert under.open_mwh == pytest.approx(2 * on.sum() + 3 * (~on).sum())
    assert under.over_mwh == 0


def test_cover_and_report_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    starts = pd.date_range("2016-10-01", "2016-11-01", freq="h", tz="Asia/Shanghai",
                           inclusive="left")  # fmt: skip
    product = Futures(FuturesRules())
    mw = 24.0 + 50 * product.delivery_mw("mid", "2016-10", starts, 1.0)
    pd.DataFrame({"interval_start": [s.isoformat() for s in starts], "mw": mw}).to_csv(
        tmp_path / "load.csv", index=False
    )
    assert invoke(["futures", "cover", str(tmp_path / "load.csv"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["lots"] == {"base": 24, "mid": 50, "peak": 0}
    assert told["hedge_ratio"] == 1
    july, sept = "2016-07-01T10:00:00+08:00", "2016-09-25T10:00:00+08:00"
    rows = [("b1", "buy", "base", 24, 172960, july), ("m1", "buy", "mid", 50, 132840, july),
            ("b2", "sell", "base", 24, 177960, sept),
            ("m2", "sell", "mid", 50, 137780, sept)]  # fmt: skip
    trades = pd.DataFrame(rows, columns=["trade", "side", "product", "lots", "price", "traded_at"])
    trades.assign(owner="A", month="2016-10").to_csv(tmp_path / "futures.csv", index=False)
    (tmp_path / "spot.csv").write_text("owner,forecast,actual\nA,13092719,13289306\n")
    command = ["futures", "report", str(tmp_path / "futures.csv"), "--spot",
               str(tmp_path / "spot.csv"), "--convention", "paper-2016", "--set",
               "settlement.futures.quote=lot", "--json"]  # fmt: skip
    assert invoke(command) == 0
    report = {r["line"]: r["A"] for r in json.loads(capsys.readouterr().out)["report"]}
    assert float(report["time_value"]) == 220_368
    assert float(report["hedge_gain"]) == 146_632
    assert float(report["rise_left"]) == 49_955
    lots = ["futures", "lots", "2024-Q1", "--products", "us-peak", "--timezone", NEW_YORK, "--json"]
    assert invoke(lots) == 0
    table = {r["product"]: r["hours"] for r in json.loads(capsys.readouterr().out)["lots"]}
    # January 22 (New Year off), February 21, March 21 working days of 16 h; 2183 h in the quarter.
    assert table == {"on_peak": 16 * 64, "off_peak": 2183 - 1024}
    assert invoke(["futures", "cover", str(tmp_path / "spot.csv")]) == 1
    assert "mw: the column is missing" in capsys.readouterr().err
