"""Time the market days of `benchmarks.days`, Counterflow against PyPSA, and print one table.

Every timing is a process of its own with one solver thread and one BLAS thread. PyPSA runs in its
own environment (`--peer` is its Python), once per HiGHS algorithm; the fastest one counts. A run
that takes longer than `--limit` seconds is ended and shown as such. Short runs are repeated and
the fastest is kept, for both programs alike.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.days import CHECK_DAYS, DAYS, Day, day_folder
from benchmarks.processes import HERE, keep, run_json
from benchmarks.tables import markdown_table, rich_table, write_into_docs

PEER_SETTINGS = ("simplex", "ipm", "hipo")
OBJECTIVE_TOLERANCE = 1e-6
SLACK_TOLERANCE_MW = 1e-3
REPEATS = 3
REPEAT_BELOW_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Timing:
    """One program on one day: what its process printed, or why it printed nothing."""

    wall: float
    objective: float
    memory_mb: float
    details: dict[str, Any]
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One day: Counterflow, the fastest PyPSA, and every PyPSA setting that was tried."""

    day: Day
    counterflow: Timing
    peer: Timing | None
    peer_settings: dict[str, Timing]

    @property
    def ratio(self) -> float | None:
        """How many times longer PyPSA took."""
        if self.peer is None or self.peer.failure or self.counterflow.failure:
            return None
        return self.peer.wall / self.counterflow.wall

    @property
    def objective_difference(self) -> float | None:
        """Relative difference of the objectives."""
        if self.peer is None or self.peer.failure or self.counterflow.failure:
            return None
        ours, theirs = self.counterflow.objective, self.peer.objective
        return abs(ours - theirs) / max(1.0, abs(theirs))


def run_once(command: Sequence[str], limit: float) -> Timing:
    """Run one timing process and read the line of JSON that it prints last."""
    details = run_json(command, limit)
    if "failure" in details:
        return Timing(float("nan"), float("nan"), float("nan"), {}, details["failure"])
    timing = Timing(details["wall"], details["objective"], details["memory_mb"], details)
    return (
        timing
        if timing.wall <= limit
        else Timing(timing.wall, timing.objective, timing.memory_mb, details, f"> {limit:.0f} s")
    )


def run_best(command: Sequence[str], limit: float) -> Timing:
    """The fastest of several runs when they are short, the only one when they are long."""
    best = run_once(command, limit)
    for _ in range(REPEATS - 1):
        if best.failure or best.wall > REPEAT_BELOW_SECONDS:
            break
        again = run_once(command, limit)
        if not again.failure and again.wall < best.wall:
            best = again
    return best


def time_counterflow(day: Day, folder: Path, limit: float) -> Timing:
    """Clear a day with Counterflow; a day without a peer uses the rulebook's own penalties."""
    soft = [] if day.peer else ["--soft"]
    module = [sys.executable, "-m", "benchmarks.run_counterflow"]
    return run_best([*module, str(folder), "--security", day.security, *soft], limit)


def time_peer(folder: Path, python: Path, limit: float) -> dict[str, Timing]:
    """Clear a day with PyPSA under every setting; none may take longer than the best so far."""
    timings: dict[str, Timing] = {}
    for settings in PEER_SETTINGS:
        command = [str(python), str(HERE / "run_pypsa.py"), str(folder), "--settings", settings]
        timings[settings] = run_best(command, limit)
        walls = [timing.wall for timing in timings.values() if not timing.failure]
        limit = min([limit, *walls])
    return timings


def time_day(day: Day, peer: Path | None, limit: float) -> Result:
    """All timings of one day."""
    folder = day_folder(day)
    ours = time_counterflow(day, folder, limit)
    settings = time_peer(folder, peer, limit) if day.peer and peer else {}
    finished = [timing for timing in settings.values() if not timing.failure]
    best = min(finished, key=lambda timing: timing.wall, default=None)
    if best is None and settings:
        best = next(iter(settings.values()))
    return Result(day, ours, best, settings)


def main(arguments: Sequence[str] | None = None) -> int:
    """Time the chosen days, print the table, keep the results; 3 when a timing is worthless.

    `--only commitment` or `--only mitigation` times these, with the options of their modules.
    """
    chooser = argparse.ArgumentParser(add_help=False)
    chooser.add_argument("--only", choices=("dispatch", "commitment", "mitigation", "structure"))
    chosen, rest = chooser.parse_known_args(arguments)
    if chosen.only and chosen.only != "dispatch":
        module = import_module(f"benchmarks.{chosen.only}")
        return int(module.main(rest))
    parser = argparse.ArgumentParser(
        prog="make bench",
        description=__doc__.splitlines()[0],
        epilog="--only commitment|mitigation|structure: the other tables, --help for their options",
    )
    parser.add_argument("--cases", default="", help="names, separated by commas; default all")
    parser.add_argument("--peer", type=Path, help="Python of the environment that holds PyPSA")
    parser.add_argument("--limit", type=float, default=900.0, help="seconds a run may take")
    parser.add_argument("--docs", action="store_true", help="put the table into the docs")
    options = parser.parse_args(rest)
    known = {**DAYS, **CHECK_DAYS}
    names = [name for name in options.cases.split(",") if name] or list(DAYS)
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}; known are {', '.join(known)}")
    # The table is 150 wide; a terminal may be narrower, a file need not be.
    console = Console(width=max(150, Console().width))
    results = []
    for name in names:
        started = time.perf_counter()
        with console.status(f"{name} ..."):
            results.append(time_day(known[name], options.peer, options.limit))
        console.print(f"[dim]{name}: {time.perf_counter() - started:.0f} s in all[/dim]")
    console.print(rich_table(results))
    for result in results:
        keep(result.day.name, asdict(result))
    if options.docs:
        write_into_docs(markdown_table(results))
    wrong = [complaint for result in results for complaint in complaints(result)]
    for complaint in wrong:
        console.print(f"[red]{complaint}[/red]")
    return 3 if wrong else 0


def complaints(result: Result) -> list[str]:
    """What makes a timing worthless: another objective, limits that gave way, outages missed."""
    name, details = result.day.name, result.counterflow.details
    found = []
    if result.counterflow.failure:
        found.append(f"{name}: {result.counterflow.failure}")
    if (result.objective_difference or 0.0) > OBJECTIVE_TOLERANCE:
        found.append(f"{name}: objectives differ by {result.objective_difference:.1e}")
    if result.day.peer and details.get("slack_mw", 0.0) > SLACK_TOLERANCE_MW:
        found.append(f"{name}: limits gave way by {details['slack_mw']:g} MW")
    if details.get("check", {}).get("missed"):
        found.append(f"{name}: {details['check']['missed']} violations after outages were missed")
    return found


if __name__ == "__main__":
    raise SystemExit(main())
