"""Write the generated pages: tables, keys of the rulebooks, commands, the Python reference.

`make docs` runs this; a test fails when a page is not what it would write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from cases.rulebook.book import RuleBook, area_keys, rulebook_keys, rulebook_names
from cases.rulebook.dated import HEAD
from cases.rulebook.files import rules_file
from cases.rulebook.read_by import read_by
from cases.rulebook.source import Source
from cases.tables.columns import Table
from cases.tables.schema import CASE_TABLES, RUN_TABLES, STATEMENT_TABLES, column_rows
from cases.warned import KINDS
from docs.build_commands import COMMAND_PAGES
from mitigation.unused import profiles_reading

DOCS = Path(__file__).parent
GENERATED = "<!-- Written by docs/build_tables.py from the code; do not edit. -->"
TABLES_INTRO = """
Every table is declared once, in `cases/tables/schema.py`; the checks, the metadata of the
Parquet files and this page come from that declaration. Money is in the currency of the case.
Timestamps are
ISO 8601 with an offset. A column that is not required may be left out and then has its default; a
blank number without a default means *none*, such as no limit. A case folder holds `case.toml` and
one CSV or Parquet file per table, named as the table; a table without a file has no rows.
`security` in `case.toml` (none, n-1) says what a clearing secures against unless it is told
otherwise. A CSV file may be separated by semicolons, with decimal commas; a number beyond any
market (more than 1e9 MW, 1e8 money per MWh) is refused.
""".strip()
RUNS_INTRO = """
Numbers are kept to the *decimals* of their column, half to even, before they are written, hashed or
shown, so that the last bits of arithmetic do not reach the id of a run; a column without decimals
is exact. See [run folders](runs.md).
""".strip()
RULEBOOKS_INTRO = """
A rulebook is one TOML file with every cap, penalty price, threshold, tolerance and tie-break of a
market; no threshold is a constant in code. `--rulebook NAME` picks a shipped one, a path picks a
file of yours, and `--set key=value` changes one key for one run. The whole rulebook and its hash
are kept in every run folder. A file that says `extends = NAME` takes over every key that it does
not give itself.
""".strip()


WARNINGS_INTRO = """
A warning says that something can be cleared, tested or settled and yet looks wrong. The command
line shows each once, with the name of its kind in brackets, and many of one kind as a count; a run
keeps all in its manifest (`warnings`, and their kinds beside them in `warning_kinds`). With
`--strict` (`check`, `import`, `clear`, `mitigate`, `settle`, `study`) a warning is an error: exit
code 1, and nothing is written. A note says how a number was made; it is no error then. A command
that goes on with a run (`mitigate`) is strict about what that run warned of, too.
""".strip()
AREAS_INTRO = """
A constrained area is a table `[mitigation.areas.NAME]` of its own. Of all thresholds that hold for
a unit and interval, the general one and those of its areas, the tightest decides. Beside
the keys below it has thresholds like the general ones, `conduct.COMPONENT` and `impact.price` or
`impact.guarantee`. All of them can be set like any other key, such as
`mitigation.areas.new_york_city.formula.constrained_hours`.
""".strip()
FORM_INTRO = """
A value stands alone, or in a table with its date and its clause, or in a list of such tables where
it changed:

```toml
read = "2026-01" # the month in which the numbers of this file were read

[mitigation.conduct.energy]
clause = "Services Tariff 23.3.1.2.1"
sure = "H"
percent = 300.0
exempt_below = { value = 25.0, sure = "M" }

[offers]
clause = "system-wide offer cap"
sure = "M"
cap = [
    { from = 2015-06-01, value = 9000.0 },
    { from = 2022-01-01, value = 5000.0 },
]
```

`clause` is where the rule is written, `sure` how sure the number is, `read` when it was read there,
`from` the day from which it holds. Beside the values of a table they hold for all of them and for
the tables below it, at the top of the file for all that the file gives; a value says for itself
what is different, and one that names its own clause takes over nothing but `read`. A constrained
area or a tier may begin (`from`) and end (`until`). `mitigation.profile` is dated like a number.

`--as-of DATE` (`as_of=` in Python) takes the values in force on a date; without it each is the
newest, whatever the market day. A key without a value on that date is an error that names its first
one. The run keeps the values with their sources, and `explain` shows those that decided. A value
that you change without a source says so in place of the tariff's.

