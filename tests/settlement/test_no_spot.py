"""A month without a spot market, a contract in another currency, position limits: by hand."""

import json
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from cases import InputError
from cases.rulebook.settlement import FuturesRules, SettlementRules
from counterflow.cli import invoke
from settlement import settle
from settlement.futures import Futures
from settlement.futures.acceptance import accept
from settlement.month import settle_without_spot
from tests.settlement.markets import october_day
from tests.settlement.test_month import contract

RULES = SettlementRules()


def trades(*rows: tuple[str, str, str, str, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["trade", "kind", "seller", "buyer", "mwh", "price"])


def metered(**owners: tuple[float, float]) -> pd.DataFrame:
    rows = [(name, made, taken) for name, (made, taken) in owners.items()]
    return pd.DataFrame(rows, columns=["owner", "made_mwh", "taken_mwh"])


TWO = trades(("t1", "bilateral", "g", "u", 1000.0, 400.0), ("t2", "listed", "h", "u", 500.0, 430.0))


def test_trades_and_deviations_by_hand() -> None:
    made = metered(g=(1010.0, 0.0), h=(450.0, 0.0), u=(0.0, 1480.0))
    month = settle_without_spot("2016-10", TWO, made, RULES, timezone="Asia/Shanghai")
    # (1000 x 400 + 500 x 430) / 1500.
    assert month.price == 410
    assert month.total("g", "energy_trade") == 400_000
    assert month.total("u", "energy_trade") == -615_000
    # g: 10 above, within 2 % of 1000.
    assert month.total("g", "energy_deviation") == 10 * 410
    # h: 50 short, 10 free, 40 at 1.1 x 410.
    assert month.total("h", "energy_deviation") == -10 * 410 - 40 * 451
    # u: 20 taken less than bought, within 2 % of 1500.
    assert month.total("u", "energy_deviation") == 20 * 410
    assert sum(month.netting["net"]) == 0
    table = month.deviations.set_index("owner")
    assert table["deviation_mwh"].tolist() == [10, -50, 20]
    assert month.total("operator") == -(4100 - 22140 + 8200)


def test_full_trades_leave_only_trades() -> None:
    made = metered(g=(1000.0, 0.0), h=(500.0, 0.0), u=(0.0, 1500.0))
    month = settle_without_spot("2016-10", TWO, made, RULES, timezone="UTC")
    assert set(month.lines["item"]) == {"energy_trade"}


def test_must_run_energy_is_paid_its_cost_and_charged_by_what_is_taken() -> None:
    forced = pd.DataFrame({"owner": ["h"], "mwh": [100.0], "cost": [520.0]})
    made = metered(g=(1000.0, 0.0), h=(600.0, 0.0), u=(0.0, 1400.0), w=(0.0, 200.0))
    month = settle_without_spot("2016-10", TWO, made, RULES, timezone="UTC", must_run=forced)
    assert month.total("h", "must_run") == 52_000
    # 1400 and 200 of 1600 MWh.
    assert month.total("u", "must_run_charge") == -45_500
    assert month.total("w", "must_run_charge") == -6_500
    table = month.deviations.set_index("owner")["deviation_mwh"]
    # u bought 1500, is given 87.5 and takes 1400; w is given 12.5 and takes 200.
    assert table.to_dict() == {"g": 0, "h": 0, "u": Decimal("187.5"), "w": Decimal("-187.5")}
    assert sum(month.netting["net"]) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "swap"}, "a trade is one of auction, listed, bilateral"),
        ({"buyer": "g"}, "trade t1 is with oneself"),
        ({"buyer": "nobody"}, "nobody has no metered energy"),
        ({"mwh": -1.0}, "mwh must not be negative"),
        ({"price": float("nan")}, "price must be a number"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, object], message: str) -> None:
    table = TWO.iloc[:1].assign(**change)
    made = metered(g=(1.0, 0.0), u=(0.0, 1.0))
    with pytest.raises(InputError, match=message):
        settle_without_spot("2016-10", table, made, RULES, timezone="UTC")


