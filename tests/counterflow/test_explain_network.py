"""What lies behind a limit, the way between two buses, what an outage cuts off: hand-made grids."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import counterflow as cf
from cases import Case, Run
from counterflow.explain.pockets import pocket_text
from tests.counterflow.test_cli import Call, call

__all__ = ["call"]

START = pd.Timestamp("2026-01-05T00:00:00Z")


def feeder(**more: pd.DataFrame) -> Case:
    """A mesh a-b-c; the line c-d, 50 MW, feeds d, e with 80 MW of load and the plant P at 90.

    Q at a asks 10. So c-d carries 50, P gives 30; prices 10 in the mesh and 90 at d, e.
    """
    ends = ["ab", "bc", "ca", "cd", "de"]
    tables = {
        "buses": pd.DataFrame({"bus": list("abcde")}),
        "branches": pd.DataFrame(
            {
                "branch": ends,
                "from_bus": [e[0] for e in ends],
                "to_bus": [e[1] for e in ends],
                "x": [0.1, 0.1, 0.2, 0.1, 0.1],
                "rating_mw": [float("nan")] * 3 + [50.0, float("nan")],
            }
        ),
        "units": pd.DataFrame(
            {"unit": ["Q", "P"], "bus": ["a", "e"], "p_min": 0.0, "p_max": [300.0, 60.0]}
        ),
        "offers": pd.DataFrame(
            {"unit": ["Q", "P"], "segment": 1, "mw": [300.0, 60.0], "price": [10.0, 90.0]}
        ),
        "loads": pd.DataFrame({"load": ["L1", "L2", "L3"], "bus": ["b", "d", "e"]}),
        "demand": pd.DataFrame({"interval_start": [START], "L1": 40.0, "L2": 60.0, "L3": 20.0}),
    }
    return Case.build({"name": "feeder", "start": START}, tables | more)


@pytest.fixture(scope="module")
def run() -> Run:
    return cf.clear(feeder(), commitment=False)


def test_a_load_pocket_is_named_with_its_load_and_units(run: Run) -> None:
    found = cf.explain_price(run, bus="e", at="00:00")
    assert found.lmp == pytest.approx(90.0)
    [row] = found.pockets.to_dict("records")
    assert row["constraint"] == "cd" and row["imports"] and row["separated"]
    assert row["buses"] == ("d", "e") and row["units"] == ("P",)
    assert row["load_mw"] == pytest.approx(80.0)
    assert (row["output_mw"], row["available_mw"]) == pytest.approx((30.0, 60.0))
    assert pocket_text(row) == (
        "cd binds: behind it lie buses d, e, with 80.0 MW of load and unit P (30.0 of 60.0 MW)"
    )
    assert found.to_dict()["pockets"][0]["buses"] == ("d", "e")


def test_plants_that_a_limit_keeps_in() -> None:
    """Q alone at e, dear plant R at b: c-d holds back what e sends."""
    units = pd.DataFrame({"unit": ["Q", "R"], "bus": ["e", "b"], "p_min": 0.0, "p_max": 300.0})
    offers = pd.DataFrame({"unit": ["Q", "R"], "segment": 1, "mw": 300.0, "price": [10.0, 90.0]})
    demand = pd.DataFrame({"interval_start": [START], "L1": 100.0, "L2": 0.0, "L3": 20.0})
    case = feeder(units=units, offers=offers, demand=demand)
    found = cf.explain_price(cf.clear(case, commitment=False), bus="e", at="00:00")
    [row] = found.pockets.to_dict("records")
    assert pocket_text(row) == (
        "cd binds: it keeps in buses d, e, with 20.0 MW of load and unit Q (70.0 of 300.0 MW)"
    )


def test_a_mesh_names_the_part_that_loads_the_limit() -> None:
    """The five-bus system: D-E keeps in Brighton at E, Alta and Park City at A."""
    found = cf.explain_price(cf.clear(cf.read_case("pjm5")), bus="D", at="17:00")
    [row] = found.pockets.to_dict("records")
    assert row["buses"] == ("A", "E") and not row["imports"] and not row["separated"]
    assert set(row["units"]) == {"Alta", "Park City", "Brighton"}
    assert "it keeps in buses A, E, the part that loads it most" in pocket_text(row)


def test_the_way_and_the_spread(run: Run) -> None:
    """From b to e: b-c, c-d, d-e. Of 1 MW from b to c, x = 0.1 against 0.3 the other way round,
    three quarters take b-c; all of it takes c-d and d-e. The spread is 80, all of it c-d's.

    b-c carries: Q sends 90 from a, 40 to b and 50 to c. Of 40 to b, 3/4 take a-b, 1/4 a-c-b; of 50
    to c half takes a-b-c (0.2 against 0.2): b-c = 25 - 10 = 15.
    """
    way = cf.explain_path(run, source="b", sink="e", at="00:00")
    assert way.spread == pytest.approx(80.0) == way.lmp_sink - way.lmp_source
    [term] = way.terms.to_dict("records")
    assert term["constraint"] == "cd" and term["dfax"] == pytest.approx(1.0)
    assert term["amount"] == pytest.approx(80.0)
    path = way.path
    assert path["branch"].tolist() == ["bc", "cd", "de"]
    assert path["share"].tolist() == pytest.approx([0.75, 1.0, 1.0])
    assert path["flow_mw"].tolist() == pytest.approx([15.0, 50.0, -10.0])
    assert path["binding"].tolist() == [False, True, False]
    back = cf.explain_path(run, source="e", sink="b", at="00:00")
    assert back.spread == pytest.approx(-80.0)
    assert back.path["flow_mw"].tolist() == pytest.approx([10.0, -50.0, -15.0])
    assert back.path["share"].tolist() == pytest.approx([1.0, 1.0, 0.75])


def test_terms_and_loss_add_up_to_every_spread() -> None:
    run = cf.clear(cf.read_case("pjm5"))
    for source in "ABE":
        for sink in "CD":
            way = cf.explain_path(run, source=source, sink=sink, at="17:00")
            assert way.terms["amount"].sum() + way.loss == pytest.approx(way.spread, abs=1e-6)


def test_a_way_that_is_none(run: Run) -> None:
    with pytest.raises(cf.InputError, match="source and sink are both b"):
        cf.explain_path(run, source="b", sink="b", at="00:00")
    islands = feeder(
        branches=feeder().branches.assign(in_service=[True] * 4 + [False]),
        demand=pd.DataFrame({"interval_start": [START], "L1": 40.0, "L2": 30.0, "L3": 20.0}),
    )
    with pytest.raises(cf.InputError, match="b and e are in different islands"):
        cf.explain_path(cf.clear(islands, commitment=False), source="b", sink="e", at="00:00")


def test_the_command_tells_both(run: Run, tmp_path: Path, call: Call) -> None:
    run.write(tmp_path / "run")
    said = call("explain", tmp_path / "run", "--bus", "e", "--at", "00:00")
    assert "cd binds: behind it lie buses d, e" in said.out.replace("\n", " ")
    said = call("explain", tmp_path / "run", "--bus", "e", "--from", "b", "--at", "00:00", "--json")
    assert json.loads(said.out)["spread"] == pytest.approx(80.0)
    said = call("explain", tmp_path / "run", "--bus", "e", "--from", "b", "--at", "00:00")
    assert said.code == 0 and "The way of least reactance" in said.out
    assert (
        call("explain", tmp_path / "run", "--unit", "P", "--from", "b", "--at", "00:00").code == 1
    )


OUTAGES = pd.DataFrame({"contingency": ["feed", "mesh"], "kind": "branch", "element": ["cd", "ab"]})


def test_what_an_outage_cuts_off_is_named(tmp_path: Path, call: Call) -> None:
    case = feeder(contingencies=OUTAGES)
    case.write(tmp_path / "case")
    text = "buses d, e with up to 80 MW of load and unit P"
    said = call("check", tmp_path / "case")
    assert said.code == 0
    out = " ".join(said.out.split())
    assert f"contingency feed splits the grid: it cuts off {text}" in out
    assert "mesh" not in out
    document = json.loads(call("check", tmp_path / "case", "--json").out)
    assert document["islanding"] == {"feed": text}
    run = cf.clear(case, commitment=False, security="n-1")
    assert any(
        f"contingency feed splits the grid (cuts off {text}) and is not secured" in warning
        for warning in run.stated["warnings"]
    )
