"""``counterflow init``: a small case of one's own to edit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from counterflow.commands.options import bad, free_folder


def run(
    folder: Annotated[Path, typer.Argument(metavar="CASE", help="Case folder; must be new.")],
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the case. [default: the folder's]")
    ] = None,
    hours: Annotated[int, typer.Option("--hours", min=1, max=168, help="Hours of the day.")] = 24,
) -> None:
    """Write a small case to edit: three buses, a line that binds, four units of three owners.

    Every file is plain CSV; `counterflow check` says what is wrong after a change, with file, row
    and column, and `docs/tables.md` what each column means.
    """
    from counterflow import console
    from counterflow.starter import starter_case

    free_folder(folder, "a case folder")
    title = name if name is not None else folder.resolve().name
    if not title.strip():
        raise bad("usage", "--name is blank")
    case = starter_case(title, hours)
    case.write(folder)
    page = console.out()
    page.print(f"written to {folder}", markup=False)
    for file in sorted(folder.iterdir()):
        page.print(f"  {file.name}", markup=False)
    page.print(f"\ncounterflow check {folder}", markup=False)
    page.print(f"counterflow clear {folder} -o RUN", markup=False)
