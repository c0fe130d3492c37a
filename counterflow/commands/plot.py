"""``counterflow plot``: the figures of a run as pages."""

from pathlib import Path
from typing import Annotated

import typer

from counterflow.commands.options import Json, RunFolder, free_folder, read_run


def run(
    run: RunFolder,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Folder to write; must be new.")
    ],
    as_json: Json = False,
) -> None:
    """Plot a run: LMP map, heat map, price duration, merit order, constraint rent (HTML)."""
    free_folder(output, "a folder of figures")

    from counterflow import console, plots

    pages = plots.write(read_run(run), output)
    if as_json:
        console.print_json({"ok": True, "folder": output, "pages": [str(p) for p in pages]})
    else:
        console.out().print(f"open {pages[0]}", markup=False)
