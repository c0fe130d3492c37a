"""JSON files of unit commitment: which of the known formats a file has."""

from __future__ import annotations

from pathlib import Path

from cases.case import Case
from cases.errors import InputError
from cases.readers.json_file import load_json
from cases.readers.pglib_uc import is_pglib_uc, pglib_uc_case
from cases.readers.unitcommitment_jl import is_unitcommitment_jl, unitcommitment_jl_case

__all__ = ["read_uc_json"]


def read_uc_json(path: Path, *, hours: int | None = None, source: str = "") -> Case:
    """Read a JSON file of pglib-uc or of UnitCommitment.jl, plain or gzipped.

    Raises InputError with everything that is wrong with the file, or where it is of neither.
    """
    document, content = load_json(path)
    if is_pglib_uc(content):
        return pglib_uc_case(document, content, path, hours=hours, source=source)
    if is_unitcommitment_jl(content):
        return unitcommitment_jl_case(document, content, path, hours=hours, source=source)
    text = (
        "is neither of pglib-uc (time_periods, thermal_generators) nor of UnitCommitment.jl "
        "(Parameters, Buses)"
    )
    raise InputError.one(path.name, None, None, "format", text)
