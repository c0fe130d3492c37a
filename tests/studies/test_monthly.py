"""The tables of a study's months: their sums are those of the run folders, one by one."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import counterflow as cf
from cases.errors import InputError
from counterflow.cli import invoke
from counterflow.studies.monthly import STUDY_TABLES, monthly_tables
from counterflow.tables.monitor_tables import MonitorTables

pytestmark = pytest.mark.slow

CONTENT: dict[str, Any] = {
    "name": "months",
    "days": {"source": "pjm5", "start": "2024-07-31", "end": "2024-08-01"},
    "clear": {"commitment": False},
    "mitigate": {"rulebooks": ["pjm"]},
    "settle": {},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> cf.Study:
    return cf.study(CONTENT, output=tmp_path_factory.mktemp("s") / "months", processes=False)


@pytest.fixture(scope="module")
def tables(made: cf.Study) -> MonitorTables:
    return made.monthly()


def test_every_month_and_rulebook_has_its_row(tables: MonitorTables) -> None:
    rows = tables.tables["outcome"]
    assert rows[["rulebook", "month", "days"]].to_numpy().tolist() == [
        ["", "2024-07", 1],
        ["", "2024-08", 1],
        ["pjm", "2024-07", 1],
        ["pjm", "2024-08", 1],
    ]
    for name, table in tables.tables.items():
        assert table.columns[:3].tolist() == ["scenario", "rulebook", "month"], name


def test_sums_are_those_of_the_runs(made: cf.Study, tables: MonitorTables) -> None:
    """Rent, payment and pivotal hours, added up from the run folders alone."""
    run = made.run("base", "2024-08-01", "mitigate", "pjm")
    rows = run.constraints
    rent = float((rows["shadow_price"] * rows["flow_mw"].abs()).sum())
    found = tables.tables["congestion_rent"]
    own = found[(found["rulebook"] == "pjm") & (found["month"] == "2024-08")]
    assert own["rent"].sum() == pytest.approx(rent)
    outcome = tables.tables["outcome"].set_index(["rulebook", "month"])
    # Five-bus day: rent = payment - revenue, for there are no losses.
    one = outcome.loc[("pjm", "2024-08")]
    assert one["load_payment"] - one["generation_revenue"] == pytest.approx(rent)
    tests = run.tests_structure
    pivotal = tests[tests["rsi1"] < 1].groupby("owner")["interval_start"].nunique()
    hours = tables.tables["pivotal_hours"]
    own = hours[(hours["month"] == "2024-08") & (hours["hours_pivotal"] > 0)]
    assert own.set_index("owner")["hours_pivotal"].to_dict() == pivotal.astype(float).to_dict()
    money = tables.tables["money"]
    for _, part in money.groupby(["rulebook", "month"]):
        assert sum(part["received"], Decimal(0)) == sum(part["paid"], Decimal(0))


def test_the_monitor_s_tables_are_those_of_the_same_runs(
    made: cf.Study, tables: MonitorTables
) -> None:
    from counterflow.tables.monitor_tables import monitor_tables

    alone = monitor_tables([made.run("base", "2024-07-31", "mitigate", "pjm")])
    for name, table in alone.tables.items():
        rows = tables.tables[name]
        own = rows[(rows["rulebook"] == "pjm") & (rows["month"] == "2024-07")]
        shared = [c for c in table.columns if c != "month"]
        pd.testing.assert_frame_equal(own[shared].reset_index(drop=True), table[shared], obj=name)


def test_the_command(made: cf.Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["tables", str(made.folder), "--only", "outcome,pivotal_hours"]
    code = invoke([*asked, "-o", str(tmp_path / "t"), "--rulebook", "pjm"])
    assert code == 0
    said = capsys.readouterr().out
    assert STUDY_TABLES["outcome"] in said
    assert (tmp_path / "t" / "pivotal_hours.csv").is_file()
    code = invoke(["tables", str(made.folder), "--json", "--only", "outcome", "--scenario", "base"])
    told = json.loads(capsys.readouterr().out)
    assert [row["rulebook"] for row in told["tables"]["outcome"]] == ["", "", "pjm", "pjm"]


def test_what_is_not_there_is_said(made: cf.Study, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no finished run of rulebook nyiso"):
        monthly_tables(made.folder, rulebook="nyiso")
    with pytest.raises(InputError, match="is no study"):
        monthly_tables(tmp_path)
