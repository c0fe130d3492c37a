"""What the id of a run stands for, and what only belongs to the folder that it was written to.

The id is a hash of the inputs and of everything that a reader may rely on: every cell of every
table, what the manifest says, the events. Two clearings of the same case by the same rules have
the same id, so three things are left out of it: when and how fast the run was made, how the
solver came there, and the files. The seal of a folder is a hash of the whole manifest, those three
and the hash of every file included.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

import numpy as np

from cases.files.hashing import value_hash
from cases.tables.rounding import kept_value

__all__ = ["FORMAT", "OWN_KEYS", "events_hash", "plain", "rounded", "run_id", "seal"]

FORMAT: Final = 2
"""Number of the format of run folders; 1 had none and left much of a run out of its id."""

OWN_KEYS: Final = ("format", "run_id", "seal", "events", "tables", "files")
"""Keys of a manifest that follow from the rest of the run, whatever was given for them."""

_OUTSIDE_ID: Final = (
    "run_id",
    "seal",
    "created",
    "times",
    "passes",
    "soft_rows",
    "decided",
    "files",
)
_SOLVER_TABLES: Final = ("program_rows",)
_SOLVER_EVENTS: Final = ("pass", "schedule")
_CLOCK: Final = ("seconds", "times", "iterations")
_GIVEN_EXACTLY: Final = ("settings", "solver")


def run_id(manifest: Mapping[str, Any]) -> str:
    """Give the id: the hash of a manifest without what may differ between equal clearings.

    Its `tables` hold rows and `content` of each table, its `events` the hash of the events.
    """
    sealed = {key: value for key, value in manifest.items() if key not in _OUTSIDE_ID}
    sealed["tables"] = {
        name: {key: entry[key] for key in ("rows", "content")}
        for name, entry in manifest["tables"].items()
        if name not in _SOLVER_TABLES
    }
    return value_hash(sealed)


def seal(manifest: Mapping[str, Any]) -> str:
    """Give the hash of a written manifest, with the hashes of all files and without itself."""
    return value_hash({key: value for key, value in manifest.items() if key != "seal"})


def events_hash(events: Iterable[Mapping[str, Any]]) -> str:
    """Give the hash of the events, without clocks and without how the solver came there."""
    facts = [event for event in events if event.get("event") not in _SOLVER_EVENTS]
    return value_hash({"events": [_without_clock(event) for event in facts]})


def _without_clock(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_clock(item) for key, item in value.items() if key not in _CLOCK}
    return [_without_clock(item) for item in value] if isinstance(value, list) else value


def rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a run says of itself, every number without noise; settings are as they were given."""
    return {
        key: value if key in _GIVEN_EXACTLY else _rounded(value) for key, value in values.items()
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return kept_value(float(value))
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value


def plain(value: Any) -> Any:
    """Values as JSON has them; NaN becomes null, an infinite number the text "inf" or "-inf"."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(plain(item) for item in value)
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)
