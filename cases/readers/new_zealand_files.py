"""The files of a New Zealand market case: tables of text in one zip, found by name and interval.

Lines are `I,<group>,<TABLE>,1.0,<columns>` (header), `D,<group>,<TABLE>,1.0,<values>` (row) and
`C,...` (comment); values are padded with blanks.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from cases.errors import Failure, InputError
from cases.market_time import instants

__all__ = ["CaseFiles", "Rows", "records", "stamp_of"]

TIMEZONE = "Pacific/Auckland"
_NAME = re.compile(r"^(?:.*/)?(MSS_\d+_0X)(.*)$", re.IGNORECASE)
_STAMP = "%d-%b-%Y %H:%M"
_WHOLE = ("MDBCTRL", "PERIOD", "DAILY", "MSSMKT", "MSSMOD", "MSSNET")
"""Files that every case has once."""


def records(frame: pd.DataFrame) -> Iterator[Any]:
    """Rows of a table as named tuples of text and numbers."""
    yield from frame.itertuples(index=False)


def stamp_of(text: str) -> pd.Timestamp:
    """Read a time such as `26-FEB-2025 11:30`, in New Zealand. Raises ValueError."""
    time = pd.to_datetime(" ".join(text.split()), format=_STAMP)
    found = instants(pd.Timestamp(time), TIMEZONE)
    if not found:
        raise ValueError(f"{text} is skipped by the clock of {TIMEZONE}")
    return found[0]


@dataclass(frozen=True)
class Rows:
    """One table of one file: its rows as text."""

    file: str
    name: str
    frame: pd.DataFrame

    def need(self, *columns: str) -> pd.DataFrame:
        """Give the rows; InputError naming file, table and column where one is missing."""
        missing = [column for column in columns if column not in self.frame.columns]
        if missing:
            raise InputError(
                Failure(
                    self.file,
                    None,
                    column,
                    "missing_column",
                    f"table {self.name} has no column {column}; it has "
                    f"{', '.join(self.frame.columns) or 'none'}",
                )
                for column in missing
            )
        return self.frame

    def number(self, column: str) -> pd.Series:
        """Read a column as numbers, blank and N/A as 0; InputError naming what is none."""
        text = self.need(column)[column].replace({"": "0", "N/A": "0"})
        values = pd.to_numeric(text, errors="coerce")
        bad = values.isna()
        if bad.any():
            said = f"table {self.name}: {text[bad].iloc[0]!r} is no number"
            raise InputError.one(self.file, None, column, "number", said)
        return values.astype(float)


@dataclass
class CaseFiles:
    """A zip of one case, its tables read once."""

    path: Path
    _read: dict[str, dict[str, Rows]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Look at the names; InputError for a zip of another kind or with a file missing."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, OSError) as error:
            self._refuse(f"cannot be read as a zip: {error}")
        found = {name: match for name in names if (match := _NAME.match(name))}
        if not found:
            shown = ", ".join(names[:3]) or "nothing"
            self._refuse(
                "is no case of the New Zealand system operator: expected files MSS_<18 digits>_0X "
                f"with the endings {', '.join(_WHOLE)}, found {shown}"
            )
        ids = sorted({match.group(1).upper() for match in found.values()})
        if len(ids) > 1:
            self._refuse(f"holds several cases: {', '.join(ids)}; give one zip for each")
        self.id = ids[0]
        self.members = {match.group(2).upper(): name for name, match in found.items()}
        missing = [end for end in _WHOLE if f".{end}" not in self.members]
        if missing:
            raise InputError(
                Failure(
                    self.path.name,
                    None,
                    None,
                    "missing_file",
                    f"the zip has no file {self.id}.{end}",
                )
                for end in missing
            )

    def _refuse(self, message: str) -> None:
        raise InputError.one(self.path.name, None, None, "format", message)

    @cached_property
    def intervals(self) -> list[str]:
        """Intervals as the case writes them, in order."""
        texts = self.table(".MDBCTRL", "CONTROL").need("INTERVAL")["INTERVAL"].tolist()
        return sorted(texts, key=stamp_of)

    @cached_property
    def minutes(self) -> int:
        """Length of an interval."""
        return int(self.table(".MDBCTRL", "CASE").number("INTERVALDURATION").iloc[0])

    @property
    def mode(self) -> str:
        """Run type, such as PRSS, NRSS or RTD."""
        frame = self.table(".MDBCTRL", "CASE").frame
        return str(frame["MODESHORTNAME"].iloc[0]) if "MODESHORTNAME" in frame else ""

    def network(self, interval: str) -> str:
        """Ending of the file with the grid of an interval; InputError where it is missing."""
        return self._of_interval(interval, "_{}_0.MSSNET")

    def solved(self, interval: str) -> str | None:
        """Ending of the file with the operator's solution; None where there is none."""
        end = f".0_{_written(interval)}_0.SPDSOLVED"
        return end if end in self.members else None

    def _of_interval(self, interval: str, form: str) -> str:
        end = form.format(_written(interval))
        if end not in self.members:
            message = f"the zip has no file {self.id}{end} for the interval {interval}"
            raise InputError.one(self.path.name, None, None, "missing_file", message)
        return end

    def table(self, end: str, name: str, *, optional: bool = False) -> Rows:
        """A table of the file with an ending; InputError naming both where it is not there."""
        if end not in self._read:
            self._read[end] = self._tables(end)
        tables, file = self._read[end], f"{self.id}{end}"
        if name not in tables:
            if optional:
                return Rows(file, name, pd.DataFrame())
            message = f"has no table {name}; it has {', '.join(tables) or 'none'}"
            raise InputError.one(f"{self.path.name}: {file}", None, None, "missing_table", message)
        return tables[name]

    def at(self, end: str, name: str, *, optional: bool = False) -> Rows:
        """A table with its column INTERVAL, as `table`."""
        rows = self.table(end, name, optional=optional)
        if not optional or len(rows.frame.columns):
            rows.need("INTERVAL")
        return rows

    def _tables(self, end: str) -> dict[str, Rows]:
        with zipfile.ZipFile(self.path) as archive:
            text = archive.read(self.members[end]).decode("latin-1")
        file = f"{self.path.name}: {self.id}{end}"
        heads: dict[str, list[str]] = {}
        found: dict[str, list[list[str]]] = {}
        for line in text.splitlines():
            mark = line[:2]
            if mark not in ("I,", "D,"):
                continue
            cells = [" ".join(cell.split()) for cell in line.split(",")]
            name = cells[2] if len(cells) > 2 else ""
            if mark == "I,":
                heads.setdefault(name, cells[4:])
                found.setdefault(name, [])
            elif name in heads:
                found[name].append(cells[4:])
        tables = {}
        for name, rows in found.items():
            head = heads[name]
            wrong = next((row for row in rows if len(row) != len(head)), None)
            if wrong is not None:
                message = f"table {name}: a row has {len(wrong)} values, its header {len(head)}"
                raise InputError.one(file, None, None, "columns", message)
            tables[name] = Rows(file, name, pd.DataFrame(rows, columns=head, dtype="object"))
        return tables


def _written(interval: str) -> str:
    return interval.upper().replace(" ", "_").replace(":", "_")
