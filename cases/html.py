"""What a notebook shows of a case or a run: its name and the rows of its tables."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

__all__ = ["html_of"]


def html_of(title: str, rows: Mapping[str, int]) -> str:
    """A heading and the number of rows by table, as HTML."""
    cells = "".join(
        f'<tr><td>{escape(name)}</td><td style="text-align:right">{count:,d}</td></tr>'
        for name, count in rows.items()
    )
    head = "<thead><tr><th>table</th><th>rows</th></tr></thead>"
    return f"<div><strong>{escape(title)}</strong><table>{head}<tbody>{cells}</tbody></table></div>"