The former table `[evidence]` (key or section = "[H] 2026-01: tariff 23.3") is read as before.
""".strip()
KEYS_INTRO = """
A key outside `mitigation` may be given to every command; the last column says which one reads it,
or which Python function where there is no command. A key of `mitigation` that you give and that no
step of the chosen procedure reads is an error, with file and line; what a file takes over by
`extends` is not asked.
""".strip()
EVIDENCE_INTRO = """
What each file gives itself; all else it has from the one that it extends. How sure a number is: V
read in a public source, H well established and widely published, M right in structure with a number
that may be dated, L a reconstruction, C computed, D a choice of this project; then the month in
which it was read.
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
    """Every key of a rulebook, what reads it, and each shipped rulebook with its sources."""
    books = [RuleBook.load(name) for name in rulebook_names()]
    default = RuleBook.load("default")
    parts = [
        GENERATED,
        "# Rulebooks",
        RULEBOOKS_INTRO,
        "## Shipped",
        markdown(
            ["name", "version", "date", "what it is"],
            [[f"`{b.name}`", b.version, b.date.isoformat(), b.title] for b in books],
        ),
        "## The form of a file",
        FORM_INTRO,
        "## Keys",
        KEYS_INTRO,
        markdown(
            ["key", "meaning", "default", "read by"],
            [
                [f"`{key}`", meaning, _text(default.value_of(key)), _read_by(key)]
                for key, meaning in rulebook_keys().items()
                if key not in HEAD
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
        "## Market by market",
        "A page for each, with every value that its file gives itself, its clause and its date:",
        markdown(
            ["rulebook", "what it is"],
            [[f"[`{b.name}`](rulebooks/{b.name}.md)", b.title] for b in books],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def market_page(name: str) -> str:
    """The values of one shipped rulebook, with their sources."""
    book = RuleBook.load(name)
    parts = [GENERATED, *_market(book)[:2], EVIDENCE_INTRO, *_market(book)[2:]]
    return "\n\n".join(parts) + "\n"


def _market(book: RuleBook) -> list[str]:
    """What a shipped file gives itself: every value with its date, clause and certainty."""
    file = rules_file(book.name)
    head = file.sources.get("")
    rows = []
    for key, entries in file.values():
        if key in HEAD or key.endswith(".title"):
            continue
        for entry in entries:
            source = file.source_of(key, entry) or Source()
            if book.name == "default" and not source.clause:
                continue
            begins = source.since or (head.since if head else None)
            rows.append(
                [
                    f"`{key}`",
                    _text(entry.value),
                    begins.isoformat() if begins else "",
                    source.clause,
                    source.sure,
                    source.read if source.clause else "",
                ]
            )
    table = markdown(["key", "value", "in force from", "clause", "sure", "read"], rows)
    return [f"# Rulebook {book.name}", f"{book.title}.", table]


def _read_by(key: str) -> str:
    """Commands and functions that read a key, and profiles whose procedure does."""
    profiles = profiles_reading(key) if key.startswith("mitigation.") else []
    told = ["`counterflow mitigate`"] if profiles == ["all"] else []
    if profiles and profiles != ["all"]:
        told.append(f"`counterflow mitigate` by {', '.join(profiles)}")
    if key == "mitigation.own":
        told.append("slots of your own")
    return ", ".join([*told, *filter(None, [read_by(key)])])


def _given(section: BaseModel, prefix: str = "") -> Iterable[str]:
    """Keys of a section that differ from their defaults, with their values."""
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from _given(value, f"{prefix}{name}.")
        elif value != field.default and name != "title":
            text = ", ".join(value) if isinstance(value, tuple) else value
            yield f"{prefix}{name} {f'{text:g}' if isinstance(text, float) else text}"


def _text(value: Any) -> str:
    if value is None or value == () or value == {}:
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


def warnings_page() -> str:
    """Every kind of warning: what it means, and what to do; its name is its anchor."""
    parts = [GENERATED, "# Warnings", WARNINGS_INTRO]
    for about in dict.fromkeys(kind.about for kind in KINDS.values()):
        parts.append(f"## {about[:1].upper()}{about[1:]}")
        for name, kind in KINDS.items():
            if kind.about == about:
                to_do = f" {kind.to_do[:1].upper()}{kind.to_do[1:]}." if kind.to_do else ""
                word = "A note: " if kind.note else ""
                text = f"{word}{kind.means}"
                parts += [f"### {name}", f"{text[:1].upper()}{text[1:]}.{to_do}"]
    return "\n\n".join(parts) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "tables.md": tables_page,
    "rulebooks.md": rulebooks_page,
    **{f"rulebooks/{name}.md": partial(market_page, name) for name in rulebook_names()},
    "warnings.md": warnings_page,
    **COMMAND_PAGES,
}


def main() -> None:
    """Write the pages."""
    for folder in ("commands", "rulebooks"):
        (DOCS / folder).mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
