"""HTML for notebooks: a heading, sentences and tables, with every text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

import pandas as pd

from counterflow.console import number, stamp

__all__ = ["block", "html_table", "paragraph"]


def html_table(rows: pd.DataFrame, headings: Mapping[str, str], *, digits: int = 2) -> str:
    """Write the columns in `headings` (column -> heading) as an HTML table, numbers right."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings.values())
    right = [pd.api.types.is_numeric_dtype(rows[column].dtype) for column in headings]
    body = []
    for values in rows[list(headings)].itertuples(index=False):
        cells = [
            f'<td style="text-align:{"right" if numeric else "left"}">{_cell(value, digits)}</td>'
            for value, numeric in zip(values, right, strict=True)
        ]
        body.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def block(title: str, parts: Iterable[str]) -> str:
    """A titled block of parts that are HTML already."""
    return f"<div><strong>{escape(title)}</strong>{''.join(parts)}</div>"


def paragraph(text: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{escape(text)}</p>"


def _cell(value: object, digits: int) -> str:
    if isinstance(value, pd.Timestamp):
        return escape(stamp(value))
    return escape("" if value is pd.NaT else number(value, digits))
