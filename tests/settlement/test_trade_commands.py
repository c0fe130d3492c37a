"""``counterflow futures`` and ``counterflow index``: thin layers over the ledger and the index."""

import json
from pathlib import Path

import pytest

from counterflow.cli import invoke
from settlement.inputs import read_tables
from tests.settlement.markets import CHINA, october_day
from tests.settlement.paper import trades

REPLAY = ["--set", "settlement.futures.quote=lot", "--set", "settlement.futures.off_tick=off"]


def test_lots_of_a_month(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["futures", "lots", "2016-10", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["hours"] for row in document["lots"]] == [744, 288, 108]
    assert document["last_trading_day"] == "2016-09-26"
    america = ["--set", "settlement.futures.calendar=US"]
    assert invoke(["futures", "lots", "2024-03", *america]) == 1
    assert "--timezone is needed" in capsys.readouterr().err
    assert invoke(["futures", "lots", "2024-03", *america, "--timezone", "America/New_York"]) == 0
    assert "743" in capsys.readouterr().out


def test_the_paper_through_acceptance_with_its_sunday_on_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trades().to_csv(tmp_path / "futures.csv", index=False)
    command = ["futures", "accept", str(tmp_path / "futures.csv"), *REPLAY]
    target = tmp_path / "ledger.parquet"
    assert invoke([*command, "-o", str(target)]) == 1
    assert "2016-09-25 is no trading day (Sunday)" in capsys.readouterr().err
    assert not target.exists()
    sales = [f"{owner}-{product}-sell=J. Li: day of the paper" for owner in "AB"
             for product in ("base", "mid")]  # fmt: skip
    overrides = [word for sale in sales for word in ("--override", sale)]
    assert invoke([*command, "-o", str(target), *overrides]) == 0
    text = capsys.readouterr().out
    assert "8 trades accepted" in text
    assert "on record: futures row" in text
    assert "without another side, operator stands in" in text
    ledger = read_tables(target, ("futures",), CHINA)["futures"].set_index("trade")
    assert ledger.loc["A-base-sell", "override"] == "J. Li: day of the paper"
    assert ledger.loc["A-base-buy", "override"] == ""
    # What was accepted is accepted: the record travels with the ledger.
    again = ["futures", "accept", str(target), *REPLAY, "-o", str(tmp_path / "again.csv")]
    assert invoke(again) == 0
    assert invoke([*command, "-o", str(tmp_path / "x.csv"), "--override", "Z=J. Li: typo"]) == 1
    assert "override for Z, which is no trade" in capsys.readouterr().err


def test_acceptance_asks_for_collateral_and_the_other_side(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bought = trades().query("side == 'buy'")
    bought.to_csv(tmp_path / "futures.csv", index=False)
    command = ["futures", "accept", str(tmp_path / "futures.csv"), *REPLAY]
    (tmp_path / "collateral.csv").write_text("owner,amount\nA,1086704\nB,705243\n")
    assert invoke([*command, "-o", str(tmp_path / "a.csv")]) == 1
    assert "trade B-mid-buy of B needs 705244.00" in capsys.readouterr().err
    (tmp_path / "collateral.csv").write_text("owner,amount\nA,1086704\nB,705244\n")
    assert invoke([*command, "-o", str(tmp_path / "a.csv")]) == 0
    assert "operator stands in" in capsys.readouterr().out
    rules = tmp_path / "rules.toml"
    rules.write_text('extends = "default"\n[settlement.futures]\nclearing_house = ""\n')
    assert invoke([*command, "-o", str(tmp_path / "b.csv"), "--rulebook", str(rules)]) == 1
    assert "no other side at the same price" in capsys.readouterr().err


def test_daily_marks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trades().head(1).to_csv(tmp_path / "futures.csv", index=False)
    command = ["futures", "mark", str(tmp_path / "futures.csv"), *REPLAY, "--json"]
    assert invoke(command) == 1
    assert "there are no settlement_prices" in capsys.readouterr().out
    (tmp_path / "settlement_prices.csv").write_text(
        "date,product,month,price\n2016-07-01,base,2016-10,172960\n2016-07-04,base,2016-10,173060\n"
    )
    assert invoke(command) == 0
    account = json.loads(capsys.readouterr().out)["account"]
    # 24 lots, 100 yuan a lot.
    assert [row["variation"] for row in account] == ["0.00", "2400.00"]


def test_index_of_two_days(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for day, price in (("2016-10-10", 300.0), ("2016-10-11", 400.0)):
        october_day([price] * 24, day=day).write(tmp_path / "runs" / day)
    command = ["index", str(tmp_path / "runs"), "--period", "month"]
    assert invoke([*command, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["values"]
    assert (row["period"], row["value"], row["weight"]) == ("2016-10", "350.000000", 4800)
    parts = tmp_path / "parts.csv"
    assert invoke([*command, "--block", "peak", "-o", str(parts)]) == 0
    assert len(parts.read_text().splitlines()) == 1 + 12
    assert invoke([*command, "-o", str(parts)]) == 1
    assert invoke([*command, "--place", "Q"]) == 1
    assert "there is no bus, hub or zone 'Q'" in capsys.readouterr().err
