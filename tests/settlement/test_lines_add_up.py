"""Every line is its quantity times its price, at the precision of the rulebook; parties."""

from decimal import ROUND_HALF_UP, Decimal

import pandas as pd
import pytest

from cases import InputError
from settlement import Statement, settle
from settlement.parties import _slip
from tests.settlement.markets import five_bus, october_day
from tests.settlement.test_losses_and_rent import cleared, line, meshed, right

SHARED = ("uplift_charge", "reserve_charge", "right_shortfall")
"""Items whose amounts are shares of a total: off by at most one smallest unit."""


def check_lines(statement: Statement) -> None:
    for row in statement.lines.to_dict("records"):
        product = (row["quantity"] * row["price"]).quantize(Decimal("0.01"), ROUND_HALF_UP)
        if row["item"].removesuffix("_deviation") in SHARED:
            assert abs(abs(product) - abs(row["amount"])) <= Decimal("0.01"), row
        else:
            assert product == row["amount"], row
        for name in ("quantity", "price"):
            assert row[name] == round(row[name], 6), row


@pytest.mark.parametrize("seed", range(3))
def test_every_line_multiplies(seed: int) -> None:
    check_lines(settle(cleared(meshed(seed)), rights=right(5.0, "b0", "b3")))
    check_lines(settle(cleared(line()), real_time=cleared(line(mirror=True))))


def test_lines_of_futures_with_lot_prices_and_time_value() -> None:
    settings = {
        "settlement.futures.quote": "lot", "settlement.futures.off_tick": "off",
        "settlement.futures.time_value": "delivery",
    }  # fmt: skip
    trade = pd.DataFrame(
        {"trade": ["B", "S"], "owner": ["retailer", "genco"], "side": ["buy", "sell"],
         "product": "base", "month": "2016-10", "lots": 7, "price": 172_961.0,
         "traded_at": "2016-07-01T10:00:00+08:00"}
    )  # fmt: skip
    statement = settle(october_day([356.123456] * 24, settings=settings), futures=trade)
    check_lines(statement)
    assert statement.total() == 0


def contract(buyer: str) -> dict[str, pd.DataFrame]:
    return {
        "contracts": pd.DataFrame(
            {"contract": ["K"], "buyer": buyer, "seller": "genco", "strike": 400.0, "point": "P",
             "curve": "c"}
        ),
        "contract_curves": pd.DataFrame(
            {"curve": ["c"], "kind": "flat", "mwh": 744.0, "start": "2016-10-01",
             "end": "2016-10-31"}
        ),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["retailr", "Retailer", "retialer", "retailers", "retaiIer"])
def test_a_slip_of_a_known_party_is_refused_without_a_table_of_owners(name: str) -> None:
    with pytest.raises(InputError, match=f"{name}'; did you mean retailer"):
        settle(october_day([400.0] * 24), **contract(name))


@pytest.mark.parametrize("name", ["trader", "retail", "a bank", "A"])
def test_other_parties_are_accepted_without_one(name: str) -> None:
    assert settle(october_day([300.0] * 24), **contract(name)).total(name) == -2400


def test_names_that_are_told_apart() -> None:
    for one, other in (("Utility A", "Utility B"), ("owner1", "owner2"), ("s0", "o0"),
                       ("genco", "gasco"), ("North West", "North East")):  # fmt: skip
        assert not _slip(one, other)
    for one, other in (("North West", "north  west"), ("Northwest", "North West")):
        assert _slip(one, other)


def test_where_owners_are_listed_all_parties_are_among_them() -> None:
    owners = pd.DataFrame({"owner": ["genco", "retailer"]})
    with pytest.raises(InputError, match="there is no owner 'trader'"):
        settle(october_day([400.0] * 24, owners=owners), **contract("trader"))
    assert settle(five_bus()).total() == 0
