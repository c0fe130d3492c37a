"""What changed between two runs, ranked, against changes made by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import counterflow as cf
from cases import Run
from counterflow.starter import starter_case
from tests.counterflow.test_cli import Call, call

__all__ = ["call"]


@pytest.fixture(scope="module")
def before() -> Run:
    return cf.clear(starter_case("mine", 6))


@pytest.fixture(scope="module")
def after(before: Run) -> Run:
    """Hydro's price goes from 8 to 10, the line in the east from 150 to 500 MW."""
    case = before.case
    offers, branches = case.offers, case.branches
    offers.loc[offers["unit"] == "Hydro", "price"] = 10.0
    branches.loc[branches["branch"] == "West-East", "rating_mw"] = 500.0
    return cf.clear(case.replace(offers=offers, branches=branches))


def test_inputs_that_differ_are_named_by_table_and_row(before: Run, after: Run) -> None:
    changes = cf.compare(before, after).changes
    inputs = changes[changes["kind"] == "input"]
    rows = inputs[["table", "subject", "column", "a", "b"]].to_numpy().tolist()
    # 150 to 500 is a change by 70 % of the larger, 8 to 10 by 20 %: the largest first.
    assert rows == [
        ["branches", "West-East", "rating_mw", "150", "500"],
        ["offers", "Hydro 1", "price", "8", "10"],
    ]
    assert inputs["size"].tolist() == pytest.approx([0.7, 0.2])
    assert not inputs["noise"].any()


def test_causes_come_before_effects(before: Run, after: Run) -> None:
    kinds = cf.compare(before, after).changes["kind"].tolist()
    order = ["input", "rule", "commitment", "binding", "price", "money"]
    assert kinds == sorted(kinds, key=order.index)
    assert {"input", "binding", "price", "money"} <= set(kinds)


def test_a_limit_that_no_longer_binds_and_the_furthest_price(before: Run, after: Run) -> None:
    changes = cf.compare(before, after).changes
    binding = changes[changes["kind"] == "binding"]
    assert set(binding["subject"]) == {"West-East"} and set(binding["b"]) == {"0"}
    price = changes[changes["kind"] == "price"].iloc[0]
    lmp = before.prices.merge(after.prices, on=["interval_start", "bus"])
    assert price["size"] == pytest.approx((lmp["lmp_x"] - lmp["lmp_y"]).abs().max())


def test_a_run_and_itself_and_what_counts(before: Run, after: Run) -> None:
    assert cf.compare(before, before).related == "same"
    assert cf.compare(before, after).related == ""
    assert "prices" in cf.compare(before, after).failing
    assert cf.compare(before, after, fail_on=["reserves"]).within
    with pytest.raises(cf.InputError, match="nothing that is compared is called pricess"):
        cf.compare(before, after, fail_on=["pricess"])


def test_one_schedule_in_place_of_another_within_the_gap_is_noise(before: Run) -> None:
    manifest = before.stated
    gap = {"gap": 0.01, "proof": {**manifest["proof"], "gap": 0.01}}
    dispatch = before.dispatch
    dispatch.loc[0, "on"] = not dispatch.loc[0, "on"]
    tables = {**before.tables, "dispatch": dispatch}
    one = Run({**manifest, **gap}, before.tables, before.case, before.rulebook)
    other = Run({**manifest, **gap}, tables, before.case, before.rulebook)
    found = cf.compare(one, other)
    assert found.noise == pytest.approx(2 * 0.01 * before.objective)
    assert found.changes.loc[found.changes["kind"] == "commitment", "noise"].all()


@pytest.mark.slow
def test_parents_and_what_counts_for_the_exit_code(
    before: Run, after: Run, tmp_path: Path, call: Call
) -> None:
    before.write(tmp_path / "a")
    after.write(tmp_path / "b")
    child = cf.mitigate(before)
    assert cf.compare(before, child).related == "parent"
    assert cf.compare(child, before).related == "child"
    said = call("compare", tmp_path / "a", tmp_path / "b")
    assert said.code == 3 and "Inputs that differ" in said.out
    assert call("compare", tmp_path / "a", tmp_path / "b", "--fail-on", "reserves").code == 0
    assert call("compare", tmp_path / "a", tmp_path / "b", "--fail-on", "prices").code == 3
    assert call("compare", tmp_path / "a", tmp_path / "b", "--fail-on", "pricess").code == 1
    document = json.loads(call("compare", tmp_path / "a", tmp_path / "b", "--json").out)
    assert document["changes"][0]["table"] == "branches" and "prices" in document["failing"]
    assert "<table>" in cf.compare(before, after)._repr_html_()


@pytest.mark.slow
def test_a_row_that_one_case_lacks(before: Run) -> None:
    offers = before.case.offers
    more = pd.concat(
        [offers, offers[offers["unit"] == "Peaker"].assign(segment=2, mw=5.0, price=90.0)]
    )
    units = before.case.units
    units.loc[units["unit"] == "Peaker", "p_max"] = 125.0
    other = cf.clear(before.case.replace(offers=more.reset_index(drop=True), units=units))
    changes = cf.compare(before, other).changes
    rows = changes.loc[changes["kind"] == "input", ["subject", "a", "b"]].to_numpy().tolist()
    assert ["Peaker 2", "", "row"] in rows
