"""Published DC optimal power flow costs, met by the cases as read.

The flows come from a bus-angle model of its own (tests/oracles/dcopf.py); the objective of the
sources includes the constant costs, which the case carries as no-load.
"""

from __future__ import annotations

import pytest

from cases import read_case
from tests.oracles import dcopf

# name: (x * tap with shifts, x / (r^2 + x^2) without taps), money per hour
PGLIB = {
    "case3_lmbd": (5693.8033, 5695.8959),
    "case5_pjm": (17479.8969, 17479.8969),
    "case14_ieee": (2051.5263, 2051.5263),
    "case24_ieee_rts": (61001.2403, 61001.2403),
    "case30_ieee": (7504.4405, 7472.8147),
    "case39_epri": (136816.1561, 136889.6922),
    "case57_ieee": (34772.9479, 34772.9479),
    "case118_ieee": (93132.6793, 93100.7299),
    "case300_ieee": (517585.5349, 517851.0752),
}
MATPOWER = {
    "case14": 7642.5918,
    "case39": 41263.9408,
    "case118": 125947.8814,
    "case300": 706292.3242,
    "case89pegase": 5733.3709,
}


def cost(name: str, convention: str) -> float:
    """Least cost of a case with every limit kept, $/h."""
    case = read_case(name)
    rows = case.commitment_offers
    constant = float(rows["price"][rows["component"] == "no_load"].sum())
    found = dcopf.solve(case, convention=convention)
    assert not found.slacks
    return found.objective + constant


@pytest.fixture(autouse=True)
def hard_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Penalties no shadow price reaches; case9241_pegase has one of 48921 $/MW."""
    for penalty in ("BALANCE", "BRANCH"):
        monkeypatch.setattr(dcopf, penalty, 1e6)


QUICK = ("case3_lmbd", "case24_ieee_rts", "case118_ieee")


@pytest.mark.parametrize(
    "name",
    [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in PGLIB],
)
def test_pglib(name: str) -> None:
    for convention, expected in zip(("matpower", "series"), PGLIB[name], strict=True):
        assert cost(f"pglib/{name}", convention) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", MATPOWER)
def test_matpower(name: str) -> None:
    assert cost(f"matpower/{name}", "matpower") == pytest.approx(MATPOWER[name], rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "convention", "expected"),
    [
        ("case2383wp_k", "matpower", 1796340.1011),
        ("case2383wp_k", "series", 1804090.3864),
        ("case3012wp_k", "matpower", 2514315.1349),
        ("case3012wp_k", "series", 2509001.4619),
    ],
)
def test_larger_grids(name: str, convention: str, expected: float) -> None:
    assert cost(f"pglib/{name}", convention) == pytest.approx(expected, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("case73_ieee_rts", 1.8300e5),
        ("case240_pserc", 3.2714e6),
        ("case500_goc", 4.4055e5),
        ("case793_goc", 2.5831e5),
        ("case1354_pegase", 1.2182e6),
        ("case1888_rte", 1.3529e6),
        ("case2000_goc", 9.4304e5),
        ("case9241_pegase", 6.0287e6),
    ],
)
def test_published_to_five_digits(name: str, published: float) -> None:
    """PowerModels, BASELINE.md: pumps, dispatchable loads, quadratic costs, shunts."""
    assert cost(f"pglib/{name}", "series") == pytest.approx(published, rel=5e-5)
