"""Structural tests on runs of the clearing engine, against the oracle's answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import clearing
from cases.case import Case
from cases.errors import CheckFailed
from cases.run import Run
from mitigation.again.engine import EngineModel
from mitigation.indices.residual_demand import residual_demand_indices
from mitigation.structure.owners import owners_of
from mitigation.structure.run import structure_tests
from network import Grid
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
        mine, theirs = engine.solve_without(asked, alike=0.999), oracle.solve_without(asked)
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
    engine.solve_without(limits(run), alike=0.999)
    engine.solve_with_output(
        pd.DataFrame({"interval_start": run.case.interval_starts, "unit": "Solitude", "mw": 100.0})
    )
    same = engine.solve_without(limits(run).iloc[:0], alike=0.999)
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


def twin_circuits() -> Case:
    """A2 with line D-E as two equal circuits of half its rating and twice its reactance."""
    case = five_bus("A2", reference="E")
    one = case.branches
    twin = one[one["branch"] == "D-E"].assign(x=2 * 0.0297, rating_mw=120.0)
    rest = one[one["branch"] != "D-E"]
    twins = [twin.assign(branch=name, emergency_rating_mw=140.0) for name in ("D-E 1", "D-E 2")]
    return case.replace(branches=pd.concat([rest, *twins]))


def relief_of(run: Run) -> pd.DataFrame:
    verdicts = structure_tests(run).verdicts
    return verdicts[verdicts["rule_id"] == "three_pivotal"].set_index(["constraint", "owner"])


def test_twin_circuits_are_one_constraint() -> None:
    """Without one circuit's limit the other's holds the flow: both are taken away together."""
    rows = relief_of(clearing.clear(twin_circuits(), commitment=False))
    # Each circuit carries half of F1's flow: half the need, half the effective MW, the same index.
    assert rows["need_mw"].to_list() == pytest.approx([26.886527 / 2] * len(rows), abs=1e-5)
    south = rows.xs("south", level="owner")
    assert south["supply_mw"].to_list() == pytest.approx([137.992911 / 2] * len(south), abs=1e-5)
    assert south["rsi1"].to_list() == pytest.approx([3.573922] * len(south), abs=1e-5)


def test_twin_circuits_after_the_outage_of_one() -> None:
    """N-1: each circuit must carry all of the flow within 140 MW once the other is out."""
    case = twin_circuits()
    case = case.replace(
        contingencies=pd.DataFrame(
            {"contingency": ["out 1", "out 2"], "kind": "branch", "element": ["D-E 1", "D-E 2"]}
        )
    )
    run = clearing.clear(case, commitment=False, security="n-1")
    rows = relief_of(run)
    assert set(run.constraints["contingency"]) <= {"out 1", "out 2"}
    # After the outage x rises from .0297 to .0594: flow of the rest on the remaining circuit.
    grid = Grid.from_case(case)
    before = merit_order_injections()
    base = grid.flows(before)
    out, left = grid.branch_positions(["D-E 1", "D-E 2"])
    alone = base[left] + grid.lodf([out])[left, 0] * base[out]
    assert rows["need_mw"].to_list() == pytest.approx([abs(alone) - 140] * len(rows), abs=1e-5)


def merit_order_injections() -> np.ndarray:
    """A2 without limits: 110 + 100 MW at A, 90 at C, 600 at E; 300 MW of load at B, C and D."""
    return np.array([210.0, -300.0, 90.0 - 300.0, -300.0, 600.0])


def test_a_run_read_from_its_folder_is_cleared_again(runs: tuple[Run, Run], tmp_path: Path) -> None:
    run, _ = runs
    run.write(tmp_path / "run")
    read = Run.read(tmp_path / "run")
    assert not read.model.opened
    pd.testing.assert_frame_equal(
        structure_tests(read).verdicts, structure_tests(run).verdicts, atol=1e-6
    )
    stale = Run(
        {**run.manifest, "objective": run.objective + 1}, run.tables, run.case, run.rulebook
    )
    with pytest.raises(CheckFailed, match="clear the case anew"):
        structure_tests(stale)


def test_an_interface_is_one_constraint() -> None:
    """At most 280 MW of D's 300 MW may come in: Sundance (40) must give 20 MW in a market at 30."""
    case = five_bus("A2", reference="E")
    case = case.replace(
        branches=case.branches.assign(rating_mw=np.nan),
        interfaces=pd.DataFrame(
            {"interface": "into D", "branch": ["A-D", "C-D", "D-E"], "weight": [1.0, 1.0, -1.0]}
        ),
        interface_limits=pd.DataFrame({"interface": ["into D"], "max_mw": [280.0]}),
    )
    rows = relief_of(clearing.clear(case, commitment=False))
    row = rows.loc[("into D", "east")]
    assert len(rows) == 1
    assert row["need_mw"] == pytest.approx(20)
    assert row["supply_mw"] == pytest.approx(200)  # a MW at D is a MW of relief
    assert row["relevant_price"] == pytest.approx(40 - 30)
    assert row["shadow_price"] == pytest.approx(40 - 30)
