"""``counterflow report``: the page of runs as one file that works without a network."""

from pathlib import Path
from typing import Annotated

import typer

from counterflow.commands.options import Json


def run(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            help="Run folders: a mitigated run (its parent is found beside it), or several days; "
            "or the folder of a study.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE.html", help="The file to write.")
    ],
    audience: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="public|participant:OWNER|monitor",
            help="Who reads it; what others may not see is not in the file.",
        ),
    ] = "monitor",
    language: Annotated[
        str, typer.Option("--language", metavar="en|zh", help="The language it opens in.")
    ] = "en",
    as_json: Json = False,
) -> None:
    """Write the page of a day, a mitigated day, a month or a study as one file."""
    from counterflow import console
    from counterflow.pages import report

    path = report(runs, output, audience=audience, language=language)
    if as_json:
        size = path.stat().st_size
        console.print_json({"ok": True, "file": path, "bytes": size, "for": audience})
    else:
        console.out().print(f"open {path}", markup=False)
