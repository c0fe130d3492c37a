"""Write the generated pages: the tables of cases and runs, and the keys of the rulebooks.

`make docs` runs this; a test fails when a page is not what it would write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from cases.rulebook.book import RuleBook, area_keys, rulebook_keys, rulebook_names
from cases.tables.columns import Table
from cases.tables.schema import CASE_TABLES, RUN_TABLES, STATEMENT_TABLES, column_rows

DOCS = Path(__file__).parent
GENERATED = "<!-- Written by docs/build_tables.py from the code; do not edit. -->"
TABLES_INTRO = """
Every table is declared once, in `cases/tables/schema.py`; the checks, the metadata of the
Parquet files and this page come from that declaration. Money is in the currency of the case.
Timestamps are
ISO 8601 with an offset. A column that is not required may be left out and then has its default; a
blank number without a default means *none*, such as no limit. A case folder holds `case.toml` and
one CSV or Parquet file per table, named as the table; a table without a file has no rows.
""".strip()
RUNS_INTRO = """
Numbers are kept to the *decimals* of their column, half to even, before they are written, hashed or
shown, so that the last bits of arithmetic do not reach the id of a run; a column without decimals is
exact. See [run folders](runs.md).
""".strip()
RULEBOOKS_INTRO = """
A rulebook is one TOML file with every cap, penalty price, threshold, tolerance and tie-break of a
market; no threshold is a constant in code. `--rulebook NAME` picks a shipped one, a path picks a
file of yours, and `--set key=value` changes one key for one run. The whole rulebook and its hash
are kept in every run folder. A file that says `extends = NAME` takes over every key that it does
not give itself.
""".strip()


AREAS_INTRO = """
A constrained area is a table `[mitigation.areas.NAME]` of its own. Of all thresholds that hold for
a unit and interval, the general one and those of its areas, the tightest decides. Beside
the keys below it has thresholds like the general ones, `conduct.COMPONENT` and `impact.price` or
`impact.guarantee`. All of them can be set like any other key, such as
`mitigation.areas.new_york_city.formula.constrained_hours`.
""".strip()
EVIDENCE_INTRO = """
How sure a number is: V read in a public source, H well established and widely published, M right in
structure with a number that may be dated, L a reconstruction, C computed, D a choice of this
project; then the month in which it was entered. What a rulebook does not say itself it has from the
one that it extends.
""".strip()


def markdown(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines
    )


def tables_page() -> str:
    """Every table of a case, of a run and of a statement, column by column."""
    parts = [
        GENERATED,
        "# Tables",
        TABLES_INTRO,
        *_tables("A case", CASE_TABLES),
        *_tables("A run", RUN_TABLES, RUNS_INTRO, "decimals"),
        *_tables("A statement", STATEMENT_TABLES),
    ]
    return "\n\n".join(parts) + "\n"


def _tables(title: str, tables: Mapping[str, Table], intro: str = "", *more: str) -> list[str]:
    parts = [f"## {title}", intro] if intro else [f"## {title}"]
    shown = ["type", "unit", *more, "required", "default", "meaning"]
    for table in tables.values():
        parts.append(f"### {table.name}")
        notes = [f"{table.description[:1].upper()}{table.description[1:]}."]
        if table.key:
            notes.append(f"A row is identified by {', '.join(f'`{name}`' for name in table.key)}.")
        if table.required:
            notes.append("This table must be given.")
        parts.append(" ".join(notes))
        rows = [
            [
                f"`{row['column']}`" if not row["column"].startswith("one per") else row["column"],
                *(row[heading] for heading in shown),
            ]
            for row in column_rows(table)
        ]
        headings = ["column", *shown]
        parts.append(markdown(headings, rows))
    return parts


def rulebooks_page() -> str:
    """Every key of a rulebook, its value in each shipped one, and where the numbers come from."""
    books = [RuleBook.load(name) for name in rulebook_names()]
    parts = [
        GENERATED,
        "# Rulebooks",
        RULEBOOKS_INTRO,
        "## Shipped",
        markdown(
            ["name", "version", "date", "what it is"],
            [[f"`{b.name}`", b.version, b.date.isoformat(), b.title] for b in books],
        ),
        "## Keys",
        markdown(
            ["key", "meaning", *[b.name for b in books]],
            [
                [f"`{key}`", meaning, *[_value(book, key) for book in books]]
                for key, meaning in rulebook_keys().items()
                if key not in ("name", "version", "date", "title", "evidence")
            ],
        ),
        "## Constrained areas",
        AREAS_INTRO,
        markdown(
            ["key", "meaning"],
            [
                [f"`{key}`", text]
                for key, text in area_keys().items()
                if "." not in key or key.startswith("formula.")
            ],
        ),
        "Those of the shipped rulebooks:",
        markdown(
            ["rulebook", "area", "what it is", "its keys"],
            [
                [f"`{b.name}`", f"`{name}`", area.title, "; ".join(_given(area))]
                for b in books
                for name, area in b.mitigation.areas.items()
            ],
        ),
        "## Where the numbers come from",
        EVIDENCE_INTRO,
        markdown(
            ["rulebook", "key or section", "source"],
            [[f"`{b.name}`", f"`{key}`", text] for b in books for key, text in b.evidence.items()],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _given(section: BaseModel, prefix: str = "") -> Iterable[str]:
    """Keys of a section that differ from their defaults, with their values."""
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from _given(value, f"{prefix}{name}.")
        elif value != field.default and name != "title":
            text = ", ".join(value) if isinstance(value, tuple) else value
            yield f"{prefix}{name} {f'{text:g}' if isinstance(text, float) else text}"


def _value(book: RuleBook, key: str) -> str:
    value: Any = book
    for part in key.split("."):
        value = getattr(value, part)
    if value is None or value == ():
        return ""
    if isinstance(value, dict):
        return "; ".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "; ".join(
            "-".join(map(str, item)) if isinstance(item, list | tuple) else str(item)
            for item in value
        )
    return f"{value:g}" if isinstance(value, float) else str(value)


PAGES = {"tables.md": tables_page, "rulebooks.md": rulebooks_page}


def main() -> None:
    """Write the pages."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
