"""What people and machines read."""

import io
import json
import sys

import numpy as np
import pandas as pd
import pytest

from cases.errors import CheckFailed, Failure, InputError, NoClearing
from counterflow import console


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234.567, "1,234.57"),
        (-0.001, "0.00"),
        (float("nan"), ""),
        (None, ""),
        (True, "yes"),
        (np.int64(1234), "1,234"),
        ("x", "x"),
    ],
)
def test_numbers(value: object, text: str) -> None:
    assert console.number(value) == text


def test_json_values(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_json(
        {
            "nan": float("nan"),
            "inf": np.inf,
            "nat": pd.NaT,
            "time": pd.Timestamp("2024-03-10T01:00-05:00"),
            "table": pd.DataFrame({"a": [1, 2], "b": [np.nan, 0.5]}),
            "flag": np.True_,
            "text": "\u00fc",
        }
    )
    assert json.loads(capsys.readouterr().out) == {
        "nan": None,
        "inf": None,
        "nat": None,
        "time": "2024-03-10T01:00:00-05:00",
        "table": [{"a": 1, "b": None}, {"a": 2, "b": 0.5}],
        "flag": True,
        "text": "\u00fc",
    }


def test_names_with_brackets_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    rows = pd.DataFrame({"bus": ["[red]A[/red]"], "lmp": [1.0]})
    console.out().print(console.table(rows, "Prices [per bus]", {"bus": "bus", "lmp": "LMP [x]"}))
    text = capsys.readouterr().out
    assert "[red]A[/red]" in text
    assert "Prices [per bus]" in text
    assert "LMP [x]" in text


def test_long_rows_are_not_cut_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    rows = pd.DataFrame({"constraint": ["x" * 150], "contingency": ["y" * 150]})
    console.out().print(console.table(rows, "", {c: c for c in rows}))
    assert f"{'x' * 150}  {'y' * 150}" in capsys.readouterr().out


def test_errors_as_documents() -> None:
    failure = Failure("units.csv", 3, "p_min", "p_min_above_p_max", "p_min must not exceed p_max")
    found = console.error_document(InputError([failure]))["error"]
    assert found["failures"] == [
        {
            "file": "units.csv",
            "row": 3,
            "column": "p_min",
            "rule": "p_min_above_p_max",
            "message": "p_min must not exceed p_max",
        }
    ]
    found = console.error_document(NoClearing("no clearing", ["A-B limit", "D-E limit"]))["error"]
    assert (found["exit_code"], found["conflicts"]) == (2, ["A-B limit", "D-E limit"])
    found = console.error_document(CheckFailed(["balance at 17:00"]))["error"]
    assert (found["exit_code"], found["failures"]) == (3, ["balance at 17:00"])


def test_errors_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_error(NoClearing("no clearing", ["A-B limit"]))
    assert capsys.readouterr().err == "error: no clearing\n  A-B limit\n"
    failure = Failure("units.csv", 3, "p_min", "p_min_above_p_max", "p_min must not exceed p_max")
    console.print_error(InputError([failure]))
    assert capsys.readouterr().err == (
        "1 failure\n  units.csv row 3, p_min: p_min must not exceed p_max  (p_min_above_p_max)\n"
    )


def test_progress_is_silent_when_not_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with console.progress_line() as progress:
        progress({"stage": "network pass", "pass": 3})
    assert capsys.readouterr().err == ""


def test_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", screen)
    with console.progress_line() as progress:
        progress({"stage": "network pass", "pass": 3, "rows": 1200, "gap": 0.0012, "seconds": 1.2})
    assert "network pass" in screen.getvalue()


def test_progress_text() -> None:
    event = {"stage": "network pass", "pass": 3, "rows": 1200, "gap": None, "seconds": 1.2}
    assert console.progress_text(event, 2.0) == "network pass  pass 3  1,200 rows  2 s"
    event = {"stage": "commitment", "day": 2, "gap": 0.0012}
    assert console.progress_text(event, 65.0) == "commitment  day 2  gap 0.120%  65 s"
