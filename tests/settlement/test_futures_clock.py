"""Months, hours and last trading days on the market's own clock."""

from datetime import date
from decimal import Decimal

import pandas as pd
import pytest

from cases import InputError
from cases.rulebook.settlement import FuturesRules
from settlement.futures import (
    Futures,
    cash_settlement,
    hedge_report,
    last_trading_day,
    trading_days,
)
from tests.settlement.paper import REPLAY

PRODUCT = Futures(FuturesRules())
AMERICA = Futures(FuturesRules(calendar="US"), "America/New_York")


def trade(at: str) -> pd.DataFrame:
    return pd.DataFrame(
        {"trade": ["T"], "owner": "A", "side": "buy", "product": "base", "month": "2016-10",
         "lots": 10, "price": 232.5, "traded_at": pd.Timestamp(at)}
    )  # fmt: skip


@pytest.mark.parametrize("at", ["2016-07-01 07:30+08:00", "2016-06-30 23:30+00:00"])
def test_the_time_value_does_not_depend_on_how_a_stamp_is_written(at: str) -> None:
    rules = FuturesRules(time_value="purchase", rate_convention="paper-2016")
    index = {("base", "2016-10"): Decimal(300)}
    (row,) = cash_settlement(trade(at), index, Futures(rules)).to_dict("records")
    # July to October: 10 x 744 x 232.5 = 1 729 800, x (1 - 1.0069^-3) = 0.020417…
    value = 1_729_800 * (1 - Decimal("1.0069") ** -3)
    assert row["time_value"] == -round(value, 2)
    spot = pd.DataFrame({"owner": ["A"], "forecast": 1.0, "actual": 2.0})
    sale = trade("2016-09-26 02:00+00:00").assign(trade="S", side="sell")
    both = pd.concat([trade(at), sale], ignore_index=True)
    report = hedge_report(both, spot, PRODUCT, convention="paper-2016")
    assert report.loc["time_value", "A"] == round(value)


def test_a_stamp_with_an_offset_needs_a_market_with_a_clock() -> None:
    with pytest.raises(InputError, match="the product's timezone is not known"):
        Futures(FuturesRules(calendar="US")).local(pd.Timestamp("2024-03-01 10:00+00:00"))


@pytest.mark.parametrize(("month", "base"), [("2024-03", 743), ("2024-11", 721), ("2024-04", 720)])
def test_lot_hours_are_what_is_delivered(month: str, base: int) -> None:
    assert AMERICA.hours("base", month) == base
    first = pd.Timestamp(f"{month}-01").tz_localize("America/New_York")
    starts = pd.date_range(first, first + pd.offsets.MonthBegin(1), freq="h", inclusive="left")
    for product in ("base", "mid", "peak"):
        delivered = AMERICA.delivery_mw(product, month, starts, 1.0).sum()
        assert AMERICA.hours(product, month) == delivered


def test_a_night_block_over_a_change_of_clocks() -> None:
    # 00:00-04:00 on working days: 10 March 2024 is a Sunday, so count all days: 31 x 4 - 1.
    rules = FuturesRules(calendar="US", base={"hours": ((0, 4),)})  # type: ignore[arg-type]
    product = Futures(rules, "America/New_York")
    assert product.hours("base", "2024-03") == 31 * 4 - 1
    assert product.hours("base", "2024-11") == 30 * 4 + 1


@pytest.mark.parametrize(
    ("month", "day"),
    [
        # Five working days before the month: a made-up Sunday in each, so the Friday before.
        ("2017-02", date(2017, 1, 20)),
        ("2020-02", date(2020, 1, 17)),
        ("2020-05", date(2020, 4, 24)),
        ("2021-10", date(2021, 9, 24)),
        ("2016-10", date(2016, 9, 26)),
    ],
)
def test_the_last_trading_day_is_one_on_which_trading_is_open(month: str, day: date) -> None:
    assert last_trading_day(REPLAY, month) == day
    assert trading_days(REPLAY, day, day) == [day]


def test_every_last_trading_day_of_twenty_years_is_a_trading_day() -> None:
    for year in range(2006, 2026):
        for month in range(1, 13):
            last = last_trading_day(PRODUCT, f"{year}-{month:02d}")
            assert trading_days(PRODUCT, last, last) == [last]
