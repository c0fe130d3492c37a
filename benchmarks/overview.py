"""One table of everything that was timed: ours beside the peer, with gap, memory and proof.

Made from the kept results alone, each of which names its commit and its machine. `python -m
benchmarks.overview` prints it, `--docs` writes it into docs/performance.md, misses included.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console

from benchmarks.processes import all_kept
from benchmarks.tables import markdown_rows, rich_rows, short, write_into_docs

__all__ = ["HEADINGS", "main", "rows"]

HEADINGS = (
    *("job", "ours CPU s", "wall s", "aim s", "peer", "peer CPU s", "ratio", "gap", "MB"),
    *("missed", "proof", "commit"),
)


def rows(results: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    """One row per result, in the order of HEADINGS; of other kinds of results none."""
    for result in results:
        if "counterflow" not in result:
            continue
        ours, peer = result["counterflow"], result.get("peer")
        name, commit = result["day"]["name"], str(result.get("commit", ""))
        aim = result["day"].get("aim")
        told = [f"{aim:.0f}" if aim else "", *_peer(ours, peer)]
        if ours.get("failure"):
            yield [name, short(ours["failure"]), "", *told, "", "", "", "none", commit]
            continue
        details = ours.get("details") or ours
        check = details.get("check") or {}
        gap = details.get("gap")
        yield [
            name,
            _seconds(_cpu(ours)),
            _seconds(ours["wall"]),
            *told,
            "" if gap is None else f"{gap:.3%}",
            f"{ours['memory_mb']:.0f}",
            f"{check['missed']} of {check['pairs']:.1e}" if check else "",
            _proof(result),
            commit,
        ]


def _peer(ours: Mapping[str, Any], peer: Mapping[str, Any] | None) -> list[str]:
    """Who the peer is, its CPU seconds and how many times ours that is; misses say so."""
    if peer is None:
        return ["", "", ""]
    if peer.get("failure"):
        return ["failed", short(peer["failure"]), ""]
    details = peer.get("details") or peer
    name = " ".join(filter(None, (details.get("program", "Egret"), details.get("settings", ""))))
    if ours.get("failure"):
        return [name, _seconds(_cpu(peer)), "miss"]
    ratio = _cpu(peer) / _cpu(ours)
    least = "" if details.get("finished", True) else "> "
    return [name, f"{least}{_seconds(_cpu(peer))}", f"{least}{ratio:.1f}"]


def _cpu(timing: Mapping[str, Any]) -> float:
    """CPU seconds; wall seconds of a result that was kept before these were taken."""
    details = timing.get("details") or timing
    return float(details.get("cpu", timing["wall"]))


def _proof(result: Mapping[str, Any]) -> str:
    """What makes the answer right: a proven gap, or an objective equal to the peer's."""
    ours = result["counterflow"]
    if "status" in ours:
        asked = result["day"]["gap"]
        return "gap proven" if ours["gap"] <= asked + 1e-9 else f"miss: {ours['status']}"
    peer = result.get("peer")
    if peer is None or peer.get("failure"):
        return "validator"
    difference = abs(ours["objective"] - peer["objective"]) / max(1.0, abs(peer["objective"]))
    return f"objectives to {difference:.0e}"


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table of all kept results, the newest of each job."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--docs", action="store_true", help="put the table into the docs")
    options = parser.parse_args(arguments)
    found = list(rows(all_kept()))
    console = Console(width=max(170, Console().width))
    console.print(rich_rows("Everything that was timed", HEADINGS, found))
    if options.docs:
        write_into_docs(markdown_rows(HEADINGS, found), "overview")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
