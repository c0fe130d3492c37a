"""The table of timings, for a terminal and for the docs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from benchmarks.bench import Result, Timing

PERFORMANCE = Path(__file__).parent.parent / "docs" / "performance.md"
START, END = "<!-- table: begin -->", "<!-- table: end -->"
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
    table = Table(title="One solver thread, one BLAS thread, reading excluded")
    for position, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if position == 0 else "right", no_wrap=True)
    for result in results:
        table.add_row(*cells(result))
    return table


def markdown_table(results: Sequence[Result]) -> str:
    """The same table in Markdown."""
    rows = [HEADINGS, ["---", *["---:"] * (len(HEADINGS) - 1)], *map(cells, results)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def write_into_docs(table: str) -> None:
    """Put a table between the markers of docs/performance.md."""
    text = PERFORMANCE.read_text(encoding="utf-8")
    before, rest = text.split(START)
    after = rest.split(END)[1]
    PERFORMANCE.write_text(f"{before}{START}\n{table}\n{END}{after}", encoding="utf-8")
