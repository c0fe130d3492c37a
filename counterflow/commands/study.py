"""``counterflow study``: many days or a sweep, in parallel, gone on with by the same command."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from counterflow.commands.options import Json, Strict, bad

if TYPE_CHECKING:
    import pandas as pd


def run(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="The file of the study.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="STUDY", help="Its folder. [default: its name]"),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=1024, help="Processes of this machine.")
    ] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", metavar="ADDRESS", help="A Dask scheduler to use instead."),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Do steps again that failed before.")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what would run, and how long it may take.")
    ] = False,
    reuse: Annotated[
        Path | None,
        typer.Option("--reuse", metavar="STUDY", help="Take over equal steps of another study."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask before more than a thousand steps.")
    ] = False,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Run a study of many days and scenarios; the same command goes on where it was.

    Exit code 3 where steps failed: their errors are kept, what is done stays done. With --strict a
    step that warns fails, and nothing of it is written. With --json one line for each step that
    ends, then one document.
    """
    if scheduler is not None and workers != 1:
        raise bad("usage", "--workers is for this machine; a scheduler has workers of its own")

    from counterflow import console
    from counterflow.studies.plan import MANY
    from counterflow.studies.runner import preview, study

    if plan or not yes:
        table = preview(file, output, retry_failed=retry_failed)
        if plan:
            _tell_plan(table, as_json=as_json)
            return
        _ask(int(table["to_do"].sum()), MANY)
    with console.progress_line() as line:

        def progress(event: Mapping[str, Any]) -> None:
            if as_json:
                sys.stdout.write(json.dumps(console.plain(event), ensure_ascii=False) + "\n")
                sys.stdout.flush()
            elif event["event"] == "live_page":
                console.err().print(f"live page: {event['address']}", markup=False)
            else:
                line({"stage": _stage(event)})

        made = study(
            file,
            output=output,
            workers=workers,
            scheduler=scheduler,
            retry_failed=retry_failed,
            reuse=reuse,
            many=True,
            strict=strict,
            progress=progress,
        )
    _tell(made.ledger, made.folder, as_json=as_json)
    if len(made.failed):
        raise typer.Exit(3)


def _stage(event: Mapping[str, Any]) -> str:
    """Say in one line how far a study is."""
    left = event["seconds_left"]
    told = f"{event['ended']} of {event['to_do']} steps, {event['failed']} failed"
    time = "" if left is None else f", {left:.0f} s left"
    return f"{told}{time}  {event['id']} {event['status']}"


def _ask(steps: int, many: int) -> None:
    """Ask before very many steps; where nobody can answer, --yes must say so."""
    if steps <= many:
        return
    if not sys.stdin.isatty():
        raise bad("many_steps", f"{steps:,} steps, more than {many:,}: add --yes to run them")
    if not typer.confirm(f"{steps:,} steps are to run. Go on?", err=True):
        raise typer.Exit(1)


def _tell_plan(table: pd.DataFrame, *, as_json: bool) -> None:
    from counterflow import console

    seconds, size = table["seconds"].sum(skipna=False), table["bytes"].sum(skipna=False)
    if as_json:
        told = {"seconds": seconds, "bytes": size, "solves": int(table["solves"].sum())}
        console.print_json({"ok": True, **told, "plan": table})
        return
    page = console.out()
    shown = table.assign(megabytes=table["bytes"] / 1e6)
    headings = {"step": "step", "steps": "steps", "to_do": "to do", "solves": "solves at least",
                "seconds": "seconds of work", "megabytes": "MB"}  # fmt: skip
    page.print(console.table(shown, "What would run", headings, digits=1))
    if seconds != seconds:
        text = "time and disk are known once a first day is done: run a study of that day first"
    else:
        text = f"about {seconds:,.0f} s of work, shared by the workers, and {size / 1e6:,.1f} MB"
    page.print(f"\n{text}", markup=False)


def _tell(ledger: pd.DataFrame, folder: Path, *, as_json: bool) -> None:
    from counterflow import console

    counts = ledger["status"].value_counts().to_dict()
    wrong = ledger[ledger["status"].isin(["failed", "blocked"])][["id", "status", "error"]]
    if as_json:
        document = {"event": "end", "ok": wrong.empty, "folder": folder, "counts": counts}
        document["failed"] = wrong
        sys.stdout.write(json.dumps(console.plain(document), ensure_ascii=False) + "\n")
        return
    page = console.out()
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    page.print(f"{folder}: {told}", markup=False, style="bold")
    if len(wrong):
        last = [error.strip().rpartition("\n")[2] for error in wrong["error"]]
        headings = {"id": "step", "status": "status", "error": "why"}
        page.print(console.table(wrong.assign(error=last), "Not done", headings, limit=20))
