"""``counterflow clear``: commitment, dispatch and prices of a case."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from counterflow.commands.options import (
    AsOf,
    CaseSource,
    Json,
    Strict,
    bad,
    free_folder,
    pairs,
    read_run,
)

if TYPE_CHECKING:
    from cases import Case


def run(
    case: CaseSource,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="RUN", help="Run folder to write; must be new."),
    ] = None,
    commitment: Annotated[
        bool,
        typer.Option(
            "--commitment/--no-commitment",
            help="Decide which units run, or have every unit on, start-ups and no-load ignored.",
        ),
    ] = True,
    commitment_from: Annotated[
        Path | None,
        typer.Option(
            "--commitment-from",
            metavar="RUN",
            help="Real time: dispatch the commitment of this run interval by interval.",
        ),
    ] = None,
    market: Annotated[
        Literal["da", "rt"] | None,
        typer.Option(
            "--market", metavar="da|rt", help="Day-ahead or real-time series of the source."
        ),
    ] = None,
    rulebook: Annotated[
        str | None,
        typer.Option("--rulebook", metavar="NAME|FILE", help="Rulebook. [default: default]"),
    ] = None,
    as_of: AsOf = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A rulebook key; may be repeated."),
    ] = None,
    security: Annotated[
        Literal["none", "n-1"] | None,
        typer.Option(
            "--security",
            metavar="none|n-1",
            help="Outages to be secured against. [default: what the case says, else none]",
        ),
    ] = None,
    gap: Annotated[
        float | None, typer.Option("--gap", help="Relative MIP gap to stop at, such as 0.001.")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option("--time-limit", help="Seconds after which to stop.")
    ] = None,
    rolling: Annotated[
        float | None,
        typer.Option(
            "--rolling",
            metavar="H",
            help="Decide which units run in windows of H hours, one after the other.",
        ),
    ] = None,
    look_ahead: Annotated[
        float | None,
        typer.Option(
            "--look-ahead", metavar="H", help="Hours solved beyond each window and thrown away."
        ),
    ] = None,
    opf: Annotated[
        bool,
        typer.Option(
            "--opf",
            help="An optimal power flow as published: --no-commitment, and its value with the "
            "constants of the cost curves.",
        ),
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            help="A line for every pass, also when redirected, and the solver's log, on standard "
            "error.",
        ),
    ] = False,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Clear a case: which units run, dispatch, prices at every bus; validated without the solver.

    A commitment that a limit stopped before its gap is written with a warning and its proven gap.
    """
    if gap is not None and not 0 <= gap < 1:
        raise bad("usage", f"--gap expects a fraction from 0 to below 1, not {gap:g}")
    if time_limit is not None and not 0 < time_limit < float("inf"):
        raise bad("usage", f"--time-limit expects seconds above 0, not {time_limit:g}")
    if look_ahead is not None and rolling is None:
        raise bad("usage", "--look-ahead goes with --rolling")
    if opf and commitment_from is not None:
        raise bad("usage", "--opf decides no commitment and takes none over")
    commitment = commitment and not opf
    if commitment_from is not None:
        _check_real_time(commitment, market, gap)
    elif market == "rt" and commitment:
        raise bad("usage", "--market rt needs --commitment-from RUN, or --no-commitment")
    settings = pairs(setting or [], "--set")
    if output is not None:
        free_folder(output, "a run folder")

    from clearing.program.solver import logged
    from counterflow import console
    from counterflow.capped import clear
    from counterflow.commands.show import print_summary, print_warnings
    from counterflow.heard import no_warnings
    from counterflow.tables.opf import opf_value
    from counterflow.tables.security import security_text
    from counterflow.tables.summary import summarize

    found = _read(case, market or ("rt" if commitment_from is not None else None))
    no_warnings(strict)
    parent = None if commitment_from is None else read_run(commitment_from)
    day = found.meta.start.date().isoformat()
    log = logged(sys.stderr.write) if verbose else nullcontext()
    with log, console.progress_line(lines=verbose) as line:

        def progress(event: Mapping[str, Any]) -> None:
            line({"day": day, **event})

        clearing: Any = clear
        if rolling is not None:
            from counterflow.studies.rolling import clear_rolling

            clearing = partial(clear_rolling, hours=rolling, look_ahead=look_ahead or 0.0)
        cleared = clearing(
            found,
            rulebook=rulebook,
            as_of=as_of,
            commitment=commitment,
            commitment_from=parent,
            security=security,
            gap=gap,
            time_limit=time_limit,
            settings=settings,
            progress=progress,
        )
    no_warnings(strict, cleared.stated["warnings"])
    if output is not None:
        cleared.write(output)
    summary, secured = summarize(cleared), security_text(cleared)
    value = opf_value(cleared) if opf else None
    if as_json:
        told: dict[str, Any] = {"ok": True, "folder": output, "manifest": cleared.manifest}
        if value is not None:
            told["opf"] = {**asdict(value), "total": value.total}
        console.print_json({**told, "security": secured, **summary.to_dict()})
        return
    print_summary(summary, cleared.manifest)
    known = {str(warning) for warning in found.warnings}
    page = console.out()
    if value is not None:
        parts = f"dispatch {value.objective:,.4f} + constants {value.constants:,.4f}"
        page.print(f"OPF objective {value.total:,.4f} = {parts}", markup=False, style="bold")
    page.print(secured, markup=False)
    print_warnings([text for text in cleared.manifest["warnings"] if text not in known])
    if output is not None:
        page.print(f"\nwritten to {output}", markup=False)


def _check_real_time(commitment: bool, market: str | None, gap: float | None) -> None:
    """Refuse options that say something else than a commitment that is taken over."""
    if not commitment:
        raise bad("usage", "--commitment-from gives the commitment; leave out --no-commitment")
    if market == "da":
        raise bad("usage", "--commitment-from is for --market rt, not da")
    if gap is not None:
        raise bad("usage", "--gap is for deciding a commitment; --commitment-from takes one over")


def _read(source: str, market: str | None) -> Case:
    """Read a case; only sources that hold both markets are told which one is wanted."""
    from cases import read_case

    both = source.startswith("rts-gmlc") or (Path(source) / "SourceData").is_dir()
    return read_case(source, **({"market": market} if market is not None and both else {}))
