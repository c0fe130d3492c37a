"""Credit: margins, exposure, the check before a trade, margin calls, the default waterfall."""

from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import InputError
from cases.rulebook.settlement import CreditRules, FuturesRules
from settlement.contracts.curves import Curve
from settlement.credit import (
    accept_trades,
    default_waterfall,
    exposures,
    margin_calls,
    margin_problems,
    open_contracts,
)
from settlement.futures import Futures, mark_to_market
from tests.settlement.paper import REPLAY, trades

FUTURES = Futures(FuturesRules())


def bought() -> pd.DataFrame:
    table = trades()
    return table[table["side"] == "buy"].reset_index(drop=True)


def test_margin_of_the_paper_purchases() -> None:
    # Section 1.5: initial margin 1 079 304.00 and 700 844.00, fees 7 400 and 4 400.
    enough = {"A": 1_079_304 + 7_400, "B": 700_844 + 4_400}
    accept_trades(bought(), enough, REPLAY)
    for owner in enough:
        short = {**enough, owner: enough[owner] - Decimal("0.01")}
        failures = margin_problems(bought(), short, REPLAY)
        assert [f.rule for f in failures] == ["margin"]
        assert f"trade {owner}-mid-buy of {owner} needs {enough[owner]}" in str(failures[0])


def test_no_trade_is_accepted_when_one_goes_beyond_its_margin() -> None:
    with pytest.raises(InputError) as caught:
        accept_trades(bought(), {"A": 2_000_000}, REPLAY)
    assert [failure.message.split()[1] for failure in caught.value.failures] == [
        "B-base-buy", "B-mid-buy",
    ]  # fmt: skip


def test_a_trade_that_reduces_a_position_is_not_refused() -> None:
    accept_trades(trades(), {"A": 1_086_704, "B": 705_244}, REPLAY)


def test_exposure_adds_current_potential_and_bond() -> None:
    at = pd.Timestamp("2016-10-01", tz="UTC")
    table = pd.DataFrame(
        [("T", "A", "buy", "base", "2016-10", 2, 240.0, pd.Timestamp("2016-07-01 10:00+08:00"))],
        columns=["trade", "owner", "side", "product", "month", "lots", "price", "traded_at"],
    )
    daily = pd.DataFrame(
        {"date": ["2016-07-01"], "product": "base", "month": "2016-10", "price": 235.0}
    )
    account = mark_to_market(table, daily, FUTURES, "Asia/Shanghai")
    curve = Curve(
        "c", "custom", 1.0,
        pd.Series([Decimal(10), Decimal(20)], index=[at, at + pd.Timedelta(hours=1)], dtype=object),
    )  # fmt: skip
    contracts = pd.DataFrame(
        [("K", "A", "B", "cfd", 400.0, "P", "c")],
        columns=["contract", "buyer", "seller", "kind", "strike", "point", "curve"],
    )
    left = open_contracts(contracts, {"c": curve}, {"P": 300}, at + pd.Timedelta(hours=1))
    assert left[["mwh", "value", "gain"]].iloc[0].tolist() == [20, 8_000, 2_000]
    unpaid = pd.DataFrame({"owner": ["A", "B", "operator"], "amount": map(Decimal, (-70, 50, 20))})
    table = exposures(
        CreditRules(), statements=[unpaid], account=account, contracts=left
    ).set_index("owner")
    assert list(table.index) == ["A", "B"]
    # Futures: 2 lots x 744 MWh x -5 = -7 440; margin 10 % of 2 x 744 x 235 = 34 968.
    # Contract: the buyer would pay 400 for what is worth 300: 20 MWh x 100.
    assert table.loc["A"].to_dict() == {
        "payable": 70, "futures_loss": 7_440, "contract_loss": 2_000, "current": 9_510,
        "futures_margin": 34_968, "contract_margin": 800, "potential": 35_768, "bond": 400,
        "required": 45_678,
    }  # fmt: skip
    assert table.loc["B", ["payable", "contract_loss", "required"]].tolist() == [0, 0, 1_200]


def test_margin_calls_list_the_largest_first() -> None:
    needed = pd.DataFrame(
        {"owner": ["A", "B", "C"], "required": [Decimal(100), Decimal(500), Decimal(50)]}
    )
    calls = margin_calls(needed, {"A": 40, "C": 60}, CreditRules())
    assert calls[["owner", "call"]].to_numpy().tolist() == [["B", 500], ["A", 60]]
    calls = margin_calls(needed, {"A": 40, "C": 60}, CreditRules(call_threshold=60))
    assert calls["owner"].tolist() == ["B"]


def test_default_waterfall_by_hand() -> None:
    report = default_waterfall(
        "A", 1_000, collateral=300, bond=200, operator_funds=100,
        members={"A": 999, "B": 100, "C": 300},
    )  # fmt: skip
    assert report["layer"].tolist() == [
        "collateral", "performance bond", "operator funds", "members", "members",
    ]  # fmt: skip
    assert report["used"].tolist() == [300, 200, 100, 100, 300]
    assert report["left"].iloc[-1] == 0


amounts = st.decimals(0, 10_000, places=2, allow_nan=False)


@settings(max_examples=40, deadline=None)
@given(amounts, amounts, amounts, amounts, st.dictionaries(st.sampled_from("BCDE"), amounts))
def test_the_layers_never_pay_more_or_less_than_the_loss(
    loss: Decimal, collateral: Decimal, bond: Decimal, funds: Decimal, members: dict[str, Decimal]
) -> None:
    report = default_waterfall(
        "A", loss, collateral=collateral, bond=bond, operator_funds=funds, members=members
    )
    assert sum(report["used"]) + report["left"].iloc[-1] == loss
    assert (report["used"] >= 0).all()
    own = report[report["layer"] != "members"]
    assert (own["used"] <= own["available"]).all()


def test_negative_amounts_are_refused() -> None:
    with pytest.raises(InputError, match="bond must not be negative"):
        default_waterfall("A", 10, bond=-1)
