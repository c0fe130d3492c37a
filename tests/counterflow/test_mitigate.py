"""Structural tests from the front door: cf.mitigate and `counterflow mitigate --tests-only`."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import counterflow as cf
from cases import Run
from counterflow.cli import invoke

AT_E = {"mitigation.structure.slack": "bus", "mitigation.structure.slack_bus": "E"}
SET_E = [part for key, value in AT_E.items() for part in ("--set", f"{key}={value}")]


@dataclass
class Said:
    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


Call = Callable[..., Said]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def run(*arguments: object) -> Said:
        capsys.readouterr()
        code = invoke([str(a) for a in arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Said(code, said.out, said.err)

    return run


def cleared(case: cf.Case) -> Run:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        return cf.clear(case, commitment=False)


@pytest.fixture(scope="module")
def pjm5() -> Run:
    return cleared(cf.read_case("pjm5"))


@pytest.fixture(scope="module")
def folder(pjm5: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "pjm5"
    pjm5.write(path)
    return path


@pytest.fixture(scope="module")
def tested(pjm5: Run) -> Run:
    return cf.mitigate(pjm5, settings=AT_E, tests_only=True)


def at_five(run: Run) -> pd.DataFrame:
    rows = run.tests_structure
    rows = rows[rows["rule_id"].eq("three_pivotal") & rows["interval_start"].dt.hour.eq(17)]
    found: pd.DataFrame = rows.set_index("owner")
    return found


def test_the_published_hour(tested: Run) -> None:
    """Reference case F2, from bus E: 520 - 190 MW of Solitude, 200 of Sundance relieve D-E."""
    rows = at_five(tested)
    need, solitude, sundance = 42.840331, 330 * 0.32091375, 200 * 0.48045178
    assert rows["need_mw"].to_list() == pytest.approx([need] * 2, abs=1e-5)
    assert rows["relevant_price"].to_list() == pytest.approx([62.322042] * 2, abs=1e-5)
    assert rows["supply_mw"].to_dict() == pytest.approx(
        {"Solitude Generation": solitude, "Sundance Power": sundance}, abs=1e-4
    )
    assert rows["rsi1"].to_dict() == pytest.approx(
        {"Solitude Generation": sundance / need, "Sundance Power": solitude / need}, abs=1e-5
    )
    assert not rows["passed"].any()


def test_the_child_names_its_parent_and_keeps_its_clearing(pjm5: Run, tested: Run) -> None:
    assert tested.manifest["parent"] == pjm5.id
    assert tested.id != pjm5.id
    assert tested.objective == pjm5.objective
    pd.testing.assert_frame_equal(tested.prices, pjm5.prices)
    changed = tested.rulebook.model_dump()
    assert changed.pop("mitigation")["structure"]["slack_bus"] == "E"
    kept = pjm5.rulebook.model_dump()
    kept.pop("mitigation")
    assert changed == kept


def test_what_ifs_change_who_is_tested_and_are_on_record(pjm5: Run) -> None:
    merged = cf.mitigate(
        pjm5, settings=AT_E, tests_only=True, merge=[["Sundance Power", "Solitude Generation"]]
    )
    rows = at_five(merged)
    # One owner holds all relief: nothing is left without it.
    assert rows.index.to_list() == ["Sundance Power"]
    assert rows["rsi1"].to_list() == [0.0]
    assert merged.events[-1]["what_if"] == ["Sundance Power and Solitude Generation merge"]
    sold = cf.mitigate(
        pjm5, settings=AT_E, tests_only=True, divest={"Sundance": "Solitude Generation"}
    )
    assert at_five(sold)["supply_mw"].to_dict() == pytest.approx(
        {"Solitude Generation": 330 * 0.32091375 + 200 * 0.48045178}, abs=1e-4
    )
    assert len({merged.id, sold.id}) == 2


def test_a_contract_repeats_the_test_net_of_it(pjm5: Run) -> None:
    run = cf.mitigate(
        pjm5, settings=AT_E, tests_only=True, contracts={"Solitude Generation": 400.0}
    )
    assert "three_pivotal_net" in set(run.tests_structure["rule_id"])
    assert run.manifest["settings"]["what_if"] == [
        "Solitude Generation sells 400 MW more under contract"
    ]


def test_stressed_rts_gmlc_day() -> None:
    case = cf.read_case("rts-gmlc/2020-07-27", owners="area", rating=0.6)
    run = cleared(case)
    with warnings.catch_warnings():
        warnings.simplefilter("error", cf.DataWarning)  # relief is measured alike: none is negative
        tested = cf.mitigate(run, tests_only=True)
    rows = tested.tests_structure.query("rule_id == 'three_pivotal'")
    keys = ["constraint", "contingency", "direction", "interval_start"]
    assert len(rows[keys].drop_duplicates()) == len(run.constraints) > 20
    # Three owners, and three of them are tested together: nobody can pass.
    assert not rows["passed"].any()
    many = cleared(cf.read_case("rts-gmlc/2020-07-27", owners="round-robin:6", rating=0.6))
    assert many.objective == pytest.approx(run.objective)  # who owns what moves no price
    owned = cf.mitigate(many, tests_only=True)
    assert owned.tests_structure.query("rule_id == 'three_pivotal'")["owner"].nunique() > 3


def test_what_ifs_on_owners_are_set_beside_the_day_as_it_is(call: Call, folder: Path) -> None:
    said = call("mitigate", folder, "--divest", "Sundance=Solitude Generation")
    assert said.code == 0
    assert "As it is, and what if" in said.out and "load_payment" in said.out


def test_the_command_writes_what_the_function_gives(
    call: Call, folder: Path, tested: Run, tmp_path: Path
) -> None:
    said = call("mitigate", folder, "-o", tmp_path / "tested", "--tests-only", *SET_E)
    assert said.code == 0
    assert "Is market structure competitive?" in said.out
    assert "0 of 16 tests of constraints passed by everyone" in said.out
    assert "Three pivotal suppliers, averages by constraint" in said.out
    read = Run.read(tmp_path / "tested")
    # The folder's run was cleared again for its base and gives the same tests.
    pd.testing.assert_frame_equal(
        read.tests_structure, tested.tests_structure, atol=1e-6, check_dtype=False
    )
    assert read.manifest["parent"] == tested.manifest["parent"]


def test_notes_are_warnings_said_once(call: Call, tmp_path: Path) -> None:
    # Ten times the room of every line: nothing binds, and that is what there is to say.
    wide = cf.read_case("pjm5", rating=10.0)
    cf.clear(wide, commitment=False).write(tmp_path / "wide")
    said = call("mitigate", tmp_path / "wide", "--tests-only")
    assert said.code == 0
    assert said.err.count("no constraint binds") == 1


def test_json(call: Call, folder: Path) -> None:
    document = call(
        "mitigate", folder, "--tests-only", "--json", "--divest", "Sundance=Other", *SET_E
    ).document
    assert document["what_if"] == ["Sundance is sold to Other"]
    assert document["relief_summary"][0]["constraint"] == "D-E"
    assert [row["level"] for row in document["verdict"]] == ["aggregate", "local"]


def test_plot_of_a_tested_run(call: Call, tested: Run, folder: Path, tmp_path: Path) -> None:
    tested.write(tmp_path / "tested")
    said = call("plot", tmp_path / "tested", "-o", tmp_path / "plots", "--json")
    names = {Path(page).stem for page in said.document["pages"]}
    structure = {"pivotal_heat_map", "relief_supply", "rsi_duration", "concentration_duration"}
    assert structure < names
    assert "Three pivotal suppliers" in (tmp_path / "plots" / "index.html").read_text()
    assert "clears at" in (tmp_path / "plots" / "relief_supply.html").read_text()
    plain = call("plot", folder, "-o", tmp_path / "plain", "--json")
    assert not structure & {Path(page).stem for page in plain.document["pages"]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "penalties.balance=1"], "only keys of the mitigation section"),
        (["--set", "mitigation.structure.bse=current"], "mitigation.structure.base"),
        (["--merge", "Brighton Electric"], "a merger takes two or more owners"),
        (["--merge", "Brighton Electric,Nobody"], "unknown owners: Nobody; known are"),
        (["--divest", "Sundanse=X"], "unknown units: Sundanse"),
        (["--divest", "Sundance"], "--divest expects key=value"),
        (["--contract", "Sundance Power=much"], "expects MW, not 'much'"),
        (["--rulebook", "nowhere"], "nowhere"),
    ],
)
def test_mistakes_are_one_line(call: Call, folder: Path, options: list[str], message: str) -> None:
    said = call("mitigate", folder, "--tests-only", *options)
    assert said.code == 1
    assert message in said.err
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1


def test_no_binding_constraint_is_said(call: Call, tmp_path: Path) -> None:
    case = cf.read_case("pjm5")
    demand = case.demand.copy()
    demand[demand.columns[1:]] *= 0.4
    cleared(case.replace(demand=demand)).write(tmp_path / "calm")
    said = call("mitigate", tmp_path / "calm", "-o", tmp_path / "tested", "--tests-only")
    assert said.code == 0
    assert "no constraint binds" in said.err
    read = Run.read(tmp_path / "tested")
    assert read.relief.empty
    assert set(read.tests_structure["rule_id"]) == {"system"}
    assert call("plot", tmp_path / "tested", "-o", tmp_path / "plots").code == 0


def test_owners_that_cannot_be_tested(call: Call, tmp_path: Path) -> None:
    case = cf.read_case("pjm5")
    nobody = case.replace(units=case.units.assign(owner=""))
    cleared(nobody).write(tmp_path / "nobody")
    said = call("mitigate", tmp_path / "nobody", "--tests-only")
    assert said.code == 1
    assert "counterflow import SOURCE -o CASE --owners area" in said.err

    some = case.units["owner"].where(case.units["unit"] != "Sundance", "")
    cleared(case.replace(units=case.units.assign(owner=some))).write(tmp_path / "some")
    said = call("mitigate", tmp_path / "some", "--tests-only", "--json")
    assert said.code == 1
    assert [f["message"] for f in said.document["error"]["failures"]] == [
        "unit Sundance has no owner"
    ]


def test_an_owner_with_two_parents(pjm5: Run) -> None:
    owners = pjm5.case.owners
    twice = owners[owners["owner"] == "Alta Energy"].assign(parent="Another Holding")
    with pytest.raises(cf.InputError, match="parents"):
        cf.mitigate(
            cleared(pjm5.case.replace(owners=pd.concat([owners, twice], ignore_index=True))),
            tests_only=True,
        )
