"""Mitigating again in a child process: followed, cancelled, and nothing left of a failure."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from cases.errors import InputError

__all__ = ["Job", "Jobs"]


@dataclass
class Job:
    """One mitigation: ``state`` is running, done, failed or cancelled."""

    number: int
    run: str
    target: Path
    part: Path
    process: subprocess.Popen[bytes]
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    state: str = "running"
    message: str = ""

    def look(self) -> Job:
        """See how far it is; what it made is moved in whole, or removed."""
        if self.state != "running":
            return self
        self.seconds = time.monotonic() - self.began
        log = (self.part / "log").read_text("utf-8", "replace").strip()
        self.message = log.splitlines()[-1] if log else ""
        code = self.process.poll()
        if code is None:
            return self
        if code == 0 and not self.target.exists():
            (self.part / "out").rename(self.target)
            self.state = "done"
        else:
            self.state, self.message = "failed", log or f"ended with code {code}"
        shutil.rmtree(self.part, ignore_errors=True)
        return self

    def cancel(self) -> None:
        """End the child process and remove what it made."""
        if self.look().state != "running":
            return
        self.process.kill()
        self.process.wait()
        self.state, self.message = "cancelled", ""
        shutil.rmtree(self.part, ignore_errors=True)


@dataclass
class Jobs:
    """Mitigations of one site, at most ``at_once`` at a time."""

    home: Path
    at_once: int = 1
    all: dict[int, Job] = field(default_factory=dict)

    def start(self, run: Path, name: str, settings: str, overrides: str) -> Job:
        """Begin one; ``settings`` has key=value lines, ``overrides`` is CSV.

        Raises
        ------
        InputError
            A name that is taken or no plain name; another job is running.
        """
        plain = name.replace("-", "").replace("_", "").isalnum() and len(name) <= 64
        if not plain or not name.isascii() or (self.home / name).exists():
            raise _bad("name a new folder: letters, digits, - and _, at most 64")
        if sum(job.look().state == "running" for job in self.all.values()) >= self.at_once:
            raise _bad("another mitigation is running: wait for it or cancel it")
        part = Path(tempfile.mkdtemp(prefix=".job-", dir=self.home))
        words = [sys.executable, "-m", "counterflow", "mitigate", str(run.resolve())]
        words += [f"--set={line.strip()}" for line in settings.splitlines() if line.strip()]
        if overrides.strip():
            (part / "overrides.csv").write_text(overrides, "utf-8")
            words.append(f"--overrides={part / 'overrides.csv'}")
        with (part / "log").open("wb") as log:
            process = subprocess.Popen(
                [*words, "-o", str(part / "out")],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        job = Job(len(self.all) + 1, run.name, self.home / name, part, process)
        self.all[job.number] = job
        return job

    def close(self) -> None:
        """End what is running."""
        for job in self.all.values():
            job.cancel()


def _bad(message: str) -> InputError:
    return InputError.one("", None, None, "usage", message)
