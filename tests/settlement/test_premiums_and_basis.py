"""Premiums of options, and contracts between two points."""

from decimal import Decimal

import pandas as pd
import pytest

from cases import InputError
from settlement import Statement, settle
from settlement.incentive import net_positions
from tests.settlement.markets import five_bus

START = "2024-03-05T00:00:00+00:00"


def given(**changes: object) -> dict[str, pd.DataFrame]:
    row = {"contract": "K", "buyer": "b", "seller": "s", "kind": "cfd", "strike": 25.0,
           "point": "E", "curve": "c"}  # fmt: skip
    curve = pd.DataFrame({"curve": ["c"], "interval_start": [START], "mw": [100.0]})
    return {"contracts": pd.DataFrame([{**row, **changes}]), "contract_curves": curve}


def settled(**changes: object) -> Statement:
    statement = settle(five_bus(), **given(**changes))
    assert statement.total() == 0
    return statement


def test_a_contract_between_two_points_settles_their_difference() -> None:
    # From E (10) to D (39.942736): 100 x (25 - 29.942736).
    assert settled(point_to="D").total("s") == Decimal("-494.27")
    rule = settled(point_to="D").of("s")["rule"].iloc[0]
    assert "P = 29.942736 at bus D less bus E" in rule
    assert settled(point_to="D", kind="cap").total("b") == Decimal("494.27")


def test_the_holder_of_an_option_pays_its_premium() -> None:
    cap = settled(kind="cap", point="D", premium=3.5)
    # 100 x (39.942736 - 25) comes back for 350.
    assert cap.total("b", "contract_premium") == -350
    assert cap.total("b") == Decimal("1494.27") - 350
    floor = settled(kind="floor", point="E", premium=2.0)
    assert floor.total("s", "contract_premium") == -200
    assert floor.total("s") == 100 * 15 - 200
    # A cap that is out of the money costs its premium.
    assert settled(kind="cap", point="E", premium=3.5).total("b") == -350


def test_a_contract_between_two_points_covers_no_energy() -> None:
    table = net_positions(five_bus(), **given(point_to="D", seller="Lakes")).set_index("owner")
    assert table.loc["Lakes", "contract_mw"] == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"point_to": "X"}, "row 2, point_to: contract K: there is no bus, hub or zone 'X'"),
        ({"point_to": "D", "kind": "physical"}, "a physical contract has no point_to"),
    ],
)
def test_bad_second_points_are_named(changes: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        settled(**changes)
