"""What statements, invoices and indices show to whom, and from when."""

import json
from pathlib import Path

import pandas as pd
import pytest

from cases import InputError
from cases.rulebook.settlement import DisclosureRules
from counterflow.cli import invoke
from settlement import settle
from settlement.disclosure import Viewer, disclosed, disclosed_month
from settlement.month import MonthStatement, settle_month
from tests.settlement.markets import october_day
from tests.settlement.test_month import DAYS, contract, february

RULES = DisclosureRules(statement_days=2, indices_days=1)


@pytest.fixture(scope="module")
def month() -> MonthStatement:
    return settle_month(february(DAYS[:3]), "2016-02", partial=True, **contract())


def at(who: str, moment: str) -> Viewer:
    return Viewer.of(who, f"{moment}:00+08:00")


def test_a_participant_sees_its_own_after_the_delay(month: MonthStatement) -> None:
    # 1 and 2 February are over for two days at midnight of 5 February.
    part = disclosed_month(month, at("participant:genco", "2016-02-05T00:00"), RULES)
    assert set(part.lines["owner"]) == {"genco"}
    assert sorted(set(part.lines["day"])) == DAYS[:2]
    own = month.lines[(month.lines["owner"] == "genco") & month.lines["day"].isin(DAYS[:2])]
    assert part.total() == sum(own["amount"])
    assert part.netting.empty
    assert part.invoices.empty
    assert part.balance.empty
    assert set(part.versions["owner"]) == {"genco"}
    assert part.manifest["disclosure"]["withheld_until"]["netting"].startswith("2016-03-03")
    assert sorted(part.indices[part.indices["index"] == "market day"]["period"]) == DAYS[:3]
    later = disclosed_month(month, at("participant:genco", "2016-03-03T00:00"), RULES)
    assert later.netting["net"].tolist() == [month.total("genco")]
    assert later.total("genco") == month.total("genco")
    assert set(later.invoices["owner"]) == {"genco"}
    with pytest.raises(InputError, match="no lines of 'nobody'"):
        disclosed_month(month, at("participant:nobody", "2016-03-03T00:00"), RULES)


def test_the_public_sees_indices_and_no_owner(month: MonthStatement) -> None:
    public = disclosed_month(month, at("public", "2016-02-03T00:00"), RULES)
    assert len(public.lines) == len(public.netting) == len(public.versions) == 0
    assert public.indices["period"].tolist() == DAYS[:1]
    assert public.manifest["curves"] == {}
    monitor = disclosed_month(month, at("monitor", "2016-02-01T00:00"), RULES)
    assert monitor is month


def test_the_statement_of_a_run(tmp_path: Path) -> None:
    statement = settle(october_day([300.0] * 4, day="2016-02-01"), **contract())
    own = disclosed(statement, at("participant:retailer", "2016-02-04T00:00"), RULES)
    assert set(own.lines["owner"]) == set(own.balance["owner"]) == {"retailer"}
    assert own.total("retailer") == statement.total("retailer")
    early = disclosed(statement, at("participant:retailer", "2016-02-03T23:59"), RULES)
    assert len(early.lines) == len(early.balance) == 0
    assert len(early.reconciliation) == len(statement.reconciliation)
    public = disclosed(statement, at("public", "2016-03-04T00:00"), RULES)
    assert len(public.lines) == len(public.balance) == 0
    own.write(tmp_path / "own")
    text = "".join(p.read_text("utf-8") for p in (tmp_path / "own").rglob("*.csv"))
    assert "genco" not in text


def test_who_and_when_are_written_well() -> None:
    for text in ("participant", "participant:", "everybody", "public:x"):
        with pytest.raises(InputError, match="public, participant:NAME or monitor"):
            Viewer.of(text)
    with pytest.raises(InputError, match="has no timezone"):
        Viewer.of("public", "2016-02-03")
    with pytest.raises(InputError, match="a moment is written like"):
        Viewer.of("public", "yesterday-ish")
    assert Viewer.of("monitor").as_of <= pd.Timestamp.now(tz="UTC")


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = october_day([300.0] * 4, day="2016-02-01")
    run.write(tmp_path / "run")
    month = ["settle", str(tmp_path / "run"), "--month", "2016-02", "--partial",
             "--for", "participant:genco", "--at", "2016-03-05T00:00:00+08:00"]  # fmt: skip
    assert invoke([*month, "-o", str(tmp_path / "m")]) == 0
    written = [p.read_bytes() for p in (tmp_path / "m").rglob("*") if p.is_file()]
    assert not any(b"retailer" in data for data in written)
    pages = sorted(p.name for p in (tmp_path / "m").rglob("*.html"))
    assert pages == ["001-genco.html", "statement.html"]
    capsys.readouterr()
    index = ["index", str(tmp_path / "run"), "--for", "public", "--json", "--at"]
    assert invoke([*index, "2016-02-01T12:00:00+08:00"]) == 0
    assert json.loads(capsys.readouterr().out)["values"] == []
    assert invoke([*index, "2016-02-02T00:00:00+08:00"]) == 0
    assert len(json.loads(capsys.readouterr().out)["values"]) == 1
    assert invoke([*index, "2016-02-02T00:00:00+08:00", "-o", str(tmp_path / "c.csv")]) == 1
    assert "for the monitor only" in capsys.readouterr().out
    settle_one = ["settle", str(tmp_path / "run"), "--for", "public"]
    assert invoke(settle_one) == 0
    assert "genco" not in capsys.readouterr().out
