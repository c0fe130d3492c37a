"""One table of all results: ratios of CPU seconds, misses said, the newest of each job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import overview, processes
from benchmarks.commitment_days import chosen_days

DAY = {"name": "d", "gap": 0.001, "aim": 20.0}
OURS = {
    **{"wall": 9.0, "cpu": 4.0, "gap": 0.0005, "status": "optimal", "memory_mb": 300.0},
    **{"objective": 100.0, "check": {"missed": 0, "pairs": 200}},
}
PEER = {"wall": 30.0, "cpu": 10.0, "finished": True, "objective": 100.0}


def row(ours: dict[str, Any], peer: dict[str, Any] | None) -> dict[str, str]:
    result = {"day": DAY, "counterflow": ours, "peer": peer, "commit": "abc"}
    (cells,) = overview.rows([result])
    return dict(zip(overview.HEADINGS, cells, strict=True))


def test_a_ratio_is_of_cpu_seconds_and_a_stopped_peer_bounds_it() -> None:
    found = row(OURS, PEER)
    assert (found["ours CPU s"], found["peer CPU s"], found["ratio"]) == ("4.00", "10.00", "2.5")
    assert (found["gap"], found["proof"], found["missed"]) == (
        "0.050%",
        "gap proven",
        "0 of 2.0e+02",
    )
    assert row(OURS, {**PEER, "finished": False})["ratio"] == "> 2.5"


def test_misses_are_told() -> None:
    assert row({**OURS, "gap": 0.002, "status": "limit"}, PEER)["proof"] == "miss: limit"
    failed = row({"failure": "> 600 s"}, PEER)
    assert (failed["ours CPU s"], failed["ratio"], failed["proof"]) == ("> 600 s", "miss", "none")


def test_results_are_kept_by_commit_and_the_newest_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "HERE", tmp_path)
    for at, made in (("new", "2026-01-02"), ("old", "2026-01-01")):
        path = processes.result_file("a/b", at)
        path.write_text(f'{{"commit": "{at}", "made": "{made}"}}', encoding="utf-8")
    assert path.parent.name == "old"
    assert [found["commit"] for found in processes.all_kept()] == ["new"]
    assert (processes.kept("a/b") or {})["commit"] == "new"
    assert processes.kept("c") is None


def test_published_days_say_what_they_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COUNTERFLOW_DATA", raising=False)
    days = chosen_days("published", 24)
    assert [day.aim for day in days] == [10.0, 20.0, 60.0, 180.0]
    with pytest.raises(SystemExit, match="COUNTERFLOW_DATA names no folder"):
        days[0].build()
