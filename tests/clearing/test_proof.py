"""What a run says is proven: for which problem, and never a bound above a known schedule."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import cases
import clearing
import counterflow as cf
from cases import Case, Proof, Run
from clearing.commit.schedule import Schedule
from counterflow.commands.show import commitment_text

START = pd.Timestamp("2024-05-01T00:00", tz="UTC")
FALSE_OPTIMUM = Path(__file__).parent / "false_optimum"
OPTIMUM, CALLED_OPTIMUM = 6225.4375, 6699.725
"""The best schedule of that day, and what HiGHS 1.14.0 to 1.15.1 with presolve proved instead.

Of an independent program of the same day: ERGO-Code/HiGHS#3043.
"""


def day(prices: dict[str, float], startup: float = 500.0) -> Case:
    """Base and Peak of 100 MW each, Peak's start paid; 50 then 150 MW."""
    starts = pd.date_range(START, periods=2, freq="h")
    return Case.build(
        {"name": "proof", "timezone": "UTC", "start": START, "intervals": 2},
        {
            "buses": pd.DataFrame({"bus": ["X"]}),
            "units": pd.DataFrame(
                {"unit": list(prices), "bus": "X", "p_min": 10.0, "p_max": 100.0,
                 "initial_hours": [10.0, -10.0]}
            ),
            "offers": pd.DataFrame(
                {"unit": list(prices), "segment": 1, "mw": 100.0, "price": list(prices.values())}
            ),
            "commitment_offers": pd.DataFrame(
                {"unit": ["Peak"], "component": ["startup"], "price": [startup]}
            ),
            "loads": pd.DataFrame({"load": ["L"], "bus": ["X"]}),
            "demand": pd.DataFrame({"interval_start": starts, "L": [50.0, 150.0]}),
        },
    )  # fmt: skip


def proof(run: Run) -> dict[str, Any]:
    found: dict[str, Any] = run.manifest["proof"]
    assert run.manifest["gap"] == found["gap"]
    return found


def test_a_commitment_has_gap_and_bound() -> None:
    """Base at 20 alone, then both: 50 x 20 + 100 x 20 + 50 x 30 + 500 for the start."""
    run = clearing.clear(day({"Base": 20.0, "Peak": 30.0}), gap=0.0)
    assert run.objective == pytest.approx(5000.0)
    assert proof(run) == {
        "problem": "commitment",
        "gap": 0.0,
        "bound": pytest.approx(5000.0),
        "stopped_by": "",
        "freed": [],
    }


def test_without_commitment_it_is_a_dispatch() -> None:
    run = clearing.clear(day({"Base": 20.0, "Peak": 30.0}), commitment=False)
    found = proof(run)
    assert (found["problem"], found["gap"]) == ("dispatch", 0.0)
    assert found["bound"] == run.objective


def test_a_commitment_that_was_taken_over_proves_nothing() -> None:
    """With Base at 200 Peak alone would do in the first hour: 50 x 30 + 500 < 50 x 200.

    Held, Base gives 50 MW first and at least 10 later: 50 x 200 + 100 x 30 + 50 x 200 + 500.
    """
    run = clearing.clear(day({"Base": 20.0, "Peak": 30.0}), gap=0.0)
    dear = day({"Base": 200.0, "Peak": 30.0})
    held = clearing.reclear(run, dear)
    assert held.objective == pytest.approx(23500.0)
    assert proof(held) == {
        "problem": "commitment_held",
        "gap": None,
        "bound": None,
        "stopped_by": "",
        "freed": [],
    }
    assert Proof.of(held.manifest).text("$") == "commitment held; not proven"
    anew = clearing.recommit(run, dear)
    assert anew.objective == pytest.approx(50 * 30 + 100 * 30 + 50 * 200 + 500)
    assert anew.objective < held.objective
    assert proof(anew)["problem"] == "commitment"


