"""The futures paper, to the yuan: settlement.md sections 1.2 to 1.6."""

from datetime import date
from decimal import Decimal

import pandas as pd
import pytest

from cases import InputError
from cases.rulebook.settlement import FuturesRules
from settlement.futures import (
    CONVENTIONS,
    Futures,
    check_trades,
    hedge_report,
    initial_margin,
    last_trading_day,
    price_band,
    trading_days,
)
from settlement.ledger.money import exact, round_to
from tests.settlement.paper import ACTUAL, FORECAST, LOTS, PRICES, REPLAY, SPOT, october, trades

CENT = Decimal("0.01")


@pytest.mark.parametrize(
    ("product", "july", "september"),
    [
        ("base", ("232.47", "232.4731"), ("239.19", "239.1935")),
        ("mid", ("461.25", "461.2500"), ("478.40", "478.4028")),
        ("peak", ("520.09", "520.0926"), ("521.30", "521.2963")),
    ],
)
def test_table_4_lot_prices_per_mwh(
    product: str, july: tuple[str, str], september: tuple[str, str]
) -> None:
    for price, (short, long) in zip(PRICES[product], (july, september), strict=True):
        value = REPLAY.mwh_price(product, "2016-10", Decimal(price))
        assert value.quantize(CENT) == Decimal(short)
        assert value.quantize(Decimal("0.0001")) == Decimal(long)


def test_tables_5_and_6_line_by_line() -> None:
    report = hedge_report(trades(), SPOT, REPLAY, convention="paper-2016")
    expected = {
        "bought": (10_793_040, 7_008_440),
        "sold": (11_160_040, 7_227_540),
        "gross_gain": (367_000, 219_100),
        "time_value": (220_368, 143_095),
        "hedge_gain": (146_632, 76_005),
        "spot_forecast": (13_092_719, 9_774_226),
        "spot_actual": (13_289_306, 9_927_755),
        "spot_rise": (196_587, 153_529),
        "rise_left": (49_955, 77_524),
        "final_cost": (13_142_674, 9_851_750),
        "fee_per_side": (7_400, 4_400),
        "gain_after_one_fee": (139_232, 71_605),
        "gain_after_both_fees": (131_832, 67_205),
        "initial_margin": (1_079_304, 700_844),
    }
    for line, (a, b) in expected.items():
        assert report.loc[line].tolist() == [a, b], line
    percent = Decimal("0.0001")
    # Erratum 1: the paper prints 75.59 % for A; 146 632 / 196 587 = 74.589 %.
    assert report.loc["share_offset", "A"].quantize(percent) == Decimal("0.7459")
    assert report.loc["share_offset", "B"].quantize(percent) == Decimal("0.4951")
    assert report.loc["time_value_share", "A"].quantize(percent) == Decimal("0.6005")
    assert report.loc["time_value_share", "B"].quantize(percent) == Decimal("0.6531")


@pytest.mark.parametrize(
    ("convention", "a", "b"),
    [
        ("paper-2016", 220_368, 143_095),
        ("nominal", 213_014, 138_320),
        ("formula-2", 220_258, 142_645),
        ("formula-2-paper-rate", 227_861, 147_569),
        ("effective", 205_676, 133_555),
        ("until-close", 147_326, 95_412),
    ],
)
def test_every_time_value_convention(convention: str, a: int, b: int) -> None:
    report = hedge_report(trades(), SPOT, REPLAY, convention=convention)
    assert report.loc["time_value"].tolist() == [a, b]


def test_all_conventions_are_pinned() -> None:
    assert len(CONVENTIONS) == 6


@pytest.mark.parametrize(
    ("values", "base", "mid", "peak"),
    [(FORECAST, "356.92", "456.63", "543.33"), (ACTUAL, "362.50", "464.88", "552.33")],
)
def test_table_3_averages(values: tuple[int, ...], base: str, mid: str, peak: str) -> None:
    # Peak 08-11 cuts the 10:00-11:59 block in two: prices are by hour.
    prices = october(values)
    starts = pd.DatetimeIndex(prices.index)
    for product, expected in (("base", base), ("mid", mid), ("peak", peak)):
        inside = REPLAY.delivery_mw(product, "2016-10", starts, 1.0) > 0
        assert round_to(exact(prices[inside].mean()), CENT) == Decimal(expected)


@pytest.mark.parametrize(
    ("owner", "forecast", "actual", "mwh"),
    [("A", 12_948_504, 13_167_000, 32_256), ("B", 9_673_454, 9_829_560, 25_896)],
)
def test_spot_cost_of_the_hedge_volumes(owner: str, forecast: int, actual: int, mwh: int) -> None:
    starts = pd.DatetimeIndex(october(FORECAST).index)
    load = sum(
        lots * REPLAY.delivery_mw(product, "2016-10", starts, 1.0)
        for product, lots in LOTS[owner].items()
    )
    assert load.sum() == mwh
    assert (load * october(FORECAST)).sum() == forecast
    assert (load * october(ACTUAL)).sum() == actual


