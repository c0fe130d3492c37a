"""The folder of a run: written with its seal, opened only as far as the seal holds."""

from __future__ import annotations

import json
import os
import shlex
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from cases.case import Case
from cases.errors import CounterflowError, Failure, InputError
from cases.files.convert import nearest
from cases.files.folders import new_folder
from cases.files.hashing import file_hash
from cases.files.tables import read_parquet_table, write_parquet
from cases.folder import fill_case_folder
from cases.manifest_form import wrong_keys
from cases.rulebook.book import RuleBook
from cases.seal import FORMAT, seal
from cases.tables.schema import RUN_TABLES

__all__ = [
    "broken_files",
    "is_read",
    "read_events",
    "read_manifest",
    "read_table",
    "reading",
    "write_run_folder",
]

_MANIFEST: Final = "manifest.json"
_WANTED: Final = ("run_id", "case_hash", "rulebook_hash", "tables", "files")


def write_run_folder(
    folder: str | Path,
    manifest: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    case: Case,
    rulebook: RuleBook,
    events: Iterable[Mapping[str, Any]],
) -> None:
    """Write everything of a run as a new folder, whole or not at all, and seal it.

    Raises InputError where the folder exists or cannot be written.
    """
    timezone = case.meta.timezone
    with new_folder(folder) as part:
        entries = {}
        for name, frame in tables.items():
            path = part / f"{name}.parquet"
            write_parquet(RUN_TABLES[name], frame, path, timezone)
            entries[name] = {**manifest["tables"][name], "sha256": file_hash(path)}
        (part / "rulebook.toml").write_text(rulebook.to_toml(), encoding="utf-8")
        lines = (json.dumps(event, ensure_ascii=False) for event in events)
        (part / "events.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
        (part / "case").mkdir()
        fill_case_folder(case, part / "case", "parquet")
        others = [part / "rulebook.toml", part / "events.jsonl", *(part / "case").iterdir()]
        files = {path.relative_to(part).as_posix(): file_hash(path) for path in sorted(others)}
        whole = {**manifest, "tables": entries, "files": files}
        whole["seal"] = seal(whole)
        (part / _MANIFEST).write_text(_text(whole), encoding="utf-8")


def _text(manifest: Mapping[str, Any]) -> str:
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


@contextmanager
def reading(file: Path) -> Iterator[None]:
    """Turn whatever goes wrong while a file or folder of a run is read into an InputError.

    Damage has no bounds, so neither has the list of errors that it can cause in libraries: this is
    the one place that answers for those that nobody foresaw. What is foreseen is told better, with
    row and column, where it is read.
    """
    try:
        yield
    except (CounterflowError, MemoryError):
        raise
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        message = f"cannot be read as part of a run: {reason}"
        raise InputError.one(str(file), None, None, "damaged", message) from error


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a run folder; whether it is true is for `broken_files` to say.

    Raises InputError: no run folder, no JSON, or the format of another version, in one line.
    """
    path = folder / _MANIFEST
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError.one(str(path), None, None, "json", "is not a file")
        manifest = _document(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        found = "has no manifest.json" if folder.is_dir() else "does not exist"
        message = f"{folder} {found}; expected the folder of a run"
        if (folder / "case.toml").is_file():
            message = f"{folder} is a case, not a run: counterflow clear {folder} -o RUN makes one"
        raise InputError.one("", None, None, "no_run", message) from None
    except RecursionError:
        message = "cannot be read: nested too deeply"
        raise InputError.one(str(path), None, None, "json", message) from None
    except (OSError, ValueError) as error:
        raise InputError.one(str(path), None, None, "json", f"cannot be read: {error}") from None
    if not _is_manifest(manifest):
        message = "is not the manifest of a run"
        raise InputError.one(str(path), None, None, "json", message)
    if manifest.get("format") != FORMAT:
        raise InputError.one("", None, None, "format", _other_format(folder, manifest))
    failures = list(wrong_keys(manifest, str(path)))
    if failures:
        raise InputError(failures)
    return dict(manifest)


def _document(text: str) -> Any:
    """Read JSON whose texts can be written again; ValueError or RecursionError where it is not."""
    value = json.loads(text)
    json.dumps(value, ensure_ascii=False).encode()
    return value


def _is_manifest(value: Any) -> bool:
    if not isinstance(value, dict) or not value.keys() >= set(_WANTED):
        return False
    tables, files = value["tables"], value["files"]
    if not isinstance(tables, dict) or not isinstance(files, dict):
        return False
    entries = tables.values()
    return (
        all(isinstance(entry, dict) and isinstance(entry.get("sha256"), str) for entry in entries)
        and all(isinstance(sha256, str) for sha256 in files.values())
        and isinstance(value.get("settings", {}), dict)
    )


def _other_format(folder: Path, manifest: Mapping[str, Any]) -> str:
    """Say what to do about a run of another format."""
    number = manifest.get("format", 1)
    if isinstance(number, int) and number < FORMAT:
        again = shlex.join(_again(folder, manifest))
        return (
            f"{folder} is a run of the former format {number}, whose id leaves out what this "
            f"version seals; make it again: {again}"
        )
    return f"{folder} is a run of format {number}; this version reads format {FORMAT}"


def _again(folder: Path, manifest: Mapping[str, Any]) -> Sequence[str]:
    """The command that makes a run again, from its own folder."""
    settings = manifest.get("settings", {})
    rules = ["--rulebook", str(folder / "rulebook.toml"), "-o", f"{folder}-again"]
    if "mitigation" in manifest:
        return ["counterflow", "mitigate", f"PARENT-{str(manifest.get('parent'))[:12]}", *rules]
    words = ["counterflow", "clear", str(folder / "case"), *rules]
    if settings.get("market") == "rt":
        parent = str(settings.get("commitment_from"))[:12]
        words += ["--market", "rt", "--commitment-from", f"PARENT-{parent}"]
    elif not settings.get("commitment", True):
        words.append("--no-commitment")
    words += ["--security", str(settings.get("security", "none"))]
    changed = settings.get("set", {})
    for key, value in changed.items() if isinstance(changed, dict) else ():
        words += ["--set", f"{key}={value}"]
    return words


def broken_files(folder: Path, manifest: Mapping[str, Any]) -> Iterator[Failure]:
    """Every file that is not as the manifest says, extra and missing ones, and a broken seal."""
    path = folder / _MANIFEST
    if manifest.get("seal") != seal(manifest) or path.read_text(encoding="utf-8") != _text(
        manifest
    ):
        message = "the seal does not hold: the manifest was edited"
        yield Failure(str(path), None, "seal", "changed", message)
    hashes = {f"{name}.parquet": entry["sha256"] for name, entry in manifest["tables"].items()}
    hashes |= manifest["files"]
    there = set(_files(folder))
    for name, sha256 in hashes.items():
        path = folder / name
        if name not in there:
            yield Failure(str(path), None, None, "missing", "the file is missing")
        elif not path.is_file() or file_hash(path) != sha256:
            message = "the file has changed since the run was written"
            yield Failure(str(path), None, None, "changed", message)
    for name in sorted(there - hashes.keys() - {_MANIFEST}):
        yield Failure(str(folder / name), None, None, "extra", "is not part of the run")
    for name in manifest["tables"]:
        if name not in RUN_TABLES:
            message = f"a run has no table {name}{nearest(name, RUN_TABLES)}"
            yield Failure(str(folder / name), None, None, "unknown_table", message)
    for name in ("events.jsonl", "rulebook.toml", "case/case.toml"):
        if name not in manifest["files"]:
            message = f"the manifest does not list {name}"
            yield Failure(str(folder / _MANIFEST), None, "files", "missing", message)


def _files(folder: Path) -> Iterator[str]:
    """Names of all files below a folder."""
    for root, _, names in os.walk(folder):
        for name in names:
            yield (Path(root) / name).relative_to(folder).as_posix()


def is_read(failure: Failure, folder: Path) -> bool:
    """Tell whether a failure touches what is read: files beside those of a run are not."""
    name = Path(failure.file)
    return failure.rule != "extra" or name.parent != folder or name.stem in RUN_TABLES


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """Read a table of a run.

    Raises InputError where the file does not hold a table.
    """
    path = folder / f"{name}.parquet"
    try:
        return read_parquet_table(RUN_TABLES[name], path)
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError) as error:
        reason = (str(error).strip() or "broken content").splitlines()[0]
        message = f"cannot be read as Parquet: {reason}"
        raise InputError.one(str(path), None, None, "parquet", message) from None


def read_events(folder: Path) -> list[dict[str, Any]]:
    """Read the events of a run.

    Raises InputError where a line is not an event, with its number.
    """
    path = folder / "events.jsonl"
    events = []
    try:
        lines = path.read_bytes().decode("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError.one(str(path), None, None, "json", f"cannot be read: {error}") from None
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            event = _document(line)
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict):
            raise InputError.one(str(path), number, None, "json", "is not an event")
        events.append(event)
    return events
