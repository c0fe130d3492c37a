"""The timing of structural tests counts what was tested and shows what failed."""

from __future__ import annotations

import pytest

from benchmarks import structure
from benchmarks.run_structure import timed
from cases import read_case


def test_every_binding_limit_of_every_hour_is_counted() -> None:
    found = timed(read_case("pjm5"))
    assert (found["limits"], found["binding"], found["tested"]) == (1, 16, 16)
    assert found["tests"] > 0
    assert found["indices"] > 0
    row = dict(zip(structure.HEADINGS, structure.cells("pjm5", found), strict=True))
    assert row["tests"] == "16"
    assert float(row["tests / clearing"]) == pytest.approx(
        found["tests"] / found["clearing"], abs=0.01
    )


def test_a_day_that_failed_says_why() -> None:
    row = structure.cells("d", {"failure": "> 900 s"})
    assert row[:2] == ["d", "> 900 s"]
    assert len(row) == len(structure.HEADINGS)
