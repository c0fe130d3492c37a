"""``counterflow evidence``: a sealed pack of one decision or a whole run."""

from pathlib import Path
from typing import Annotated

import typer

from counterflow.commands.options import Json


def run(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a mitigated run.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE.zip", help="The pack to write.")
    ],
    unit: Annotated[str | None, typer.Option("--unit", help="Only what is about it.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="T", help="Only the interval of this time.")
    ] = None,
    parent: Annotated[
        Path | None,
        typer.Option(
            "--parent", metavar="RUN", help="The run before mitigation. [default: found beside it]"
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key", metavar="FILE.pem", help="Ed25519 private key of your own to sign with."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write numbers, offers, rules with clause and date, before / after and hashes as one pack."""
    from cases.packs import open_pack
    from counterflow import console
    from counterflow.evidence import evidence

    path = evidence(run, output, unit=unit, at=at, parent=parent, key=key)
    manifest, members = open_pack(path)
    if as_json:
        told = {"run_id": manifest["run_id"], "seal": manifest["seal"]}
        told |= {"signed": "signature.json" in members, "files": list(manifest["files"])}
        console.print_json({"ok": True, "file": path, **told})
        return
    page = console.out()
    page.print(f"{path}: {console.count(len(manifest['files']), 'file')}", markup=False)
    page.print(f"seal {manifest['seal']}", markup=False)
    if "parent_manifest.json" not in members:
        page.print("the parent run was not found: prices after mitigation only", markup=False)
