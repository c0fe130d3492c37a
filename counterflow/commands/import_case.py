"""``counterflow import``: a case folder from a known format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from counterflow.commands.options import Json, Strict, bad, free_folder, size_of, stress_factors

if TYPE_CHECKING:
    from cases import Case

OFFERS: Final = (
    *("pjm-offers", "isone-offers", "nyiso-offers"),
    *("miso-offers", "ercot-offers", "caiso-offers"),
)
"""Formats of published offers, which take files."""


def run(
    places: Annotated[
        list[str],
        typer.Argument(
            metavar="SRC [FILES...] DEST",
            help="A file (.m, .json, .json.gz), or a name: matpower/NAME, pglib/NAME, "
            "pglib/NAME__api, rts-gmlc, pglib-uc/rts_gmlc/DAY; or pjm-offers, isone-offers, "
            "nyiso-offers, miso-offers, ercot-offers, caiso-offers with their FILES. Then the case "
            "folder to write.",
        ),
    ],
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
    prices: Annotated[
        list[Path] | None,
        typer.Option("--prices", metavar="FILES...", help="Published prices, for NAME-offers."),
    ] = None,
    loads: Annotated[
        list[Path] | None,
        typer.Option("--loads", metavar="FILES...", help="Published loads, for NAME-offers."),
    ] = None,
    zone: Annotated[
        str | None,
        typer.Option("--zone", metavar="NODE", help="Node of the prices that the units get."),
    ] = None,
    file_format: Annotated[
        Literal["csv", "parquet"],
        typer.Option("--format", metavar="csv|parquet", help="Format of the tables."),
    ] = "csv",
    interval: Annotated[
        str | None,
        typer.Option(
            "--interval",
            metavar="TIME",
            help='One interval of a New Zealand case, such as "26-FEB-2025 11:30" or 11:30.',
        ),
    ] = None,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Write a case folder from a known format; the options are recorded in its case.toml."""
    source, files, destination = _places(places)
    options: dict[str, Any] = stress_factors(stress) if stress is not None else {}
    given = {"days": days, "hours": hours, "market": market, "owners": owners}
    given["segments"], given["interval"] = segments, interval
    options |= {name: value for name, value in given.items() if value is not None}
    published = {"prices": prices, "loads": loads, "zone": zone}
    if files or source in OFFERS:
        case = _offers(source, files, destination, options, published, date)
        _write(case, destination, file_format, strict=strict, as_json=as_json)
        return
    for option, value in published.items():
        if value is not None:
            raise bad("usage", f"--{option} is for {', '.join(OFFERS)}, not for {source}")
    if date is not None and (source.endswith(".m") or source.startswith(("matpower/", "pglib/"))):
        raise bad("usage", f"--date is for rts-gmlc; {source} has no dates")
    name = source if date is None else f"{source.rstrip('/')}/{_day(date)}"
    free_folder(destination, "a case folder")

    from cases import read_case

    case = read_case(name, **options)
    _write(case, destination, file_format, strict=strict, as_json=as_json)


def _places(texts: list[str]) -> tuple[str, list[str], Path]:
    """Tell source, files and destination apart."""
    if len(texts) < 2:
        raise bad("usage", "Missing argument 'DEST': import takes SRC [FILES...] DEST")
    if len(texts) > 2 and texts[0] not in OFFERS:
        raise bad("usage", f"Got unexpected extra argument ({texts[2]}): import takes SRC DEST")
    return texts[0], texts[1:-1], Path(texts[-1])


def _offers(
    format: str,
    files: list[str],
    destination: Path,
    options: dict[str, Any],
    published: dict[str, Any],
    date: str | None,
) -> Case:
    """Read what a market published."""
    if not files:
        raise bad("usage", f"{format} takes FILES, then the case folder to write")
    if "hours" in options:
        raise bad("usage", "--hours is not for published offers: use --date and --days")
    free_folder(destination, "a case folder")

    from cases.options import OWN, apply_options
    from cases.readers.published import read_market

    own = {name: options.pop(name) for name in OWN if name in options}
    given = {name: value for name, value in published.items() if value is not None}
    day = None if date is None else _day(date)
    case = read_market(format, [Path(file) for file in files], date=day, **given, **options)
    return apply_options(case, **own)


def _write(
    case: Case,
    destination: Path,
    file_format: Literal["csv", "parquet"],
    *,
    strict: bool,
    as_json: bool,
) -> None:
    """Write the case folder and say what is in it."""
    from cases.warned import Warned
    from counterflow import console
    from counterflow.heard import no_warnings

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
