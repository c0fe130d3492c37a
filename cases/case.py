"""The market day: a header and tables that have been checked."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import ValidationError

from cases.checks import check_tables
from cases.errors import DataWarning, Failure, InputError
from cases.files.convert import Source, convert, nearest
from cases.files.hashing import content_hash
from cases.html import html_of
from cases.meta import CaseMeta, header_values, meta_failures
from cases.tables.schema import CASE_TABLES, empty_frame
from cases.warned import Warned, grouped

__all__ = ["Case", "CaseMeta"]


@dataclass(frozen=True, eq=False, repr=False)
class Case:
    """A market day: `meta` and one DataFrame per table of the schema, all checked.

    Make one with `Case.build` or `cases.read_case`. Every table is an attribute named as its
    file (`case.units`, `case.demand`); tables that were not given are there without rows. A case
    does not change: an attribute gives a copy, and `replace` makes a new case. Rows keep the
    order they were given in; the columns of wide tables follow the order of `units` or `loads`.
    """

    meta: CaseMeta
    tables: dict[str, pd.DataFrame]
    warnings: tuple[Failure, ...] = ()

    @classmethod
    def build(cls, meta: CaseMeta | Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> Case:
        """Make a case from a header and frames; absent tables and columns take their defaults.

        Raises InputError with every failure that was found; issues a DataWarning for data that
        can be cleared but looks wrong, and keeps it in `case.warnings`.
        """
        return assemble(meta, tables)

    def __getattr__(self, name: str) -> pd.DataFrame:
        tables = self.__dict__.get("tables", {})
        if name in tables:
            frame: pd.DataFrame = tables[name].copy(deep=False)
            return frame
        raise AttributeError(f"a case has no table {name}{nearest(name, CASE_TABLES)}")

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *self.tables})

    def _repr_html_(self) -> str:
        counts = {name: len(table) for name, table in self.tables.items() if len(table)}
        return html_of(f"{self.meta.name}: {self.meta.intervals} intervals", counts)

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {len(t)}" for name, t in self.tables.items() if len(t))
        return f"<Case {self.meta.name}: {self.meta.intervals} intervals; {rows}>"

    @cached_property
    def hash(self) -> str:
        """SHA-256 of header and tables, whatever format they were read from."""
        return self.content_hash()

    def content_hash(self) -> str:
        """`hash`, made anew from what the tables hold now."""
        return content_hash(header_values(self.meta), CASE_TABLES, self.tables)

    def __eq__(self, other: object) -> bool:
        return self.hash == other.hash if isinstance(other, Case) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.hash)

    def write(self, folder: str | Path, format: Literal["csv", "parquet"] = "csv") -> None:
        """Write the case as a new folder of CSV or Parquet files, whole or not at all.

        Reading it back gives an equal case. Raises InputError where the folder exists, cannot be
        written, or the format is unknown.
        """
        from cases.folder import write_case

        write_case(self, folder, format)

    @cached_property
    def interval_starts(self) -> pd.DatetimeIndex:
        """Starts of all intervals, in the timezone of the case."""
        return self.meta.interval_starts()

    @cached_property
    def interval_ends(self) -> pd.DatetimeIndex:
        """Ends of all intervals, in the timezone of the case."""
        step = pd.Timedelta(minutes=self.meta.interval_minutes)
        ends = self.interval_starts.tz_convert("UTC") + step
        return ends.tz_convert(self.meta.timezone).rename("interval_end")

    @property
    def interval_hours(self) -> float:
        """Length of an interval in hours."""
        return self.meta.interval_minutes / 60

    def replace(self, **changes: Any) -> Case:
        """A new case with other tables (by table name) or header values (by name), checked."""
        tables = {name: changes.pop(name, table) for name, table in self.tables.items()}
        unknown = [name for name in changes if name not in CaseMeta.model_fields]
        if unknown:
            known = [*CASE_TABLES, *CaseMeta.model_fields]
            raise InputError(
                Failure(
                    "",
                    None,
                    None,
                    "unknown_name",
                    f"a case has no table or header value {name}{nearest(name, known)}",
                )
                for name in unknown
            )
        header = {name: getattr(self.meta, name) for name in CaseMeta.model_fields}
        return assemble({**header, **changes}, tables, told=self.warnings)


def assemble(
    meta: CaseMeta | Mapping[str, Any] | None,
    tables: Mapping[str, pd.DataFrame],
    sources: Mapping[str, Source] | None = None,
    failures: list[Failure] | None = None,
    header_text: str = "",
    broken: Iterable[str] = (),
    told: Iterable[Failure] = (),
) -> Case:
    """Convert, check and build: what `Case.build` and the folder reader share.

    `sources` names the files and lines that the tables came from, `failures` is what the reader
    found already; all of it is raised together. What was `told` is not warned of again.
    """
    found = [] if failures is None else failures
    header = _header(meta, found, header_text)
    timezone = "UTC" if header is None else header.timezone
    origins = dict(sources or {})
    for name in tables:
        if name not in CASE_TABLES:
            known = nearest(name, CASE_TABLES)
            found.append(Failure(name, None, None, "unknown_table", f"no such table{known}"))
    typed: dict[str, pd.DataFrame] = {}
    unread = set(broken)
    for name, table in CASE_TABLES.items():
        source = origins.setdefault(name, Source(name))
        if name in tables and not isinstance(tables[name], pd.DataFrame):
            kind = type(tables[name]).__name__
            found.append(source.file_failure("table", f"must be a DataFrame, not {kind}"))
            typed[name] = empty_frame(table, timezone)
            unread.add(name)
        elif name in tables:
            typed[name] = convert(table, tables[name], source, timezone, found)
        else:
            typed[name] = empty_frame(table, timezone)
    given = {name for name in CASE_TABLES if name in tables} - unread
    warned = check_tables(header, typed, origins, given, unread, found)
    if found or header is None:
        raise InputError(found)
    before = {(warning.rule, warning.message) for warning in told}
    new = (Warned.of(w) for w in warned if (w.rule, w.message) not in before)
    for text in grouped(new):
        warnings.warn(DataWarning(text), stacklevel=3)
    return Case(header, typed, tuple(warned))


def _header(
    meta: CaseMeta | Mapping[str, Any] | None, failures: list[Failure], text: str
) -> CaseMeta | None:
    if meta is None or isinstance(meta, CaseMeta):
        return meta
    try:
        return CaseMeta.model_validate(dict(meta))
    except ValidationError as error:
        failures.extend(meta_failures("case.toml", error, text))
        return None
