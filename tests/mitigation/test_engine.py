"""Structural tests on runs of the clearing engine, against the oracle's answers."""

from __future__ import annotations

import pandas as pd
import pytest

import clearing
from cases.run import Run
from mitigation.engine import EngineModel
from mitigation.indices.residual_demand import residual_demand_indices
from mitigation.structure import owners_of
from mitigation.structure import test_structure as structure_tests
from tests.mitigation.markets import OracleModel, cleared, five_bus

LOADS = (0.6, 0.93, 1.0, 1.1)  # no demand that a round number of units just meets


@pytest.fixture(scope="module")
def runs() -> tuple[Run, Run]:
    case = five_bus("A2", reference="E", load_factors=LOADS)
    return clearing.clear(case, commitment=False), cleared(case)


def limits(run: Run) -> pd.DataFrame:
    return run.constraints[["interval_start", "constraint", "contingency", "direction"]]


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(list(frame.columns[:2]), ignore_index=True)


def test_without_a_limit_the_engine_finds_what_the_oracle_finds(runs: tuple[Run, Run]) -> None:
    run, other = runs
    engine, oracle = EngineModel(run.model), OracleModel(run.case)
    assert len(limits(run)) == len(limits(other)) == 3
    for asked in (limits(run), limits(run).iloc[[1]], limits(run).iloc[:0], limits(run)):
        mine, theirs = engine.solve_without(asked), oracle.solve_without(asked)
        pd.testing.assert_frame_equal(
            in_order(mine.prices), in_order(theirs.prices), check_dtype=False, atol=1e-6
        )
        pd.testing.assert_frame_equal(
            in_order(mine.dispatch), in_order(theirs.dispatch), check_dtype=False, atol=1e-6
        )
        assert mine.flows["flow_mw"].to_list() == pytest.approx(theirs.flows["flow_mw"].to_list())


def test_what_was_asked_leaves_no_trace(runs: tuple[Run, Run]) -> None:
    run, _ = runs
    engine = EngineModel(run.model)
    engine.solve_without(limits(run))
    engine.solve_with_output(
        pd.DataFrame({"interval_start": run.case.interval_starts, "unit": "Solitude", "mw": 100.0})
    )
    same = engine.solve_without(limits(run).iloc[:0])
    lmp = run.prices.merge(same.prices, on=["interval_start", "bus"], suffixes=("", "_again"))
    assert lmp["lmp_again"].to_list() == pytest.approx(lmp["lmp"].to_list())


def test_structural_tests_of_both_agree(runs: tuple[Run, Run]) -> None:
    tables = [structure_tests(run).verdicts for run in runs]
    assert (tables[0]["rule_id"] == "three_pivotal").sum() == 6
    pd.testing.assert_frame_equal(*tables, atol=1e-5, check_dtype=False)


def test_residual_demand_of_both_agrees(runs: tuple[Run, Run]) -> None:
    run, other = runs
    engine, oracle = EngineModel(run.model), OracleModel(run.case)
    one, two = (
        residual_demand_indices(r, owners_of(r), model, step=0.1, owners=["south", "west"])
        for r, model in ((run, engine), (other, oracle))
    )
    assert one["value"].to_list() == pytest.approx(two["value"].to_list(), nan_ok=True, rel=1e-6)
