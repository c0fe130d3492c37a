"""Congestion rent and loss surplus with losses: worked grids, and what must not move."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from cases import Case
from cases.run import Run
from clearing import clear
from settlement import settle
from settlement.rights import auction_rights
from tests.settlement.markets import case_of

LOSSES = {"losses.method": "marginal"}


def line(mirror: bool = False, reference: str = "") -> Case:
    """A - C - D: A-C carries at most 50 MW, C-D loses. Mirrored, the lossy line D-A is before A."""
    lossy = ("D", "A") if mirror else ("C", "D")
    branches = pd.DataFrame(
        {
            "branch": ["lossy", "A-C"],
            "from_bus": [lossy[0], "A"],
            "to_bus": [lossy[1], "C"],
            "r": [0.05, 0.0],
            "x": 0.1,
            "rating_mw": [np.nan, 50.0],
        }
    )
    cheap, far = ("D", "C") if mirror else ("A", "D")
    return case_of(
        ["A", "C", "D"],
        {"g1": ("one", cheap, 300.0, 20.0), "g2": ("two", "C", 300.0, 60.0)},
        {"near": ("retail", "A", [70.0]), "far": ("retail", far, [120.0])},
        tables={"branches": branches},
        reference=reference,
    )


def right(mw: float, source: str = "A", sink: str = "C") -> pd.DataFrame:
    return pd.DataFrame(
        {"right": ["R"], "owner": "holder", "kind": "obligation", "source": source, "sink": sink,
         "mw": mw, "start": pd.NaT, "end": pd.NaT, "price": 0.0}
    )  # fmt: skip


def cleared(case: Case, **settings: object) -> Run:
    return clear(case, commitment=False, settings=LOSSES | settings)


# The lossy line delivers 120 MW: F - r F^2 / 200 = 120. A MW more at its end costs (1 + slope) at
# its start for (1 - slope) that arrive, slope = r F / 100.
FLOW = (1 - np.sqrt(1 - 4 * 0.05 / 200 * 120)) / (2 * 0.05 / 200)
LOST = 0.05 * FLOW**2 / 100
DEARER = (1 + 0.05 * FLOW / 100) / (1 - 0.05 * FLOW / 100)


@pytest.mark.parametrize("reference", ["", "A", "C", "D"])
def test_a_lossy_line_behind_the_limit(reference: str) -> None:
    statement = settle(cleared(line(reference=reference)), rights=right(50.0))
    # 50 MW x (60 - 20) of rent. The load at D pays 67.92043; what it takes and what is lost on the
    # way (7.667392) is worth 60 at C.
    assert pytest.approx(67.92043, abs=1e-5) == 60 * DEARER
    assert pytest.approx(7.667392, abs=1e-6) == LOST
    surplus = 120 * 60 * DEARER - (120 + LOST) * 60
    assert surplus == pytest.approx(490.41, abs=0.005)
    assert statement.total("operator", "congestion_rent") == Decimal("2000.00")
    assert float(statement.total("operator", "loss_surplus")) == pytest.approx(surplus, abs=0.011)
    assert statement.total("holder") == Decimal("2000.00")
    assert statement.total(item="right_shortfall") == 0
    assert statement.total() == 0


@pytest.mark.parametrize("reference", ["", "A", "C", "D"])
def test_a_lossy_line_before_the_limit(reference: str) -> None:
    statement = settle(cleared(line(mirror=True, reference=reference)), rights=right(50.0))
    # A is worth 20 x 1.132 = 22.64: rent 50 x (60 - 22.64), surplus 120 x 22.64 - 127.67 x 20.
    rent = 50 * (60 - 20 * DEARER)
    surplus = 120 * 20 * DEARER - (120 + LOST) * 20
    assert (rent, surplus) == pytest.approx((1868, 163.47), abs=0.01)
    assert float(statement.total("operator", "congestion_rent")) == pytest.approx(rent, abs=0.01)
    assert float(statement.total("operator", "loss_surplus")) == pytest.approx(surplus, abs=0.011)
    assert float(statement.total("holder")) == pytest.approx(rent, abs=0.01)
    assert statement.total(item="right_shortfall") == 0


def test_real_time_settles_only_what_the_losses_moved() -> None:
    day_ahead = cleared(line())
    actual = line()
    demand = actual.demand.assign(far=[110.0])
    later = clear(actual.replace(demand=demand), commitment=False, settings=LOSSES)
    statement = settle(day_ahead, real_time=later)
    # The limit binds at 50 MW in both: no rent to settle again; 10 MW less at D and the loss of
    # 110 MW instead of 120 MW (from F - r F^2 / 200) at real-time prices.
    flow = (1 - np.sqrt(1 - 4 * 0.05 / 200 * 110)) / (2 * 0.05 / 200)
    lost, slope = 0.05 * flow**2 / 100, 0.05 * flow / 100
    at_d = 60 * (1 + slope) / (1 - slope)
    surplus = -10 * at_d + (10 + LOST - lost) * 60
    found = statement.total("operator", "loss_surplus_deviation")
    assert float(found) == pytest.approx(surplus, abs=0.02)
    assert statement.total(item="congestion_rent_deviation") == 0
    same = settle(day_ahead, real_time=day_ahead)
    assert same.total("operator") == settle(day_ahead).total("operator")


@pytest.mark.parametrize("seed", range(4))
def test_rent_and_surplus_do_not_move_with_the_reference(seed: int) -> None:
    case = meshed(seed)
    found = set()
    for reference in ("", "b0", "b3"):
        statement = settle(cleared(case.replace(reference=reference)))
        found.add(
            (
                round(float(statement.total("operator", "congestion_rent")), 1),
                round(float(statement.total("operator", "loss_surplus")), 1),
            )
        )
    assert len(found) == 1
    assert next(iter(found))[0] > 0


@pytest.mark.parametrize("seed", range(4))
def test_feasible_rights_are_fully_funded_with_losses(seed: int) -> None:
    case = meshed(seed)
    rng = np.random.default_rng(seed)
    pairs = [rng.choice(6, 2, replace=False) for _ in range(5)]
    bids = pd.concat(
        [
            right(float(rng.uniform(5, 80)), f"b{i}", f"b{j}").assign(
                right=f"R{k}", price=float(rng.uniform(1, 50)), kind=["option", "obligation"][k % 2]
            )
            for k, (i, j) in enumerate(pairs)
        ],
        ignore_index=True,
    )
    awards = auction_rights(bids, case).awards["mw"]
    statement = settle(cleared(case), rights=bids.assign(mw=awards))
    assert statement.total(item="right_shortfall") >= Decimal("-0.02")
    assert statement.total() == 0


def meshed(seed: int) -> Case:
    """Six buses in a ring with a chord, every branch lossy, two of them tight."""
    rng = np.random.default_rng(seed)
    ends = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0), (1, 4)]
    rating = np.full(len(ends), np.nan)
    rating[[1, 4]] = 30.0
    branches = pd.DataFrame(
        {
            "branch": [f"l{i}{j}" for i, j in ends],
            "from_bus": [f"b{i}" for i, _ in ends],
            "to_bus": [f"b{j}" for _, j in ends],
            "r": rng.uniform(0.005, 0.03, len(ends)),
            "x": rng.uniform(0.05, 0.2, len(ends)),
            "rating_mw": rating,
        }
    )
    prices = rng.permutation([12.0, 25.0, 47.0])
    return case_of(
        [f"b{k}" for k in range(6)],
        {f"g{k}": (f"o{k}", f"b{2 * k}", 260.0, float(p)) for k, p in enumerate(prices)},
        {f"d{k}": ("retail", f"b{k}", [float(rng.uniform(20, 70))]) for k in range(6)},
        tables={"branches": branches},
    )
