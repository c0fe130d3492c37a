"""Futures against their marks, months that a run does not reach, and both sides of a trade."""

import json
import warnings
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from cases import InputError
from cases.errors import DataWarning
from cases.rulebook.settlement import FuturesRules
from counterflow.cli import invoke
from settlement import Statement, settle
from settlement.futures import Futures, cash_settlement, mark_to_market
from tests.settlement.markets import october_day

COLUMNS = ["trade", "owner", "side", "product", "month", "lots", "price", "traded_at"]
JULY = pd.Timestamp("2016-07-01 10:00+08:00")


def trades(*rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS)


def both(lots: int = 10, price: float = 300.0) -> pd.DataFrame:
    return trades(
        ("B", "A", "buy", "base", "2016-10", lots, price, JULY),
        ("S", "Z", "sell", "base", "2016-10", lots, price, JULY),
    )


def marks(**by_day: float) -> pd.DataFrame:
    return pd.DataFrame(
        [(day[1:].replace("_", "-"), "base", "2016-10", price) for day, price in by_day.items()],
        columns=["date", "product", "month", "price"],
    )


def quietly(**tables: object) -> Statement:
    price = float(tables.pop("price", 310.0))  # type: ignore[arg-type]
    day = str(tables.pop("day", "2016-10-10"))
    settings = tables.pop("settings", None)
    run = october_day([price] * 24, day=day, settings=settings)  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        return settle(run, **tables)  # type: ignore[arg-type]


def test_delivery_settles_against_the_last_mark() -> None:
    product = Futures(FuturesRules())
    daily = marks(d2016_07_01=301.0, d2016_07_04=302.0)
    account = mark_to_market(both(), daily, product, "Asia/Shanghai")
    variation = account.groupby("owner")["variation"].sum()
    assert variation["A"] == 10 * 744 * 2 == 14_880
    index = {("base", "2016-10"): Decimal(310)}
    delivered = cash_settlement(both(), index, product, marks=daily).set_index("owner")
    # All in all 10 x 744 x (310 - 300) = 74 400, of which 14 880 were paid day by day.
    assert delivered.loc["A", "amount"] == 74_400 - 14_880
    assert sum(delivered["amount"]) == 0
    # The same in the statement of one day of the month: 10 x 24 x (310 - 302).
    statement = quietly(futures=both(), settlement_prices=daily)
    assert statement.total("A", "futures") == 10 * 24 * 8
    rule = statement.of("A").query("item == 'futures'")["rule"].iloc[0]
    assert rule.endswith("last mark of 2016-07-04 302.000000)")
    assert quietly(futures=both()).total("A", "futures") == 10 * 24 * 10


def test_a_month_whose_trading_ended_needs_no_price() -> None:
    table = pd.concat(
        [both(), both().assign(month="2016-12", trade=["B2", "S2"])], ignore_index=True
    )
    daily = pd.concat(
        [
            marks(d2016_07_01=301.0),
            marks(d2016_07_01=301.0, d2016_10_10=305.0).assign(month="2016-12"),
        ]
    )
    account = mark_to_market(table, daily, Futures(FuturesRules()), "Asia/Shanghai")
    october = account[account["date"] == pd.Timestamp("2016-10-10").date()]
    assert set(october["month"]) == {"2016-12"}
    assert sum(october[october["owner"] == "A"]["variation"]) == 10 * 744 * 4
    with pytest.raises(InputError, match="no settlement price of base 2016-12 on 2016-10-11"):
        later = pd.concat([daily, marks(d2016_10_11=305.0).assign(product="mid")])
        mark_to_market(table, later, Futures(FuturesRules()), "Asia/Shanghai")


def test_a_trade_of_a_month_beyond_the_calendar_stops_nobody() -> None:
    far = both().assign(month="2055-01", trade=["B2", "S2"])
    table = pd.concat([both(), far], ignore_index=True)
    assert quietly(futures=table).total("A", "futures") == 2400
    with pytest.raises(InputError, match="month is written like 2016-10, not '2016-1'"):
        quietly(futures=both().assign(month="2016-1"))


def test_a_trade_on_a_sunday_needs_somebody_who_answers_for_it() -> None:
    sunday = both().assign(traded_at=pd.Timestamp("2016-09-25 10:00+08:00"))
    with pytest.raises(InputError, match="2016-09-25 is no trading day"):
        quietly(futures=sunday)
    with pytest.warns(DataWarning, match="2016-09-25 is no trading day"):
        statement = settle(
            october_day([310.0] * 24), futures=sunday,
            overrides={"B": "J. Li: the paper's day", "S": "J. Li: the paper's day"},
        )  # fmt: skip
    assert statement.of("A")["rule"].iloc[0].endswith("override: J. Li: the paper's day")


