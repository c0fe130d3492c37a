"""``counterflow settle RUN... --month``: the money of a month."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterflow.commands.options import bad, read_run

if TYPE_CHECKING:
    from cases import Run
    from settlement.month import MonthStatement


def runs_of(texts: Sequence[str]) -> tuple[list[Run], dict[str, str]]:
    """Read run folders, written as PATH or VERSION=PATH, and the runs in folders of runs.

    Returns the runs, and run id -> version for those that were given a name.

    Raises
    ------
    InputError
        Where a folder holds no run.
    """
    runs: dict[Path, Run] = {}
    names: dict[str, str] = {}
    for text in texts:
        name, equals, rest = text.partition("=")
        path = Path(rest if equals and not Path(text).exists() else text)
        for folder in _folders(path):
            key = folder.resolve()
            if key not in runs:
                runs[key] = read_run(folder)
            if path != Path(text):
                names[runs[key].id] = name
    return list(runs.values()), names


def _folders(path: Path) -> list[Path]:
    if any((path / name).is_file() for name in ("manifest.json", "case.toml")) or not path.is_dir():
        return [path]
    found = sorted(file.parent for file in path.rglob("manifest.json"))
    if not found:
        raise bad("no_run", f"{path} holds no run folder")
    return found


def print_month(month: MonthStatement) -> None:
    """Write the days that count, the balance of every owner, and what is due."""
    from counterflow import console

    page = console.out()
    manifest = month.manifest
    marked = "   PARTIAL" if manifest["partial"] else ""
    page.print(f"{manifest['month']}   {manifest['currency']}{marked}", markup=False, style="bold")
    if manifest["partial"]:
        page.print(f"missing: {', '.join(manifest['missing'])}", markup=False, style="yellow")
    page.print()
    money = [name for name in month.balance.columns if name != "owner"]
    used = [name for name in money if (month.balance[name] != 0).any() or name == "total"]
    title = f"Received, {month.currency} (negative: paid)"
    floats = month.balance.astype(dict.fromkeys(money, float))
    page.print(console.table(floats, title, {"owner": "owner", **{name: name for name in used}}))
    page.print(f"\nsum of all totals: {month.total():,.2f}", markup=False)
    again = month.versions[month.versions["change"] != 0]
    if len(again):
        page.print()
        columns = {name: name for name in ("day", "version", "owner", "total", "change")}
        table = again.astype({"total": float, "change": float})
        page.print(console.table(table, "Changes from version to version", columns, limit=40))


def document(month: MonthStatement) -> dict[str, Any]:
    """What ``--json`` prints."""
    return {
        "manifest": dict(month.manifest),
        "lines": len(month.lines),
        "balance": month.balance,
        "netting": month.netting,
        "days": month.days,
        "versions": month.versions,
        "indices": month.indices,
        "total": month.total(),
    }
