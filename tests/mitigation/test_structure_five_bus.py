"""Structural tests of whole runs on the published five-bus system (cases F1 and F2)."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cases.case import Case
from cases.errors import InputError
from cases.run import Run
from mitigation.indices.measure import COLUMNS as INDEX_COLUMNS
from mitigation.indices.tested import tables_of, with_tests
from mitigation.structure.owners import owners_of
from mitigation.structure.run import slack_sensitivity, slack_verdicts, structure_tests
from mitigation.structure.verdicts import COLUMNS
from mitigation.structure.what_if import cover, divest, merge_owners
from tests.mitigation.markets import cleared, five_bus

RELIEF = 26.886527  # 266.886527 without the limit, less 240


def three_pivotal(run: Run, **options: object) -> pd.DataFrame:
    result = structure_tests(run, model=run.model, **options)  # type: ignore[arg-type]
    rows = result.verdicts
    return rows[rows["rule_id"] == "three_pivotal"].reset_index(drop=True)


def test_f1_whole_run() -> None:
    run = cleared(five_bus("A2", reference="E"))
    result = structure_tests(run, model=run.model)
    rows = result.verdicts[result.verdicts["rule_id"] == "three_pivotal"].set_index("owner")
    assert list(rows.index) == ["east", "south"]
    assert rows["need_mw"].to_list() == pytest.approx([RELIEF] * 2, abs=1e-5)
    assert rows["relevant_price"].to_list() == pytest.approx([62.322042] * 2, abs=1e-5)
    assert rows["shadow_price"].to_list() == pytest.approx([62.322042] * 2, abs=1e-5)
    assert rows["rsi1"].to_dict() == pytest.approx({"south": 3.573922, "east": 5.132419}, abs=1e-5)
    assert rows["rsi3"].to_list() == [0, 0]
    assert not rows["passed"].any()
    assert set(rows["slack"]) == {"bus E"}
    assert set(rows["base"]) == {"pre_control"}
    relief = result.relief.set_index("unit")
    assert relief["effective_mw"].to_dict() == pytest.approx(
        {"Solitude": 137.992911, "Sundance": 96.090357}, abs=1e-5
    )
    assert relief["dfax"].to_dict() == pytest.approx(
        {"Solitude": 0.32091375, "Sundance": 0.48045178}, abs=1e-7
    )
    assert result.notes == ()


def test_f2_the_same_market_under_another_slack() -> None:
    """M2: what Solitude and Sundance displace is Brighton's at E, wherever the slack stands.

    So the test of F1, with the slack at E, holds: factors .3209 and .4805, price 62.322.
    """
    run = cleared(five_bus("A1"))  # no reference: load-weighted
    result = structure_tests(run, model=run.model)
    rows = result.verdicts[result.verdicts["rule_id"] == "three_pivotal"]
    assert rows["owner"].to_list() == ["east", "south"]
    assert set(rows["slack"]) == {"load-weighted"}
    assert rows["need_mw"].to_list() == pytest.approx([42.840331] * 2, abs=1e-5)
    assert rows["relevant_price"].to_list() == pytest.approx([62.322042] * 2, abs=1e-5)
    relief = result.relief.groupby("unit")["dfax"].first()
    assert relief.to_dict() == pytest.approx(
        {"Solitude": 0.32091375, "Sundance": 0.48045178}, abs=1e-7
    )
    assert result.notes == ()


def test_no_slack_turns_a_verdict_of_relief_from_the_dispatch_without_the_limit() -> None:
    run = cleared(five_bus("A1"))
    slacks = ["load", "E", "A", "B", "C", "D"]
    rows = slack_sensitivity(run, slacks, model=run.model)
    for column in ("relevant_price", "need_mw", "total_supply_mw", "rsi1", "rsi3"):
        by_slack = rows.pivot(index="owner", columns="slack", values=column)
        assert np.allclose(by_slack, by_slack.iloc[:, [0]], rtol=1e-7), column
    assert rows["shadow_price"].to_list() == pytest.approx([62.322042] * len(rows), abs=1e-5)
    assert len(run.model.calls) == 1  # the base does not depend on the slack
    told = slack_verdicts(run, slacks, model=run.model)
    assert told["stable"].all() and (told["turned_by"] == "").all() and len(told) == 2


def test_one_solve_per_constraint_for_all_intervals() -> None:
    run = cleared(five_bus("A2", reference="E", load_factors=(1.0, 0.5, 0.95, 1.05)))
    rows = three_pivotal(run)
    tested = rows["interval_start"].unique()
    assert len(tested) == len(run.constraints) >= 3
    assert len(run.model.calls) == 1
    alone = cleared(five_bus("A2", reference="E", load_factors=(1.0,)))
    first = rows[rows["interval_start"] == tested[0]]
    pd.testing.assert_frame_equal(first.reset_index(drop=True), three_pivotal(alone))


def test_no_binding_constraint_says_so() -> None:
    run = cleared(five_bus("A2", load_factors=(0.4,)))
    result = structure_tests(run, model=run.model)
    assert result.notes == ("no constraint binds: there is nothing to test by constraint",)
    assert not (result.verdicts["rule_id"] == "three_pivotal").any()
    assert result.relief.empty
    tables = tables_of(result)
    assert len(tables["indices"])
    assert (tables["tests_structure"]["constraint"] == "").all()


def test_units_without_owner_are_all_named() -> None:
    run = cleared(five_bus("A2", owners={"Alta": "north", "Brighton": "west", "Sundance": "east"}))
    with pytest.raises(InputError) as caught:
        structure_tests(run, model=run.model)
    assert [failure.row for failure in caught.value.failures] == [3, 4]
    assert "unit Park City has no owner" in str(caught.value)


def test_case_without_owners_says_how_to_assign_them() -> None:
    run = cleared(five_bus("A2", owners={}))
    with pytest.raises(InputError, match="owners='round-robin:K'"):
        structure_tests(run, model=run.model)


def test_pre_control_needs_the_live_model() -> None:
    run = cleared(five_bus("A2", reference="E"))
    read = Run(run.manifest, run.tables, run.case, run.rulebook)
    with pytest.raises(
        InputError, match=r"base=current does not\) .* needs the live model of a clearing"
    ):
        structure_tests(read)
    assert len(structure_tests(run).relief) == 2  # the run's own live model is asked


def with_initial(case: Case, **mw: float) -> Case:
    units = case.units
    return case.replace(units=units.assign(initial_mw=units["unit"].map(mw)))


def test_current_base_measures_both_sides_from_where_the_interval_begins() -> None:
    """The interval begins with the dispatch of the unlimited market: then the need is F1's."""
    case = with_initial(
        five_bus("A2", reference="E"),
        **{"Alta": 110, "Park City": 100, "Solitude": 90, "Sundance": 0, "Brighton": 600},
    )
    run = cleared(case, **{"mitigation.structure.base": "current"})
    rows = three_pivotal(run)
    assert rows["need_mw"].to_list() == pytest.approx([RELIEF] * 2, abs=1e-5)
    assert rows["relevant_price"].to_list() == pytest.approx([62.322042] * 2, abs=1e-5)
    assert set(rows["base"]) == {"current"}
    # From a dispatch that already relieves the line nothing is needed, and nothing is supplied.
    moved = with_initial(
        case, **{"Alta": 110, "Park City": 100, "Solitude": 200, "Sundance": 0, "Brighton": 490}
    )
    rows = three_pivotal(cleared(moved, **{"mitigation.structure.base": "current"}))
    assert rows["owner"].to_list() == [""]
    assert rows["passed"].all()
    assert rows["note"].to_list() == ["no need of relief from the base dispatch"]


