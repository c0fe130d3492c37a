"""The day that a page is about: a run, the run it was made from, and who reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from cases import Run
from cases.errors import CounterflowError, InputError
from cases.published_run import read_published_run
from counterflow.pages.audience import MONITOR, Audience, disclosed
from counterflow.pages.measured import measured
from counterflow.pages.text import Text, say

__all__ = ["Day", "days_of", "parent_beside", "read_runs"]


@dataclass(frozen=True)
class Day:
    """One run as a reader may see it.

    Attributes
    ----------
    run, parent
        What may be seen of the run and of the run that it was mitigated from; ``parent`` is None
        where there is none, or it was not found (``parent_note`` says which).
    whole, whole_parent
        All of them, for totals of the whole market alone.
    manifest
        That of the run as it was read.
    measured
        Whose the supplier tests are: held by the run, made for the page, or why there are none.
    folder
        Where the run lies, for commands that repeat something; "" where it was not read.
    """

    run: Run
    parent: Run | None
    whole: Run
    whole_parent: Run | None
    audience: Audience = MONITOR
    folder: str = ""
    parent_folder: str = ""
    parent_note: Text | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict)
    measured: str = "held"

    @classmethod
    def of(
        cls,
        run: Run,
        parent: Run | None = None,
        *,
        audience: Audience = MONITOR,
        folder: str = "",
        parent_folder: str = "",
        parent_note: Text | None = None,
    ) -> Day:
        """Disclose a run and its parent to a reader."""
        manifest, whole, told = run.manifest, run, "held"
        if "mitigation" in manifest:
            whole, told = measured(run, parent)
        return cls(
            run=disclosed(whole, audience),
            parent=None if parent is None else disclosed(parent, audience),
            whole=whole,
            whole_parent=parent,
            audience=audience,
            folder=folder,
            parent_folder=parent_folder,
            manifest=manifest,
            measured=told,
            parent_note=parent_note,
        )

    @property
    def mitigated(self) -> bool:
        """Whether offers were tested in this run."""
        return "mitigation" in self.whole.stated

    @property
    def starts(self) -> pd.DatetimeIndex:
        """Starts of the intervals."""
        return self.run.case.interval_starts

    @property
    def money(self) -> str:
        """Currency of the case."""
        return self.run.case.meta.currency

    @property
    def per_mwh(self) -> str:
        """Unit of prices."""
        return f"{self.money}/MWh"

    @cached_property
    def hours(self) -> pd.Series[float]:
        """Length of each interval in hours, by its start."""
        return pd.Series(self.run.case.interval_hours, index=self.starts)


def read_runs(folders: Sequence[str | Path]) -> list[tuple[Run, Path]]:
    """Read run folders and cases of published offers; one given twice counts once.

    Raises
    ------
    InputError
        A folder that is no run, of another format, or damaged: what is wrong, and where.
    """
    runs: dict[str, tuple[Run, Path]] = {}
    for folder in folders:
        run = read_published_run(Path(folder)) or Run.read(folder)
        runs.setdefault(run.id, (run, Path(folder)))
    return list(runs.values())


def days_of(
    runs: Sequence[Run], *, audience: Audience = MONITOR, folders: Sequence[Path | None] = ()
) -> list[Day]:
    """Pair runs with their parents: a run that is the parent of another has no page of its own.

    Parameters
    ----------
    folders
        Where the runs lie: a parent that was not given is looked for beside its child.

    Raises
    ------
    InputError
        No run.
    """
    if not runs:
        raise InputError.one("", None, None, "usage", "give at least one run")
    places = dict(zip((run.id for run in runs), folders, strict=False))
    by_id = {run.id: run for run in runs}
    parents = {run.stated.get("parent") for run in runs}
    days = []
    for run in runs:
        if run.id in parents:
            continue
        wanted, place = run.stated.get("parent"), places.get(run.id)
        parent, note = by_id.get(str(wanted)), None
        home = places.get(str(wanted))
        if wanted and parent is None:
            parent, home, note = parent_beside(str(wanted), place)
        day = Day.of(
            run,
            parent,
            audience=audience,
            folder="" if place is None else str(place),
            parent_folder="" if home is None else str(home),
            parent_note=note,
        )
        days.append(day)
    return sorted(days, key=lambda day: day.starts[0])


def parent_beside(run_id: str, child: Path | None) -> tuple[Run | None, Path | None, Text | None]:
    """Find the run of an id and its folder beside another; say why there is none."""
    missing = say("note.parent_missing", id=run_id[:12])
    if child is None:
        return None, None, missing
    for folder in _beside(child):
        if _id_of(folder) == run_id:
            try:
                return Run.read(folder), child.parent / folder.name, None
            except CounterflowError as error:
                reason = str(error).splitlines()[0]
                return None, None, say("note.parent_damaged", folder=folder.name, reason=reason)
    return None, None, missing


def _beside(child: Path) -> Iterator[Path]:
    home = child.resolve()
    try:
        yield from (path for path in sorted(home.parent.iterdir()) if path != home)
    except OSError:
        return


def _id_of(folder: Path) -> str:
    """Id that the manifest of a folder states, "" where there is none to read."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return ""
    found = manifest.get("run_id") if isinstance(manifest, dict) else None
    return found if isinstance(found, str) else ""
