"""A resolved rulebook as TOML, each value with its source beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cases.files.toml import Inline, to_toml
from cases.rulebook.files import Given
from cases.rulebook.sheet import leaves
from cases.rulebook.source import Source

__all__ = ["written"]


def written(
    values: Mapping[str, Any],
    sources: Mapping[str, Source],
    given: Mapping[str, Given],
) -> str:
    """Give the TOML text of a rulebook; loading it gives an equal rulebook.

    The table `given` names the keys that the user gave; a file that has it is a record of a run,
    whose other keys nobody gave. Sources of keys without a value stand in `[evidence]`.
    """
    keys = {key for key, value in leaves(values) if value is not None}
    document = _table(values, "", sources)
    left = {
        key: str(source)
        for key, source in sources.items()
        if key not in keys and _at(values, key) is None
    }
    if left:
        document["evidence"] = left
    document["given"] = {
        key: Inline(where.model_copy(update={"file": Path(where.file).name}).model_dump())
        for key, where in sorted(given.items())
    }
    return to_toml(document)


def _table(values: Mapping[str, Any], key: str, sources: Mapping[str, Source]) -> dict[str, Any]:
    table = dict(_said(sources[key])) if key in sources else {}
    for name, value in values.items():
        inner = f"{key}.{name}" if key else name
        if isinstance(value, Mapping):
            table[name] = _table(value, inner, sources)
        elif inner in sources and value is not None:
            table[name] = Inline({"value": value, **_said(sources[inner])})
        else:
            table[name] = value
    return table


def _said(source: Source) -> dict[str, Any]:
    """All that a source says; its clause and `read` always, so that nothing is taken over."""
    said: dict[str, Any] = {"clause": source.clause, "read": source.read}
    if source.sure:
        said["sure"] = source.sure
    if source.since is not None:
        said["from"] = source.since
    return said


def _at(values: Any, key: str) -> Any:
    for part in key.split("."):
        if not isinstance(values, Mapping) or part not in values:
            return None
        values = values[part]
    return values
