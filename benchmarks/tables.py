"""The table of timings, for a terminal and for the docs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from benchmarks.bench import Result, Timing

PERFORMANCE = Path(__file__).parent.parent / "docs" / "performance.md"
HEADINGS = (
    "day",
    "wall s",
    "Pyomo s",
    "HiGHS s",
    "in HiGHS",
    "validation s",
    "MB",
    "PyPSA s",
    "PyPSA MB",
    "ratio",
    "objectives",
    "missed",
)


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def _ours(timing: Timing) -> list[str]:
    if timing.failure:
        return [timing.failure, "", "", "", "", ""]
    times = timing.details["times"]
    pyomo = times["build"] + times["compile"]
    return [
        _seconds(timing.wall),
        _seconds(pyomo),
        _seconds(times["highs"]),
        f"{times['highs'] / timing.wall:.0%}",
        _seconds(times.get("validate", 0.0)),
        f"{timing.memory_mb:.0f}",
    ]


def _peer(timing: Timing | None) -> list[str]:
    if timing is None:
        return ["-", "-"]
    if timing.failure:
        return [timing.failure, ""]
    settings = timing.details["settings"]
    return [f"{_seconds(timing.wall)} ({settings})", f"{timing.memory_mb:.0f}"]


def _missed(timing: Timing) -> str:
    check = timing.details.get("check")
    return f"{check['missed']} of {check['pairs']:.1e}" if check else ""


def cells(result: Result) -> list[str]:
    """One row, in the order of HEADINGS."""
    difference = result.objective_difference
    return [
        result.day.name,
        *_ours(result.counterflow),
        *_peer(result.peer),
        "" if result.ratio is None else f"{result.ratio:.1f}",
        "" if difference is None else f"{difference:.0e}",
        _missed(result.counterflow),
    ]


def rich_table(results: Sequence[Result]) -> Table:
    """The table for a terminal."""
    title = "One solver thread, one BLAS thread, reading excluded"
    return rich_rows(title, HEADINGS, map(cells, results))


def markdown_table(results: Sequence[Result]) -> str:
    """The same table in Markdown."""
    return markdown_rows(HEADINGS, map(cells, results))


def short(failure: str) -> str:
    """A failure for a cell; the whole text is told below the table."""
    return failure if len(failure) < 20 else failure.partition(":")[0]


def rich_rows(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A table for a terminal: the first column to the left, numbers to the right."""
    table = Table(title=title)
    for position, heading in enumerate(headings):
        table.add_column(heading, justify="left" if position == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def markdown_rows(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_into_docs(table: str, name: str = "table", path: Path = PERFORMANCE) -> None:
    """Put a table between the markers of its name in docs/performance.md."""
    start, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(start)
    after = rest.split(end)[1]
    path.write_text(f"{before}{start}\n{table}\n{end}{after}", encoding="utf-8")
