"""Where things are in the folder of a study, and the marker that a finished step leaves."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cases.files.folders import remove_stale
from counterflow.studies.plan import Step

__all__ = ["Folders", "hard_copy", "size_of", "write_whole"]


@dataclass(frozen=True)
class Folders:
    """The folder of a study."""

    root: Path
    strict: bool = False
    """Steps that warn write nothing."""

    def run(self, step_id: str) -> Path:
        """The run folder (or case, or statement) of a step."""
        return self.root / "runs" / step_id

    def marker(self, step_id: str) -> Path:
        """The file beside it that is written last: the step is finished, and by what."""
        folder = self.run(step_id)
        return folder.with_name(f"{folder.name}.json")

    @property
    def tables(self) -> Path:
        """The partitioned tables of all steps."""
        return self.root / "tables"

    def rows(self, table: str, step: Step) -> Path:
        """The file with a step's rows of a table."""
        place = f"scenario={step.scenario}/step={step.kind}/rulebook={step.book}"
        month = f"month={step.day:%Y-%m}"
        return self.tables / table / place / month / f"{step.day}.parquet"

    def finished(self, step: Step) -> dict[str, Any] | None:
        """What the marker of a step says, where the step was finished with the same inputs."""
        try:
            said: dict[str, Any] = json.loads(self.marker(step.id).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return said if said.get("key") == step.key and self.run(step.id).is_dir() else None

    def mark(self, step: Step, told: Mapping[str, Any]) -> None:
        """Write the marker of a step: its last act."""
        text = json.dumps({"key": step.key, **told}, indent=2, sort_keys=True) + "\n"
        write_whole(self.marker(step.id), text.encode())

    def clean(self, step: Step) -> None:
        """Take away what a killed step left; what was finished with other inputs is set aside.

        A run that was finished before its inputs changed goes to ``superseded``, for nothing that
        was finished is ever lost; its rows leave the tables.
        """
        folder, marker = self.run(step.id), self.marker(step.id)
        remove_stale(folder.parent)
        if not folder.exists() and not marker.exists():
            return
        for rows in self.tables.glob(f"*/{self.rows('t', step).relative_to(self.tables / 't')}"):
            rows.unlink()
        if marker.exists() and folder.exists():
            key = json.loads(marker.read_text("utf-8")).get("key", "")
            aside = self.root / "superseded" / f"{step.id}-{key[:12]}"
            if not aside.exists():
                aside.parent.mkdir(parents=True, exist_ok=True)
                os.replace(folder, aside)
        marker.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def hard_copy(source: Path, target: Path) -> None:
    """Give a folder a second place without a second copy on disk, where the disk can do that."""
    from cases.files.folders import new_folder

    with new_folder(target) as part:
        for path in sorted(source.rglob("*")):
            there = part / path.relative_to(source)
            if path.is_dir():
                there.mkdir(parents=True, exist_ok=True)
                continue
            try:
                os.link(path, there)
            except OSError:
                shutil.copy2(path, there)


def size_of(folder: Path) -> int:
    """Bytes of the files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
