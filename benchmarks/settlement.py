"""Time the settlement of a month of many owners and contracts, and print one table.

Every month is a process of its own with one BLAS thread.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from benchmarks.processes import keep, run_json
from benchmarks.run_settlement import SIZES
from benchmarks.tables import rich_rows

HEADINGS = ("month", "settle s", "of a core s", "lines", "owners", "left", "MB")


def cells(name: str, timing: Mapping[str, Any]) -> list[str]:
    """One row, in the order of HEADINGS."""
    if "failure" in timing:
        return [name, str(timing["failure"]), *[""] * (len(HEADINGS) - 2)]
    return [
        name,
        f"{timing['settle']:.1f}",
        f"{timing['cpu']:.1f}",
        f"{timing['lines']:,d}",
        f"{timing['owners']:,d}",
        str(timing["left"]),
        f"{timing['memory_mb']:.0f}",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Time the chosen months, print the table, keep the results; 3 when one failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=float, default=600.0, help="seconds a month may take")
    options = parser.parse_args(arguments)
    rows = []
    failed = False
    for name in SIZES:
        command = [sys.executable, "-m", "benchmarks.run_settlement", name]
        timing = run_json(command, options.limit, untimed=600.0)
        failed |= "failure" in timing
        rows.append(cells(name, timing))
        keep(f"settlement-{name}", {"month": name, **timing})
    Console(width=max(120, Console().width)).print(rich_rows("A month settled", HEADINGS, rows))
    return 3 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
