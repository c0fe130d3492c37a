"""Time unit commitment, Counterflow against Egret, and print one table.

Every timing is a process of its own with one solver thread, one BLAS thread, the same HiGHS, gap
and data. Egret solves the days of pglib-uc; it has an environment of its own (`--peer` makes it).
A program that is not done after `--limit` seconds is shown as such.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console

from benchmarks.commitment_days import CommitmentDay, chosen_days, commitment_days
from benchmarks.egret_environment import egret_python
from benchmarks.processes import HERE, keep, kept, run_json
from benchmarks.tables import markdown_rows, rich_rows, short, write_into_docs
from cases.readers.names import find_uc_instance

HEADINGS = (
    "day",
    "wall s",
    "aim s",
    "gap",
    "status",
    "build s",
    "MIP s",
    "starts",
    "penalties",
    "missed",
    "MB",
    "Egret s",
    "Egret gap",
    "Egret MB",
    "ratio",
)
# Two objectives agree where the proven intervals of both programs have a value in common.
AGREEMENT = 1e-6


def time_day(day: CommitmentDay, peer: Path | None, limit: float) -> dict[str, Any]:
    """Both programs on one day, one after the other."""
    module = [sys.executable, "-m", "benchmarks.run_commitment"]
    # A day with outages is checked by brute force after the clock has stopped.
    ours = run_json(
        [*module, day.name, "--hours", str(day.hours), "--limit", f"{limit:g}"],
        limit,
        untimed=300.0,
    )
    result: dict[str, Any] = {"day": asdict(day), "counterflow": ours, "peer": None}
    if day.peer and peer is not None:
        path = find_uc_instance(day.source)
        options = ["--hours", str(day.hours), "--gap", f"{day.gap:g}", "--limit", f"{limit:g}"]
        command = [str(peer), str(HERE / "run_egret.py"), str(path), *options]
        result["peer"] = {**run_json(command, limit, untimed=300.0), "limit": limit}
    return result


def ratio(result: Mapping[str, Any]) -> float | None:
    """How many times longer Egret took; at least this where it was stopped."""
    ours, peer = result["counterflow"], result["peer"]
    if peer is None or "failure" in peer or "failure" in ours:
        return None
    return float(peer["wall"]) / float(ours["wall"])


def _ours(timing: Mapping[str, Any]) -> list[str]:
    times, check = timing["times"], timing["check"]
    missed = f"{check['missed']} of {check['pairs']:.1e}" if check else ""
    return [
        f"{timing['gap']:.3%}",
        timing["status"],
        f"{times.get('commit_build', 0.0) + times['build'] + times['compile']:.2f}",
        f"{times.get('commit_mip', 0.0):.2f}",
        f"{timing['starts']}",
        f"{timing['penalties']:.0f}",
        missed,
        f"{timing['memory_mb']:.0f}",
    ]


def _peer(result: Mapping[str, Any]) -> list[str]:
    peer = result["peer"]
    if peer is None:
        return ["-", "", "", ""]
    if "failure" in peer:
        return [short(peer["failure"]), "", "", ""]
    times, gap = ratio(result), peer["gap"]
    more = "" if peer["finished"] else "> "
    return [
        f"{peer['wall']:.1f}" if peer["finished"] else f"> {peer['limit']:.0f}",
        "none" if gap is None else f"{gap:.3%}",
        f"{peer['memory_mb']:.0f}",
        "" if times is None else f"{more}{times:.1f}",
    ]


def cells(result: Mapping[str, Any]) -> list[str]:
    """One row, in the order of HEADINGS."""
    day, ours = result["day"], result["counterflow"]
    aim = f"{day['aim']:.0f}"
    if "failure" in ours:
        return [day["name"], short(ours["failure"]), aim, *[""] * 8, *_peer(result)]
    return [day["name"], f"{ours['wall']:.1f}", aim, *_ours(ours), *_peer(result)]


def complaints(result: Mapping[str, Any]) -> list[str]:
    """What makes a timing worthless: no result, another optimum, outages missed."""
    day, ours, peer = result["day"], result["counterflow"], result["peer"]
    name = day["name"]
    if "failure" in ours:
        return [f"{name}: {ours['failure']}"]
    found = []
    if ours["gap"] > day["gap"] + 1e-9:
        found.append(f"{name}: gap {ours['gap']:.3%}, asked for {day['gap']:.3%}")
    if ours["check"].get("missed"):
        found.append(f"{name}: {ours['check']['missed']} violations after outages were missed")
    if peer is None:
        return found
    if "failure" in peer:
        return [*found, f"{name}: Egret: {peer['failure']}"]
    for one, other in ((ours, peer), (peer, ours)):
        low, high = one["bound"], other["objective"]
        if low is not None and high is not None and low > high + AGREEMENT * abs(high):
            found.append(f"{name}: a bound of {low:.2f} lies above a schedule of {high:.2f}")
    return found


def summary(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Median and largest seconds of each set of days, and the smallest ratio."""
    sets: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for result in results:
        sets.setdefault((result["day"]["group"], result["day"]["hours"]), []).append(result)
    lines = []
    for (group, hours), members in sets.items():
        walls = [m["counterflow"]["wall"] for m in members if "failure" not in m["counterflow"]]
        ratios = [value for value in map(ratio, members) if value is not None]
        if len(members) < 2 or not walls:
            continue
        asked = sum(
            m["counterflow"]["gap"] <= m["day"]["gap"] + 1e-9
            for m in members
            if "failure" not in m["counterflow"]
        )
        lines.append(
            f"{group}, {hours} hours: {asked} of {len(members)} proven to the gap, median "
            f"{median(walls):.1f} s, longest {max(walls):.1f} s"
            + (f", at least {min(ratios):.1f} times as fast as Egret" if ratios else "")
        )
    return lines


def stored() -> list[dict[str, Any]]:
    """Every result that was kept, in the order of the days."""
    names = [*commitment_days(24), *commitment_days(48)]
    found = (kept(f"commitment-{name}") for name in dict.fromkeys(names))
    return [result for result in found if result is not None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Time the chosen days, print the table, keep the results; 3 when a timing is worthless."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.bench --only commitment", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--days", default="", help="names or groups: pglib, seasons, large")
    parser.add_argument("--hours", type=int, default=24, help="hours of the pglib days, 24 or 48")
    parser.add_argument("--peer", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--limit", type=float, default=600.0, help="seconds a program may take")
    parser.add_argument("--docs", action="store_true", help="put all kept results into the docs")
    options = parser.parse_args(arguments)
    try:
        days = chosen_days(options.days, options.hours)
    except ValueError as error:
        parser.error(str(error))
    console = Console(width=max(170, Console().width))
    peer = egret_python() if options.peer and any(day.peer for day in days) else None
    results = []
    for day in days:
        result = time_day(day, peer, options.limit)
        keep(f"commitment-{day.name}", result)
        results.append(result)
        console.print(f"[dim]{'  '.join(cells(result))}[/dim]")
    console.print(
        rich_rows("Commitment, one thread, reading excluded", HEADINGS, map(cells, results))
    )
    for line in summary(results):
        console.print(line)
    if options.docs:
        found = stored()
        table = markdown_rows(HEADINGS, map(cells, found))
        lines = "\n".join(f"- {line}" for line in summary(found))
        write_into_docs(f"{table}\n\n{lines}" if lines else table, "commitment")
    wrong = [complaint for result in results for complaint in complaints(result)]
    for complaint in wrong:
        console.print(f"[red]{complaint}[/red]")
    return 3 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
