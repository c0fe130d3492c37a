"""Daily mark-to-market and cash settlement of futures."""

from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import InputError
from cases.rulebook.settlement import FuturesRules
from settlement.futures import Futures, cash_settlement, mark_to_market
from tests.settlement.paper import REPLAY, trades

FUTURES = Futures(FuturesRules())
COLUMNS = ["trade", "owner", "side", "product", "month", "lots", "price", "traded_at"]


def trade(
    name: str, owner: str, side: str, lots: int, price: float, day: str
) -> tuple[object, ...]:
    return (name, owner, side, "base", "2016-10", lots, price, pd.Timestamp(f"{day} 10:00+08:00"))


def prices(**by_day: float) -> pd.DataFrame:
    return pd.DataFrame(
        [(day.strip("d").replace("_", "-"), "base", "2016-10", p) for day, p in by_day.items()],
        columns=["date", "product", "month", "price"],
    )


def test_three_days_of_one_lot_by_hand() -> None:
    table = pd.DataFrame(
        [
            trade("T1", "A", "buy", 2, 240.0, "2016-07-01"),
            trade("T2", "A", "sell", 1, 243.0, "2016-07-05"),
        ],
        columns=COLUMNS,
    )
    daily = prices(d2016_07_01=241.0, d2016_07_04=239.0, d2016_07_05=242.0)
    account = mark_to_market(table, daily, FUTURES, "Asia/Shanghai")
    assert account["lots"].tolist() == [2, 2, 1]
    # 744 MWh a lot: +1 x 2 lots; -2 x 2 lots; +3 x 2 lots and the sale (242 - 243) x -1 lot.
    assert account["variation"].tolist() == [2 * 744, -4 * 744, 6 * 744 + 744]
    assert account["total"].tolist() == [1488, -1488, 5 * 744]
    # Margin 10 % of the open value at the settlement price.
    assert account["margin"].tolist() == [
        Decimal(2 * 744 * 241) / 10, Decimal(2 * 744 * 239) / 10, Decimal(744 * 242) / 10,
    ]  # fmt: skip
    assert account["fee"].tolist() == [200, 0, 100]


def test_the_paper_positions_end_with_the_gross_gain() -> None:
    daily = pd.DataFrame(
        [
            (day, product, "2016-10", price)
            for day, base, mid in (
                ("2016-07-01", 172_960, 132_840),
                ("2016-08-15", 181_000, 130_000),
                ("2016-09-25", 177_960, 137_780),
            )
            for product, price in (("base", base), ("mid", mid))
        ],
        columns=["date", "product", "month", "price"],
    )
    account = mark_to_market(trades(), daily, REPLAY, "Asia/Shanghai")
    last = account[account["date"] == account["date"].max()]
    assert (last["lots"] == 0).all()
    assert last.groupby("owner")["total"].sum().tolist() == [367_000, 219_100]


paths = st.lists(st.decimals(100, 500, places=1), min_size=2, max_size=8)


@settings(max_examples=30, deadline=None)
@given(paths, st.integers(1, 50))
def test_variation_sums_to_the_price_move_whatever_the_path(path: list[Decimal], lots: int) -> None:
    days = [f"d2016_07_{k + 1:02d}" for k in range(len(path))]
    table = pd.DataFrame(
        [trade("T1", "A", "buy", lots, float(path[0]), "2016-07-01"),
         trade("T2", "B", "sell", lots, float(path[0]), "2016-07-01")],
        columns=COLUMNS,
    )  # fmt: skip
    account = mark_to_market(
        table, prices(**{d: float(p) for d, p in zip(days, path, strict=True)}), FUTURES,
        "Asia/Shanghai",
    )  # fmt: skip
    by_owner = account.groupby("owner")["variation"].sum()
    assert by_owner["A"] == lots * 744 * (path[-1] - path[0])
    assert by_owner["A"] + by_owner["B"] == 0


def test_a_day_without_a_settlement_price_is_named() -> None:
    table = pd.DataFrame([trade("T1", "A", "buy", 1, 240.0, "2016-07-01")], columns=COLUMNS)
    other = prices(d2016_07_01=240.0).assign(product="mid")
    with pytest.raises(InputError, match="no settlement price of base 2016-10 on 2016-07-01"):
        mark_to_market(table, other, FUTURES, "Asia/Shanghai")
    twice = pd.concat([prices(d2016_07_01=240.0)] * 2)
    with pytest.raises(InputError, match="two prices of base 2016-10 on 2016-07-01"):
        mark_to_market(table, twice, FUTURES, "Asia/Shanghai")
    with pytest.raises(InputError, match="trade T1 has no time"):
        mark_to_market(
            table.assign(traded_at=pd.NaT), prices(d2016_07_01=240.0), FUTURES, "Asia/Shanghai"
        )


def test_cash_settlement_of_a_month_with_time_value() -> None:
    rules = FuturesRules(quote="lot", off_tick="off", time_value="purchase",
                         rate_convention="paper-2016")  # fmt: skip
    index = {("base", "2016-10"): Decimal(180_000), ("mid", "2016-10"): Decimal(120_000)}
    settled = cash_settlement(trades(), index, Futures(rules)).set_index("trade")
    # The index cancels between purchase and sale: 24 x 5 000 + 50 x 4 940 = 367 000.
    of_a = settled[settled["owner"] == "A"]
    assert sum(of_a["difference"]) == 367_000
    # 24 lots bought at 172 960 and settled at 180 000.
    assert settled.loc["A-base-buy", "difference"] == 24 * (180_000 - 172_960)
    bought = sum(of_a[of_a["side"] == "buy"]["time_value"])
    assert round(bought) == -220_368
    # The seller of September receives the time value of one month.
    assert (of_a[of_a["side"] == "sell"]["time_value"] > 0).all()