def test_the_auction_of_a_month_is_settled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "auction_sellers": "seller,group,capacity_mw\ng,,100\nh,,100\n",
        "auction_offers": "seller,segment,mwh,spread\ng,1,600,-60\nh,1,400,-20\n",
        "auction_buyers": "buyer,kind,investor\nu,user,\n",
        "auction_bids": "buyer,segment,mwh,spread\nu,1,800,-10\n",
        "energy_trades": "trade,kind,seller,buyer,mwh,price\nb,bilateral,g,u,100,440\n",
        "metered": "owner,made_mwh,taken_mwh\ng,700,0\nh,200,0\nu,0,900\n",
    }
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text)
    command = ["settle", str(tmp_path), "--month", "2016-10", "--no-spot", "--json"]
    assert invoke(command) == 1
    assert "needs a base price" in capsys.readouterr().out
    rules = ["--rulebook", "default", "--base-price", "450"]
    assert invoke([*command, *rules, "-o", str(tmp_path / "m")]) == 0
    told = json.loads(capsys.readouterr().out)
    deviations = {row["owner"]: row for row in told["deviations"]}
    # 600 of g and 200 of h are matched with the 800 of u.
    assert float(deviations["g"]["sold_mwh"]) == 700
    assert float(deviations["h"]["sold_mwh"]) == 200
    assert {float(row["deviation_mwh"]) for row in told["deviations"]} == {0.0}
    net = {row["owner"]: float(row["net"]) for row in told["netting"]}
    assert sum(net.values()) == 0
    spread = (net["h"] / 200) - 450
    # One price for all: between the marginal offer (-20) and the bid (-10).
    assert -20 <= spread <= -10
    assert net["g"] == pytest.approx(600 * (450 + spread) + 44_000)
    assert (tmp_path / "m" / "netting.csv").is_file()
    (tmp_path / "metered.csv").write_text("owner,made_mwh,taken_mwh\ng,many,0\n")
    assert invoke([*command, *rules]) == 1
    assert "must be a number of MWh, not 'many'" in capsys.readouterr().out


def test_a_contract_in_another_currency_at_its_declared_rate() -> None:
    run = october_day([300.0] * 4, day="2016-01-10")
    statement = settle(run, **contract(strike=50.0, currency="USD", rate=7.1, premium=0.5))
    # 1 MW for 24 hours: 50 x 7.1 - 300, and a premium of 0.5 x 7.1 from the buyer.
    assert statement.total("genco", "contract") == 24 * 55
    assert statement.total("genco", "contract_premium") == Decimal("85.20")
    rule = statement.lines[statement.lines["item"] == "contract"]["rule"].iloc[0]
    assert "50 USD at 7.1" in rule
    with pytest.raises(InputError, match="contract K is in USD, the case in yuan: it needs"):
        settle(run, **contract(currency="USD"))
    with pytest.raises(InputError, match="is in the currency of the case, yuan, and declares"):
        settle(run, **contract(rate=7.1))


def test_a_position_beyond_the_limit_is_refused_or_on_record() -> None:
    at = pd.Timestamp("2016-07-01 10:00+08:00")
    rows = [("a", "A", "buy", 60.0), ("b", "A", "buy", 50.0), ("c", "A", "sell", 100.0),
            ("d", "A", "buy", 95.0)]  # fmt: skip
    table = pd.DataFrame(
        [(t, o, s, "base", "2016-10", lots, 300.0, at + pd.Timedelta(minutes=k))
         for k, (t, o, s, lots) in enumerate(rows)],
        columns=["trade", "owner", "side", "product", "month", "lots", "price", "traded_at"],
    )  # fmt: skip
    product = Futures(FuturesRules(position_limit=100))
    with pytest.raises(InputError, match="trade b: A would hold 110 lots of base 2016-10"):
        accept(table, product)
    accepted = accept(table, product, overrides={"b": "board: hedge of a new plant",
                                                 "d": "board: the same"})  # fmt: skip
    # 60, 110, 10, 105: only the second and the fourth go beyond 100.
    assert [w.rule for w in accepted.warnings] == ["position_limit", "position_limit"]
    assert accept(table, Futures(FuturesRules())).warnings == []
