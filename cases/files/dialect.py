"""How a text table is separated: commas, or the semicolons and decimal commas of Europe."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["MIXED", "decimal_points", "separator"]

_COMMA = re.compile(r"\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*")
_GROUPED = re.compile(r"\s*[+-]?\d{1,3}(\.\d{3})+,\d+\s*")
_POINT = re.compile(r"\s*[+-]?\d*\.\d+([eE][+-]?\d+)?\s*")
_NAMED = re.compile(r"sep=(.)\r?\n?")

MIXED = (
    "the file has decimal commas and decimal points, so 1.234 can be read in two ways; "
    "write all numbers one way"
)


def separator(text: str) -> tuple[str, int]:
    """Give the separator of fields, and how many lines before the header only name it.

    A spreadsheet's first line `sep=;` names it. Otherwise it is the semicolon where the header has
    one outside quotes and no comma there, else the comma.
    """
    named = _NAMED.match(text)
    if named is not None:
        return named[1], 1
    for line in text.splitlines():
        bare = re.sub(r'"[^"]*"', "", line)
        if bare.strip():
            return (";" if ";" in bare and "," not in bare else ","), 0
    return ",", 0


def decimal_points(rows: Sequence[list[str]], columns: Sequence[int]) -> str | None:
    """Write the decimal commas of some columns as points, in place; say what cannot be read."""
    commas = [(row, k) for row in rows for k in columns if _COMMA.fullmatch(row[k])]
    grouped = any(_GROUPED.fullmatch(row[k]) for row in rows for k in columns)
    if not commas and not grouped:
        return None
    if grouped or any(_POINT.fullmatch(row[k]) for row in rows for k in columns):
        return MIXED
    for row, k in commas:
        row[k] = row[k].replace(",", ".")
    return None
