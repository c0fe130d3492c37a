"""The three-pivotal-supplier test on the hand cases B1 to B3, F1 and F2 of the specification."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from cases.errors import InputError
from mitigation.structure.three_pivotal import three_pivotal_supplier

B1_ROWS = [
    # unit, owner, offer, MW, DFAX            effective MW, effective price
    ("B1", "B", 50.0, 75.0, 0.40),  # 30   (50 - 30) / .40   = 50
    ("A1", "A", 48.0, 80.0, 0.30),  # 24   (48 - 30) / .30   = 60, cumulative 54 >= 45
    ("E1", "E", 60.0, 25.0, 0.40),  # 10   75
    ("C1", "C", 70.0, 50.0, 0.50),  # 25   80
    ("D1", "D", 51.0, 60.0, 0.25),  # 15   84
    ("A2", "A", 65.0, 40.0, 0.40),  # 16   87.5
    ("F1", "F", 57.5, 16.0, 0.3125),  # 5    88
    ("D2", "D", 80.0, 100.0, 0.20),  # 20   250, above 1.5 x 60
    ("G1", "G", 40.0, 300.0, 0.01),  # below the cut-off
    ("H1", "H", 25.0, 50.0, -0.20),  # wrong sign
]


def b1(**offers: float) -> pd.DataFrame:
    frame = pd.DataFrame(B1_ROWS, columns=["unit", "owner", "price", "mw", "dfax"])
    frame["price"] = frame["unit"].map(offers).fillna(frame["price"])
    return frame


def test_b1_six_owners_with_one_exactly_at_the_limit() -> None:
    result = three_pivotal_supplier(b1(), energy_price=30, relief_mw=45)
    assert result.price == pytest.approx(60)
    assert result.screen_price == pytest.approx(90)
    assert result.supply_mw == pytest.approx(125)
    owners = result.owners.set_index("owner")
    assert list(owners.index) == ["A", "B", "C", "D", "E", "F"]
    assert owners["supply_mw"].to_list() == pytest.approx([40, 30, 25, 15, 10, 5])
    assert owners["rsi1"].to_list() == pytest.approx(
        [1.8889, 2.1111, 2.2222, 2.4444, 2.5556, 2.6667], abs=5e-5
    )
    assert owners["rsi2"].to_list() == pytest.approx(
        [1.2222, 1.2222, 1.3333, 1.5556, 1.6667, 1.7778], abs=5e-5
    )
    assert owners["rsi3"].to_list() == pytest.approx(
        [0.6667, 0.6667, 0.6667, 0.8889, 1.0, 1.1111], abs=5e-5
    )
    assert owners["passed"].to_list() == [False, False, False, False, False, True]
    shares = owners["supply_mw"] / 125 * 100
    assert (shares**2).sum() == pytest.approx(2224)


def test_b1_segments_tell_who_is_in_and_why() -> None:
    segments = three_pivotal_supplier(b1(), energy_price=30, relief_mw=45).segments.set_index(
        "unit"
    )
    assert segments.index[segments["relevant"]].to_list() == [
        "B1",
        "A1",
        "E1",
        "C1",
        "D1",
        "A2",
        "F1",
    ]
    assert segments.loc["A2", "effective_mw"] == pytest.approx(16)
    assert segments.loc["A2", "effective_price"] == pytest.approx(87.5)
    assert segments.loc["D2", "effective_price"] == pytest.approx(250)
    assert math.isnan(segments.loc["G1", "effective_price"])
    assert segments.loc[["G1", "H1"], "effective_mw"].to_list() == [0, 0]


def test_b2_two_dearer_offers_leave_the_screen() -> None:
    result = three_pivotal_supplier(b1(D1=54, F1=62), energy_price=30, relief_mw=45)
    owners = result.owners.set_index("owner")
    assert owners["supply_mw"].to_dict() == pytest.approx({"A": 40, "B": 30, "C": 25, "E": 10})
    assert owners["rsi3"].to_list() == pytest.approx([0.2222, 0.2222, 0.2222, 0.5556], abs=5e-5)
    assert not owners["passed"].any()


def test_b3_three_owners_never_pass() -> None:
    three = b1()[lambda frame: frame["owner"].isin(["A", "B", "C"])]
    result = three_pivotal_supplier(three, energy_price=30, relief_mw=45)
    assert result.owners["rsi3"].to_list() == [0, 0, 0]
    assert not result.owners["passed"].any()


def test_f1_slack_at_the_sending_bus() -> None:
    relief = 266.886527 - 240
    segments = pd.DataFrame(
        [
            ("Alta", "north", 14.0, 0.0, 0.11195652),
            ("Park City", "north", 15.0, 0.0, 0.11195652),
            ("Solitude", "south", 30.0, 430.0, 0.32091375),
            ("Sundance", "east", 40.0, 200.0, 0.48045178),
        ],
        columns=["unit", "owner", "price", "mw", "dfax"],
    )
    result = three_pivotal_supplier(segments, energy_price=10, relief_mw=relief)
    assert result.price == pytest.approx(62.322042, abs=1e-5)  # the shadow price of D-E
    assert result.screen_price == pytest.approx(93.483063, abs=1e-5)
    table = result.segments.set_index("unit")
    assert table["effective_price"].to_dict() == pytest.approx(
        {"Alta": 35.7282, "Park City": 44.6602, "Solitude": 62.322042, "Sundance": 62.441229},
        abs=1e-4,
    )
    assert table["effective_mw"].to_dict() == pytest.approx(
        {"Alta": 0, "Park City": 0, "Solitude": 137.992911, "Sundance": 96.090357}, abs=1e-5
    )
    owners = result.owners.set_index("owner")
    assert owners["rsi1"].to_dict() == pytest.approx(
        {"south": 3.573922, "east": 5.132419}, abs=1e-5
    )
    assert not owners["passed"].any()
    assert pytest.approx(relief, abs=1e-5) == 83.781165 * 0.32091375


def test_f2_load_weighted_slack_leaves_one_supplier() -> None:
    segments = pd.DataFrame(
        [
            ("Alta", "north", 14.0, 40.0, -0.255368),
            ("Solitude", "south", 30.0, 330.0, -0.046411),
            ("Sundance", "east", 40.0, 200.0, 0.113127),
            ("Brighton", "west", 10.0, 0.0, -0.367325),
        ],
        columns=["unit", "owner", "price", "mw", "dfax"],
    )
    # Relief of case A1: 282.840331 - 240. Sundance gives 200 x .113127 = 22.6 of it: short.
    short = three_pivotal_supplier(segments, energy_price=32.892432, relief_mw=42.840331)
    assert math.isinf(short.price)
    assert short.owners["owner"].to_list() == ["east"]
    enough = three_pivotal_supplier(segments, energy_price=32.892432, relief_mw=20)
    assert enough.price == pytest.approx(62.828232, abs=1e-3)  # not the shadow price 62.322042


def test_short_supply_fails_everyone_at_an_infinite_price() -> None:
    result = three_pivotal_supplier(b1(), energy_price=30, relief_mw=1000)
    assert math.isinf(result.price)
    assert result.supply_mw == pytest.approx(145)  # D2's 20 count as well
    assert result.segments.set_index("unit")["relevant"].sum() == 8
    assert not result.owners["passed"].any()


def test_relief_that_no_one_can_give() -> None:
    nobody = b1()[lambda frame: frame["unit"].isin(["G1", "H1"])]
    result = three_pivotal_supplier(nobody, energy_price=30, relief_mw=10)
    assert math.isinf(result.price)
    assert result.owners.empty
    assert list(result.owners.columns) == ["owner", "supply_mw", "rsi1", "rsi2", "rsi3", "passed"]
    assert result.owners["passed"].dtype == bool
    assert not result.passed


@pytest.mark.parametrize(
    ("meaning", "screen_price", "relevant"),
    [
        ("absolute", -20.0, ["X", "Y"]),  # -40 + 0.5 x 40 = -20
        ("clearing", -40.0, ["X"]),
        ("literal", -60.0, []),  # the marginal segment itself falls out
    ],
)
def test_negative_price_of_relief(meaning: str, screen_price: float, relevant: list[str]) -> None:
    segments = pd.DataFrame(
        {
            "unit": ["X", "Y", "Z"],
            "owner": ["x", "y", "z"],
            "price": [10.0, 17.0, 29.0],
            "mw": [40.0, 40.0, 40.0],
            "dfax": [0.5, 0.5, 0.5],
        }
    )
    # (10 - 30) / .5 = -40, (17 - 30) / .5 = -26, (29 - 30) / .5 = -2
    result = three_pivotal_supplier(
        segments,
        energy_price=30,
        relief_mw=20,
        negative_price=meaning,  # type: ignore[arg-type]
    )
    assert result.price == pytest.approx(-40)
    assert result.screen_price == pytest.approx(screen_price)
    assert result.segments.loc[result.segments["relevant"], "unit"].to_list() == relevant


def test_contract_cover_cannot_be_withheld() -> None:
    # A must deliver 20 of its 40: the three largest stakes are B 30, C 25, A 20.
    result = three_pivotal_supplier(b1(), energy_price=30, relief_mw=45, covered_mw={"A": 20})
    owners = result.owners.set_index("owner")
    assert owners.loc["A", "supply_mw"] == pytest.approx(40)
    assert owners.loc["A", "rsi1"] == pytest.approx((125 - 20) / 45)
    assert owners.loc["A", "rsi3"] == pytest.approx((125 - 75) / 45)
    assert owners.loc["F", "rsi3"] == pytest.approx((125 - 5 - 55) / 45)
    assert owners["passed"].all()


def test_every_bad_row_is_named_at_once() -> None:
    segments = b1().astype({"owner": "object"})
    segments.loc[1, "owner"] = ""
    segments.loc[2, "owner"] = None
    segments.loc[3, "price"] = float("nan")
    segments.loc[4, "mw"] = -1.0
    with pytest.raises(InputError) as caught:
        three_pivotal_supplier(segments, energy_price=30, relief_mw=45)
    text = str(caught.value)
    assert len(caught.value.failures) == 4
    for words in (
        "unit A1: has no owner",
        "unit E1: has no owner",
        "unit C1: price",
        "unit D1: mw",
    ):
        assert words in text


@pytest.mark.parametrize("relief", [0.0, -5.0, float("nan")])
def test_no_relief_is_no_test(relief: float) -> None:
    with pytest.raises(InputError, match="relief_mw must be a number above 0"):
        three_pivotal_supplier(b1(), energy_price=30, relief_mw=relief)


def test_missing_columns() -> None:
    with pytest.raises(InputError, match="dfax"):
        three_pivotal_supplier(b1().drop(columns="dfax"), energy_price=30, relief_mw=45)
