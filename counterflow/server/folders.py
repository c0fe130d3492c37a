"""What lies in the folder of a site, and the way to it that cannot leave it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cases.errors import CounterflowError, InputError
from cases.run_folder import read_manifest
from counterflow.pages.month import is_study

__all__ = ["found", "listing"]


def found(home: Path, name: str) -> Path:
    """Give the folder of that name directly below `home`.

    Raises
    ------
    InputError
        A name with a separator, a hidden one, or a link that leads out of `home`.
    """
    path = home / name
    plain = name and not name.startswith(".") and not set(name) & set("/\\:\0")
    if not plain or not path.is_dir() or path.resolve().parent != home.resolve():
        raise InputError.one("", None, None, "no_run", "there is no such run or study here")
    return path


def listing(home: Path, search: str = "") -> pd.DataFrame:
    """List folders whose name or case holds a text: folder, kind, case, made, told."""
    rows = []
    for path in sorted(home.iterdir()):
        if path.name.startswith(".") or not path.is_dir():
            continue
        rows.append(_row(path))
    table = pd.DataFrame(rows, columns=["folder", "kind", "case", "made", "told"], dtype=object)
    text = search.casefold()
    kept = [text in f"{f} {c}".casefold() for f, c in zip(table.folder, table.case, strict=True)]
    return table[kept]


def _row(path: Path) -> tuple[str, str, str, str, str]:
    if is_study(path):
        return path.name, "study", path.name, "", ""
    try:
        manifest = read_manifest(path)
    except CounterflowError as error:
        return (
            path.name,
            "unreadable",
            "",
            "",
            str(error).splitlines()[0].replace(f"{path}", path.name),
        )
    kind = "mitigated" if "mitigation" in manifest else "cleared"
    return path.name, kind, str(manifest.get("name", "")), str(manifest.get("created", "")), ""
