"""The timing of a month counts its lines, and the month closes."""

from __future__ import annotations

from benchmarks import settlement
from benchmarks.run_settlement import Size, timed


def test_a_small_month_closes_and_is_counted() -> None:
    found = timed(Size(owners=10, contracts=12, days=1))
    assert found["left"] == "0.00"
    assert found["owners"] == 10
    # Five units and five loads, 24 hours each; contracts come on top.
    assert found["lines"] > 240
    row = dict(zip(settlement.HEADINGS, settlement.cells("m", found), strict=True))
    assert row["owners"] == "10"
    assert settlement.cells("m", {"failure": "> 600 s"})[:2] == ["m", "> 600 s"]