def test_margin_fee_and_price_band_of_the_first_day() -> None:
    for product, low, high in (
        ("base", "164312", "181608"),
        ("mid", "126198", "139482"),
        ("peak", "53361.5", "58978.5"),
    ):
        band = price_band(REPLAY, Decimal(PRICES[product][0]))
        assert band == (Decimal(low), Decimal(high))
    margin = initial_margin(REPLAY, "base", "2016-10", Decimal(24), Decimal(172_960)) + (
        initial_margin(REPLAY, "mid", "2016-10", Decimal(50), Decimal(132_840))
    )
    assert margin == Decimal("1079304.00")


def test_last_trading_day_can_be_read_in_two_ways() -> None:
    assert last_trading_day(REPLAY, "2016-10") == date(2016, 9, 26)
    other = Futures(FuturesRules(last_trading_day="before_month_end"))
    assert last_trading_day(other, "2016-10") == date(2016, 10, 25)


def test_make_up_weekends_are_no_trading_days() -> None:
    days = trading_days(REPLAY, date(2016, 10, 1), date(2016, 10, 12))
    assert days == [date(2016, 10, 10), date(2016, 10, 11), date(2016, 10, 12)]


def test_erratum_5_the_sale_was_on_a_sunday() -> None:
    refused, _ = check_trades(trades(), REPLAY, "Asia/Shanghai")
    assert {failure.rule for failure in refused} == {"trading_day"}
    assert len(refused) == 4
    assert "2016-09-25 is no trading day (Sunday)" in str(refused[0])


@pytest.mark.parametrize(("product", "step"), [("base", "74.4"), ("mid", "28.8"), ("peak", "10.8")])
def test_erratum_6_no_lot_price_is_a_multiple_of_the_tick(product: str, step: str) -> None:
    for price in PRICES[product]:
        trade = pd.DataFrame(
            {"trade": ["T"], "owner": "A", "side": "buy", "product": product, "month": "2016-10",
             "lots": 1, "price": price, "traded_at": pd.Timestamp("2016-07-01 10:00+08:00")}
        )  # fmt: skip
        for mode, counts in (("reject", (1, 0)), ("warn", (0, 1)), ("off", (0, 0))):
            futures = Futures(FuturesRules(quote="lot", off_tick=mode))  # type: ignore[arg-type]
            refused, warned = check_trades(trade, futures, "Asia/Shanghai")
            assert (len(refused), len(warned)) == counts
            for failure in (*refused, *warned):
                assert f"no multiple of the tick {step}" in str(failure)


def trade(**changes: object) -> pd.DataFrame:
    row = {
        "trade": "T1", "owner": "A", "side": "buy", "product": "base", "month": "2016-10",
        "lots": 5, "price": 232.5, "traded_at": pd.Timestamp("2016-07-01 10:00+08:00"),
    }  # fmt: skip
    return pd.DataFrame([{**row, **changes}])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lots": 1.5}, "lots are whole and above zero, not 1.5"),
        ({"lots": 0}, "lots are whole and above zero"),
        ({"price": 232.47}, "no multiple of the tick 0.1"),
        ({"price": 300.0}, "outside the day's limits 228.0000 to 252.0000"),
        ({"traded_at": pd.Timestamp("2016-07-01 12:00+08:00")}, "12:00 is outside trading hours"),
        ({"traded_at": pd.Timestamp("2016-10-03 10:00+08:00")}, "2016-10-03 is no trading day"),
        ({"traded_at": pd.Timestamp("2016-09-27 10:00+08:00")}, "after the last trading day"),
        ({"product": "night"}, "unknown product 'night'"),
        ({"month": "2016-13"}, "delivery month is written like 2016-10"),
        ({"month": "2055-01"}, "knows 2001 to"),
    ],
)
def test_each_broken_trading_rule_names_the_trade(changes: dict[str, object], words: str) -> None:
    futures = Futures(FuturesRules())
    previous = {("base", "2016-10"): Decimal("240.00")}
    refused, _ = check_trades(trade(**changes), futures, "Asia/Shanghai", previous)
    assert any(words in str(f) and "trade T1" in str(f) for f in refused), list(map(str, refused))


def test_a_good_trade_passes() -> None:
    futures = Futures(FuturesRules())
    previous = {("base", "2016-10"): Decimal("240.0")}
    assert check_trades(trade(), futures, "Asia/Shanghai", previous) == ([], [])


def test_an_open_position_has_no_hedge_report() -> None:
    with pytest.raises(InputError, match="A still holds 24 lots of base 2016-10"):
        hedge_report(trades().drop(index=1), SPOT, REPLAY)


def test_hedge_report_needs_a_known_convention_times_and_spot_costs() -> None:
    with pytest.raises(InputError, match="one of paper-2016, nominal"):
        hedge_report(trades(), SPOT, REPLAY, convention="8 percent")
    with pytest.raises(InputError, match="B needs one row of spot costs"):
        hedge_report(trades(), SPOT.head(1), REPLAY)
    with pytest.raises(InputError, match="trade A-base-buy has no time"):
        hedge_report(trades().assign(traded_at=pd.NaT), SPOT, REPLAY)
