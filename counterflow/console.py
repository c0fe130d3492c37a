"""What the command line writes: tables, one JSON document, errors, a progress line."""

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cases.errors import CheckFailed, CounterflowError, Failure, InputError, NoClearing

LINE = 1000
"""Characters a line may have: a number broken over two lines could not be read."""

Progress = Callable[[Mapping[str, Any]], None]
"""Takes a dict such as ``{"stage": "network pass", "pass": 3, "rows": 120, "gap": 0.001}``."""


class _Page(Console):
    """A console whose reader may go: that ends the command, and is no failure of it."""

    def on_broken_pipe(self) -> None:
        """Leave a broken pipe to the command line."""
        raise BrokenPipeError


def out() -> Console:
    """Return a console on standard output: results, in lines as long as their numbers need."""
    return _Page(file=sys.stdout, highlight=False, width=LINE, soft_wrap=True)


def err() -> Console:
    """Return a console on standard error: progress, warnings, errors."""
    width = None if sys.stderr.isatty() else LINE
    return _Page(file=sys.stderr, highlight=False, width=width, soft_wrap=True)


def number(value: object, digits: int = 2) -> str:
    """Write a number for people: thousands separated, blank when there is none."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{value:,d}"
    if isinstance(value, float | np.floating):
        text = f"{value:,.{digits}f}"
        return text[1:] if float(text.replace(",", "")) == 0 and text[0] == "-" else text
    return str(value)


def count(n: int, what: str) -> str:
    """Write a count with its noun: ``1 bus``, ``2 buses``."""
    plural = what + ("es" if what.endswith(("s", "ch")) else "s")
    if what.endswith("cy"):
        plural = f"{what[:-1]}ies"
    return f"{n:,d} {what if n == 1 else plural}"


def table(
    rows: pd.DataFrame, title: str, headings: Mapping[str, str], *, digits: int = 2, limit: int = 0
) -> Table:
    """Make a rich table of the columns in `headings` (column -> heading, numbers to the right).

    With a `limit`, the rows after it are left out and counted in the caption.
    """
    shown = rows.head(limit) if limit else rows
    made = Table(
        title=escape(title), title_justify="left", title_style="bold", box=None, pad_edge=False
    )
    if len(shown) < len(rows):
        made.caption = f"{len(rows) - len(shown):,d} more"
        made.caption_justify = "left"
    for column, heading in headings.items():
        numeric = pd.api.types.is_numeric_dtype(rows[column].dtype)
        made.add_column(escape(heading), justify="right" if numeric else "left", overflow="fold")
    for values in shown[list(headings)].itertuples(index=False):
        made.add_row(*(_cell(value, digits) for value in values))
    return made


def _cell(value: object, digits: int) -> str:
    if isinstance(value, pd.Timestamp):
        return stamp(value)
    return escape(number(value, digits))


def stamp(moment: pd.Timestamp) -> str:
    """Write an instant with its offset, to the minute where it has no seconds."""
    return moment.isoformat(timespec="auto" if moment.second else "minutes", sep=" ")


def plain(value: object) -> object:
    """Turn results into JSON values: times ISO 8601, NaN and infinities null."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, pd.DataFrame):
        return plain(value.to_dict("records"))
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def print_json(document: Mapping[str, Any]) -> None:
    """Write one JSON document to standard output."""
    sys.stdout.write(json.dumps(plain(document), indent=2, ensure_ascii=False) + "\n")


def failure_rows(failures: Sequence[Failure]) -> list[dict[str, Any]]:
    """Return failures as plain rows: file, row, column, rule, message."""
    return [asdict(failure) for failure in failures]


def error_document(error: CounterflowError) -> dict[str, Any]:
    """Return what ``--json`` prints for an error."""
    about: dict[str, Any] = {
        "type": type(error).__name__,
        "exit_code": error.exit_code,
        "message": str(error),
    }
    if isinstance(error, InputError):
        about["failures"] = failure_rows(error.failures)
    elif isinstance(error, NoClearing):
        about["message"] = error.message
        about["reason"] = error.reason
        about["conflicts"] = list(error.conflicts)
    elif isinstance(error, CheckFailed):
        about["failures"] = list(error.failures)
    return {"ok": False, "error": about}


def print_error(error: CounterflowError) -> None:
    """Write an error to standard error: one line, or a table where there is a list of failures."""
    console = err()
    if isinstance(error, InputError) and any(f.file for f in error.failures):
        print_failures(console, error.failures)
    elif isinstance(error, NoClearing):
        console.print(f"error: {error.message}", style="red", markup=False)
        for conflict in error.conflicts:
            console.print(f"  {conflict}", markup=False)
    else:
        for line in str(error).splitlines() or [type(error).__name__]:
            console.print(f"error: {line}", style="red", markup=False)


def print_failures(console: Console, failures: tuple[Failure, ...], what: str = "failure") -> None:
    """Write failures, one line each: file, row, column, what is wrong, the rule's name."""
    style = "red" if what == "failure" else "yellow"
    console.print(count(len(failures), what), style=style)
    for failure in failures:
        console.print(f"  {failure}  ({failure.rule})", markup=False)


@contextmanager
def progress_line(*, lines: bool = False) -> Iterator[Progress]:
    """Give a progress callable: one line on standard error, nothing when that is no terminal.

    With `lines` every event stays there as a line of its own, on a terminal or not.
    """
    if lines:
        begin = time.monotonic()

        def write(event: Mapping[str, Any]) -> None:
            sys.stderr.write(progress_text(event, time.monotonic() - begin) + "\n")
            sys.stderr.flush()

        yield write
        return
    if not sys.stderr.isatty():
        yield lambda event: None
        return
    began = time.monotonic()
    console = err()
    with console.status("starting") as status:

        def show(event: Mapping[str, Any]) -> None:
            status.update(progress_text(event, time.monotonic() - began))

        yield show


def progress_text(event: Mapping[str, Any], elapsed: float) -> str:
    """Write a progress event in one line: stage, day, pass, rows, gap, time."""
    parts = [str(event.get("stage", "clearing"))]
    if event.get("day") is not None:
        parts.append(f"day {event['day']}")
    if event.get("pass") is not None:
        parts.append(f"pass {event['pass']}")
    if event.get("rows") is not None:
        parts.append(f"{event['rows']:,d} rows")
    if event.get("gap") is not None and math.isfinite(event["gap"]):
        parts.append(f"gap {event['gap']:.3%}")
    parts.append(f"{elapsed:.0f} s")
    return "  ".join(parts)
