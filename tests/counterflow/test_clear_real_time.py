"""`counterflow clear` of the whole market: commitment, its limits, real time; `show --table`."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import clearing
import counterflow as cf
from cases import Case, Proof, Run
from counterflow import console
from tests.counterflow.test_cli import Call, call

__all__ = ["call"]

START = pd.Timestamp("2024-01-01", tz="UTC")


def market(demand: list[float], minutes: int) -> Case:
    """One bus; coal must be started for 100, gas runs already; 10 MW of reserve are asked for."""
    starts = pd.date_range(START, periods=len(demand), freq=f"{minutes}min")
    tables = {
        "buses": pd.DataFrame({"bus": ["A"]}),
        "units": pd.DataFrame(
            {
                "unit": ["coal", "gas"],
                "bus": "A",
                "p_max": [100.0, 100.0],
                "initial_hours": [-9.0, 9.0],
            }
        ),
        "offers": pd.DataFrame(
            {"unit": ["coal", "gas"], "segment": 1, "mw": 100.0, "price": [20.0, 50.0]}
        ),
        "commitment_offers": pd.DataFrame(
            {"unit": ["coal"], "component": ["startup"], "price": [100.0]}
        ),
        "loads": pd.DataFrame({"load": ["L"], "bus": ["A"]}),
        "demand": pd.DataFrame({"interval_start": starts, "L": demand}),
        "reserve_products": pd.DataFrame(
            {"product": ["spin"], "direction": ["up"], "minutes": [10.0]}
        ),
        "reserve_requirements": pd.DataFrame({"product": ["spin"], "mw": [10.0]}),
        "reserve_offers": pd.DataFrame(
            {"unit": ["coal", "gas"], "product": "spin", "mw": 50.0, "price": [1.0, 2.0]}
        ),
    }
    meta = {
        "name": "small",
        "start": START.to_pydatetime(),
        "intervals": len(demand),
        "interval_minutes": minutes,
    }
    return Case.build(meta, tables)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("markets")
    market([80.0], 60).write(path / "da")
    market([70.0, 85.0, 75.0, 60.0], 15).write(path / "rt")
    cf.clear(market([80.0], 60)).write(path / "ahead")
    return path


def test_a_commitment_is_summed_up(call: Call, folder: Path, tmp_path: Path) -> None:
    said = call("clear", folder / "da", "-o", tmp_path / "run")
    assert said.code == 0
    # Coal saves 30 x 80 for a start of 100; gas costs nothing to be on.
    assert "1 unit started (1 start, " in said.out
    assert "Reserves" in said.out
    items = {row["item"]: row["amount"] for row in call(
        "clear", folder / "da", "--json").document["breakdown"]}  # fmt: skip
    # 80 MWh at 20, a start of 100, 10 MW of spin at 1.
    assert (items["energy"], items["reserves"], items["objective"]) == (1600.0, 10.0, 1710.0)
    states = call("clear", folder / "da", "--json").document["commitment"]
    # Coal sells 80 MWh at its offer, 20: only 10 MW of spin at 1 pay for its start of 100.
    assert (states["starts"], states["guarantees"]) == (1, 90.0)
    without = call("clear", folder / "da", "--no-commitment", "--json").document
    assert without["commitment"] is None


def test_real_time_at_the_command_line(call: Call, folder: Path, tmp_path: Path) -> None:
    said = call(
        "clear", folder / "rt", "--market", "rt", "--commitment-from", folder / "ahead",
        "-o", tmp_path / "rt", "--json",
    )  # fmt: skip
    assert said.code == 0
    run, ahead = Run.read(tmp_path / "rt"), Run.read(folder / "ahead")
    assert run.settings["market"] == "rt"
    assert run.manifest["parent"] == ahead.id
    assert run.prices["lmp"].tolist() == pytest.approx([20.0] * 4)
    assert said.document["commitment"]["from"] == ahead.id
    settled = call("settle", folder / "ahead", "--real-time", tmp_path / "rt", "-o", tmp_path / "s")
    assert settled.code == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--market", "rt"], "--market rt needs --commitment-from RUN"),
        (["--commitment-from", "AHEAD", "--no-commitment"], "leave out --no-commitment"),
        (["--commitment-from", "AHEAD", "--market", "da"], "is for --market rt, not da"),
        (["--commitment-from", "AHEAD", "--gap", "0.1"], "takes one over"),
        (["--commitment-from", "nowhere"], "nowhere"),
        (["--gap", "1.5"], "--gap expects a fraction"),
        (["--time-limit", "0"], "--time-limit expects seconds above 0"),
    ],
)
def test_options_that_do_not_fit(
    call: Call, folder: Path, arguments: list[str], expected: str
) -> None:
    given = [str(folder / "ahead") if text == "AHEAD" else text for text in arguments]
    said = call("clear", folder / "rt", *given)
    assert (said.code, said.out) == (1, "")
    assert expected in said.err
    assert said.err.count("\n") == 1


def test_a_run_that_does_not_match(call: Call, folder: Path) -> None:
    said = call("clear", "pjm5", "--commitment-from", folder / "ahead")
    assert said.code == 1
    assert "the run has no unit" in said.err
    assert "lie in no interval of the run" in said.err


def test_a_limit_is_a_warning_with_its_gap(
    call: Call, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = cf.clear(market([80.0], 60))
    text = "the commitment was stopped by a limit: proven to lie within 3.0000 % of the best"

    def limited(*args: object, **options: object) -> Run:
        proof = Proof("commitment", 0.03, None, "time_limit")
        manifest: dict[str, Any] = {**made.stated, "status": "limit", **proof.stated()}
        manifest["warnings"] = [text]
        return Run(manifest, made.tables, made.case, made.rulebook)

    monkeypatch.setattr(clearing, "clear", limited)
    said = call("clear", folder / "da", "-o", tmp_path / "run")
    assert said.code == 0
    assert "status: limit, proven gap 3.0000%" in said.out
    assert text in said.err
    refused = call("mitigate", tmp_path / "run", "-o", tmp_path / "mitigated")
    assert refused.code == 1
    assert "limit" in refused.err


def test_tables_of_a_run(call: Call, folder: Path) -> None:
    said = call("show", folder / "ahead", "--table", "reserves")
    assert said.code == 0
    assert "spin" in said.out
    rows = call("show", folder / "ahead", "--table", "dispatch", "--json").document["rows"]
    assert [row["unit"] for row in rows] == ["coal", "gas"]
    assert call("show", folder / "ahead", "--table", "slacks").out == "slacks: no rows\n"
    wrong = call("show", folder / "ahead", "--table", "reserve")
    assert wrong.code == 1
    assert "no run has a table reserve" in wrong.err


def test_progress_shows_day_stage_pass_and_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    event = {"stage": "commitment", "day": "2024-01-01", "pass": 2, "gap": 0.0123}
    assert console.progress_text(event, 4.2) == (
        "commitment  day 2024-01-01  pass 2  gap 1.230%  4 s"
    )
    event["gap"] = float("inf")
    assert "gap" not in console.progress_text(event, 4.2)
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    with console.progress_line() as line:
        line(event)
    assert written.getvalue() == ""
