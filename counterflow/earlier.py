"""Earlier days for a look-back: run folders, folders of them, globs and studies, by date.

Nothing of a day outside the look-back is read but its manifest, and of a day inside only the
tables, of which Parquet gives the columns, that something asks for.
"""

from __future__ import annotations

import glob
import tomllib
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pandas as pd

from cases import InputError, RuleBook, Run
from cases.files.convert import nearest
from cases.folder import read_case_folder
from cases.market_time import instants
from cases.run_folder import read_events, read_manifest, read_table
from cases.tables.schema import RUN_TABLES

__all__ = ["earlier_days", "run_folders"]


class EarlierDay(Run):
    """A run on disk whose tables are read when they are asked for, one by one."""

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest as it was written, not made anew."""
        return self.stated


def run_folders(places: Iterable[str | Path]) -> list[Path]:
    """Folders of runs: each place is a run, a folder of runs or a study, or a glob of such.

    Raises
    ------
    InputError
        A place that holds no run, with the nearest name beside it.
    """
    found: dict[Path, None] = {}
    for place in places:
        text = str(place)
        paths = sorted(glob.glob(text)) if glob.has_magic(text) else [text]
        own = [folder for path in paths for folder in _runs_in(Path(path))]
        if not own:
            beside = Path(text).parent
            names = [str(p) for p in beside.iterdir()] if beside.is_dir() else []
            message = f"{text} holds no run{nearest(text, names) if names else ''}"
            raise InputError.one("", None, "earlier", "no_run", message)
        found |= dict.fromkeys(folder.resolve() for folder in own)
    return list(found)


def earlier_days(
    places: Iterable[str | Path], *, before: pd.Timestamp | None = None, days: float | None = None
) -> list[Run]:
    """The runs of earlier days at some places.

    Parameters
    ----------
    places
        As of :func:`run_folders`.
    before
        Start of the day that is tested: later days, and that day itself, are left out.
    days
        The look-back before it; None = all.

    Raises
    ------
    InputError
        A place without a run, a folder that cannot be read.
    """
    found: list[Run] = []
    for folder in run_folders(places):
        start = _start_of(folder)
        if before is not None and start is not None:
            first = None if days is None else before - pd.Timedelta(days=days)
            if start >= before or (first is not None and start < first):
                continue
        found.append(_opened(folder))
    return found


def _runs_in(path: Path) -> list[Path]:
    if (path / "manifest.json").is_file():
        return [path]
    root = path / "runs" if (path / "runs").is_dir() else path
    return sorted(
        file.parent
        for file in root.rglob("manifest.json")
        if not any(part.startswith(".") for part in file.relative_to(root).parts)
        and (file.parent / "case").is_dir()
    )


def _start_of(folder: Path) -> pd.Timestamp | None:
    """First interval of a run, from the header of its case."""
    try:
        head = tomllib.loads((folder / "case" / "case.toml").read_text("utf-8"))
        stamp = pd.Timestamp(head["start"])
        if stamp.tz is None:
            return instants(stamp, head.get("timezone", "UTC"))[0]
    except (OSError, ValueError, KeyError, IndexError):
        return None
    return stamp


def _opened(folder: Path) -> Run:
    manifest = read_manifest(folder)
    given: dict[str, Callable[[], pd.DataFrame]] = {
        name: partial(read_table, folder, name)
        for name, entry in manifest["tables"].items()
        if name in RUN_TABLES and entry["rows"]
    }
    rules = RuleBook.load(folder / "rulebook.toml")
    case = read_case_folder(folder / "case")
    return EarlierDay(manifest, given, case, rules, read_events(folder))
