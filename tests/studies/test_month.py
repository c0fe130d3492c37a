"""A month of a study: its runs by scenario and rulebook, what is missing, what it was told."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

import counterflow as cf
from cases import Run
from counterflow.cli import invoke
from counterflow.studies.month import study_runs
from tests.settlement.markets import october_day
from tests.studies import tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days of one scenario as a study leaves them, mitigated by one rulebook too."""
    path = tmp_path_factory.mktemp("study")
    told = {"name": "month", "study": {"settle": None}, "scenarios": {"base": {}},
            "days": ["2024-03-04", "2024-03-05"]}  # fmt: skip
    (path / "study.json").write_text(json.dumps(told), "utf-8")
    for day in told["days"]:
        run = october_day([300.0] * 4, day=str(day))
        done(run, path / "runs" / "base" / str(day), "clear")
        child = Run({**run.stated, "parent": run.id}, run.tables, run.case, run.rulebook)
        done(child, path / "runs" / "base" / str(day), "mitigate.default")
    return path


def done(run: Run, day: Path, step: str) -> None:
    """A step as a study leaves it: its folder, then its marker."""
    run.write(day / step)
    (day / f"{step}.json").write_text('{"key": "k"}', "utf-8")


@pytest.mark.slow
def test_a_study_that_was_made_is_read(tmp_path: Path) -> None:
    tiny.written(tiny.spanning(), tmp_path / "case")
    content = {
        "name": "month",
        "days": {"source": str(tmp_path / "case"), "start": dt.date(2024, 3, 4),
                 "end": dt.date(2024, 3, 5)},
        "settle": {},
    }  # fmt: skip
    made = cf.study(content, output=tmp_path / "made", processes=False)
    assert made.failed.empty, made.failed.to_string()
    found = study_runs(tmp_path / "made", "2024-03")
    assert len(found.runs) == 2
    assert set(found.versions.values()) == {"initial"}
    month = cf.settle_month(found.runs, "2024-03", versions=found.versions, partial=True)
    lines = made.table("statement", step="settle")
    daily = lines.groupby("owner")["amount"].sum()
    assert {owner: month.total(owner) for owner in daily.index} == daily.to_dict()


def test_a_month_of_a_study_is_its_days(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["settle", str(folder), "--month", "2024-03"]
    assert invoke(command) == 1
    assert "no run covers 2024-03-01" in capsys.readouterr().err
    assert invoke([*command, "--partial", "--json", "-o", str(tmp_path / "m")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["manifest"]["partial"]
    assert [row["day"] for row in told["days"] if row["run"]] == ["2024-03-04", "2024-03-05"]
    assert {row["version"] for row in told["versions"]} == {"initial"}
    # Energy of both days at their prices: what the load pays is what the units and uplift get.
    assert float(told["total"]) == 0
    one = cf.settle(study_runs(folder, "2024-03").runs[0])
    totals = {row["owner"]: float(row["total"]) for row in told["balance"]}
    assert sum(totals.values()) == 0
    assert set(one.balance["owner"]) == set(totals)
    assert (tmp_path / "m" / "statement.html").is_file()


def test_a_mitigated_day_is_the_rerun_of_the_cleared_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["settle", str(folder), "--month", "2024-03", "--partial", "--json"]
    assert invoke([*command, "--rulebook", "default"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {row["version"] for row in told["versions"]} == {"initial", "rerun"}
    assert {row["version"] for row in told["days"] if row["run"]} == {"rerun"}
    assert invoke([*command, "--rulebook", "defalt"]) == 1
    assert "did you mean default" in capsys.readouterr().out
    assert invoke([*command, "--scenario", "nobody"]) == 1
    assert "no scenario 'nobody'" in capsys.readouterr().out


def test_tables_of_the_study_are_never_left_out(folder: Path, tmp_path: Path) -> None:
    told = json.loads((folder / "study.json").read_text("utf-8"))
    told["study"]["settle"] = {"contracts": "gone/contracts.csv"}
    other = tmp_path / "study"
    other.mkdir()
    (other / "study.json").write_text(json.dumps(told), "utf-8")
    (other / "runs").symlink_to(folder / "runs")
    found = study_runs(other, "2024-03")
    assert found.tables == {"contracts": Path("gone/contracts.csv")}
    assert len(found.runs) == 2
    assert invoke(["settle", str(other), "--month", "2024-03", "--partial"]) == 1
    assert invoke(["settle", str(folder), "--month", "2024-02", "--partial"]) == 1
