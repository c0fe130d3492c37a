"""Unit participation factors from the indifference equations."""

import pytest

from counterflow.explain.participation import Indifference, participation


def test_one_marginal_unit_sets_the_price() -> None:
    system = Indifference()
    system.add("g", {"energy": 1.0}, 25.0)
    found = participation(system, {"energy": 1.0}, 25.0)
    assert found.determined
    assert found.factors == {"g": pytest.approx(1.0)}


def test_two_units_and_one_limit() -> None:
    # Offers 10 (DFAX 0) and 30 (DFAX 0.4): mu = 20 / 0.4 = 50. A bus with DFAX 0.6 costs
    # 10 + 0.6 * 50 = 40 = 1.5 * 30 - 0.5 * 10.
    system = Indifference()
    system.add("cheap", {"energy": 1.0}, 10.0)
    system.add("dear", {"energy": 1.0, "line": 0.4}, 30.0)
    found = participation(system, {"energy": 1.0, "line": 0.6}, 40.0)
    assert found.factors == {"cheap": pytest.approx(-0.5), "dear": pytest.approx(1.5)}


def test_nobody_inside_a_block() -> None:
    found = participation(Indifference(), {"energy": 1.0}, 25.0)
    assert not found.determined
    assert "no resource is strictly inside a block" in found.reason


def test_two_equal_offers_share_the_margin() -> None:
    system = Indifference()
    system.add("g", {"energy": 1.0}, 25.0)
    system.add("h", {"energy": 1.0}, 25.0)
    found = participation(system, {"energy": 1.0}, 25.0)
    assert not found.determined
    assert "2 resources are strictly inside their blocks where 1 would set" in found.reason


def test_too_few_units_for_the_binding_limits() -> None:
    system = Indifference()
    system.add("g", {"energy": 1.0}, 10.0)
    found = participation(system, {"energy": 1.0, "line": 0.5}, 40.0)
    assert not found.determined
    assert "degenerate" in found.reason


def test_offers_that_do_not_make_up_the_price_are_not_passed_off_as_its_reason() -> None:
    system = Indifference()
    system.add("g", {"energy": 1.0}, 10.0)
    found = participation(system, {"energy": 1.0}, 12.0)
    assert not found.determined
    assert "make up 10.000000, not the price 12.000000" in found.reason


def test_an_island_that_is_not_connected_does_not_matter() -> None:
    system = Indifference()
    system.add("here", {"energy 0": 1.0}, 10.0)
    system.add("there", {"energy 1": 1.0}, 20.0)
    system.add("there too", {"energy 1": 1.0}, 20.0)
    assert participation(system, {"energy 0": 1.0}, 10.0).factors == {"here": pytest.approx(1.0)}
    assert not participation(system, {"energy 1": 1.0}, 20.0).determined
