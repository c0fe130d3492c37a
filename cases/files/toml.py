"""Write plain values as TOML (the standard library only reads it)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

__all__ = ["Inline", "to_toml"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


class Inline(dict[str, Any]):
    """A table that stands on one line, beside the plain values of the table around it."""


def to_toml(values: Mapping[str, Any]) -> str:
    """Give the TOML text of nested mappings; `tomllib.loads` gives the same values back.

    Keys whose value is None are left out, for TOML has no null.
    """
    lines: list[str] = []
    _section(values, (), lines)
    return "\n".join(lines).strip("\n") + "\n"


def _section(values: Mapping[str, Any], path: tuple[str, ...], lines: list[str]) -> None:
    plain = {k: v for k, v in values.items() if not _is_table(v) and v is not None}
    if path and (plain or not values):
        lines += ["", f"[{'.'.join(_key(part) for part in path)}]"]
    lines += [f"{_key(name)} = {_value(value)}" for name, value in plain.items()]
    for name, value in values.items():
        if _is_table(value):
            _section(value, (*path, name), lines)


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) and not isinstance(value, Inline)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(text: str) -> str:
    # JSON escapes are TOML escapes, but for DEL, which JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        items = (f"{_key(k)} = {_value(v)}" for k, v in value.items() if v is not None)
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    raise TypeError(f"TOML has no {type(value).__name__}")