def test_current_base_without_a_dispatch_before_is_not_tested() -> None:
    run = cleared(five_bus("A2", reference="E"), **{"mitigation.structure.base": "current"})
    rows = three_pivotal(run)
    assert rows["note"].to_list() == ["not tested: the dispatch before the interval is not known"]


def test_ramp_limits_the_supply_of_relief() -> None:
    case = with_initial(
        five_bus("A2", reference="E"),
        **{"Alta": 110, "Park City": 100, "Solitude": 90, "Sundance": 0, "Brighton": 600},
    )
    units = case.units
    case = case.replace(
        units=units.assign(ramp_up=units["unit"].map({"Solitude": 120.0, "Sundance": 60.0}))
    )
    run = cleared(
        case,
        **{
            "mitigation.structure.base": "current",
            "mitigation.structure.supply.online": "ramp",
            "mitigation.structure.supply.ramp_minutes": 30,
        },
    )
    rows = three_pivotal(run).set_index("owner")
    # Half an hour: 60 MW x .32091375 and 30 MW x .48045178.
    assert rows["supply_mw"].to_dict() == pytest.approx(
        {"south": 60 * 0.32091375, "east": 30 * 0.48045178}, abs=1e-5
    )


def test_commitment_limits_the_supply_of_relief() -> None:
    slow = five_bus("A2", reference="E")
    quick = slow.replace(units=slow.units.assign(quick_start=True))
    runs = {}
    for name, case in (("slow", slow), ("quick", quick)):
        run = cleared(case)
        dispatch = run.dispatch.assign(on=run.dispatch["unit"] != "Sundance")
        tables = {**run.tables, "dispatch": dispatch}
        runs[name] = Run(run.manifest, tables, run.case, run.rulebook, model=run.model)

    def owners(offline: str, name: str) -> list[str]:
        run = runs[name]
        rules = run.rulebook.mitigation.structure
        supply = rules.supply.model_copy(update={"offline": offline})
        return three_pivotal(run, rules=rules.model_copy(update={"supply": supply}))[
            "owner"
        ].to_list()

    assert owners("all", "slow") == ["east", "south"]
    assert owners("none", "quick") == ["south"]
    assert owners("quick_start", "slow") == ["south"]
    assert owners("quick_start", "quick") == ["east", "south"]


