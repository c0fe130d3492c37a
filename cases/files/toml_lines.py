"""Where the keys of a TOML file stand: line by key, for messages about rulebook files."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["key_lines", "line_of"]

_TABLE: Final = re.compile(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?$")
_KEY: Final = re.compile(
    r"""\s*((?:"[^"]*"|'[^']*'|[\w-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[\w-]+))*)\s*="""
)
_PART: Final = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*\.?""")


def key_lines(text: str) -> dict[str, int]:
    """Line (from 1) of every table and key of a TOML text, keys written ``table.key``.

    A quoted key keeps its dots. Keys inside inline tables are those of their table.
    """
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        header = _TABLE.match(line)
        if header:
            table = _joined(header[1])
            found.setdefault(table, number)
            continue
        key = _KEY.match(line)
        if key:
            name = _joined(key[1])
            found.setdefault(f"{table}.{name}" if table else name, number)
    return found


def line_of(lines: dict[str, int], key: str | None) -> int | None:
    """Line of a key, or of the closest table around it that the file has."""
    while key:
        if key in lines:
            return lines[key]
        key = key.rpartition(".")[0]
    return None


def _joined(name: str) -> str:
    return ".".join("".join(part) for part in _PART.findall(name))
