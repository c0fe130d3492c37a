"""Why there is no clearing travels with the error; a limit is never told as infeasibility."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

import counterflow as cf
from cases import Case, InputError, NoClearing
from clearing.commit.program import CommitmentProgram
from clearing.program import solver
from counterflow.cli import invoke

HOURS = pd.date_range("2030-03-05T00:00:00Z", periods=5, freq="h")
SHORT = [0.001, 0.05, 0.3, 10.0]
LONG = [0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0]


def stuck() -> Case:
    """A must be off in one hour between two of its own schedule, and stay off for three."""
    tables = {
        "buses": {"bus": ["b"]},
        "units": {"unit": ["A"], "bus": "b", "p_min": 20.0, "p_max": 100.0, "min_down": 3.0},
        "offers": {"unit": ["A"], "segment": 1, "mw": 100.0, "price": 10.0},
        "commitment_offers": {"unit": ["A"], "component": ["startup"], "price": [100.0]},
        "self_schedules": {"interval_start": HOURS, "A": [30.0, 0.0, 30.0, 30.0, 30.0]},
        "loads": {"load": ["L"], "bus": ["b"]},
        "demand": {"interval_start": HOURS, "L": [100.0] * 5},
    }
    meta = {"name": "stuck", "start": HOURS[0].isoformat(), "intervals": len(HOURS)}
    return Case.build(meta, {name: pd.DataFrame(table) for name, table in tables.items()})


def swept(case: Case, limits: list[float]) -> list[str]:
    """Clear a day that has a schedule within each limit; how each ended."""
    ended = []
    for limit in limits:
        begin = time.perf_counter()
        try:
            run = cf.clear(case, time_limit=limit)
        except NoClearing as error:
            ended.append(error.reason)
            assert error.reason == "limit"
            assert error.conflicts == ()
            assert "time limit" in error.message
        else:
            ended.append(run.manifest["status"])
            proof, objective = run.manifest["proof"], run.objective
            if run.manifest["status"] == "limit":
                assert proof["stopped_by"] in ("time_limit", "difference", "rounds")
                assert proof["gap"] is None or proof["gap"] > run.rulebook.solver.gap
            else:
                assert proof["stopped_by"] == ""
                assert proof["gap"] <= run.rulebook.solver.gap
            assert proof["bound"] is None or proof["bound"] <= objective + 1e-6 * abs(objective)
        # Generous: building, tables and checks have no limit, and machines are busy.
        assert time.perf_counter() - begin < 3.0 * limit + 60.0
    return ended


def test_a_limit_is_told_as_a_limit() -> None:
    ended = swept(cf.read_case("pjm5"), SHORT)
    assert ended[0] == "limit"
    assert ended[-1] == "optimal"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pjm5", "pglib-uc/ca/2014-09-01_reserves_3"])
def test_no_limit_is_told_as_infeasible(name: str) -> None:
    ended = swept(cf.read_case(name), LONG)
    assert ended[0] == "limit"


def test_proven_infeasibility_is_explained() -> None:
    with pytest.raises(NoClearing) as told:
        cf.clear(stuck(), time_limit=30.0)
    assert told.value.reason == "infeasible"
    assert any(name.startswith("minimum_down[A,") for name in told.value.conflicts)


def test_an_infeasible_day_without_time_is_a_limit() -> None:
    with pytest.raises(NoClearing) as told:
        cf.clear(stuck(), time_limit=1e-6)
    assert (told.value.reason, told.value.conflicts) == ("limit", ())


def test_conflicts_are_not_looked_for_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    found = CommitmentProgram.explain

    def late(program: CommitmentProgram) -> NoClearing:
        program.live.deadline = time.perf_counter()
        return found(program)

    monkeypatch.setattr(CommitmentProgram, "explain", late)
    with pytest.raises(NoClearing, match="ended before those in conflict were found") as told:
        cf.clear(stuck())
    assert (told.value.reason, told.value.conflicts) == ("infeasible", ())


def test_a_schedule_that_was_found_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search ends after its first schedule: what is known of it is said, nothing more."""
    case, whole = cf.read_case("pjm5"), CommitmentProgram.solve

    def one(self: CommitmentProgram, gap: float, **options: object) -> object:
        if options.get("near") is None:
            self.ended = "limit"
            return None
        return whole(self, gap, **options)  # type: ignore[arg-type]

    best = cf.clear(case).objective
    monkeypatch.setattr(CommitmentProgram, "solve", one)
    run = cf.clear(case, gap=0.0)
    proof = run.manifest["proof"]
    assert run.objective >= best * (1 - 1e-9)
    if run.manifest["status"] == "limit":
        assert proof["stopped_by"] == "time_limit"
        assert proof["gap"] == pytest.approx(1 - proof["bound"] / run.objective, rel=1e-5)


