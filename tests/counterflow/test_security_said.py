"""Contingencies that a clearing leaves out are said; the case may say what holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from cases import read_case
from clearing import clear
from counterflow.cli import invoke
from tests.cases.small import CASE_TOML, write_files

CONTINGENCIES = "contingency,kind,element\nO,branch,AC\nP,branch,BC\n"


def day(folder: Path, header: str = "") -> Path:
    return write_files(
        folder, {"contingencies.csv": CONTINGENCIES, "case.toml": CASE_TOML + header}
    )


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert invoke(["clear", *arguments]) == 0
    return [line for line in capsys.readouterr().out.splitlines() if "security none" in line]


def test_contingencies_left_out_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(day(tmp_path / "day"))
    line = "security none: 2 contingencies of the case not secured against; --security n-1 does"
    assert said(capsys, folder) == [line]
    assert said(capsys, folder, "--security", "none") == [line]
    assert said(capsys, folder, "--security", "n-1") == []


def test_the_case_says_what_is_secured_against(tmp_path: Path) -> None:
    case = read_case(day(tmp_path / "day", 'security = "n-1"\n'))
    assert clear(case).settings["security"] == "n-1"
    assert clear(case, security="none").settings["security"] == "none"
    case.write(tmp_path / "again")
    assert read_case(tmp_path / "again") == case
    plain = read_case(day(tmp_path / "plain"))
    assert clear(plain).settings["security"] == "none"
    assert plain.hash != case.hash
