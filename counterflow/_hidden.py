"""Whether a file of the user hides one of our packages: `network.py` beside a script does."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

__all__ = ["PACKAGES", "refuse_hidden"]

PACKAGES = ("cases", "clearing", "mitigation", "network", "settlement")


def refuse_hidden() -> None:
    """Raise ImportError where another file would be imported as one of our packages.

    `python -m counterflow` says it in one line instead and ends with exit code 1.
    """
    root = Path(__file__).resolve().parent.parent
    for name in PACKAGES:
        found = _file_of(name)
        if found is None or found.parent == root / name:
            continue
        message = (
            f"{found} hides the package {name} of Counterflow ({root / name}): "
            "rename it, or start Python from another folder"
        )
        if sys.argv[:1] == ["-m"]:
            sys.exit(f"error: {message}")
        raise ImportError(message)


def _file_of(name: str) -> Path | None:
    """The file that stands for a package, loaded or to be loaded; None where there is none."""
    try:
        spec = find_spec(name)
    except ValueError:
        return None
    return None if spec is None or spec.origin is None else Path(spec.origin).resolve()
