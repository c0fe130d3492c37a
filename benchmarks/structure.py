"""Time the structural tests of market days against their clearing, and print one table.

Every day is a process of its own with one solver thread and one BLAS thread.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from benchmarks.processes import keep, run_json
from benchmarks.run_structure import DAYS
from benchmarks.tables import rich_rows

HEADINGS = (
    "day",
    "clearing s",
    "tests s",
    "tests / clearing",
    "indices s",
    "limits",
    "tests",
    "owners judged",
    "blocks",
    "MB",
)


def time_day(name: str, limit: float) -> dict[str, Any]:
    """What the process of one day printed; `failure` where it failed or took too long."""
    command = [sys.executable, "-m", "benchmarks.run_structure", name]
    return run_json(command, limit)


def cells(name: str, timing: Mapping[str, Any]) -> list[str]:
    """One row, in the order of HEADINGS."""
    if "failure" in timing:
        return [name, str(timing["failure"]), *[""] * (len(HEADINGS) - 2)]
    return [
        name,
        f"{timing['clearing']:.2f}",
        f"{timing['tests']:.2f}",
        f"{timing['tests'] / timing['clearing']:.2f}",
        f"{timing['indices']:.2f}",
        *[f"{timing[key]:,d}" for key in ("limits", "tested", "verdicts", "blocks")],
        f"{timing['memory_mb']:.0f}",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Time the chosen days, print the table, keep the results; 3 when one failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", default="", help="names, separated by commas; default all")
    parser.add_argument("--limit", type=float, default=900.0, help="seconds a day may take")
    options = parser.parse_args(arguments)
    names = [name for name in options.cases.split(",") if name] or list(DAYS)
    unknown = [name for name in names if name not in DAYS]
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}; known are {', '.join(DAYS)}")
    console = Console(width=max(150, Console().width))
    rows = []
    failed = False
    for name in names:
        timing = time_day(name, options.limit)
        failed |= "failure" in timing
        rows.append(cells(name, timing))
        keep(f"structure-{name}", {"day": name, **timing})
    console.print(rich_rows("Structural tests against clearing", HEADINGS, rows))
    return 3 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
