"""The command line: exit codes, one JSON document, one line for a mistake, never a traceback."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cases import Run
from counterflow import __version__
from counterflow.cli import invoke

COMMANDS = ["import", "check", "clear", "show", "explain", "compare", "export", "plot"]


@dataclass
class Said:
    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


Call = Callable[..., Said]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def run(*arguments: object) -> Said:
        capsys.readouterr()
        code = invoke([str(a) for a in arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Said(code, said.out, said.err)

    return run


@pytest.fixture(scope="module")
def folder(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "base"
    run.write(path)
    return path


@pytest.fixture(scope="module")
def other(run: Run, changed: Callable[..., Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    prices = run.prices.copy()
    prices.loc[prices["bus"] == "C", ["lmp", "mcc"]] += 0.5
    path = tmp_path_factory.mktemp("runs") / "other"
    changed(prices=prices).write(path)
    return path


def process(arguments: Sequence[object]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "counterflow.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_version_and_help(call: Call) -> None:
    assert call("--version").out == f"counterflow {__version__}\n"
    said = call("--help")
    assert said.code == 0
    for command in COMMANDS:
        assert f"\n  {command} " in said.out
    assert "Exit codes: 0 done; 1 the input" in " ".join(said.out.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(call: Call, command: str) -> None:
    said = call(command, "--help")
    assert said.code == 0
    assert f"Usage: counterflow {command}" in said.out
    assert "--json" in said.out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["clear"], "Missing argument 'CASE'"),
        (["clear", "pjm5", "--gap"], "Option '--gap' requires an argument"),
        (["clear", "pjm5", "--gap", "x"], "should be a valid number"),
        (["clear", "pjm5", "--gap", "2"], "--gap expects a fraction from 0 to below 1, not 2"),
        (["clear", "pjm5", "--time-limit", "0"], "--time-limit expects seconds above 0, not 0"),
        (["clear", "pjm5", "--security", "n-2"], "'n-2' is not one of 'none', 'n-1'"),
        (["clear", "pjm5", "--set", "pricing"], "--set expects key=value, not 'pricing'"),
        (["clear", "pjm5", "--sett", "a=b"], "No such option"),
        (["clearr", "pjm5"], "No such command"),
        (["explain", "x", "--bus", "A"], "Missing option '--at'"),
        (["compare", "x"], "Missing argument 'B'"),
        (["export", "x", "-o", "y.csv", "--profile", "caiso"], "'caiso' is not one of"),
        (["import", "rts-gmlc", "y", "--date", "tomorrow"], "a day as YYYY-MM-DD, not 'tomorrow'"),
        (["import", "x", "y", "--stress", "rating"], "--stress expects key=value, not 'rating'"),
        (["import", "x", "y", "--stress", "rate=1"], "--stress knows rating and load, not 'rate'"),
        (["import", "x", "y", "--stress", "load=-1"], "load must be a number above zero"),
        (["import", "x", "y", "--days", "0"], "greater than or equal to 1"),
        (["import", "x", "y", "--market", "hour"], "'hour' is not one of 'da', 'rt'"),
        (["show", "no-such-run"], "no-such-run does not exist"),
        (["check", "no-such-case"], "no-such-case"),
    ],
)
def test_a_wrong_command_is_one_line_and_exit_code_1(
    call: Call, arguments: list[str], expected: str
) -> None:
    said = call(*arguments)
    assert said.code == 1
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
    assert expected in said.err


@pytest.mark.parametrize("arguments", [["clear"], ["show", "no-such-run"], ["clear", "x", "-o"]])
def test_errors_are_json_too(call: Call, arguments: list[str]) -> None:
    said = call(*arguments, "--json")
    assert said.code == 1
    assert said.err == ""
    assert said.document["ok"] is False
    error = said.document["error"]
    assert (error["type"], error["exit_code"]) == ("InputError", 1)
    assert len(error["failures"]) == 1


def test_show(call: Call, folder: Path) -> None:
    said = call("show", folder)
    assert said.code == 0
    assert "32,892.43" in said.out
    assert "D-E" in said.out
    document = call("show", folder, "--json").document
    assert document["ok"] is True
    assert document["money"]["merchandising_surplus"] == pytest.approx(14957.29, abs=0.01)
    assert document["zones"][1]["lmp_load_weighted"] is None
    assert document["start"] == "2024-03-05T00:00:00-05:00"


def test_explain(call: Call, folder: Path) -> None:
    said = call("explain", folder, "--bus", "D", "--at", "00:00")
    assert said.code == 0
    for number in ("39.942736", "62.322042", "0.480452", "29.942736", "1.497137", "-0.497137"):
        assert number in said.out
    document = call("explain", folder, "--bus", "D", "--at", "00:00", "--json").document
    assert sum(term["amount"] for term in document["terms"]) == pytest.approx(39.942736)
    assert document["determined"] is True
    assert [(s["name"], s["kind"]) for s in document["setters"]] == [
        ("Solitude", "unit"),
        ("Brighton", "unit"),
    ]


def test_explain_mistakes(call: Call, folder: Path) -> None:
    said = call("explain", folder, "--bus", "d", "--at", "00:00")
    assert (said.code, said.err) == (
        1,
        "error: there is no bus 'd'; nearest of 5: D\n",
    )
    said = call("explain", folder, "--bus", "D", "--at", "09:00")
    assert said.code == 1
    assert "nearest of 1 interval starts: 2024-03-05T00:00:00-05:00" in said.err


def test_compare(call: Call, folder: Path, other: Path) -> None:
    assert call("compare", folder, folder).code == 0
    said = call("compare", folder, other, "--tolerance", "0.01")
    assert said.code == 3
    assert "beyond the tolerance of 0.01" in said.out
    assert "2024-03-05T00:00:00-05:00, C" in said.out
    assert call("compare", folder, other, "--tolerance", "0.05").code == 0
    said = call("compare", folder, other, "--json")
    assert said.code == 3
    assert said.document["ok"] is False
    prices = said.document["tables"][0]
    assert (prices["table"], prices["within"]) == ("prices", False)
    assert call("compare", folder, other, "--tolerance", "-1").code == 1


def test_export(call: Call, folder: Path, tmp_path: Path) -> None:
    said = call("export", folder, "--profile", "nyiso", "-o", tmp_path / "p.csv")
    assert (said.code, said.out) == (0, f"5 rows written to {tmp_path / 'p.csv'}\n")
    assert len(pd.read_csv(tmp_path / "p.csv")) == 5
    assert call("export", folder, "-o", tmp_path / "p.xlsx").code == 1


def test_plot(call: Call, folder: Path, tmp_path: Path) -> None:
    said = call("plot", folder, "-o", tmp_path / "figures", "--json")
    assert said.code == 0
    assert (tmp_path / "figures" / "lmp_map.html").is_file()
    assert said.document["pages"][0].endswith("index.html")
    again = call("plot", folder, "-o", tmp_path / "figures")
    assert again.code == 1
    assert "exists already" in again.err


def test_a_folder_that_was_changed(call: Call, run: Run, tmp_path: Path) -> None:
    run.write(tmp_path / "run")
    (tmp_path / "run" / "rulebook.toml").write_text("")
    said = call("show", tmp_path / "run")
    assert said.code == 1
    assert "1 failure\n" in said.err
    assert "rulebook.toml: the file has changed" in said.err


def test_check(call: Call, run: Run, tmp_path: Path) -> None:
    run.case.write(tmp_path / "case")
    said = call("check", tmp_path / "case")
    assert said.code == 0
    assert "no failures" in said.out
    assert call("check", tmp_path / "case", "--json").document["failures"] == []
    units = (tmp_path / "case" / "units.csv").read_text().splitlines()
    units[2] = units[2].replace(",A,", ",Z,")
    units[3] = units[3].replace("520", "-520")
    (tmp_path / "case" / "units.csv").write_text("\n".join(units) + "\n")
    said = call("check", tmp_path / "case")
    assert said.code == 1
    assert "units.csv row 3, bus" in said.err
    assert "units.csv row 4, p_max" in said.err
    document = call("check", tmp_path / "case", "--json").document
    places = {(f["row"], f["column"]) for f in document["error"]["failures"]}
    assert {(3, "bus"), (4, "p_max")} <= places


def test_a_reader_that_leaves_early(folder: Path) -> None:
    command = f"{sys.executable} -m counterflow.cli show {folder} --json | head -c 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert done.stdout == "{"
    assert done.stderr == ""


def test_a_real_process(folder: Path, other: Path) -> None:
    done = process(["compare", folder, other, "--json"])
    assert (done.returncode, done.stderr) == (3, "")
    assert json.loads(done.stdout)["ok"] is False


def test_a_bare_call_prints_the_help_as_it_is_laid_out(call: Call) -> None:
    said = call()
    assert said.code == 1
    assert said.out == ""
    assert "\nCommands:\n" in said.err
    assert "error:" not in said.err


def test_a_wrong_choice_names_the_choices_only(call: Call, tmp_path: Path) -> None:
    said = call("clear", "pjm5", "-o", tmp_path / "run", "--security", "n-2")
    assert said.code == 1
    assert said.err.strip() == (
        "error: Invalid value for '--security': 'n-2' is not one of 'none', 'n-1'."
    )


def test_a_date_of_a_case_without_dates_is_refused(call: Call, tmp_path: Path) -> None:
    said = call("import", "pglib/case5_pjm", tmp_path / "case", "--date", "2020-01-01")
    assert said.code == 1
    assert said.err.strip() == "error: --date is for rts-gmlc; pglib/case5_pjm has no dates"
    assert not (tmp_path / "case").exists()
