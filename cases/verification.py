"""Recompute every hash of a run and tell what does not match."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from cases.errors import Failure, InputError
from cases.packs import pack_mismatches
from cases.run import Run
from cases.run_folder import broken_files, read_manifest, reading

__all__ = ["mismatches", "verify"]


def verify(run: Run | str | Path) -> pd.DataFrame:
    """Recompute every hash of a run folder, an evidence pack, or a run in memory.

    Parameters
    ----------
    run
        A run folder: its seal, every file, every table's content, the events, the case, the
        rulebook and the id are checked. Or an evidence pack (`.zip`): its seal, every file, its
        signature. Or a run in memory: its manifest against its tables as they are now.

    Returns
    -------
    DataFrame
        file, row, column, rule, message: one row per mismatch, none where all is as it was
        written. Rules: `changed`, `missing`, `extra` (a file that is not part of the run), or how
        a file is broken.

    Raises
    ------
    InputError
        There is no run and no pack, or it is of another format.
    """
    rows = [(f.file, f.row, f.column or "", f.rule, f.message) for f in mismatches(run)]
    frame = pd.DataFrame(rows, columns=["file", "row", "column", "rule", "message"])
    return frame.astype({"row": "Int64"})


def mismatches(run: Run | str | Path) -> list[Failure]:
    """Give the rows of `verify` as failures, each once."""
    if isinstance(run, Run):
        found = _of_memory(run)
    elif _is_pack(Path(run)):
        found = pack_mismatches(Path(run))
    else:
        found = _of_folder(Path(run))
    return list(dict.fromkeys(found))


def _is_pack(path: Path) -> bool:
    return path.is_file() or (path.suffix.lower() == ".zip" and not path.is_dir())


def _of_folder(folder: Path) -> list[Failure]:
    try:
        manifest = read_manifest(folder)
    except InputError as error:
        if all(failure.rule in ("json", "form") for failure in error.failures):
            return list(error.failures)
        raise
    with reading(folder / "manifest.json"):
        found = list(broken_files(folder, manifest))
    if any(f.rule in ("missing", "unknown_table") for f in found):
        return found  # what is there cannot be read as a run
    try:
        run = Run.opened(folder, manifest)
    except InputError as error:
        return [*found, *(_inside(folder, f) for f in error.failures)]
    with reading(folder):
        return [*found, *run.differences(folder, manifest)]


def _inside(folder: Path, failure: Failure) -> Failure:
    """A failure with its file as seen from outside the run folder."""
    if not failure.file or Path(failure.file).is_relative_to(folder):
        return failure
    return replace(failure, file=str(folder / "case" / failure.file))


def _of_memory(run: Run) -> list[Failure]:
    """What was changed in place after the run had got its id."""
    stated, now = run.manifest, run.recomputed()
    found = [
        Failure(name, None, None, "changed", f"{name} is not what the id of the run stands for")
        for name, entry in now["tables"].items()
        if stated["tables"].get(name) != entry
    ]
    names = ("case_hash", "rulebook_hash", "events", "run_id")
    found += [
        Failure("", None, key, "changed", f"{key} does not belong to what the run holds")
        for key in names
        if stated[key] != now[key]
    ]
    return found
