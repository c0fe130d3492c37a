"""Models written as LP files: another process of the solver reads them and finds the objective."""

from __future__ import annotations

from pathlib import Path

import highspy
import pytest

import counterflow as cf
from tests.strategies_commitment import DayShape, commitment_day


def solved(path: Path) -> float:
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("mip_rel_gap", 0.0)
    highs.readModel(str(path))
    highs.run()
    return float(highs.getInfo().objective_function_value)


def test_dispatch_and_commitment_are_written_whole(tmp_path: Path) -> None:
    case = commitment_day(DayShape(units=4, intervals=6, buses=3), 5)
    run = cf.clear(case, gap=0.0)
    run.model.write_lp(tmp_path / "dispatch.lp")
    run.model.write_lp(tmp_path / "commitment.lp", program="commitment")
    # The dispatch holds the cost of its commitment as a constant.
    assert solved(tmp_path / "dispatch.lp") == pytest.approx(run.objective, rel=1e-6)
    assert solved(tmp_path / "commitment.lp") == pytest.approx(run.objective, rel=1e-6)
    assert "general" in (tmp_path / "commitment.lp").read_text().lower()


def test_a_run_that_decided_nothing_has_no_commitment_to_write(tmp_path: Path) -> None:
    run = cf.clear(cf.read_case("pjm5"), commitment=False)
    with pytest.raises(cf.InputError, match="decided no commitment"):
        run.model.write_lp(tmp_path / "commitment.lp", program="commitment")
    assert not (tmp_path / "commitment.lp").exists()
