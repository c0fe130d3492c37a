"""The look-back of a mitigation: earlier days of the study, from its tables by date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache, partial

import pandas as pd

from cases import Case, RuleBook, Run, read_case
from cases.run_folder import read_events, read_manifest
from cases.tables.schema import RUN_TABLES
from counterflow.studies.folders import Folders
from counterflow.studies.plan import Step
from counterflow.studies.tables import of_day, read_days

__all__ = ["earlier_runs"]


class _Tables:
    """Tables of several days of one step and rulebook, each read once, when it is asked for."""

    def __init__(self, folders: Folders, steps: Sequence[Step]) -> None:
        self._folders, self._steps = folders, steps
        self._read: dict[str, pd.DataFrame] = {}

    def of(self, name: str, day: dt.date) -> pd.DataFrame:
        """A table of one day."""
        if name not in self._read:
            one = self._steps[0]
            self._read[name] = read_days(
                self._folders,
                name,
                scenario=one.scenario,
                step=one.kind,
                rulebook=one.book,
                days=[step.day for step in self._steps],
            )
        frame = self._read[name]
        return of_day(frame, day) if len(frame) else frame


class EarlierRun(Run):
    """A run of the study whose tables are rows of the study's tables, and whose id is on record."""

    @cached_property
    def manifest(self) -> dict[str, object]:
        """The manifest as it was written, not made anew."""
        return self.stated


def earlier_runs(folders: Folders, steps: Sequence[Step]) -> list[Run]:
    """The runs of steps of earlier days; nothing of their tables is read yet."""
    tables = _Tables(folders, steps)
    found: list[Run] = []
    for step in steps:
        folder = folders.run(step.id)
        manifest = read_manifest(folder)
        filled = [name for name, entry in manifest["tables"].items() if entry["rows"]]
        given: dict[str, Callable[[], pd.DataFrame]] = {
            name: partial(tables.of, name, step.day)
            for name in filled
            if name in RUN_TABLES and name != "program_rows"
        }
        rules = _rules(str(folder / "rulebook.toml"), manifest["rulebook_hash"])
        case = _case(str(folder / "case"), manifest["case_hash"])
        found.append(EarlierRun(manifest, given, case, rules, read_events(folder)))
    return found


@lru_cache(maxsize=8)
def _rules(file: str, content: str) -> RuleBook:
    return RuleBook.load(file)


@lru_cache(maxsize=128)
def _case(folder: str, content: str) -> Case:
    return read_case(folder)