def test_what_ifs() -> None:
    run = cleared(five_bus("A2", reference="E"))
    held = owners_of(run)
    merged = three_pivotal(run, owners=merge_owners(held, ["south", "east"], into="both"))
    assert merged["owner"].to_list() == ["both"]
    assert merged["supply_mw"].to_list() == pytest.approx([234.083268], abs=1e-5)
    # Four owners of a quarter each of Solitude and two of half of Sundance: the three largest hold
    # both halves and one quarter; three quarters of Solitude's 138 effective MW are left.
    spread = held
    for k in range(1, 4):
        spread = divest(spread, ["Solitude"], to=f"new{k}", share=1 / (k + 1))
    spread = divest(spread, ["Sundance"], to="newer", share=0.5)
    assert spread.shares.groupby("unit")["share"].sum().to_list() == pytest.approx([1.0] * 5)
    rows = three_pivotal(run, owners=spread)
    assert rows["passed"].all()
    assert rows["rsi3"].min() == pytest.approx(137.992911 * 0.75 / RELIEF, abs=1e-4)
    sold = three_pivotal(run, owners=divest(held, ["Sundance"], to="south"))
    assert sold["owner"].to_list() == ["south"]


def test_contract_cover_is_reported_beside_the_gross_test() -> None:
    run = cleared(five_bus("A2", reference="E"))
    # south runs 90 MW before control; 290 MW sold oblige it to 200 MW more, 64.2 effective.
    owners = cover(owners_of(run), "south", 290)
    result = structure_tests(run, model=run.model, owners=owners)
    net = result.verdicts[result.verdicts["rule_id"] == "three_pivotal_net"].set_index("owner")
    assert net.loc["south", "supply_mw"] == pytest.approx(137.992911, abs=1e-5)
    assert net.loc["south", "rsi1"] == pytest.approx(
        (96.090357 + 200 * 0.32091375) / RELIEF, abs=1e-4
    )
    assert net.loc["east", "rsi3"] == pytest.approx(200 * 0.32091375 / RELIEF, abs=1e-4)
    assert net["passed"].all()
    gross = result.verdicts[result.verdicts["rule_id"] == "three_pivotal"]
    assert not gross["passed"].any()


def test_a_slack_bus_that_does_not_exist() -> None:
    run = cleared(
        five_bus("A2"),
        **{"mitigation.structure.slack": "bus", "mitigation.structure.slack_bus": "Z"},
    )
    with pytest.raises(InputError, match="unknown slack bus: 'Z'"):
        structure_tests(run, model=run.model)


def test_tables_fit_the_schema_of_a_run(tmp_path: Path) -> None:
    run = cleared(five_bus("A2", reference="E"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tables = tables_of(structure_tests(run, model=run.model))
        again = with_tests(run, structure_tests(run))
    assert len(again.tests_structure) == len(tables["tests_structure"])
    assert len(again.indices) == len(tables["indices"])
    assert again.manifest["parent"] == run.id
    assert again.id != run.id
    again.write(tmp_path / "tested")
    read = Run.read(tmp_path / "tested")
    for name, table in tables.items():
        pd.testing.assert_frame_equal(getattr(read, name), table, check_dtype=False)
    # Nothing that the tests say is lost on the way into the folder.
    assert {*read.tests_structure} == {*COLUMNS}
    assert {*read.indices} == {*INDEX_COLUMNS}
    row = read.tests_structure.set_index(["rule_id", "owner"]).loc[("three_pivotal", "south")]
    assert (row["slack"], row["base"]) == ("bus E", "pre_control")
    assert row["shadow_price"] == pytest.approx(62.322042, abs=1e-5)
    assert read.relief["effective_mw"].sum() == pytest.approx(137.992911 + 96.090357, abs=1e-4)
    assert set(read.indices["zone"]) > {""}
    assert read.events[-1]["rules"] == ["system", "three_pivotal"]
