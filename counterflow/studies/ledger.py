"""The ledger of a study's tasks: SQLite, written by the one process that runs the study."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from cases import InputError
from counterflow.studies.plan import Step
from counterflow.studies.work import Outcome

__all__ = ["Ledger", "alone"]

_TABLE = """
create table if not exists tasks (
    id text primary key,
    scenario text not null,
    day text not null,
    step text not null,
    rulebook text not null,
    key text not null,
    status text not null check (status in ('planned', 'done', 'failed', 'blocked')),
    seconds real not null default 0,
    bytes integer not null default 0,
    error text not null default '',
    finished text
) strict
"""


class Ledger:
    """What became of every step."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._base = sqlite3.connect(path)
        self._base.execute("pragma journal_mode = wal")
        self._base.execute(_TABLE)

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def status(self) -> dict[str, tuple[str, str]]:
        """Id of each step on record to the hash of its inputs and its status."""
        rows = self._base.execute("select id, key, status from tasks")
        return {step: (key, status) for step, key, status in rows}

    def plan(self, steps: Iterable[Step]) -> None:
        """Put steps on record that are to run."""
        rows = [
            (s.id, s.scenario, str(s.day), s.kind, s.book, s.key, "planned", 0.0, 0, "", None)
            for s in steps
        ]
        with self._base:
            marks = ", ".join("?" * 11)
            self._base.executemany(f"insert or replace into tasks values ({marks})", rows)

    def record(self, outcome: Outcome) -> None:
        """Write down how a step ended."""
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        with self._base:
            self._base.execute(
                "update tasks set status = ?, seconds = ?, bytes = ?, error = ?, finished = ? "
                "where id = ?",
                (outcome.status, outcome.seconds, outcome.size, outcome.error, now, outcome.id),
            )

    def frame(self) -> pd.DataFrame:
        """The whole ledger, by day and step."""
        order = "select * from tasks order by scenario, day, rowid"
        return pd.read_sql_query(order, self._base)


@contextlib.contextmanager
def alone(root: Path) -> Iterator[None]:
    """Hold the folder of a study for this process; the system lets go of it when it ends.

    Raises
    ------
    InputError
        Another process is at work on it, or it cannot be written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        handle = os.open(root / ".lock", os.O_RDWR | os.O_CREAT)
    except OSError as error:
        message = f"cannot write {root}: {error.strerror}"
        raise InputError.one("", None, None, "write", message) from None
    try:
        if os.name == "posix":
            import fcntl

            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                message = f"{root} is being worked on by another process"
                raise InputError.one("", None, None, "busy", message) from None
        yield
    finally:
        os.close(handle)
