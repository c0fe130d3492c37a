"""A study: started, gone on with, and read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cases import CheckFailed, InputError, Run
from counterflow.studies.execute import Cluster, execute
from counterflow.studies.file import Given, read_study
from counterflow.studies.folders import Folders, write_whole
from counterflow.studies.ledger import Ledger, alone
from counterflow.studies.plan import MANY, Plan, Step, make_plan
from counterflow.studies.progress import Progress, plan_table
from counterflow.studies.sql import query_tables
from counterflow.studies.tables import read_days
from counterflow.studies.work import Outcome

if TYPE_CHECKING:
    from counterflow.tables.monitor_tables import MonitorTables

__all__ = ["Study", "study"]

Tell = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, eq=False)
class Study:
    """The folder of a study, to be read."""

    folder: Path

    def __repr__(self) -> str:
        counts = self.ledger["status"].value_counts()
        told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
        return f"<Study {self.folder}: {told or 'no steps'}>"

    @property
    def ledger(self) -> pd.DataFrame:
        """One row per step: scenario, day, step, rulebook, status, seconds, bytes, error."""
        base = Ledger(self.folder / "ledger.sqlite")
        try:
            return base.frame()
        finally:
            base.close()

    @property
    def failed(self) -> pd.DataFrame:
        """The steps that failed, and those that wait for them, with why."""
        ledger = self.ledger
        rows = ledger[ledger["status"].isin(["failed", "blocked"])]
        return rows[["id", "status", "error"]].reset_index(drop=True)

    def table(
        self,
        name: str,
        *,
        scenario: str | None = None,
        step: str | None = None,
        rulebook: str | None = None,
        columns: list[str] | None = None,
    ) -> pd.DataFrame:
        """A table of all days, or of some of its partitions; `rulebook` "" is as cleared."""
        return read_days(
            Folders(self.folder),
            name,
            scenario=scenario,
            step=step,
            rulebook=rulebook,
            columns=columns,
        )

    def run(self, scenario: str, day: str, step: str = "clear", rulebook: str = "") -> Run:
        """The run of a step."""
        name = f"{step}.{rulebook}" if rulebook else step
        return Run.read(Folders(self.folder).run(f"{scenario}/{day}/{name}"))

    def monthly(
        self,
        *,
        scenario: str | None = None,
        rulebook: str | None = None,
        only: Collection[str] = (),
    ) -> MonitorTables:
        """The tables of a State of the Market report; see `counterflow.studies.monthly`."""
        from counterflow.studies.monthly import monthly_tables

        return monthly_tables(self.folder, scenario=scenario, rulebook=rulebook, only=only)

    def sql(self, query: str) -> pd.DataFrame:
        """The answer to a query over the tables (DuckDB); see `counterflow.studies.sql`."""
        return query_tables(self.folder, query)


def study(
    source: str | Path | Mapping[str, Any],
    *,
    output: str | Path | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    retry_failed: bool = False,
    reuse: str | Path | None = None,
    processes: bool = True,
    many: bool = False,
    strict: bool = False,
    progress: Tell | None = None,
) -> Study:
    """Run a study, or go on with it: finished steps with the same inputs are not done again.

    Parameters
    ----------
    source
        The TOML file of the study, or a mapping with the same content.
    output
        Its folder; by default the name of the study, in the working directory.
    workers
        Processes of this machine.
    scheduler
        Address of a Dask scheduler to use instead; its workers must see the folder.
    retry_failed
        Do steps again that failed before with the same inputs.
    reuse
        Another study, whose finished steps are taken over where their inputs are the same.
    processes
        False: workers are threads of this process, for a notebook or a debugger.
    many
        More than a thousand steps are meant.
    strict
        A step that warns fails, and nothing of it is written.
    progress
        Called with a dict after each step.

    Raises
    ------
    InputError
        Anything wrong with the file, before anything runs; another process at work on the folder;
        a scheduler that does not answer. What is finished is kept.
    """
    if workers < 1:
        raise InputError.one("", None, "workers", "value", f"expected 1 or more, not {workers}")
    given = read_study(source)
    plan = make_plan(given)
    if len(plan.steps) > MANY and not many:
        message = f"{len(plan.steps):,} steps, more than {MANY:,}: say that so many are meant"
        raise InputError([given.failure("days", "many_steps", message)])
    folder = Path(given.file.name if output is None else output).resolve()
    memory = given.file.workers.memory_gb
    cluster = Cluster(workers, scheduler, processes=processes, memory_gb=memory)
    with alone(folder):
        _own(folder, given, plan)
        ledger = Ledger(folder / "ledger.sqlite")
        try:
            _go_on(folder, plan, ledger, cluster, retry_failed, reuse, progress, strict=strict)
        except sqlite3.Error as error:
            message = f"the ledger cannot be written: {error}; what is finished is kept"
            raise InputError.one(str(folder), None, None, "write", message) from None
        finally:
            ledger.close()
    return Study(folder)


def preview(
    source: str | Path | Mapping[str, Any],
    output: str | Path | None = None,
    *,
    retry_failed: bool = False,
) -> pd.DataFrame:
    """What `study` would do: steps, solves, seconds and bytes by kind; nothing is written."""
    given = read_study(source)
    plan = make_plan(given)
    folder = Path(given.file.name if output is None else output).resolve()
    if not (folder / "ledger.sqlite").exists():
        empty = pd.DataFrame({"step": [], "status": [], "seconds": [], "bytes": []})
        return plan_table(plan, list(plan.steps.values()), empty)
    ledger = Ledger(folder / "ledger.sqlite")
    try:
        _, to_do = _sorted_out(Folders(folder), plan, ledger, retry_failed)
        return plan_table(plan, to_do, ledger.frame())
    finally:
        ledger.close()


def checked(made: Study) -> Study:
    """The study, where all of its steps are done.

    Raises
    ------
    CheckFailed
        Steps failed or wait for one that did; every one is named.
    """
    failed = made.failed
    if len(failed):
        rows = zip(failed["id"], failed["status"], failed["error"], strict=True)
        told = [f"{step} {status}: {error.strip()}" for step, status, error in rows]
        raise CheckFailed(told)
    return made


def _own(folder: Path, given: Given, plan: Plan) -> None:
    """Put down whose folder it is, and what its scenarios are.

    Raises
    ------
    InputError
        The folder is that of another study, or holds something else.
    """
    head = folder / "study.json"
    if head.exists():
        name = json.loads(head.read_text("utf-8")).get("name")
        if name != given.file.name:
            message = f"{folder} holds the study {name}, not {given.file.name}"
            raise InputError([given.failure("name", "another_study", message)])
    elif any(path.name != ".lock" for path in folder.iterdir()):
        message = f"{folder} exists already and is no study: name another folder"
        raise InputError.one("", None, None, "exists", message)
    told = {
        "name": given.file.name,
        "study": given.file.model_dump(mode="json"),
        "scenarios": {s.name: dict(s.values) for s in plan.scenarios},
        "days": [str(day) for day in plan.days],
    }
    write_whole(head, (json.dumps(told, indent=2) + "\n").encode())


def _sorted_out(
    folders: Folders, plan: Plan, ledger: Ledger, retry_failed: bool
) -> tuple[dict[str, Outcome], list[Step]]:
    """Tell what is done (or failed before, and is left) from what is to be done."""
    known = ledger.status()
    done: dict[str, Outcome] = {}
    to_do: list[Step] = []
    for step in plan.steps.values():
        key, status = known.get(step.id, ("", ""))
        said = folders.finished(step)
        if said is not None:
            done[step.id] = Outcome(step.id, "done", said["seconds"], said["size"])
        elif key == step.key and status == "failed" and not retry_failed:
            done[step.id] = Outcome(step.id, "failed")
        elif (
            key == step.key
            and status == "blocked"
            and any(i in done and done[i].status != "done" for i in step.needs)
        ):
            done[step.id] = Outcome(step.id, "blocked")
        else:
            to_do.append(step)
    return done, to_do


def _go_on(
    folder: Path,
    plan: Plan,
    ledger: Ledger,
    cluster: Cluster,
    retry_failed: bool,
    reuse: str | Path | None,
    progress: Tell | None,
    *,
    strict: bool,
) -> None:
    folders = Folders(folder)
    done, to_do = _sorted_out(folders, plan, ledger, retry_failed)
    known = ledger.status()
    adopted = [
        step
        for step in plan.steps.values()
        if step.id in done
        and done[step.id].status == "done"
        and known.get(step.id) != (step.key, "done")
    ]
    ledger.plan([*adopted, *to_do])
    for step in adopted:  # finished by a worker whose client was killed before it heard of it
        ledger.record(done[step.id])
    for step in to_do:
        folders.clean(step)
    if not to_do:
        return
    sources = {s.id: str(folders.run(s.same_as)) for s in to_do if s.same_as}
    if reuse is not None:
        sources |= _finished_elsewhere(Path(reuse), to_do)
    counted = Progress(len(plan.steps), len(to_do))

    def tell(outcome: Outcome) -> None:
        ledger.record(outcome)
        counted.heard(outcome)
        if progress is not None:
            progress(counted.event(outcome))

    def link(address: str) -> None:
        if progress is not None:
            progress({"event": "live_page", "address": address})

    execute(str(folder), plan.steps, to_do, done, sources, cluster, tell, link, strict=strict)


def _finished_elsewhere(other: Path, steps: list[Step]) -> dict[str, str]:
    """Folders of another study's finished steps with the same inputs, by id of the step here."""
    if not (other / "study.json").is_file():
        message = f"{other} is no study"
        raise InputError.one("", None, None, "reuse", message)
    there: dict[str, str] = {}
    for marker in sorted((other / "runs").glob("*/*/*.json")):
        key = json.loads(marker.read_text("utf-8")).get("key", "")
        folder = marker.with_name(marker.name.removesuffix(".json"))
        if folder.is_dir():
            there.setdefault(key, str(folder))
    return {step.id: there[step.key] for step in steps if step.key in there}
