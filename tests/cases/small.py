"""A three-bus day as the texts of its files, small enough to count rows by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from cases import Case, Failure, InputError, read_case

CASE_TOML = """\
name = "small"
timezone = "UTC"
start = 2030-06-01T00:00:00Z
intervals = 2
"""

FILES: dict[str, str] = {
    "case.toml": CASE_TOML,
    "buses.csv": "bus,zone\nA,north\nB,north\nC,south\n",
    "branches.csv": (
        "branch,from_bus,to_bus,x,rating_mw\nAB,A,B,0.1,100\nBC,B,C,0.1,\nAC,A,C,0.2,50\n"
    ),
    "owners.csv": "owner,parent\nP,\nQ,\n",
    "units.csv": "unit,owner,bus,p_min,p_max\nG1,P,A,10,100\nG2,Q,C,0,80\n",
    "offers.csv": "unit,segment,mw,price\nG1,1,60,10\nG1,2,40,20\nG2,1,80,30\n",
    "availability.csv": ("interval_start,G1\n2030-06-01T00:00:00Z,100\n2030-06-01T01:00:00Z,90\n"),
    "loads.csv": "load,bus\nL1,B\nL2,C\n",
    "demand.csv": (
        "interval_start,L1,L2\n2030-06-01T00:00:00Z,50,60\n2030-06-01T01:00:00Z,55,65\n"
    ),
}

Found = tuple[str, int | None, str | None, str]


def write_files(folder: Path, changes: Mapping[str, str | bytes | None]) -> Path:
    """Write the small day with some files replaced, added, or (None) left out."""
    folder.mkdir(parents=True)
    for name, content in {**FILES, **changes}.items():
        if isinstance(content, str):
            (folder / name).write_bytes(content.encode())
        elif content is not None:
            (folder / name).write_bytes(content)
    return folder


def read_small(folder: Path, **changes: str | bytes | None) -> Case:
    """Read the small day; keyword `units` stands for units.csv, `case` for case.toml."""
    return read_case(write_files(folder / "day", _by_file(changes)))


def failures(folder: Path, changes: Mapping[str, str | bytes | None]) -> tuple[Failure, ...]:
    """Give what is wrong with the small day after some changes."""
    with pytest.raises(InputError) as caught:
        read_case(write_files(folder / "day", changes))
    return caught.value.failures


def found(folder: Path, changes: Mapping[str, str | bytes | None]) -> list[Found]:
    """Give file, row, column and rule of all that is wrong."""
    return [(f.file, f.row, f.column, f.rule) for f in failures(folder, changes)]


def _by_file(changes: Mapping[str, str | bytes | None]) -> dict[str, str | bytes | None]:
    return {
        "case.toml" if name == "case" else f"{name}.csv": content
        for name, content in changes.items()
    }
