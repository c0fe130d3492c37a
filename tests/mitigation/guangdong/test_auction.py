"""The monthly auction: worked by hand, against a linear program, and by what must always hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import counterflow as cf
from cases import InputError, RuleBook
from cases.rulebook.guangdong import MonthlyAuctionRules
from mitigation.guangdong import MonthlyAuction, clear_month

GUANGDONG = RuleBook.load("guangdong").mitigation.monthly_auction
FREE = MonthlyAuctionRules()

SELLERS = pd.DataFrame(
    {
        "seller": ["A1", "A2", "B1", "C1", "D1"],
        "group": ["A", "A", "B", "", "D"],
        "capacity_mw": [600.0, 400.0, 500.0, 300.0, 200.0],
    }
)
BUYERS = pd.DataFrame(
    {
        "buyer": ["steel", "paper", "retail1", "retail2"],
        "kind": ["user", "user", "sales_company", "sales_company"],
        "investor": ["", "", "fund", "fund"],
    }
)


def declared(who: str, *rows: tuple[str, float, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=[who, "mwh", "spread"])
    return frame.assign(segment=frame.groupby(who).cumcount() + 1)


# Group A declares 550 of 1000 MWh with 1000 of 2000 MW.
OFFERS = declared(
    "seller",
    ("A1", 300.0, -90.0),
    ("A2", 250.0, -40.0),
    ("B1", 200.0, -70.0),
    ("C1", 150.0, -60.0),
    ("D1", 100.0, -20.0),
)
BIDS = declared(
    "buyer",
    ("steel", 500.0, -10.0),
    ("paper", 300.0, -30.0),
    ("retail1", 150.0, -35.0),
    ("retail2", 50.0, -80.0),
)


def month(
    rules: MonthlyAuctionRules = FREE,
    offers: pd.DataFrame = OFFERS,
    bids: pd.DataFrame = BIDS,
    **more: object,
) -> MonthlyAuction:
    return clear_month(SELLERS, offers, BUYERS, bids, rules, **more)  # type: ignore[arg-type]


def changed(**sections: dict[str, float | str]) -> MonthlyAuctionRules:
    return MonthlyAuctionRules.model_validate(sections)


def test_by_hand_everyone_sets_the_spread() -> None:
    """Sellers -90, -70, -60, -40, -20 against buyers -10, -30, -35, -80: 900 MWh are matched."""
    result = month()
    assert result.matched_mwh == 900
    assert result.spread == (-40 + -35) / 2
    assert result.offers["cleared_mwh"].tolist() == [300, 250, 200, 150, 0]
    # 900 MWh of buyers: retail1 gets 100 of its 150.
    assert result.bids["cleared_mwh"].tolist() == [500, 300, 100, 0]
    assert result.supply_demand_ratio == 1


def test_by_hand_the_largest_group_clears_but_does_not_set_the_spread() -> None:
    rules = changed(price_setter={"largest_groups": 3})
    result = month(rules)
    groups = result.groups.set_index("group")
    assert groups["excluded"].to_dict() == {"A": True, "B": False, "C1": False, "D": False}
    assert groups.loc["A", ["capacity_share", "declared_share"]].tolist() == [0.5, 0.55]
    assert result.offers["cleared_mwh"].tolist() == [300, 250, 200, 150, 0]
    assert result.spread == (-60 + -35) / 2
    assert result.unrestricted_spread == (-40 + -35) / 2
    seller = month(rules.model_copy(update={"price": "seller"}))
    buyer = month(rules.model_copy(update={"price": "buyer"}))
    assert (seller.spread, buyer.spread) == (-60, -35)


def test_a_group_that_declares_no_more_than_its_share_sets_the_spread() -> None:
    offers = OFFERS.assign(mwh=[300.0, 200.0, 250.0, 150.0, 100.0])
    groups = month(GUANGDONG, offers).groups.set_index("group")
    assert groups["declared_share"].to_dict() == {"A": 0.5, "B": 0.25, "C1": 0.15, "D": 0.1}
    assert not groups["excluded"].any()


def test_without_another_matched_seller_there_is_no_spread() -> None:
    offers = declared("seller", ("A1", 300.0, -90.0), ("D1", 100.0, 50.0))
    result = month(changed(price_setter={"largest_groups": 1}), offers)
    assert result.matched_mwh == 300 and np.isnan(result.spread)
    assert result.reason == "every matched seller is excluded from setting the spread"
    apart = month(FREE, OFFERS.assign(spread=0.0))
    assert (apart.matched_mwh, apart.reason) == (0, "nothing was matched")


def test_sales_companies_of_one_investor_and_energy_caps_are_cut() -> None:
    rules = changed(shares={"sales_company": 0.15})
    caps = pd.DataFrame({"seller": ["A1", "B1"], "cap_mwh": [250.0, 1e6]})
    result = month(rules, energy_caps=caps)
    found = result.cuts.set_index(["cap", "subject"])
    assert found.loc[("energy_cap", "A1")].tolist() == [300, 250, 50]
    # 15 % of 1000 MWh; retail2, the lower bidder, loses all of its 50.
    assert found.loc[("sales_company", "fund")].tolist() == [200, 150, 50]
    assert result.bids.set_index("buyer")["mwh"].to_dict() == {
        "steel": 500,
        "paper": 300,
        "retail1": 150,
        "retail2": 0,
    }
    assert result.supply_demand_ratio == 1
    group = month(changed(shares={"group": 0.4})).cuts
    assert group[["cap", "subject", "cut_mwh"]].values.tolist() == [["group", "A", 150]]


def test_equal_spreads_at_the_margin_share_by_volume_and_the_volume_is_a_limit() -> None:
    offers = declared("seller", ("A1", 300.0, -50.0), ("B1", 100.0, -50.0))
    result = month(FREE, offers, volume_mwh=200.0)
    assert result.offers["cleared_mwh"].tolist() == pytest.approx([150, 50])
    assert result.supply_demand_ratio == 2


def test_everything_wrong_with_the_form_at_once() -> None:
    offers = declared(
        "seller",
        *[("A1", 25.0, -50.0)] * 4,
        ("B1", 90.0, -40.0),
        ("B1", 10.0, -30.0),
        ("Z", 5.0, 0.0),
        ("D1", -5.0, float("nan")),
    )
    with pytest.raises(InputError) as caught:
        month(GUANGDONG, offers)
    text = [str(failure) for failure in caught.value.failures]
    assert text == [
        "offers row 8, seller: there is no seller Z",
        "offers row 9, mwh: must be above zero, not -5.0",
        "offers row 9, spread: must be a number, not nan",
        "offers row 2, segment: A1 declares 4 segments, at most 3 are allowed",
        "offers row 7, mwh: B1 declares 10.0% of its volume in segment 2, each must have 20%",
    ]
    with pytest.raises(InputError, match="the column is missing"):
        month(GUANGDONG, OFFERS.drop(columns="spread"))
    three = declared("seller", *[("A1", 100.0, -50.0)] * 2, ("A1", 50.0, -40.0))
    assert month(GUANGDONG, three).matched_mwh == 250


def test_a_day_at_bus_prices_has_no_monthly_auction() -> None:
    case = cf.read_case("pjm5")
    dear = case.offers.assign(price=case.offers["price"].mask(case.offers["price"] > 29, 160.0))
    run = cf.clear(case.replace(offers=dear), commitment=False)
    with pytest.raises(InputError, match="give sellers, offers, buyers and bids"):
        cf.mitigate(run, rulebook="guangdong")


spread = st.integers(-100, 0).map(float)
mwh = st.integers(1, 500).map(float)


@st.composite
def months(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    offers = draw(st.lists(st.tuples(st.sampled_from(list(SELLERS["seller"])), mwh, spread)))
    bids = draw(st.lists(st.tuples(st.sampled_from(list(BUYERS["buyer"])), mwh, spread)))
    return declared("seller", *offers), declared("buyer", *bids)


def program(offers: pd.DataFrame, bids: pd.DataFrame) -> float:
    """Largest gain from trade, from a linear program; a little for volume breaks ties upwards."""
    widths = [*offers["mwh"], *bids["mwh"]]
    if not len(offers) or not len(bids):
        return 0.0
    cost = [*offers["spread"], *(-bids["spread"])]
    balance = [[1.0] * len(offers) + [-1.0] * len(bids)]
    found = linprog(cost, A_eq=balance, b_eq=[0.0], bounds=[(0.0, width) for width in widths])
    return float(-found.fun)


@settings(max_examples=80, deadline=None)
@given(months(), st.integers(0, 4), st.sampled_from(["midpoint", "seller", "buyer"]))
def test_what_always_holds(
    declared_: tuple[pd.DataFrame, pd.DataFrame], largest: int, price: str
) -> None:
    offers, bids = declared_
    rules = MonthlyAuctionRules.model_validate(
        {"price": price, "price_setter": {"largest_groups": largest}}
    )
    result = month(rules, offers, bids)
    sold, bought = result.offers, result.bids
    # What is sold is bought, and the gain from trade is the largest there is.
    assert sold["cleared_mwh"].sum() == pytest.approx(result.matched_mwh)
    assert bought["cleared_mwh"].sum() == pytest.approx(result.matched_mwh)
    gain = (bought["cleared_mwh"] * bought["spread"]).sum()
    gain -= (sold["cleared_mwh"] * sold["spread"]).sum()
    assert gain == pytest.approx(program(offers, bids), abs=1e-6)
    assert ((sold["cleared_mwh"] >= 0) & (sold["cleared_mwh"] <= sold["mwh"] + 1e-9)).all()
    # Exclusion never raises the spread, and takes no volume from anybody.
    free = month(MonthlyAuctionRules.model_validate({"price": price}), offers, bids)
    assert sold["cleared_mwh"].tolist() == free.offers["cleared_mwh"].tolist()
    if np.isfinite(result.spread):
        assert result.spread <= free.spread == result.unrestricted_spread
        # Who may set the spread gets at least his own; no buyer pays more than he bid.
        setters = sold[sold["price_setter"] & (sold["cleared_mwh"] > 1e-6)]
        assert (setters["spread"] <= result.spread).all() or price == "buyer"
        assert (bought.loc[bought["cleared_mwh"] > 1e-6, "spread"] >= result.spread).all()


@settings(max_examples=60, deadline=None)
@given(months(), st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_shares_are_kept(
    declared_: tuple[pd.DataFrame, pd.DataFrame], group: float, trader: float
) -> None:
    offers, bids = declared_
    result = month(changed(shares={"group": group, "sales_company": trader}), offers, bids)
    total = bids["mwh"].sum()
    held = result.offers.groupby("group")["mwh"].sum()
    assert (held <= group * total + 1e-6).all()
    retail = result.bids[result.bids["buyer"].str.startswith("retail")]["mwh"].sum()
    assert retail <= trader * total + 1e-6
    left = result.offers["declared_mwh"].sum() + result.bids["declared_mwh"].sum()
    left -= result.offers["mwh"].sum() + result.bids["mwh"].sum()
    assert left == pytest.approx(result.cuts["cut_mwh"].astype(float).sum(), abs=1e-5)
