"""``counterflow verify``: whether a run is still what it was when it was written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from counterflow.commands.options import Json


def run(
    run: Annotated[
        Path, typer.Argument(metavar="RUN|FILE.zip", help="A run folder, or an evidence pack.")
    ],
    as_json: Json = False,
) -> None:
    """Recompute every hash of a run: seal, files, tables, id; exit code 3 where one differs."""
    from cases.run_folder import read_manifest
    from cases.verification import mismatches
    from counterflow import console

    found = tuple(mismatches(run))
    manifest = {} if found else read_manifest(run)
    if as_json:
        rows = console.failure_rows(found)
        told = {"run_id": manifest.get("run_id"), "seal": manifest.get("seal")}
        console.print_json({"ok": not found, "folder": run, **told, "mismatches": rows})
    elif found:
        console.print_failures(console.err(), found, "mismatch")
    else:
        tables, others = len(manifest["tables"]), len(manifest["files"]) + 1
        page = console.out()
        page.print(f"run {manifest['run_id']}", markup=False, style="bold")
        page.print(
            f"nothing has changed: {console.count(tables, 'table')} and "
            f"{console.count(others, 'other file')} are as they were written",
            markup=False,
        )
    if found:
        raise typer.Exit(3)
