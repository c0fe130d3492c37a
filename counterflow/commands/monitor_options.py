"""Options that the monitor's commands share, and tables that they read from CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from counterflow.commands.options import bad

if TYPE_CHECKING:
    import pandas as pd

    from cases import Run

__all__ = ["Earlier", "References", "Rulebook", "Settings", "earlier_of", "read_frame"]

_YEAR = 366.0

Rulebook = Annotated[
    str | None,
    typer.Option(
        "--rulebook", metavar="NAME|FILE", help="Its mitigation section. [default: the run's]"
    ),
]
Earlier = Annotated[
    list[Path] | None,
    typer.Option(
        "--earlier",
        metavar="RUN|FOLDER|STUDY|GLOB",
        help="Runs of earlier days, for references: a run, a folder of runs, a study or a glob; "
        "what lies within the look-back counts; repeatable.",
    ),
]
References = Annotated[
    Path | None,
    typer.Option(
        "--references",
        metavar="FILE",
        help="CSV of reference levels in place of the rulebook's methods: unit, component, price, "
        "and where needed interval_start, segment, mw, after_hours_off.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A mitigation key; may be repeated."),
]


def earlier_of(parent: Run, places: list[Path] | None) -> list[Run]:
    """Runs of the days before a run at some places, within the longest look-back of a year."""
    from counterflow.earlier import earlier_days

    start = parent.case.interval_starts[0]
    return earlier_days(places or [], before=start, days=_YEAR) if places else []


def read_frame(path: Path | None, option: str) -> pd.DataFrame | None:
    """Read a CSV file with a header; names stay text.

    Raises
    ------
    InputError
        There is no such file, or it is no CSV.
    """
    if path is None:
        return None
    import pandas as pd

    from cases.files.text import decoded, regular_bytes

    if not path.is_file():
        raise bad("usage", f"{option}: {path} does not exist; expected a CSV file")
    import io

    text = decoded(regular_bytes(path))
    names = {name: "str" for name in ("unit", "component", "owner", "method", "note")}
    try:
        return pd.read_csv(io.StringIO(text), dtype=names, keep_default_na=True)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise bad("usage", f"{option}: {path}: {error}") from error
