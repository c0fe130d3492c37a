"""What a run shows is what was solved: each face, solved by Pyomo, says what the run says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

import clearing
import counterflow as cf
from cases.case import Case
from cases.run import Run
from tests.clearing.faces import assert_duals_are_prices, optimum
from tests.clearing.test_commitment_prices import METHODS, priced, two_units
from tests.clearing.test_losses import LOSSES, case_of, random_grid
from tests.strategies import FULL, random_case
from tests.strategies_commitment import DayShape, commitment_day

SMALL = DayShape(units=4, intervals=6, buses=3, ramps=True, tiers=True, min_times=True)


def tightened(seed: int) -> Case:
    """Ratings at a third, so that limits are exceeded before and after outages."""
    case = random_case(FULL, seed)
    rating = {name: case.branches[name] / 3 for name in ("rating_mw", "emergency_rating_mw")}
    return case.replace(branches=case.branches.assign(**rating))


def text_of(run: Run, folder: Path, program: Any = "dispatch") -> str:
    path = folder / "model.lp"
    run.model.write_lp(path, program=program)
    return path.read_text()


def read_back(run: Run, folder: Path) -> Run:
    run.write(folder / "run")
    return Run.read(folder / "run")


def test_the_bundled_day() -> None:
    """The objective of pjm5, published with it, and no other problem than that."""
    run = cf.clear(cf.read_case("pjm5"))
    assert run.objective == pytest.approx(267555.31, abs=0.01)
    model = run.model.pyomo
    assert pyo.value(model.cost) == pytest.approx(run.objective, rel=1e-6)
    assert optimum(model) == pytest.approx(run.objective, rel=1e-6)
    assert run.model.pyomo is model and run.model.pricing is model
    (active,) = model.component_data_objects(pyo.Objective, active=True)
    assert active is model.cost
    assert not list(model.component_data_objects(pyo.Constraint, active=False))
    assert_duals_are_prices(run, model)


def test_another_interface_of_pyomo() -> None:
    from pyomo.contrib.solver.common.factory import SolverFactory

    run = cf.clear(cf.read_case("pjm5"), commitment=False)
    result = SolverFactory("highs").solve(run.model.pyomo)
    assert result.incumbent_objective == pytest.approx(run.objective, rel=1e-6)


@pytest.mark.parametrize("seed", [0, 3])
def test_limits_that_came_on_the_way_and_are_exceeded(seed: int, tmp_path: Path) -> None:
    run = cf.clear(tightened(seed), commitment=False, security="n-1")
    kinds = set(run.slacks["kind"])
    assert {"branch", "contingency"} & kinds
    model = run.model.pyomo
    assert {key[1] for key in model.soft_limit} > {""}, "limits before and after outages"
    assert optimum(model) == pytest.approx(run.objective, rel=1e-6)
    assert pyo.value(model.penalty_cost) == pytest.approx(run.slacks["cost"].sum(), rel=1e-6)
    # Solving it, and changing it, changes neither the run nor what is written.
    model.excess.fix(0.0)
    model.cost.set_value(0.0)
    assert run.model.highs.getObjectiveValue() == pytest.approx(run.objective, rel=1e-6)
    again = cf.clear(tightened(seed), commitment=False, security="n-1")
    assert text_of(run, tmp_path) == text_of(again, tmp_path)


@pytest.mark.parametrize("seed", range(3))
def test_the_commitment_lies_between_bound_and_objective(seed: int) -> None:
    run = cf.clear(commitment_day(replace(SMALL, contingencies=True), seed), security="n-1", gap=0)
    found = optimum(run.model.commitment)
    assert found <= run.objective + 1e-6 * abs(run.objective)
    assert found >= run.stated["bound"] - 1e-6 * abs(run.objective)
    assert optimum(run.model.pyomo) == pytest.approx(run.objective, rel=1e-6)


def test_a_loose_gap_leaves_the_better_schedule_to_the_commitment() -> None:
    """At a gap of 30 % the first schedule will do; the whole program still finds the best one."""
    case = commitment_day(SMALL, 2)
    best = cf.clear(case, gap=0.0)
    run = cf.clear(case, gap=0.3)
    assert optimum(run.model.commitment) == pytest.approx(best.objective, rel=1e-6)
    assert run.stated["bound"] <= best.objective * (1 + 1e-9) <= run.objective * (1 + 2e-9)


@pytest.mark.parametrize("seed", range(2))
def test_a_commitment_that_must_exceed_limits_is_in_the_money_of_the_day(seed: int) -> None:
    """Three times the demand: the decision prices what is short above any start, the run does not.

    With the start-up of a unit at 40,000 a MW short at 5,000 could stand in for it; it does not.
    """
    case = commitment_day(SMALL, seed)
    demand = case.demand.set_index("interval_start") * 3
    run = cf.clear(case.replace(demand=demand.reset_index()), gap=0.0)
    assert run.slacks["cost"].sum() > 0
    found = optimum(run.model.commitment)
    assert run.stated["bound"] - 1e-6 * run.objective <= found <= run.objective * (1 + 1e-6)


def test_merged_units_are_counts() -> None:
    case = commitment_day(DayShape(units=4, intervals=6, twins=True), 1)
    run = cf.clear(case, gap=0.0)
    model = run.model.commitment
    assert max(model.on[key].ub for key in model.on) > 1.5, "the day merges units"
    assert optimum(model) == pytest.approx(run.objective, rel=1e-6)


@pytest.mark.parametrize("seed", [0, 1])
def test_losses(seed: int) -> None:
    run = cf.clear(case_of(random_grid(seed, True)), commitment=False, settings=LOSSES)
    model = run.model.pyomo
    assert len(model.loss_tangent) and not hasattr(model, "energy_balance")
    assert optimum(model) == pytest.approx(run.objective, rel=1e-6)
    assert_duals_are_prices(run, model)


def test_directions_that_are_held() -> None:
    """At -50 a circle through the tank would earn; the run is held to charging, so is its face."""
    from tests.clearing.test_storage import battery, dispatched, one_bus

    run = dispatched(one_bus([-50.0], [100.0], storage=battery(energy_max=8.0)))
    assert any("is held" in text for text in run.stated["warnings"])
    model = run.model.pyomo
    assert [v.ub for v in model.discharge.values()] == [0.0]
    assert optimum(model) == pytest.approx(-5500.0, rel=1e-6)


@pytest.mark.parametrize("method", ["relaxed", "extended"])
def test_the_program_that_prices(method: str, tmp_path: Path) -> None:
    """By hand: 36 and 36 extended, 36 and 32 relaxed; the dispatch says 10 and 10."""
    run = priced(two_units(), method)
    model = run.model.pricing
    assert model is not run.model.pyomo
    assert not [v for v in model.component_data_objects(pyo.Var) if v.is_integer()]
    found = {"p": "p", "above": "above"}["p" if method == "extended" else "above"]
    assert_duals_are_prices(run, model, found)
    assert run.prices["lmp"].tolist() == pytest.approx(METHODS[method])
    assert optimum(run.model.pyomo) == pytest.approx(run.objective, rel=1e-6)
    assert text_of(run, tmp_path, "pricing") != text_of(run, tmp_path)


def test_prices_on_a_congested_grid() -> None:
    run = cf.clear(random_case(FULL, 1), commitment=False, security="n-1")
    assert len(run.price_terms)
    assert not any("not be unique" in text for text in run.stated["warnings"])
    assert_duals_are_prices(run, run.model.pricing)


def test_a_rerun_leaves_its_parent_as_it_was(tmp_path: Path) -> None:
    case = random_case(FULL, 1)
    run = cf.clear(case, commitment=False, security="n-1")
    before = text_of(run, tmp_path)
    objective = run.objective
    offers = case.offers
    child = clearing.reclear(run, case.replace(offers=offers.assign(price=offers["price"] * 1.5)))
    third = clearing.reclear(run, case.replace(offers=offers.assign(price=offers["price"] * 0.5)))
    for each in (child, third, run):
        assert optimum(each.model.pyomo) == pytest.approx(each.objective, rel=1e-6)
        assert each.model.highs.getObjectiveValue() == pytest.approx(each.objective, rel=1e-6)
    assert text_of(run, tmp_path) == before
    # Whoever asks the parent for its live solver gets its own again, solved.
    assert run.model.live.highs.getObjectiveValue() == pytest.approx(objective, rel=1e-6)
    assert run.model.session is not child.model.session
    assert child.objective != pytest.approx(objective, rel=1e-3)


def test_mitigation_leaves_the_run_as_it_was(tmp_path: Path) -> None:
    run = cf.clear(cf.read_case("pjm5"), settings={"offers.cap": 1000.0})
    dear = run.case.offers.assign(price=run.case.offers["price"] * 8)
    run = cf.clear(run.case.replace(offers=dear), settings={"offers.cap": 1000.0})
    before = {name: text_of(run, tmp_path, name) for name in ("dispatch", "pricing")}
    levels = dear[["unit", "segment", "mw"]].assign(component="energy", price=dear["price"] / 8)
    child = cf.mitigate(run, references=levels)
    assert len(child.decisions) and child.objective < run.objective
    for each in (run, child):
        assert optimum(each.model.pyomo) == pytest.approx(each.objective, rel=1e-6)
    assert {name: text_of(run, tmp_path, name) for name in before} == before
    read = read_back(child, tmp_path)
    assert optimum(read.model.pyomo) == pytest.approx(child.objective, rel=1e-6)


@pytest.mark.parametrize("method", ["fixed", "relaxed", "extended"])
def test_a_run_that_was_read_has_the_same_programs(method: str, tmp_path: Path) -> None:
    case = commitment_day(replace(SMALL, contingencies=True, storage=True), 3)
    run = cf.clear(case, security="n-1", gap=0.0, settings={"pricing.method": method})
    read = read_back(run, tmp_path)
    assert not read.model.opened
    for name in ("pyomo", "commitment", "pricing"):
        mine, theirs = optimum(getattr(read.model, name)), optimum(getattr(run.model, name))
        assert mine == pytest.approx(theirs, rel=1e-6), name
    assert len(run.program_rows)
    for name in ("pyomo", "commitment"):
        mine, theirs = (set(getattr(each.model, name).soft_limit) for each in (read, run))
        assert mine == theirs


def test_a_read_run_with_penalties_and_losses(tmp_path: Path) -> None:
    run = cf.clear(tightened(0), commitment=False, security="n-1")
    assert optimum(read_back(run, tmp_path).model.pyomo) == pytest.approx(run.objective, rel=1e-6)
    run = cf.clear(case_of(random_grid(1, True)), commitment=False, settings=LOSSES)
    (tmp_path / "losses").mkdir()
    read = read_back(run, tmp_path / "losses")
    assert optimum(read.model.pyomo) == pytest.approx(run.objective, rel=1e-6)


def test_a_read_run_of_another_version_is_told(tmp_path: Path) -> None:
    run = cf.clear(cf.read_case("pjm5"), commitment=False)
    stale = Run({**run.stated, "objective": run.objective + 1}, run.tables, run.case, run.rulebook)
    with pytest.raises(cf.CheckFailed, match="clear the case anew"):
        _ = stale.model.pyomo


def test_a_real_time_run_has_no_single_program() -> None:
    case = commitment_day(DayShape(units=3, intervals=4), 0)
    ahead = cf.clear(case, gap=0.0)
    run = cf.clear(case, commitment_from=ahead)
    with pytest.raises(cf.InputError, match="chain of windows"):
        _ = run.model.pyomo


def test_an_unknown_program(tmp_path: Path) -> None:
    run = cf.clear(cf.read_case("pjm5"), commitment=False)
    with pytest.raises(cf.InputError, match="dispatch, commitment or pricing"):
        run.model.write_lp(tmp_path / "model.lp", program="prices")


def test_the_run_keeps_no_more_than_arrays() -> None:
    """A parent's program is its arrays: what the market is built of is shared with the child."""
    case = random_case(FULL, 2)
    run = cf.clear(case, commitment=False)
    child = clearing.reclear(run, case.replace(offers=case.offers.assign(price=1.0)))
    mine, theirs = run.model.cleared.program, child.model.cleared.program
    assert mine.compiled is theirs.compiled
    assert not np.shares_memory(mine.cost, theirs.cost)