def test_the_price_limit_counts_from_the_mark_of_the_day_before() -> None:
    daily = marks(d2016_06_30=280.0, d2016_07_01=320.0)
    with pytest.raises(InputError, match=r"price 300 outside the day's limits 266\S* to 294"):
        quietly(futures=both(), settlement_prices=daily)
    assert quietly(futures=both(), settlement_prices=marks(d2016_06_30=290.0))


def test_a_side_that_nobody_takes_is_named() -> None:
    alone = both(100).head(1)
    with pytest.warns(DataWarning, match=r"operator stands in: B \(100 lots\)"):
        statement = settle(october_day([400.0] * 24), futures=alone)
    # 100 x 24 x (400 - 300), and nobody but the operator to pay it.
    assert statement.total("operator", "futures") == -240_000
    assert statement.manifest["futures"] == {
        "clearing_house": "operator", "unmatched": {"B": "100"},
    }  # fmt: skip
    house = {"settlement.futures.clearing_house": "CCP"}
    with pytest.warns(DataWarning, match="CCP stands in"):
        statement = settle(october_day([400.0] * 24, settings=house), futures=alone)
    assert statement.total("CCP", "futures") == -240_000
    nobody = {"settlement.futures.clearing_house": ""}
    with pytest.raises(InputError, match=r"no other side at the same price: B \(100 lots\)"):
        quietly(futures=alone, settings=nobody)


def test_without_a_clearing_house_the_sides_settle_with_each_other() -> None:
    nobody = {"settlement.futures.clearing_house": ""}
    table = trades(
        ("B1", "A", "buy", "base", "2016-10", 3, 300.0, JULY),
        ("B2", "C", "buy", "base", "2016-10", 7, 300.0, JULY),
        ("S1", "Z", "sell", "base", "2016-10", 10, 300.0, JULY),
    )
    statement = quietly(futures=table, settings=nobody)
    amounts = {owner: statement.total(owner, "futures") for owner in ("A", "C", "Z")}
    assert amounts == {"A": 3 * 240, "C": 7 * 240, "Z": -10 * 240}
    lines = statement.lines
    assert set(lines[lines["item"] == "futures"]["owner"]) == {"A", "C", "Z"}
    # Not at the same price, not with oneself.
    for change in ({"price": [300.0, 300.0, 301.0]}, {"owner": ["Z", "Z", "Z"]}):
        with pytest.raises(InputError, match="no other side at the same price"):
            quietly(futures=table.assign(**change), settings=nobody)


@pytest.mark.slow
def test_the_time_value_of_days_sums_to_that_of_the_month() -> None:
    settings = {
        "settlement.futures.time_value": "purchase",
        "settlement.futures.rate_convention": "paper-2016",
    }
    table = both(7, 233.1)
    total = Decimal(0)
    for day in range(1, 32):
        statement = quietly(futures=table, settings=settings, day=f"2016-10-{day:02d}")
        total -= statement.total("A", "time_value")
        line = statement.of("A").query("item == 'time_value'").iloc[0]
        assert line["amount"] == line["quantity"] * line["price"]
        assert line["price"] == round(line["price"], 2)
    # 7 x 744 x 233.1 x (1 - 1.0069^-3), rounded once.
    assert total == round(7 * 744 * Decimal("233.1") * (1 - Decimal("1.0069") ** -3), 2)


def test_marks_and_collateral_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    october_day([310.0] * 24).write(tmp_path / "run")
    both().to_csv(tmp_path / "futures.csv", index=False)
    (tmp_path / "settlement_prices.csv").write_text(
        "date,product,month,price\n2016-07-04,base,2016-10,302\n"
    )
    command = ["settle", str(tmp_path / "run"), "--futures", str(tmp_path / "futures.csv"),
               "--json"]  # fmt: skip
    assert invoke(command) == 0
    document = json.loads(capsys.readouterr().out)
    assert {r["owner"]: r["futures"] for r in document["balance"]}["A"] == "1920.00"
    deposit = tmp_path / "deposit.csv"
    deposit.write_text("owner,amount\nA,1000\nZ,1000000\n")
    assert invoke([*command, "--collateral", str(deposit)]) == 1
    text = capsys.readouterr().out
    assert "trade B of A needs 224200.00 of margin and fees, its collateral is 1000" in text
    strict = tmp_path / "strict.csv"
    strict.write_text("date,product,month,price\n2016-06-30,base,2016-10,280\n")
    assert invoke([*command, "--settlement-prices", str(strict)]) == 1
    assert "outside the day's limits" in capsys.readouterr().out
