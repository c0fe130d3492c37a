"""Real time of every day: dispatched with its commitment, settled, and the next day's state."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

import counterflow as cf
from tests.studies import tiny


def test_real_time_starts_the_next_day(tmp_path: Path) -> None:
    case = tiny.spanning()
    tiny.written(case, tmp_path / "ahead")
    actual = case.replace(demand=case.demand.assign(L=[75.0, 75.0, 75.0, 115.0]))
    tiny.written(actual, tmp_path / "actual")
    content = {
        "name": "live",
        "days": {
            "source": str(tmp_path / "ahead"),
            "start": dt.date(2024, 3, 4),
            "end": dt.date(2024, 3, 5),
            "chain": "rolling",
            "chain_from": "real_time",
        },
        "real_time": {"source": str(tmp_path / "actual")},
        "settle": {},
    }
    made = cf.study(content, output=tmp_path / "study", processes=False)
    assert made.failed.empty, made.failed.to_string()
    runs = made.table("runs").set_index(["step", "day"])["objective"].sort_index()
    first, second = dt.date(2024, 3, 4), dt.date(2024, 3, 5)
    # Real time of day 1: 3 x 75 MW x 10 x 6 h, then (95 MW x 10 + 20 MW x 50) x 6 h.
    assert runs["real_time", first] == pytest.approx(13_500.0 + 11_700.0)
    assert runs["clear", second] == pytest.approx(36_000.0)
    # Day 2: the peaker is on in the first two intervals: 2 x (55 MW x 10 + 20 MW x 50) x 6 h.
    assert runs["real_time", second] == pytest.approx(18_600.0 + 4_500.0 + 11_700.0)
    state = made.run("base", str(second)).case.units
    assert state["initial_mw"].tolist() == pytest.approx([95.0, 20.0])
    # Base earns 10 for 80 MW day ahead; it gives back 10 for 5 MW less, six hours, in interval 1.
    lines = made.table("statement", step="settle")
    base = lines[(lines["day"] == first) & (lines["subject"] == "Base")]
    early = base[base["interval_start"] == base["interval_start"].min()]
    assert sorted(float(a) for a in early["amount"]) == pytest.approx([-300.0, 4_800.0])
