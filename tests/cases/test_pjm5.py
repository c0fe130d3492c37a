"""The bundled day: at 17:00 the published five-bus case, and the arithmetic of its README."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from cases import Case, read_case
from tests.oracles import dcopf

PUBLISHED = {"A": 16.977359, "B": 26.384460, "C": 30.0, "D": 39.942736, "E": 10.0}
HOUR = "2024-07-16T17:00:00-04:00"


@cache
def day() -> tuple[Case, dcopf.Outcome]:
    case = read_case("pjm5")
    return case, dcopf.solve(case)


def at(hour: str) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Prices, dispatch and flows of an hour."""
    found, stamp = day()[1], pd.Timestamp(f"2024-07-16T{hour}:00-04:00")
    return found.lmp.loc[stamp], found.dispatch.loc[stamp], found.flows.loc[stamp]


def shadow(hour: int) -> float:
    """Shadow price of line D-E in an hour, $/MW; no other limit may have one."""
    prices = day()[1].shadow_prices
    assert {key[1] for key in prices} == {"D-E"}
    return sum(value for key, value in prices.items() if key[0] == hour)


def test_17_00_is_the_published_case() -> None:
    """MATPOWER case5 (Li and Bo 2010): prices, dispatch, flows, cost, rent."""
    case = day()[0]
    price, mw, flow = at("17:00")
    np.testing.assert_allclose(price[list(PUBLISHED)], list(PUBLISHED.values()), atol=1e-4)
    assert mw.round(6).to_dict() == {
        **{"Alta": 40.0, "Park City": 170.0, "Solitude": 323.494846},
        **{"Sundance": 0.0, "Brighton": 466.505154},
    }
    np.testing.assert_allclose(
        flow[["A-B", "A-D", "A-E", "B-C", "C-D", "D-E"]],
        [249.716765, 186.788389, -226.505154, -50.283235, -26.788389, -240.0],
        atol=1e-5,
    )
    offer = case.offers.set_index("unit")["price"]
    assert float((mw * offer).sum()) == pytest.approx(17479.8969, abs=1e-4)
    demand = case.demand.set_index("interval_start").loc[pd.Timestamp(HOUR)]
    assert demand.to_dict() == {"B": 300.0, "C": 300.0, "D": 400.0}
    bus = case.units.set_index("unit")["bus"]
    assert float((demand * price[demand.index]).sum()) == pytest.approx(32892.43, abs=0.005)
    assert float((mw * bus.map(price)).sum()) == pytest.approx(17935.14, abs=0.005)
    assert shadow(17) == pytest.approx(62.322042, abs=1e-5)


def test_17_00_is_the_file_of_matpower() -> None:
    file, case = read_case("matpower/case5"), day()[0]
    for column in ("r", "x"):
        assert case.branches[column].tolist() == pytest.approx(file.branches[column].tolist())
    rating = case.branches["rating_mw"].fillna(0).tolist()
    assert rating == file.branches["rating_mw"].fillna(0).tolist()
    assert case.units["p_max"].tolist() == file.units["p_max"].tolist()
    assert case.offers["price"].tolist() == file.offers["price"].tolist()
    assert (case.units["p_min"] == 0).all()


def test_02_00_has_one_price() -> None:
    price, mw, flow = at("02:00")
    assert (price.round(9) == 10).all()
    assert mw["Brighton"] == 550
    assert flow["D-E"] == pytest.approx(-550 * 0.367325, abs=1e-3)


def test_07_00_is_set_by_brighton_and_park_city() -> None:
    price, mw, _ = at("07:00")
    expected = {"A": 15.0, "B": 21.741162, "C": 24.332071, "D": 31.457071, "E": 10.0}
    np.testing.assert_allclose(price[list(expected)], list(expected.values()), atol=1e-5)
    assert mw["Park City"] == pytest.approx(112.9823, abs=1e-4)
    assert mw["Brighton"] == pytest.approx(547.0177, abs=1e-4)
    assert shadow(7) == pytest.approx(5 / 0.11195652)
    assert shadow(2) == 0


def test_prices_follow_the_hours_of_the_readme_and_nothing_is_forced() -> None:
    found = day()[1]
    assert not found.slacks
    hours = found.lmp.round(6)
    assert (hours.iloc[[6, 23]] == 14).all(axis=None)
    np.testing.assert_allclose(
        hours.iloc[8:22][list(PUBLISHED)], [list(PUBLISHED.values())] * 14, atol=1e-5
    )


def test_every_unit_offers_at_its_cost() -> None:
    case = day()[0]
    costs = case.costs.merge(case.fuel_prices.rename(columns={"price": "fuel_price"}), on="fuel")
    costs = costs.set_index("unit")
    by_cost = costs["heat_rate"] * costs["fuel_price"] + costs["vom"]
    offer = case.offers.set_index("unit")["price"]
    assert by_cost[offer.index].tolist() == offer.tolist()


def test_affiliates() -> None:
    parents = day()[0].owners.set_index("owner")["parent"]
    assert parents["Alta Energy"] == parents["Park City Power"] == "Wasatch Holdings"
    assert set(day()[0].units["owner"]) <= set(parents.index)
