"""The user's own constraints in the models of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyomo.environ as pyo
import pytest

import clearing
import counterflow as cf
from cases.run import Run
from tests.clearing.custom_days import with_custom
from tests.clearing.faces import optimum
from tests.clearing.test_extension import small
from tests.strategies import Shape, random_case
from tests.strategies_commitment import DayShape, commitment_day


def capped(model: Any) -> None:
    """At most 60 MW of the cheap unit."""
    model.cap = pyo.Constraint(model.intervals, rule=lambda m, t: m.output["CHEAP", t] <= 60)


def test_an_extension_is_in_the_models(tmp_path: Path) -> None:
    """60 MW at 10 and 40 MW at 30 in each of two hours: 3600; without the cap it were 2000."""
    run = cf.clear(small(), extend=capped, commitment=False)
    assert run.objective == pytest.approx(3600)
    assert optimum(run.model.pyomo) == pytest.approx(3600)
    run.write(tmp_path / "run")
    read = Run.read(tmp_path / "run")
    with pytest.raises(cf.InputError, match="give the same function again"):
        _ = read.model.pyomo
    again = clearing.reclear(read, read.case, extend=capped)
    assert optimum(again.model.pyomo) == pytest.approx(3600)


@pytest.mark.parametrize("seed", range(2))
def test_tables_are_in_the_models(seed: int, tmp_path: Path) -> None:
    shape = Shape(buses=6, intervals=2, minutes=30, shifters=True, bids=True, ramps=True)
    run = cf.clear(with_custom(random_case(shape, seed), seed, commitment=False), commitment=False)
    assert optimum(run.model.pyomo) == pytest.approx(run.objective, rel=1e-6)
    assert pyo.value(run.model.pyomo.penalty_cost) == pytest.approx(run.slacks["cost"].sum())
    run.write(tmp_path / "run")
    read = Run.read(tmp_path / "run")
    assert optimum(read.model.pyomo) == pytest.approx(run.objective, rel=1e-6)


@pytest.mark.parametrize("seed", range(2))
def test_tables_are_in_the_commitment(seed: int, tmp_path: Path) -> None:
    day = commitment_day(DayShape(units=4, intervals=4, buses=3), seed)
    run = cf.clear(with_custom(day, seed, commitment=True), gap=0.0)
    run.write(tmp_path / "run")
    for each in (run, Run.read(tmp_path / "run")):
        found = optimum(each.model.commitment)
        assert found <= run.objective + 1e-6 * abs(run.objective)
        assert found >= run.stated["bound"] - 1e-6 * abs(run.objective)
