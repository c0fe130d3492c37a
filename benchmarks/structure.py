"""Time the structural tests of market days against their clearing, and print one table.

Every day is a process of its own with one solver thread and one BLAS thread.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.bench import HERE, ONE_THREAD, machine
from benchmarks.run_structure import DAYS

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
    environment = {**os.environ, **ONE_THREAD}
    try:
        done = subprocess.run(
            command,
            cwd=HERE.parent,
            env=environment,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"failure": f"> {limit:.0f} s"}
    if done.returncode != 0:
        return {"failure": (done.stderr.strip() or "no output").splitlines()[-1]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


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
    table = Table(title="Structural tests against clearing")
    for position, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if position == 0 else "right", no_wrap=True)
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    failed = False
    for name in names:
        timing = time_day(name, options.limit)
        failed |= "failure" in timing
        table.add_row(*cells(name, timing))
        text = json.dumps({"machine": machine(), "day": name, **timing}, indent=2) + "\n"
        (folder / f"structure-{name}.json").write_text(text, encoding="utf-8")
    console.print(table)
    return 3 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
