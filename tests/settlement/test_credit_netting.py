"""Exposure by kind and side, netted; wrong input named."""

from decimal import Decimal

import pandas as pd
import pytest

from cases import InputError
from cases.rulebook.settlement import CreditRules
from settlement.contracts.curves import Curve
from settlement.credit import default_waterfall, exposures, open_contracts

AT = pd.Timestamp("2016-10-01", tz="Asia/Shanghai")
MONTH = pd.date_range(AT, periods=744, freq="h")
# 15 MW in every hour of the month: 11 160 MWh, worth 4 464 000 at 400.
CURVE = Curve("c", "flat", 1.0, pd.Series([Decimal(15)] * 744, index=MONTH, dtype=object))


def table(*rows: tuple[str, str, str, str, float], price: float = 400.0,
          rules: CreditRules | None = None) -> pd.DataFrame:  # fmt: skip
    contracts = pd.DataFrame(rows, columns=["contract", "seller", "buyer", "kind", "strike"])
    contracts = contracts.assign(point="P", curve="c")
    left = open_contracts(contracts, {"c": CURVE}, {"P": price}, AT)
    return exposures(rules or CreditRules(), contracts=left).set_index("owner")


def test_the_buyer_of_a_cap_has_nothing_to_pay() -> None:
    found = table(("K", "S", "B", "cap", 400.0))
    # 10 % and 5 % of 15 x 744 x 400.
    assert found.loc["S", ["contract_margin", "bond"]].tolist() == [446_400, 223_200]
    assert found.loc["B", "required"] == 0
    found = table(("K", "S", "B", "floor", 400.0))
    assert found.loc["B", ["contract_margin", "bond"]].tolist() == [446_400, 223_200]
    assert found.loc["S", "required"] == 0
    # A cap that is in the money is a loss of its seller: 11 160 x 50.
    dear = table(("K", "S", "B", "cap", 400.0), price=450.0)
    assert dear["contract_loss"].to_dict() == {"S": 558_000, "B": 0}


def test_two_offsetting_contracts_are_worth_nothing() -> None:
    pair = (("K1", "S", "B", "cfd", 400.0), ("K2", "B", "S", "cfd", 400.0))
    assert (table(*pair)["required"] == 0).all()
    # At another strike the difference is lost for good, and no price can move it.
    apart = (pair[0], ("K2", "B", "S", "cfd", 410.0))
    found = table(*apart, price=500.0)
    assert found["contract_margin"].to_dict() == {"S": 0, "B": 0}
    assert found["contract_loss"].to_dict() == {"S": 111_600, "B": 0}
    alone = table(*pair, rules=CreditRules(netting="none"))
    assert alone["contract_margin"].to_dict() == {"S": 892_800, "B": 892_800}


def test_a_chain_is_netted_in_the_portfolio_only_by_rulebook() -> None:
    chain = (("K1", "G", "T", "cfd", 400.0), ("K2", "T", "L", "cfd", 400.0))
    assert table(*chain).loc["T", "contract_margin"] == 892_800
    portfolio = table(*chain, rules=CreditRules(netting="portfolio"))
    assert portfolio["contract_margin"].to_dict() == {"G": 446_400, "L": 446_400, "T": 0}


def test_caps_offset_at_the_same_strike_only() -> None:
    same = (("K1", "S", "B", "cap", 400.0), ("K2", "B", "S", "cap", 400.0))
    assert (table(*same)["required"] == 0).all()
    spread = table(same[0], ("K2", "B", "S", "cap", 500.0))
    assert spread.loc["S", "contract_margin"] == 446_400
    assert spread.loc["B", "contract_margin"] == 558_000


def test_what_is_missing_is_named() -> None:
    contracts = pd.DataFrame(
        [("K1", "S", "B", "cfd", 400.0, "P", "c"), ("K2", "S", "B", "cfd", 400.0, "Q", "d"),
         ("K3", "S", "B", "cfd", 400.0, "Q", "c")],
        columns=["contract", "seller", "buyer", "kind", "strike", "point", "curve"],
    )  # fmt: skip
    with pytest.raises(InputError) as caught:
        open_contracts(contracts, {"c": CURVE}, {"P": 400.0}, AT)
    assert [str(f) for f in caught.value.failures] == [
        "contracts row 3, curve: contract K2: no curve 'd'",
        "contracts row 4, point: contract K3: there is no forward price at Q",
    ]


@pytest.mark.parametrize(
    ("loss", "words"),
    [("100.005", "loss of 100.005 is no multiple of the smallest unit, 0.01"), ("NaN", "finite")],
)
def test_a_loss_that_is_no_money_is_named(loss: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        default_waterfall("A", Decimal(loss), members={"B": 1, "C": 1})
