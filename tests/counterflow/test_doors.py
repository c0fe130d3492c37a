"""Doors that a new user comes in by: init, doctor, show, OPF values, completion, notebooks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import counterflow as cf
from cases import Run
from counterflow.starter import starter_case
from counterflow.tables.latex import latex_table
from tests.counterflow.test_cli import Call, call

__all__ = ["call"]


@pytest.fixture(scope="module")
def day() -> Run:
    return cf.clear(starter_case("mine", 4), security="n-1")


@pytest.mark.slow
def test_init_makes_a_case_that_clears_without_a_word(tmp_path: Path, call: Call) -> None:
    said = call("init", tmp_path / "mine", "--hours", "6")
    assert said.code == 0 and "demand.csv" in said.out
    assert call("check", tmp_path / "mine").code == 0
    said = call("clear", tmp_path / "mine", "-o", tmp_path / "run")
    assert said.code == 0 and said.err == ""
    assert "West-East" in said.out
    assert call("init", tmp_path / "mine").code == 1


def test_doctor_knows_the_solver_and_what_hides_a_package(call: Call, tmp_path: Path) -> None:
    document = json.loads(call("doctor", "--json").out)
    assert document["ok"]
    found = {row["what"]: row["found"] for row in document["checks"]}
    assert found["HiGHS"].endswith("optimal, objective -7 of -7")
    assert found["package network"].endswith("network")


def test_the_published_opf_value_has_its_constants(call: Call) -> None:
    # MATPOWER's case24_ieee_rts: 61001.2403 = 50289.6872 + 10711.5531, the sum of the c0.
    said = call("clear", "matpower/case24_ieee_rts", "--opf", "--json")
    opf = json.loads(said.out)["opf"]
    assert opf["total"] == pytest.approx(61001.2403, abs=1e-3)
    assert opf["constants"] == pytest.approx(10711.5531, abs=1e-3)
    assert call("clear", "pjm5", "--opf", "--commitment-from", "x").code == 1


def test_verbose_writes_passes_and_the_solver_beside_the_result(tmp_path: Path, call: Call) -> None:
    said = call("clear", "pjm5", "--no-commitment", "--verbose", "--json")
    assert json.loads(said.out)["ok"]
    assert "pass 1" in said.err and "Model status" in said.err
    quiet = call("clear", "pjm5", "--no-commitment", "--json")
    assert quiet.err == ""


def test_what_was_secured_is_one_line(day: Run, tmp_path: Path, call: Call) -> None:
    day.write(tmp_path / "run")
    said = call("show", tmp_path / "run")
    # Each of three lines in a triangle can go out without splitting it.
    line = "security n-1: 3 contingencies (every branch outage that keeps the grid whole)"
    assert [text for text in said.out.splitlines() if text.startswith(line)] == [
        f"{line} secured against"
    ]


def test_rows_and_columns_of_a_table(day: Run, tmp_path: Path, call: Call) -> None:
    day.write(tmp_path / "run")
    show = ("show", tmp_path / "run", "--table")
    said = call(*show, "dispatch", "--where", "unit=Coal", "--columns", "unit,mw", "--json")
    rows = json.loads(said.out)["rows"]
    own = day.dispatch[day.dispatch["unit"] == "Coal"]
    assert [row["mw"] for row in rows] == own["mw"].tolist() and list(rows[0]) == ["unit", "mw"]
    said = call(
        *show, "dispatch", "--where", "mw>=100", "--where", "interval_start=02:00", "--json"
    )
    start = day.case.interval_starts[2]
    mw = day.dispatch.loc[day.dispatch["interval_start"] == start, "mw"]
    assert len(json.loads(said.out)["rows"]) == int((mw >= 100.0).sum())
    assert "did you mean" in call(*show, "dispatch", "--where", "unitt=Coal").err
    assert call(*show, "dispatch", "--where", "mw=many").code == 1
    assert call(*show, "dispatch", "--where", "Coal").code == 1
    assert call("show", tmp_path / "run", "--columns", "mw").code == 1
    assert r"\toprule" in call(*show, "prices", "--latex").out


def test_latex_is_escaped() -> None:
    import pandas as pd

    text = latex_table(pd.DataFrame({"bus_name": ["A_1 & B%"], "lmp": [16.977]}))
    assert text.splitlines()[2] == r"bus name & lmp \\"
    assert text.splitlines()[4] == r"A\_1 \& B\% & 16.98 \\"


def test_show_says_what_mitigation_did(day: Run, tmp_path: Path, call: Call) -> None:
    cf.mitigate(day).write(tmp_path / "run")
    said = call("show", tmp_path / "run")
    assert "Mitigation: rulebook default" in said.out and "tested" in said.out
    assert day.id[:12] in said.out


def test_notebooks_see_tables(day: Run) -> None:
    assert {"prices", "dispatch", "constraints"} <= set(dir(day))
    assert {"buses", "offers", "demand"} <= set(dir(day.case))
    assert "<table>" in day._repr_html_() and "prices" in day._repr_html_()
    assert "<table>" in day.case._repr_html_() and "offers" in day.case._repr_html_()


def test_a_shell_completes_commands() -> None:
    asked = {
        **os.environ,
        "_COUNTERFLOW_COMPLETE": "complete_bash",
        "COMP_WORDS": "counterflow exp",
        "COMP_CWORD": "1",
    }
    command = [sys.executable, "-m", "counterflow"]
    done = subprocess.run(command, env=asked, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["explain", "export"]
