"""``counterflow import``: a case folder from a known format."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from counterflow.commands.options import Json, Strict, bad, free_folder, size_of, stress_factors


def run(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SRC",
            help="A file (.m, .json, .json.gz), or a name: matpower/NAME, pglib/NAME, "
            "pglib/NAME__api, rts-gmlc, pglib-uc/rts_gmlc/DAY.",
        ),
    ],
    destination: Annotated[Path, typer.Argument(metavar="DEST", help="The case folder to write.")],
    date: Annotated[
        str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="Market day of rts-gmlc.")
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=366, help="Number of days. [default: 1]")
    ] = None,
    hours: Annotated[
        int | None,
        typer.Option("--hours", min=1, help="First hours of pglib-uc, UnitCommitment.jl."),
    ] = None,
    market: Annotated[
        Literal["da", "rt"] | None,
        typer.Option("--market", metavar="da|rt", help="Day-ahead or real-time series."),
    ] = None,
    owners: Annotated[
        str | None,
        typer.Option(
            "--owners", metavar="RULE", help="Who owns the units: area, round-robin:K, or a file."
        ),
    ] = None,
    stress: Annotated[
        str | None,
        typer.Option(
            "--stress", metavar="rating=R,load=L", help="Factors on every rating and on demand."
        ),
    ] = None,
    segments: Annotated[
        int | None,
        typer.Option("--segments", min=1, max=1000, help="Blocks for a quadratic cost."),
    ] = None,
    file_format: Annotated[
        Literal["csv", "parquet"],
        typer.Option("--format", metavar="csv|parquet", help="Format of the tables."),
    ] = "csv",
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Write a case folder from a known format; the options are recorded in its case.toml."""
    options: dict[str, Any] = stress_factors(stress) if stress is not None else {}
    given = {"days": days, "hours": hours, "market": market, "owners": owners}
    given["segments"] = segments
    options |= {name: value for name, value in given.items() if value is not None}
    if date is not None and (source.endswith(".m") or source.startswith(("matpower/", "pglib/"))):
        raise bad("usage", f"--date is for rts-gmlc; {source} has no dates")
    name = source if date is None else f"{source.rstrip('/')}/{_day(date)}"
    free_folder(destination, "a case folder")

    from cases import read_case
    from cases.warned import Warned
    from counterflow import console
    from counterflow.heard import no_warnings

    case = read_case(name, **options)
    no_warnings(strict, map(Warned.of, case.warnings))
    case.write(destination, format=file_format)
    counts = {t: len(rows) for t, rows in case.tables.items() if len(rows)}
    if as_json:
        console.print_json(
            {
                "ok": True,
                "case": case.meta.name,
                "folder": destination,
                "hash": case.hash,
                "start": case.interval_starts[0],
                "intervals": len(case.interval_starts),
                "rows": counts,
                "warnings": console.failure_rows(case.warnings),
            }
        )
        return
    console.out().print(
        f"{case.meta.name}: {size_of(case)} "
        f"from {console.stamp(case.interval_starts[0])}, written to {destination}",
        markup=False,
    )


def _day(text: str) -> str:
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise bad("usage", f"--date expects a day as YYYY-MM-DD, not {text!r}") from None
