"""Thirty mistakes that people make, and the answers that they should get: code and words."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from counterflow.cli import invoke
from tests.counterflow.test_cli import Call, call

__all__ = ["call"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a case `mine`, its run `run` and a real-time run `rt`."""
    folder = tmp_path_factory.mktemp("mistakes")
    for arguments in (
        ["init", str(folder / "mine"), "--hours", "4"],
        ["clear", str(folder / "mine"), "-o", str(folder / "run")],
        ["clear", str(folder / "mine"), "-o", str(folder / "other"), "--gap", "0.02"],
    ):
        assert invoke(arguments) == 0
    return folder


MISTAKES = {
    "command misspelt": (["claer", "mine"], "Did you mean 'clear'?"),
    "option misspelt": (["clear", "mine", "--rulebok", "pjm"], "--rulebook"),
    "case misspelt": (["clear", "mien"], "mien does not exist"),
    "rulebook misspelt": (["clear", "mine", "--rulebook", "pmj"], "did you mean pjm?"),
    "key misspelt": (["clear", "mine", "--set", "solver.gapp=0.1"], "did you mean solver.gap"),
    "no value": (["clear", "mine", "--set", "solver.gap"], "expects key=value"),
    "words for a number": (["clear", "mine", "--set", "solver.gap=abc"], "must be a number"),
    "unknown choice": (["clear", "mine", "--security", "n1"], "'none', 'n-1'"),
    "a gap of all": (["clear", "mine", "--gap", "1"], "from 0 to below 1"),
    "no time": (["clear", "mine", "--time-limit", "0"], "seconds above 0"),
    "no date": (["clear", "mine", "--as-of", "yesterday"], "a date such as 2026-01-31"),
    "run exists": (["clear", "mine", "-o", "run"], "never overwritten"),
    "run given as a case": (["clear", "run"], "the case that it cleared is run/case"),
    "case given as a run": (["show", "mine"], "mine is a case, not a run"),
    "two markets": (["clear", "mine", "--market", "rt"], "--commitment-from RUN"),
    "grid misspelt": (["clear", "matpower/case99"], "the nearest are"),
    "day that is none": (["import", "rts-gmlc/2020-13-45", "x"], "2020-01-01 to 2020-12-31"),
    "day outside": (["import", "rts-gmlc/2021-07-10", "x"], "is outside the data"),
    "bus in small letters": (
        ["explain", "run", "--bus", "east", "--at", "03:00"],
        "nearest of 3: East, West",
    ),
    "hour that is none": (["explain", "run", "--bus", "East", "--at", "25:00"], "between 00:00"),
    "other day": (
        ["explain", "run", "--bus", "East", "--at", "2026-07-02T03:00"],
        "nearest of 4 interval starts",
    ),
    "no time given": (["explain", "run", "--bus", "East"], "Missing option '--at'"),
    "nothing to explain": (["explain", "run", "--at", "03:00"], "expected one of --bus"),
    "not mitigated": (
        ["explain", "run", "--unit", "Coal", "--at", "03:00"],
        "run counterflow mitigate first",
    ),
    "one run to compare": (["compare", "run"], "Missing argument 'B'"),
    "table misspelt": (["show", "run", "--table", "price"], "did you mean prices"),
    "day-ahead as real time": (
        ["settle", "run", "-o", "st", "--real-time", "other"],
        "is a day-ahead run",
    ),
    "one run as both": (
        ["settle", "run", "-o", "st", "--real-time", "run"],
        "is the day-ahead run itself",
    ),
    "column misspelt in sql": (["sql", "run", "select lmpp from prices"], "lmp"),
    "no format": (["export", "run", "-o", "p.txt"], ".csv or .parquet"),
    "month that is none": (["futures", "lots", "2016-13"], "like 2016-10"),
    "no study": (["study", "nofile.toml", "-o", "s"], "cannot be read"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_answer(mistake: str, place: Path, monkeypatch: pytest.MonkeyPatch, call: Call) -> None:
    monkeypatch.chdir(place)
    arguments, answer = MISTAKES[mistake]
    before = sorted(place.iterdir())
    said = call(*arguments)
    assert said.code == 1
    assert answer in " ".join((said.out + said.err).split())
    assert sorted(place.iterdir()) == before, "a mistake leaves nothing behind"


def replaced(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


FILES = {
    "a column": ("units.csv", replaced("p_max", "pmax"), "did you mean p_max?"),
    "a name": ("units.csv", replaced("East", "Eest"), "row 5, bus: bus Eest is not known"),
    "a sign": ("units.csv", replaced("250", "-250"), "row 3, p_max: must not be negative"),
    "a word": ("offers.csv", replaced("75", "n/a"), "row 7, price: must be a number"),
    "a row": ("loads.csv", lambda text: text + "Town,North\n", "the row has 2 fields"),
    "a date": ("demand.csv", replaced("2026-07-01", "01.07.2026"), "a timestamp with offset"),
    "a month": ("demand.csv", replaced("2026-07-01", "2026-06-01"), "4 intervals are missing"),
}


@pytest.mark.parametrize("mistake", FILES)
def test_answer_about_a_file(mistake: str, place: Path, tmp_path: Path, call: Call) -> None:
    file, change, answer = FILES[mistake]
    folder = shutil.copytree(place / "mine", tmp_path / "case")
    path = folder / file
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    said = call("check", folder)
    assert said.code == 1
    assert file in said.err and answer in said.err


def test_files_swapped_missing_and_unknown(place: Path, tmp_path: Path, call: Call) -> None:
    folder = shutil.copytree(place / "mine", tmp_path / "case")
    (folder / "units.csv").rename(folder / "t")
    (folder / "loads.csv").rename(folder / "units.csv")
    (folder / "t").rename(folder / "loads.csv")
    said = call("check", folder)
    assert said.code == 1 and "loads has no such column; known: load, bus, owner" in said.err
    (folder / "loads.csv").rename(folder / "load.csv")
    said = call("check", folder)
    assert "there is no such table; did you mean loads?" in said.err


def test_semicolons_are_read_as_they_are_meant(place: Path, tmp_path: Path, call: Call) -> None:
    folder = shutil.copytree(place / "mine", tmp_path / "case")
    path = folder / "offers.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8")
    said = call("clear", folder, "--json")
    assert said.code == 0
    run = json.loads((place / "run" / "manifest.json").read_text(encoding="utf-8"))
    assert said.document["manifest"]["objective"] == run["objective"]


def test_an_old_folder_and_a_damaged_one(place: Path, tmp_path: Path, call: Call) -> None:
    folder = shutil.copytree(place / "run", tmp_path / "run")
    path = folder / "manifest.json"
    kept = path.read_text(encoding="utf-8")
    path.write_text(json.dumps(json.loads(kept) | {"format": 0}), encoding="utf-8")
    said = call("show", folder)
    assert said.code == 1 and "make it again: counterflow clear" in said.err
    path.write_text(kept, encoding="utf-8")
    (folder / "prices.parquet").write_bytes(b"x")
    said = call("show", folder)
    assert said.code == 1 and "has changed since the run was written" in said.err
    assert call("verify", folder).code == 3


@pytest.mark.slow
def test_a_reader_that_goes_is_no_failure(place: Path) -> None:
    command = f"{sys.executable} -m counterflow show run --table prices --json | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "{\n" and "Traceback" not in done.stderr
    assert done.returncode in (0, 141)
