"""The runs of a study that a month is settled from, and the tables that its days were settled with.

A day counts as it was cleared, with the real time of that; under the name of a rulebook the
mitigated run is the rerun of the cleared one, and its own real time counts.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cases import InputError, Run
from cases.files.convert import nearest
from counterflow.studies.folders import Folders

__all__ = ["StudyRuns", "is_study", "study_runs"]

_ONE_DAY = dt.timedelta(days=1)
_TABLES = ("contracts", "futures", "rights")


@dataclass(frozen=True)
class StudyRuns:
    """Runs of a month, and the files of the study's own tables by name."""

    runs: list[Run]
    versions: dict[str, str]
    """Run id -> initial or rerun."""
    tables: dict[str, Path]


def is_study(path: Path) -> bool:
    """Whether a folder is that of a study."""
    return (path / "study.json").is_file()


def study_runs(
    folder: str | Path, month: str | None, *, scenario: str | None = None, rulebook: str = ""
) -> StudyRuns:
    """Runs of the days of a month, and of the day before it, which may reach into it.

    Those of all days of the study where no month is named.

    Parameters
    ----------
    folder
        Folder of a study.
    month
        Written like 2016-10; None: all days.
    scenario
        Whose runs; may be left out where the study has one.
    rulebook
        Name of a mitigation: its runs are the reruns of the cleared ones. Blank: as cleared.

    Raises
    ------
    InputError
        No study, no such scenario or rulebook, or several scenarios and none named.
    """
    path = Path(folder)
    if not is_study(path):
        raise _bad("no_study", f"{path} is not the folder of a study")
    told: dict[str, Any] = json.loads((path / "study.json").read_text("utf-8"))
    name = _scenario(told["scenarios"], scenario)
    folders = Folders(path)
    steps = ["clear", f"mitigate.{rulebook}"] if rulebook else ["clear"]
    if rulebook:
        _check_rulebook(path / "runs" / name, rulebook)
    runs: list[Run] = []
    versions: dict[str, str] = {}
    days = map(dt.date.fromisoformat, told["days"]) if month is None else _days(month)
    for day in days:
        made = [run for step in steps if (run := _finished(folders, f"{name}/{day}/{step}"))]
        if len(made) < len(steps):
            continue
        for run, version in zip(made, ("initial", "rerun"), strict=False):
            versions[run.id] = version
        real_time = f"{name}/{day}/real_time{f'.{rulebook}' if rulebook else ''}"
        actual = _finished(folders, real_time)
        runs += [*made, *([] if actual is None else [actual])]
    return StudyRuns(runs, versions, _tables(told))


def _scenario(known: dict[str, Any], wanted: str | None) -> str:
    names = list(known)
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted is None:
        raise _bad("scenario", f"the study has several scenarios, name one: {', '.join(names)}")
    if wanted not in known:
        raise _bad("scenario", f"the study has no scenario {wanted!r}{nearest(wanted, names)}")
    return wanted


def _check_rulebook(folder: Path, rulebook: str) -> None:
    found = sorted({p.name.removeprefix("mitigate.") for p in folder.glob("*/mitigate.*")
                    if p.is_dir()})  # fmt: skip
    if rulebook not in found:
        message = f"no day of the scenario was mitigated by {rulebook!r}{nearest(rulebook, found)}"
        raise _bad("rulebook", message)


def _days(month: str) -> Iterator[dt.date]:
    try:
        first = dt.date.fromisoformat(f"{month}-01")
    except ValueError:
        raise _bad("month", f"a month is written like 2016-10, not {month!r}") from None
    day = first - _ONE_DAY
    while day < first or day.month == first.month:
        yield day
        day += _ONE_DAY


def _finished(folders: Folders, step: str) -> Run | None:
    """The run of a step that is finished; its marker is written last."""
    if not folders.marker(step).is_file() or not folders.run(step).is_dir():
        return None
    return Run.read(folders.run(step))


def _tables(told: dict[str, Any]) -> dict[str, Path]:
    """Files of the tables that the study's days were settled with.

    Their paths were relative to the study's own file, which may lie elsewhere by now: one that is
    not there is refused when it is looked for, never left out.
    """
    settled = told["study"].get("settle") or {}
    return {name: Path(settled[name]) for name in _TABLES if settled.get(name)}


def _bad(rule: str, message: str) -> InputError:
    return InputError.one("", None, None, rule, message)