def test_show_and_compare_say_what_is_held() -> None:
    run = clearing.clear(day({"Base": 20.0, "Peak": 30.0}), gap=0.0)
    held = clearing.reclear(run, day({"Base": 200.0, "Peak": 30.0}))
    told = commitment_text(cf.summarize(held))
    assert told is not None
    assert "commitment held; not proven" in told
    assert "gap" not in told
    assert "gap 0.0000%, bound $ 5,000.00" in (commitment_text(cf.summarize(run)) or "")
    (note,) = (text for text in cf.compare(run, held).notes if "gap" in text)
    assert note.startswith("A: gap 0.0000%, bound $ 5,000.00; B: commitment held; not proven;")


def test_real_time_holds_the_commitment() -> None:
    case = day({"Base": 20.0, "Peak": 30.0})
    real = clearing.clear(case, commitment_from=clearing.clear(case))
    assert (proof(real)["problem"], proof(real)["gap"]) == ("commitment_held", None)


def test_the_day_that_was_proven_wrong() -> None:
    run = clearing.clear(cases.read_case(FALSE_OPTIMUM), gap=0.0)
    assert run.objective == pytest.approx(OPTIMUM, abs=1e-3)
    assert proof(run)["bound"] <= OPTIMUM * (1 + 1e-9)
    assert run.events[-1] and not any(e["event"] == "false bound" for e in run.events)


def falsely_proven(monkeypatch: pytest.MonkeyPatch, always: bool = False) -> None:
    """Let the solver prove what it proved of that day, with presolve or always."""
    real = Schedule.of

    def wrong(highs: Any, lp: Any) -> Schedule | None:
        found = real(highs, lp)
        if found is None or (highs.getOptionValue("presolve")[1] == "off" and not always):
            return found
        claim = found.bound * CALLED_OPTIMUM / OPTIMUM
        return replace(found, bound=claim, claimed=claim, finished=True)

    monkeypatch.setattr(Schedule, "of", wrong)


def test_a_bound_above_a_schedule_is_proven_again_without_presolve(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    falsely_proven(monkeypatch)
    run = clearing.clear(cases.read_case(FALSE_OPTIMUM), gap=0.0)
    assert run.objective == pytest.approx(OPTIMUM, abs=1e-3)
    found = proof(run)
    assert 0.0 <= found["gap"] <= 1e-6
    assert found["bound"] == pytest.approx(OPTIMUM, rel=1e-6)
    (event,) = (e for e in run.events if e["event"] == "false bound")
    assert event["bound"] > event["objective"]
    assert any("again without presolve" in text for text in run.manifest["warnings"])


def test_a_bound_that_stays_above_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    falsely_proven(monkeypatch, always=True)
    run = clearing.clear(cases.read_case(FALSE_OPTIMUM), gap=0.0)
    found = proof(run)
    assert found["gap"] == pytest.approx(1 - CALLED_OPTIMUM / OPTIMUM, rel=1e-3)
    assert found["gap"] < -0.07
    assert any("it proves nothing" in text for text in run.manifest["warnings"])
    said = Proof.of(run.manifest).text("$")
    assert said.startswith("not proven: the bound lies 7.62e-02 of the cost above it")
    assert Proof.of(run.manifest).open_money(run.objective) == 0.0


@pytest.mark.parametrize(
    ("stated", "text"),
    [
        (Proof("commitment", 0.0123, 98.77), "gap 1.2300%, bound $ 98.77"),
        (Proof("commitment", 0.5, None, "time_limit"), "gap 50.0000%, stopped by time_limit"),
        (
            Proof("commitment_local", 0.0, 7.0, "", ("A", "B")),
            "gap 0.0000%, bound $ 7.00 over the states of 2 units, all others held",
        ),
        (Proof("commitment"), "not proven"),
        (Proof("dispatch", 0.0, 5.0), "gap 0.0000%, bound $ 5.00"),
    ],
)
def test_words(stated: Proof, text: str) -> None:
    assert stated.text("$") == text
    assert Proof.of(stated.stated()) == stated


def test_a_manifest_without_a_proof_has_its_gap_alone() -> None:
    assert Proof.of({"gap": 0.2}) == Proof("", 0.2)
    assert Proof.of({"gap": 0.2}).open_money(50.0) == pytest.approx(10.0)
    assert Proof.of({"gap": np.nan}) == Proof("")
