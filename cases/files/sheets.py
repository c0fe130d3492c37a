"""Tables as CSV for people, who open them in a spreadsheet: no text in them becomes a formula.

Case folders have a writer of their own (`cases.files.tables`), which reads back exactly.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cases.files.tables import write_csv
from cases.tables.columns import Table

__all__ = ["guarded", "write_sheet"]

STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the start of a formula (OWASP, CSV injection)."""


def write_sheet(frame: pd.DataFrame, path: Path, table: Table | None = None) -> None:
    """Write a table as CSV in UTF-8 with line feeds; in the formats of `table` where it is given.

    Text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    if table is not None:
        write_csv(table, guarded(frame), path)
    else:
        guarded(frame).to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def guarded(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with text that looks like a formula marked as text, headings included."""
    texts = {
        name: frame[name].map(_guarded)
        for name in frame.columns
        if pd.api.types.is_string_dtype(frame[name].dtype)
        or pd.api.types.is_object_dtype(frame[name].dtype)
    }
    return frame.assign(**texts).rename(columns=_guarded)


def _guarded(cell: object) -> object:
    if not isinstance(cell, str) or not cell.startswith(STARTS):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell
