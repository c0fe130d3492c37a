"""A case folder: `case.toml` and one CSV or Parquet file per table."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from cases.case import Case, assemble
from cases.errors import Failure, InputError
from cases.files.convert import Source, nearest
from cases.files.folders import new_folder
from cases.files.tables import read_csv, read_parquet, write_csv, write_parquet
from cases.files.text import NotText, decoded, regular_bytes
from cases.files.toml import to_toml
from cases.files.units import check_units
from cases.meta import header_values
from cases.tables.schema import CASE_TABLES

__all__ = ["fill_case_folder", "read_case_folder", "write_case"]

Format = Literal["csv", "parquet"]


def write_case(case: Case, folder: str | Path, format: Format = "csv") -> None:
    """Write a case as a new folder, whole or not at all.

    Raises InputError where the folder exists, cannot be written, or the format is unknown.
    """
    if format not in ("csv", "parquet"):
        raise InputError.one(
            "", None, None, "format", f"the format must be csv or parquet, not {format!r}"
        )
    with new_folder(folder) as part:
        fill_case_folder(case, part, format)


def fill_case_folder(case: Case, folder: Path, format: Format) -> None:
    """Write `case.toml` and the tables into an empty folder.

    Tables without rows stay out where they are not required.
    """
    header = dict(header_values(case.meta))
    if not header["import"]:
        del header["import"]
    (folder / "case.toml").write_text(to_toml(header), encoding="utf-8")
    for name, frame in case.tables.items():
        table = CASE_TABLES[name]
        if len(frame) == 0 and not table.required:
            continue
        if format == "csv":
            write_csv(table, frame, folder / f"{name}.csv")
        else:
            write_parquet(table, frame, folder / f"{name}.parquet", case.meta.timezone)


def read_case_folder(folder: str | Path) -> Case:
    """Read and check a case folder.

    Raises InputError with everything that is wrong in all of its files.
    """
    folder = Path(folder)
    failures: list[Failure] = []
    header, text = _read_header(folder / "case.toml", failures)
    units = header.pop("units", {})
    money = str(header.get("currency", "$"))
    check_units(units, money, failures)
    tables: dict[str, pd.DataFrame] = {}
    sources: dict[str, Source] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix not in (".csv", ".parquet"):
            continue
        table = CASE_TABLES.get(path.stem)
        source = Source(path.name)
        if table is None:
            hint = nearest(path.stem, CASE_TABLES)
            failures.append(source.file_failure("unknown_table", f"there is no such table{hint}"))
            continue
        if path.stem in sources:
            message = f"the table is given twice, also as {sources[path.stem].file}; keep one"
            failures.append(source.file_failure("two_files", message))
            continue
        sources[path.stem] = source
        frame = (
            read_csv(table, path, source, failures)
            if path.suffix == ".csv"
            else read_parquet(table, path, source, failures, (money,))
        )
        if frame is not None:
            tables[path.stem] = frame
    broken = {name for name in sources if name not in tables}
    for name in CASE_TABLES:
        sources.setdefault(name, Source(f"{name}.csv"))
    return assemble(header if text else None, tables, sources, failures, text, broken)


def _read_header(path: Path, failures: list[Failure]) -> tuple[dict[str, Any], str]:
    """The values and the text of `case.toml`; empty where it cannot be read."""
    try:
        text = decoded(regular_bytes(path))
        return tomllib.loads(text), text
    except FileNotFoundError:
        message = "the folder has no case.toml"
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
    except NotText as error:
        message = str(error)
    except tomllib.TOMLDecodeError as error:
        message = f"not valid TOML: {error}"
    except RecursionError:
        message = "not valid TOML: nested too deeply"
    failures.append(Failure(path.name, None, None, "toml", message))
    return {}, ""
