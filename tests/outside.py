"""Data that is not in the repository: where it is looked for, and a skip by name without it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).resolve()


def outside(name: str) -> Path:
    """Return the path of `name` below $COUNTERFLOW_DATA, or below a `shared/data` that is near."""
    given = os.environ.get("COUNTERFLOW_DATA")
    folders = [Path(given)] if given else [parent / "shared" / "data" for parent in HERE.parents]
    found = next((folder / name for folder in folders if (folder / name).exists()), None)
    if found is None:
        pytest.skip(f"{name} is not here; COUNTERFLOW_DATA names the folder that holds it")
    return found
