"""Offers and bids of a day against credit before clearing; the register; rights commands."""

import json
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from cases import Case, InputError
from cases.rulebook.settlement import SettlementRules
from counterflow.cli import invoke
from settlement.credit import credit_problems, day_credit
from tests.settlement.markets import case_of


def day(**tables: pd.DataFrame) -> Case:
    """Two hours: retailer takes 10 and 20 MW at A; mill bids; fund has virtuals."""
    start = pd.Timestamp("2024-03-05T00:00:00+00:00")
    return case_of(
        ["A", "B"],
        {"g": ("genco", "A", 100.0, 20.0)},
        {"R": ("retailer", "A", [10.0, 20.0]), "M": ("mill", "B", [0.0, 0.0])},
        zones={"A": "Z", "B": "Z"},
        tables={
            "bids": pd.DataFrame(
                {"load": ["M", "M"], "segment": [1, 1], "mw": [5.0, 8.0], "price": [40.0, 50.0],
                 "interval_start": [pd.NaT, start]}
            ),
            "virtuals": pd.DataFrame(
                [("d", "fund", "dec", "A", "", start, 4.0, 30.0),
                 ("i", "fund", "inc", "B", "", start, 6.0, 25.0),
                 ("u", "fund", "utc", "A", "B", start, 2.0, 7.0)],
                columns=["virtual", "owner", "kind", "bus", "sink_bus", "interval_start", "mw",
                         "price"],
            ),
            "forward_prices": pd.DataFrame({"point": ["A", "zone:Z"], "price": [60.0, 35.0]}),
            "collateral": pd.DataFrame(
                {"owner": ["retailer", "mill", "fund"], "amount": [1700.0, 600.0, 1000.0]}
            ),
            **tables,
        },
    )  # fmt: skip


def test_what_a_day_may_cost_by_hand() -> None:
    table = day_credit(day(), SettlementRules()).set_index("owner")
    # 30 MWh at 60; bids 8 x 50 in the first hour, 5 x 40 in the second.
    assert table.loc["retailer", "demand"] == 1800
    assert table.loc["mill", "bids"] == 600
    # dec 4 x 30, inc 6 x (35 - 25), spread 2 x 7.
    assert table.loc["fund", "virtuals"] == 120 + 60 + 14
    assert table.loc["retailer", "short"] == 100
    assert table["passed"].to_dict() == {"retailer": False, "fund": True, "mill": True}
    assert "genco" not in table.index
    more = day_credit(day(), SettlementRules(), {"mill": 700}, {"mill": Decimal("100.01")})
    assert more.set_index("owner").loc["mill", "short"] == Decimal("0.01")


def test_energy_without_a_price_is_named() -> None:
    case = day(forward_prices=pd.DataFrame({"point": ["B"], "price": [35.0]}))
    with pytest.raises(InputError, match="load R may buy at A at any price: no forward price"):
        day_credit(case, SettlementRules())
    rules = SettlementRules.model_validate({"credit": {"day_price": 70.0}})
    assert day_credit(case, rules).set_index("owner").loc["retailer", "demand"] == 2100


def test_the_register_says_who_may_act() -> None:
    register = pd.DataFrame(
        {"owner": ["retailer", "mill", "fund"], "status": ["active", "suspended", "active"],
         "since": [pd.NaT, pd.NaT, pd.Timestamp("2024-04-01")]}
    )  # fmt: skip
    case = day(participants=register)
    found = credit_problems(day_credit(case, SettlementRules()), case)
    words = " | ".join(failure.message for failure in found)
    assert "genco is not in the register of participants" in words
    assert "mill is suspended" in words
    assert "fund is a participant from 2024-04-01 on, not on 2024-03-05" in words
    assert "retailer needs 1800.00 for the day" in words
    assert len(found) == 4


def test_check_credit_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    day().write(tmp_path / "case")
    for command in (["check", str(tmp_path / "case"), "--credit"],
                    ["credit", "check", str(tmp_path / "case")]):  # fmt: skip
        assert invoke([*command, "--json"]) == 3
        told = json.loads(capsys.readouterr().out)
        assert [row["owner"] for row in told["credit"]] == ["retailer", "fund", "mill"]
        assert "retailer needs 1800.00" in told["failures"][0]["message"]
        (tmp_path / "c").mkdir(exist_ok=True)
        (tmp_path / "c" / "collateral.csv").write_text(
            "owner,amount\nretailer,1800\nmill,600\nfund,194\n"
        )
        assert invoke([*command, "--collateral", str(tmp_path / "c")]) == 0
        assert "retailer" in capsys.readouterr().out
    assert invoke(["check", str(tmp_path / "case")]) == 0
    assert invoke(["check", str(tmp_path / "case"), "--collateral", str(tmp_path / "c")]) == 1


def test_rights_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = pd.DataFrame({"branch": ["A-B"], "from_bus": ["A"], "to_bus": ["B"], "x": [0.1],
                         "rating_mw": [50.0]})  # fmt: skip
    rights = pd.DataFrame(
        [("x", "fund", "A", "B", 40.0, 3.0), ("y", "mill", "A", "B", 20.0, 5.0)],
        columns=["right", "owner", "source", "sink", "mw", "price"],
    )
    day(branches=line, rights=rights).write(tmp_path / "case")
    assert invoke(["rights", "check", str(tmp_path / "case"), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert told["violations"][0]["excess_mw"] == pytest.approx(10.0)
    rights.to_csv(tmp_path / "rights.csv", index=False)
    auction = ["rights", "auction", str(tmp_path / "case"), "--bids", str(tmp_path / "rights.csv")]
    assert invoke([*auction, "-o", str(tmp_path / "sold.csv"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    # 20 MW at 5 first, then 30 of 40 MW at 3, which sets the price.
    assert {r["right"]: r["mw"] for r in told["awards"]} == pytest.approx({"x": 30.0, "y": 20.0})
    assert told["revenue"] == pytest.approx(150.0)
    sold = ["rights", "check", str(tmp_path / "case"), "--rights", str(tmp_path / "sold.csv")]
    assert invoke(sold) == 0
    assert "feasible: 2 rights" in capsys.readouterr().out
