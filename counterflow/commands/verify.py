"""``counterflow verify``: whether a run is still what it was when it was written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from counterflow.commands.options import Json, bad


def run(
    run: Annotated[
        Path, typer.Argument(metavar="RUN|FILE.zip", help="A run folder, or an evidence pack.")
    ],
    signed_by: Annotated[
        Path | None,
        typer.Option(
            "--signed-by", metavar="FILE.pem", help="Public key that must have signed the pack."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Recompute every hash of a run or a pack of evidence; exit code 3 where one differs."""
    if run.is_file() or run.suffix.lower() == ".zip":
        _pack(run, signed_by, as_json)
        return
    if signed_by is not None:
        raise bad("usage", "--signed-by goes with an evidence pack: a run folder is not signed")
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


def _pack(path: Path, signed_by: Path | None, as_json: bool) -> None:
    from cases.packs import open_pack, pack_mismatches
    from counterflow import console

    found = tuple(pack_mismatches(path, signed_by))
    manifest, members = open_pack(path)
    if as_json:
        told = {"run_id": manifest.get("run_id"), "seal": manifest.get("seal")}
        told |= {"signed": "signature.json" in members}
        rows = console.failure_rows(found)
        console.print_json({"ok": not found, "file": path, **told, "mismatches": rows})
    elif found:
        console.print_failures(console.err(), found, "mismatch")
    else:
        page = console.out()
        page.print(f"evidence of run {manifest.get('run_id')}", markup=False, style="bold")
        signed = ", signed" if "signature.json" in members else ""
        page.print(
            f"nothing has changed: {console.count(len(manifest['files']), 'file')} are as they "
            f"were sealed{signed}",
            markup=False,
        )
    if found:
        raise typer.Exit(3)
