"""``counterflow credit``: exposure on a forward curve, margin calls, the default waterfall."""

import json
from pathlib import Path

import pytest

from counterflow.cli import invoke
from settlement import settle
from tests.settlement.markets import CHINA, october_day


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("credit")
    (path / "contracts.csv").write_text(
        "contract,buyer,seller,kind,strike,point,curve\n"
        "K1,B,S,cfd,400,P,flat\nK2,B,S,cap,500,P,flat\n"
    )
    (path / "contract_curves.csv").write_text(
        "curve,kind,mwh,start,end\nflat,flat,744,2016-10-01,2016-10-31\n"
    )
    (path / "forward_prices.csv").write_text("point,price\nP,420\n")
    (path / "futures.csv").write_text(
        "trade,owner,side,product,month,lots,price,traded_at\n"
        "T1,B,buy,base,2016-12,2,300,2016-07-01T10:00:00+08:00\n"
        "T2,S,sell,base,2016-12,2,300,2016-07-01T10:00:00+08:00\n"
    )
    (path / "settlement_prices.csv").write_text(
        "date,product,month,price\n2016-07-01,base,2016-12,290\n"
    )
    (path / "collateral.csv").write_text("owner,amount\nB,60000\nS,50000\n")
    settle(october_day([300.0] * 24)).write(path / "statement")
    return path


COMMON = ["--after", "2016-10-16", "--timezone", CHINA]


def test_exposure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["credit", "exposure", str(folder), *COMMON, "--json"]) == 0
    rows = {r["owner"]: r for r in json.loads(capsys.readouterr().out)["exposures"]}
    # 16 days x 24 MWh are open: 384. S would lose 20 on each of the cfd; the cap is out of the
    # money, but its seller may have to pay: 10 % of 384 x (400 + 500).
    assert rows["S"]["contract_loss"] == "7680.00"
    assert rows["S"]["contract_margin"] == "34560.00"
    assert rows["B"]["contract_margin"] == "15360.00"
    # Two lots of December: 1488 MWh, down by 10.
    assert rows["B"]["futures_loss"] == "14880.00"
    assert rows["S"]["futures_loss"] == "0.00"
    assert rows["B"]["futures_margin"] == "43152.00"
    # B: 14 880 + 43 152 + 15 360 + 5 % of 153 600.
    assert rows["B"]["required"] == "81072.00"


def test_margin_calls(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    statement = ["--statement", str(folder / "statement")]
    assert invoke(["credit", "calls", str(folder), *COMMON, *statement, "--json"]) == 3
    calls = json.loads(capsys.readouterr().out)["calls"]
    # The retailer owes 24 x 100 x 300 and has nothing; S needs 7 680 + 34 560 + 17 280 + 43 152.
    assert [(row["owner"], row["call"]) for row in calls] == [
        ("retailer", "720000.00"), ("S", "52672.00"), ("B", "21072.00"),
    ]  # fmt: skip
    high = ["--set", "settlement.credit.call_threshold=100000"]
    assert invoke(["credit", "calls", str(folder), *COMMON, *high]) == 0
    assert "no margin calls" in capsys.readouterr().out


def test_default(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["credit", "default", "B", "100000", "--accounts", str(folder)]
    assert invoke([*command, "--bond", "10000", "--operator-funds", "5000", "--json"]) == 0
    layers = json.loads(capsys.readouterr().out)["layers"]
    assert [(row["payer"], row["used"]) for row in layers] == [
        ("B", "60000"), ("B", "10000"), ("operator", "5000"), ("S", "25000.00"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["default", "X", "1", "--accounts", "DIR"], "'X' has no collateral; owners: B, S"),
        (["default", "B", "much", "--accounts", "DIR"], "an amount is a number, not 'much'"),
        (["exposure", "EMPTY", *COMMON], "holds neither contracts nor futures"),
        (["exposure", "DIR", "--after", "soon", "--timezone", CHINA], "--after expects a day"),
        (["exposure", "DIR", *COMMON, "--statement", "EMPTY"], "not the folder of a statement"),
    ],
)
def test_wrong_input_is_named(
    folder: Path, tmp_path: Path, words: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"DIR": str(folder), "EMPTY": str(tmp_path)}
    assert invoke(["credit", *(places.get(word, word) for word in words)]) == 1
    assert text in capsys.readouterr().err
