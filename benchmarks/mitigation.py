"""Time clearings with other offers against the first one, and New York's day against one clearing.

Every day is a process of its own with one solver thread and one BLAS thread.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from benchmarks.processes import keep, kept, run_json
from benchmarks.run_mitigation import CHECK_DAYS, DAYS
from benchmarks.tables import markdown_rows, rich_rows, short, write_into_docs

RERUN_HEADINGS = (
    "day",
    "first s",
    "gap",
    "from nothing s",
    "5 % s",
    "ratio",
    "three owners s",
    "ratio",
    "objectives",
    "anew s",
    "anew / first",
    "anew gap",
)
NYISO_HEADINGS = (
    "day",
    "clearing s",
    "gap",
    "mitigation s",
    "day / clearing",
    "failed",
    "decisions",
    "MB",
)
OBJECTIVE_TOLERANCE = 1e-6
# Clearings of one process: each may take the limit, and each is validated.
CLEARINGS = {"rerun": 8, "nyiso": 4}


def rerun_cells(name: str, timing: Mapping[str, Any]) -> list[str]:
    """One row, in the order of RERUN_HEADINGS."""
    if "failure" in timing:
        return [name, short(timing["failure"]), *[""] * (len(RERUN_HEADINGS) - 2)]
    share, owners, anew = timing["share"], timing["owners"], timing.get("recommit")
    row = [
        name,
        f"{timing['first']:.2f}",
        f"{timing['gap']:.3%}" if anew else "",
        f"{timing['cold']:.2f}",
        f"{share['seconds']:.2f}",
        f"{share['seconds'] / timing['cold']:.2f}",
        f"{owners['seconds']:.2f}",
        f"{owners['seconds'] / timing['cold']:.2f}",
        f"{max(share['difference'], owners['difference']):.0e}",
    ]
    if anew is None:
        return [*row, "", "", ""]
    ratio = anew["seconds"] / timing["first"]
    return [*row, f"{anew['seconds']:.1f}", f"{ratio:.2f}", f"{anew['gap']:.3%}"]


def nyiso_cells(name: str, timing: Mapping[str, Any]) -> list[str]:
    """One row, in the order of NYISO_HEADINGS."""
    if "failure" in timing:
        return [name, short(timing["failure"]), *[""] * (len(NYISO_HEADINGS) - 2)]
    whole = timing["clearing"] + timing["mitigation"]
    actions = ", ".join(f"{count} {action}" for action, count in timing["actions"].items())
    return [
        name,
        f"{timing['clearing']:.1f}",
        f"{timing['gap']:.3%}",
        f"{timing['mitigation']:.1f}",
        f"{whole / timing['clearing']:.2f}",
        f"{timing['failed']} of {timing['conduct']}",
        actions or "none",
        f"{timing['memory_mb']:.0f}",
    ]


def complaints(what: str, name: str, timing: Mapping[str, Any]) -> list[str]:
    """What makes a timing worthless: no result, another objective, offers that moved nothing."""
    if "failure" in timing:
        return [f"{what} {name}: {timing['failure']}"]
    if what == "nyiso":
        return [] if timing["failed"] else [f"{name}: no offer failed the conduct test"]
    return [
        f"{name}: {complaint}"
        for kind in ("share", "owners")
        for complaint, wrong in (
            (
                f"the rerun's objective is off by {timing[kind]['difference']:.1e}",
                timing[kind]["difference"] > OBJECTIVE_TOLERANCE,
            ),
            (f"the other offers ({kind}) change nothing", timing[kind]["moved"] == 0.0),
        )
        if wrong
    ]


TABLES = {
    "rerun": ("mitigation", RERUN_HEADINGS, rerun_cells, "Clearing again, commitment held or anew"),
    "nyiso": ("nyiso", NYISO_HEADINGS, nyiso_cells, "New York's day against one clearing"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Time the chosen days, print the tables, keep the results; 3 when a timing is worthless."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.bench --only mitigation", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--days", default="", help="names, separated by commas; default all")
    parser.add_argument("--what", choices=("rerun", "nyiso"), help="one of the tables only")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds a clearing may take")
    parser.add_argument("--docs", action="store_true", help="put all kept results into the docs")
    options = parser.parse_args(arguments)
    known = {**DAYS, **CHECK_DAYS}
    names = [name for name in options.days.split(",") if name] or list(DAYS)
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"no such day: {', '.join(unknown)}; known are {', '.join(known)}")
    console = Console(width=max(170, Console().width))
    wrong = []
    for what in [options.what] if options.what else list(TABLES):
        title, headings, cells = TABLES[what][3], TABLES[what][1], TABLES[what][2]
        rows = []
        for name in names:
            if what == "nyiso" and not known[name].commitment:
                continue
            command = [sys.executable, "-m", "benchmarks.run_mitigation", what, name]
            allowed = CLEARINGS[what] * options.limit
            timing = run_json([*command, "--limit", f"{options.limit:g}"], allowed)
            keep(f"{what}-{name}", {"day": name, **timing})
            rows.append(cells(name, timing))
            wrong += complaints(what, name, timing)
            console.print(f"[dim]{what} {'  '.join(rows[-1])}[/dim]")
        if rows:
            console.print(rich_rows(title, headings, rows))
    if options.docs:
        for what, (marker, headings, cells, _) in TABLES.items():
            found = ((name, kept(f"{what}-{name}")) for name in DAYS)
            rows = [cells(name, timing) for name, timing in found if timing is not None]
            write_into_docs(markdown_rows(headings, rows), marker)
    for complaint in wrong:
        console.print(f"[red]{complaint}[/red]")
    return 3 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
