"""Importing: a case folder from whatever `read_case` reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date as day
from pathlib import Path
from typing import Any, Literal

from cases.case import Case
from cases.errors import InputError
from cases.options import STRESSES, parse_stress
from cases.readers import reader_of
from cases.readers.reader import Origin
from cases.reading import read_case

__all__ = ["import_case"]


def import_case(
    src: str | Path,
    dest: str | Path,
    *,
    date: str | day | None = None,
    stress: Mapping[str, float] | str | None = None,
    format: Literal["csv", "parquet"] = "csv",
    **options: Any,
) -> Case:
    """Write a case folder from a known format, and return the case.

    Parameters
    ----------
    src
        Whatever `cases.read_case` takes: a file or folder of a known format, a name such as
        `matpower/case118` or `rts-gmlc/2020-07-10`, or a case to which options are applied.
    dest
        Folder to write; it must not be there yet, or be empty.
    date
        First day, where the data has many.
    stress
        Factors on ratings and load, as a mapping or as text, "rating=0.7,load=1.1".
    format
        Of the tables.
    options
        The other options of `cases.read_case`: `owners`, and those of the format that is read.

    Raises
    ------
    InputError
        As `read_case`; and where `dest` holds something. Nothing is written then.
    """
    target = Path(dest)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise _usage(f"{target} is there already; give a new folder")
    factors = parse_stress(stress) if isinstance(stress, str) else dict(stress or {})
    for name in factors:
        if name not in STRESSES:
            raise _usage(f"stress knows rating and load, not {name}")
    if date is not None:
        if reader_of(Origin.of(src)) is None:
            raise _usage(f"date is for RTS-GMLC data, not for {src}")
        options["date"] = date
    case = read_case(src, **options, **factors)
    case.write(target, format=format)
    return case


def _usage(message: str) -> InputError:
    return InputError.one("", None, None, "usage", message)
