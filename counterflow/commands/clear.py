"""``counterflow clear``: dispatch and prices of a case."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from counterflow.commands.options import CaseSource, Json, bad, free_folder, pairs


def run(
    case: CaseSource,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="RUN", help="Run folder to write; must be new."),
    ] = None,
    no_commitment: Annotated[
        bool,
        typer.Option("--no-commitment", help="Every unit is on; start-ups and no-load ignored."),
    ] = False,
    rulebook: Annotated[
        str | None,
        typer.Option("--rulebook", metavar="NAME|FILE", help="Rulebook. [default: default]"),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A rulebook key; may be repeated."),
    ] = None,
    security: Annotated[
        Literal["none", "n-1"],
        typer.Option("--security", metavar="none|n-1", help="Outages to be secured against."),
    ] = "none",
    gap: Annotated[
        float | None, typer.Option("--gap", help="Relative MIP gap to stop at, such as 0.001.")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option("--time-limit", help="Seconds after which to stop.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Clear a case: dispatch, prices at every bus, what binds; validated without the solver."""
    if gap is not None and not 0 <= gap < 1:
        raise bad("usage", f"--gap expects a fraction from 0 to below 1, not {gap:g}")
    if time_limit is not None and not 0 < time_limit < float("inf"):
        raise bad("usage", f"--time-limit expects seconds above 0, not {time_limit:g}")
    settings = pairs(setting or [], "--set")
    if output is not None:
        free_folder(output, "a run folder")

    from cases import read_case
    from clearing import clear
    from counterflow import console
    from counterflow.commands.show import print_summary, print_warnings
    from counterflow.summary import summarize

    found = read_case(case)
    with console.progress_line() as progress:
        cleared = clear(
            found,
            rulebook=rulebook,
            commitment=not no_commitment,
            security=security,
            gap=gap,
            time_limit=time_limit,
            settings=settings,
            progress=progress,
        )
    if output is not None:
        cleared.write(output)
    summary = summarize(cleared)
    if as_json:
        console.print_json(
            {"ok": True, "folder": output, "manifest": cleared.manifest, **summary.to_dict()}
        )
        return
    print_summary(summary, cleared.manifest)
    known = {str(warning) for warning in found.warnings}
    print_warnings([text for text in cleared.manifest["warnings"] if text not in known])
    if output is not None:
        console.out().print(f"\nwritten to {output}", markup=False)
