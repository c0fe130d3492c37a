"""Options and arguments that several commands share, and how their texts are read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cases import Case, Run

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on standard output, nothing else.")
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="A warning is an error: exit code 1, and nothing is written."),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of", metavar="DATE", help="The date whose rules count. [default: the newest]"
    ),
]
For = Annotated[
    str | None,
    typer.Option(
        "--for",
        metavar="WHO",
        help="Show and write only what public, participant:NAME or monitor may see.",
    ),
]
Seen = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="MOMENT", help="With --for: the moment of disclosure. [default: now]"
    ),
]
RunFolder = Annotated[
    Path, typer.Argument(metavar="RUN", help="A run folder, or a case of published offers.")
]
CaseSource = Annotated[
    str,
    typer.Argument(
        metavar="CASE",
        help="A case folder, a file of a known format, or a name: pjm5, matpower/NAME, "
        "pglib/NAME, rts-gmlc/YYYY-MM-DD.",
    ),
]


def bad(rule: str, message: str) -> Exception:
    """Return a usage error: one line that says what was expected."""
    from cases.errors import InputError

    return InputError.one("", None, None, rule, message)


def pairs(texts: Iterable[str], option: str) -> dict[str, str]:
    """Read ``key=value`` texts; a key may come once.

    Raises
    ------
    InputError
        Not of that form, or a key twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise bad("usage", f"{option} expects key=value, not {text!r}")
        if key.strip() in found:
            raise bad("usage", f"{option} sets {key.strip()} twice")
        found[key.strip()] = value.strip()
    return found


def stress_factors(text: str) -> dict[str, float]:
    """Read ``rating=0.7,load=1.1``: factors on every rating and on all demand.

    Raises
    ------
    InputError
        Another key, or a factor that is not a number above zero.
    """
    factors: dict[str, float] = {}
    for key, value in pairs([t for t in text.split(",") if t.strip()], "--stress").items():
        if key not in ("rating", "load"):
            raise bad("usage", f"--stress knows rating and load, not {key!r}")
        try:
            factor = float(value)
        except ValueError:
            factor = 0.0
        if not 0 < factor < float("inf"):
            raise bad("usage", f"--stress {key} must be a number above zero, not {value!r}")
        factors[key] = factor
    return factors


def read_run(folder: Path) -> Run:
    """Read a run folder; a case folder of published offers is taken as what the market made of it.

    Raises
    ------
    InputError
        There is no run there, or it was changed.
    """
    from cases import Run
    from cases.published_run import read_published_run

    return read_published_run(folder) or Run.read(folder)


def size_of(case: Case) -> str:
    """Write how large a case is."""
    from counterflow.console import count

    sizes = {
        "bus": len(case.buses),
        "branch": len(case.branches),
        "unit": len(case.units),
        "load": len(case.loads),
        "interval": len(case.interval_starts),
    }
    return ", ".join(count(n, what) for what, n in sizes.items())


def free_folder(folder: Path, what: str) -> Path:
    """Return `folder` when nothing is there yet, or an empty folder.

    Raises
    ------
    InputError
        Something is there: runs and cases are never overwritten.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise bad("exists", f"{folder} exists already: {what} is never overwritten, name another")
    return folder


TablesFolder = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="DIR", help="New folder for every table, as CSV."),
]