def test_a_failing_solver_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(self: CommitmentProgram, gap: float, **options: object) -> None:
        self.ended = "solver_error"

    monkeypatch.setattr(CommitmentProgram, "solve", failing)
    with pytest.raises(NoClearing, match="the solver failed") as told:
        cf.clear(cf.read_case("pjm5"))
    assert told.value.reason == "solver_error"


def test_too_many_threads_are_an_input_error() -> None:
    with pytest.raises(InputError, match=r"solver\.threads"):
        cf.clear(cf.read_case("pjm5"), settings={"solver.threads": 1_000_000})


def test_threads_may_change_within_a_process() -> None:
    case = cf.read_case("pjm5")
    runs = [cf.clear(case, settings={"solver.threads": n}) for n in (1, 2, 1)]
    assert np.ptp([run.objective for run in runs]) <= 0.01 * runs[0].objective


def test_the_solver_says_why_it_ended() -> None:
    """x >= 1 and x <= 0; a cost without end; nothing wrong; no program at all."""
    for low, high, cost, ended in (
        (1.0, 0.0, 0.0, "infeasible"),
        (-np.inf, 0.0, 1.0, "solver_error"),
        (0.0, 1.0, 1.0, "optimal"),
    ):
        highs = solver.quiet()
        highs.setOptionValue("presolve", "off")
        highs.addVars(1, np.array([-np.inf]), np.array([np.inf]))
        highs.changeColsCost(1, np.array([0], dtype=np.int32), np.array([cost]))
        one, none = np.array([1.0]), np.array([0], dtype=np.int32)
        highs.addRows(1, np.array([low]), np.array([np.inf]), 1, none, none, one)
        highs.addRows(1, np.array([-np.inf]), np.array([high]), 1, none, none, one)
        assert solver.run(highs) == ended


def test_the_reason_survives_another_process_and_is_in_the_json(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = pickle.loads(pickle.dumps(NoClearing("late", ["a"], reason="limit")))
    assert (error.message, error.conflicts, error.reason) == ("late", ("a",), "limit")
    assert invoke(["clear", "pjm5", "--time-limit", "0.001", "--json"]) == 2
    told = json.loads(capsys.readouterr().out)["error"]
    assert (told["reason"], told["exit_code"]) == ("limit", 2)
    assert invoke(["clear", "pjm5", "--time-limit", "0.001"]) == 2
    assert "time limit ended before a schedule was found" in capsys.readouterr().err


def test_a_rerun_has_the_limit_of_its_own_rules() -> None:
    """A first clearing leaves no deadline behind that a later rerun would run into."""
    run = cf.clear(cf.read_case("pjm5"), time_limit=20.0)
    assert run.model.session.live.deadline == np.inf
    again = cf.mitigate(run)
    assert again.manifest["parent"] == run.id


def test_the_solver_writes_nothing_to_standard_output() -> None:
    """As a process: what a library writes from C never passes through Python's own stream."""
    command = [sys.executable, "-m", "counterflow", "clear", "pjm5", "--json"]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(said.stdout)["ok"] is True
    script = (
        "import numpy as np\nfrom clearing.program import solver\n"
        "h = solver.quiet()\nh.setOptionValue('threads', 1)\n"
        "h.addVars(1, np.array([0.0]), np.array([1.0]))\nsolver.run(h)\n"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (said.returncode, said.stdout) == (0, "")
