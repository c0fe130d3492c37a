"""Gather what proves a decision, or a run, and seal it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from cases import InputError, Run
from cases.files.sheets import guarded
from cases.packs import pack_bytes
from cases.run_folder import read_manifest
from counterflow.evidence.selection import Subject, before_after, selected
from counterflow.evidence.texts import cited, command_text, read_me, reasons, rule_table, rule_text
from counterflow.explain.lookup import resolve_interval, resolve_name
from counterflow.pages.day import parent_beside
from counterflow.studies.folders import write_whole
from mitigation.conduct.sellers import offering

__all__ = ["evidence", "evidence_bytes"]


def evidence(
    folder: str | Path,
    path: str | Path,
    *,
    unit: str | None = None,
    at: str | None = None,
    parent: str | Path | None = None,
    key: str | Path | None = None,
) -> Path:
    """Write the evidence pack of a mitigated run's folder, or of one decision in it.

    Parameters
    ----------
    folder
        A run that `counterflow.mitigate` made, as it was written.
    path
        The ZIP file, new or to be replaced.
    unit, at
        What it is about; the whole run where neither is given.
    parent
        Folder of the run before mitigation; without it, it is looked for beside `folder`.
    key
        An Ed25519 private key (PEM) to sign the pack with; needs the extra ``sign``.

    Raises
    ------
    InputError
        No run, a run that was not mitigated, an unknown unit or time, a folder that is not the
        parent, a key that cannot be used, or a file that cannot be written.
    """
    target = Path(path)
    if target.is_dir():
        raise InputError.one("", None, None, "usage", f"{target} is a folder; name a file")
    data = evidence_bytes(folder, unit=unit, at=at, parent=parent, key=key)
    try:
        write_whole(target, data)
    except OSError as error:
        message = f"cannot be written: {error.strerror or error}"
        raise InputError.one(str(target), None, None, "file", message) from None
    return target


def evidence_bytes(
    folder: str | Path,
    *,
    unit: str | None = None,
    at: str | None = None,
    parent: str | Path | None = None,
    key: str | Path | None = None,
) -> bytes:
    """Give the pack that `evidence` writes; the same inputs give the same bytes."""
    home = Path(folder)
    run = Run.read(home)
    if "mitigation" not in run.manifest:
        message = f"{home} was not mitigated: it holds no decisions; run counterflow mitigate first"
        raise InputError.one("", None, "decisions", "not_mitigated", message)
    subject = _subject(run, unit, at)
    before, place = _parent(run, home, parent)
    numbers = selected(run, subject)
    rules = cited(numbers)
    tables = {
        **numbers,
        **before_after(run, before, subject),
        "rules": rule_table(run, rules),
    }
    files = {f"{name}.csv": _csv(table) for name, table in tables.items()}
    found = before is not None
    texts = {
        "README.txt": read_me(run, subject, parent=found),
        "rules.txt": rule_text(run, rules),
        "rulebook.toml": run.rulebook.to_toml(),
        "why.txt": reasons(run, subject),
        "command.txt": command_text(run, subject, parent=found),
        "run_manifest.json": _json(read_manifest(home)),
    }
    if place is not None:
        texts["parent_manifest.json"] = _json(read_manifest(place))
    files |= {name: text.encode() for name, text in texts.items()}
    return pack_bytes(files, _facts(run, subject), None if key is None else Path(key))


def _subject(run: Run, unit: str | None, at: str | None) -> Subject:
    name = start = None
    if unit is not None:
        name = resolve_name(unit, pd.Series(offering(run.case).index), "unit")
    if at is not None:
        starts, ends = run.case.interval_starts, run.case.interval_ends
        start = starts[resolve_interval(at, starts, ends, run.case.meta.timezone)]
    return Subject(name, start)


def _parent(run: Run, home: Path, given: str | Path | None) -> tuple[Run | None, Path | None]:
    wanted = str(run.stated.get("parent") or "")
    if given is None:
        found, place, _ = parent_beside(wanted, home)
        return found, place
    place = Path(given)
    parent = Run.read(place)
    if parent.id != wanted:
        message = f"{place} is not the parent of {home}: expected run {wanted[:12]}"
        raise InputError.one("", None, None, "parent", message)
    return parent, place


def _facts(run: Run, subject: Subject) -> dict[str, Any]:
    manifest = run.manifest
    names = ("run_id", "parent", "name", "created", "code_version", "case_hash", "rulebook",
             "rulebook_hash", "rulebook_as_of")  # fmt: skip
    start = None if subject.start is None else subject.start.isoformat()
    return {**{name: manifest.get(name) for name in names}, "unit": subject.unit, "at": start}


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _csv(table: pd.DataFrame) -> bytes:
    times: dict[str, Any] = {
        name: [None if pd.isna(time) else pd.Timestamp(time).isoformat() for time in table[name]]
        for name in table.columns
        if pd.api.types.is_datetime64_any_dtype(table[name].dtype)
    }
    written = guarded(table.assign(**times)).to_csv(index=False, lineterminator="\n")
    return str(written).encode()
