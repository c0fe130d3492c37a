"""A study that is stopped goes on; what failed says so, and what changed runs again."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import counterflow as cf
from counterflow.studies import work
from counterflow.studies.horizon import repeated
from counterflow.studies.ledger import alone
from counterflow.studies.runner import checked, preview
from tests.studies import tiny

DAYS = [dt.date(2024, 3, 4) + dt.timedelta(days=k) for k in range(3)]


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    for day in DAYS:
        repeated(tiny.spanning(), day).write(tmp_path / "cases" / str(day))
    return tmp_path / "cases"


def _content(cases: Path, **more: Any) -> dict[str, Any]:
    return {"name": "go-on", "days": {"source": str(cases), "chain": "rolling"}, **more}


def _bytes(folder: Path) -> dict[str, bytes]:
    tables = folder / "tables"
    return {str(p.relative_to(tables)): p.read_bytes() for p in tables.rglob("*.parquet")}


def _ids(made: cf.Study, status: str) -> list[str]:
    ledger = made.ledger
    return ledger.loc[ledger["status"] == status, "id"].tolist()


class _Stop(Exception):
    pass


def _stop_after(count: int) -> Any:
    heard: list[str] = []

    def tell(event: Mapping[str, Any]) -> None:
        heard.append(event["id"])
        if len(heard) == count:
            raise _Stop

    return tell


def test_stopped_at_every_step_it_goes_on(cases: Path, tmp_path: Path) -> None:
    whole = cf.study(_content(cases), output=tmp_path / "whole", processes=False)
    assert whole.failed.empty
    assert len(_ids(whole, "done")) == 6
    folder = tmp_path / "stopped"
    stops = 0
    while True:
        try:
            made = cf.study(
                _content(cases), output=folder, processes=False, progress=_stop_after(2)
            )
        except _Stop:
            stops += 1
            # What a step that was killed half way would leave behind.
            (folder / "runs/base/2024-03-06/clear").mkdir(parents=True, exist_ok=True)
            continue
        break
    assert stops >= 1
    assert made.failed.empty
    assert _bytes(folder) == _bytes(tmp_path / "whole")
    assert not list(folder.rglob("*.part"))


def test_nothing_to_do_starts_no_cluster(
    cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cf.study(_content(cases), output=tmp_path / "study", processes=False)

    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("a cluster was started")

    monkeypatch.setattr("counterflow.studies.runner.execute", refuse)
    again = cf.study(_content(cases), output=tmp_path / "study", processes=False)
    assert len(_ids(again, "done")) == 6


def test_a_step_whose_end_was_never_heard_of_is_not_done_again(
    cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "study"
    cf.study(_content(cases), output=folder, processes=False)
    with sqlite3.connect(folder / "ledger.sqlite") as base:
        base.execute("update tasks set status = 'planned'")
    monkeypatch.setattr("counterflow.studies.runner.execute", None)
    again = cf.study(_content(cases), output=folder, processes=False)
    assert len(_ids(again, "done")) == 6


@pytest.mark.slow
def test_a_failed_day_and_what_depends_on_it(
    cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, real = tmp_path / "study", work._WORK["clear"]

    def broken(folders: Any, step: Any, history: Any) -> Any:
        if step.day == DAYS[1] and step.scenario == "load-1.0":
            raise RuntimeError("no more luck")
        return real(folders, step, history)

    content = _content(cases, vary={"stress.load": [1.0, 0.5]})
    with monkeypatch.context() as patched:
        patched.setitem(work._WORK, "clear", broken)
        made = cf.study(content, output=folder, processes=False)
    assert _ids(made, "failed") == ["load-1.0/2024-03-05/clear"]
    assert _ids(made, "blocked") == ["load-1.0/2024-03-06/clear"]
    assert "no more luck" in made.failed["error"][0]
    assert made.failed["error"][1] == "needs load-1.0/2024-03-05/clear failed"
    assert made.run("load-0.5", str(DAYS[2])).manifest["status"] == "optimal"
    assert cf.read_case(folder / "runs/load-1.0/2024-03-05/import").meta.start.date() == DAYS[1]
    with pytest.raises(cf.CheckFailed, match="no more luck"):
        checked(made)
    monkeypatch.setattr("counterflow.studies.runner.execute", None)
    assert _ids(cf.study(content, output=folder, processes=False), "failed")
    monkeypatch.undo()
    again = cf.study(content, output=folder, processes=False, retry_failed=True)
    assert again.failed.empty
    assert len(_ids(again, "done")) == 12


@pytest.mark.slow
def test_a_changed_day_runs_again_with_what_follows(cases: Path, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    before = cf.study(_content(cases), output=folder, processes=False)
    first = before.run("base", str(DAYS[0])).id
    old = before.run("base", str(DAYS[1])).id
    case = cf.read_case(cases / str(DAYS[1]))
    shutil.rmtree(cases / str(DAYS[1]))
    case.replace(demand=case.demand.assign(L=90.0)).write(cases / str(DAYS[1]))
    table = preview(_content(cases), folder).set_index("step")
    assert table["to_do"].to_dict() == {"import": 1, "clear": 2}
    done: list[str] = []
    after = cf.study(
        _content(cases), output=folder, processes=False, progress=lambda e: done.append(e["id"])
    )
    assert sorted(done) == [
        "base/2024-03-05/clear",
        "base/2024-03-05/import",
        "base/2024-03-06/clear",
    ]
    assert after.run("base", str(DAYS[0])).id == first
    # 12 hours of 20 MW at 50 and 70 at 10, then 90 MW at 10.
    hand = 12 * (20 * 50 + 70 * 10) + 12 * 90 * 10
    assert after.run("base", str(DAYS[1])).objective == pytest.approx(hand)
    aside = list((folder / "superseded/base/2024-03-05").glob("clear-*"))
    assert [cf.Run.read(path).id for path in aside] == [old]
    assert len(after.table("runs")) == 3


@pytest.mark.slow
def test_steps_of_another_study_are_taken_over(
    cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = cf.study(_content(cases), output=tmp_path / "one", processes=False)
    content = _content(cases) | {"name": "other"}

    def refuse(folders: Any, step: Any, history: Any) -> None:
        raise AssertionError("was done again")

    for kind in ("import", "clear"):
        monkeypatch.setitem(work._WORK, kind, refuse)
    second = cf.study(content, output=tmp_path / "two", processes=False, reuse=first.folder)
    assert second.failed.empty
    assert _bytes(second.folder) == _bytes(first.folder)


def test_scenarios_with_the_same_clearing_clear_once(cases: Path, tmp_path: Path) -> None:
    content = _content(
        cases,
        mitigate={"rulebooks": ["default"]},
        vary={"mitigation.conduct.energy.percent": [100.0, 300.0]},
    )
    content["days"] |= {"end": DAYS[0]}
    table = preview(content, tmp_path / "none").set_index("step")
    # An import, a clearing and a mitigation in each of two scenarios; one clearing is taken over.
    assert table["steps"].to_dict() == {"import": 2, "clear": 2, "mitigate": 2}
    assert table["solves"].to_dict() == {"import": 0, "clear": 1, "mitigate": 2}
    assert not (tmp_path / "none").exists()


def test_two_processes_cannot_work_on_one_study(cases: Path, tmp_path: Path) -> None:
    with alone(tmp_path / "study"), pytest.raises(cf.errors.InputError, match="another process"):
        cf.study(_content(cases), output=tmp_path / "study", processes=False)


def test_a_folder_of_another_study_is_refused(cases: Path, tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study/study.json").write_text('{"name": "winter"}')
    with pytest.raises(cf.errors.InputError, match="holds the study winter, not go-on"):
        cf.study(_content(cases), output=tmp_path / "study", processes=False)


def test_a_scheduler_that_does_not_answer(
    cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("counterflow.studies.execute._ANSWER_SECONDS", 0.5)
    with pytest.raises(cf.errors.InputError, match="does not answer"):
        cf.study(_content(cases), output=tmp_path / "study", scheduler="tcp://127.0.0.1:9")
