"""Storage by hand: arbitrage, limits, ends, both directions, money."""

from __future__ import annotations

import pytest

import cases
import clearing
from settlement import settle
from tests.clearing.traded import battery, dispatched, one_bus


def schedule(run: cases.Run, column: str) -> list[float]:
    return run.storage_schedule[column].tolist()


def test_arbitrage_by_hand() -> None:
    """Charge 20 at 10 and at 20: 32 MWh stored; 20 are sold at 50 and 12 at 30.

    120 * 10 + 120 * 20 + 80 * 50 + 88 * 30 = 10240. One MWh more in store would be sold at 30,
    and charging pays 30 * 0.8 = 24 for a MW, more than either price: charging is at its limit.
    """
    run = dispatched(one_bus([10, 20, 50, 30], [100.0] * 4, storage=battery()))
    assert schedule(run, "charge_mw") == pytest.approx([20, 20, 0, 0])
    assert schedule(run, "discharge_mw") == pytest.approx([0, 0, 20, 12])
    assert schedule(run, "energy_mwh") == pytest.approx([16, 32, 12, 0])
    assert schedule(run, "energy_value") == pytest.approx([30] * 4)
    assert run.objective == pytest.approx(10240)
    marginal = run.marginal_units[run.marginal_units["kind"] == "storage"]
    assert marginal["price"].tolist() == pytest.approx([30])
    assert marginal["interval_start"].tolist() == [run.case.interval_starts[3]]


def test_the_tank_is_full_between_two_markets() -> None:
    """10 MWh of tank: 12.5 MW are charged at 10, 10 sold at 50; then the same for 20 and 30.

    87.5 more at 10: 112.5 * 10 + 90 * 50 + 112.5 * 20 + 90 * 30 = 10575. Stored energy is worth
    what it cost, 10 / 0.8 and 20 / 0.8, before each sale of a full tank: charging is marginal.
    """
    run = dispatched(one_bus([10, 50, 20, 30], [100.0] * 4, storage=battery(energy_max=10.0)))
    assert schedule(run, "energy_mwh") == pytest.approx([10, 0, 10, 0])
    assert run.objective == pytest.approx(10575)
    assert schedule(run, "energy_value") == pytest.approx([12.5, 50, 25, 30])


@pytest.mark.parametrize(
    ("table", "energy", "cost"),
    [
        # 10 MWh there are sold at 50: 90 * 50 + 100 * 10.
        (battery(initial_mwh=10.0), [0, 0], 5500.0),
        # They are bought back with 12.5 MW at 10.
        (battery(initial_mwh=10.0, cyclic=True), [0, 10], 5625.0),
        (battery(initial_mwh=10.0, final_mwh=10.0), [0, 10], 5625.0),
        # Where the level is free, what 20 MW put back can be sold before: 84 * 50 + 120 * 10.
        (battery(cyclic=True), None, 5400.0),
        # Nothing there, nothing sold; 8 MWh at the end take 10 MW.
        (battery(final_mwh=8.0), [0, 8], 6100.0),
    ],
)
def test_the_end(table: object, energy: list[float] | None, cost: float) -> None:
    run = dispatched(one_bus([50, 10], [100.0] * 2, storage=table))  # type: ignore[arg-type]
    assert run.objective == pytest.approx(cost)
    if energy is not None:
        assert schedule(run, "energy_mwh") == pytest.approx(energy)


def test_offers_of_storage() -> None:
    """Discharging costs 25 beside the 10 / 0.8 of the energy: worth it at 50, not at 30.

    Half hours: 20 MW for half an hour store 8 MWh, sold with 16 MW: the objective is
    (120 * 10 + 84 * 50 + 100 * 30) / 2 + 25 * 8 = 4400.
    """
    case = one_bus([10, 50, 30], [100.0] * 3, minutes=30, storage=battery(discharge_price=25.0))
    run = dispatched(case)
    assert schedule(run, "discharge_mw") == pytest.approx([0, 16, 0])
    assert run.objective == pytest.approx(4400)
    assert schedule(run, "energy_value")[:2] == pytest.approx([25, 25])


def test_no_storage_goes_both_ways_at_once() -> None:
    """At -50 the tank of 8 MWh takes 10 MW; a circle would take 20 and give back 8.

    -50 * 110 = -5500; the circle's -50 * 112 is no schedule.
    """
    run = dispatched(one_bus([-50.0], [100.0], storage=battery(energy_max=8.0)))
    assert run.objective == pytest.approx(-5500)
    assert schedule(run, "charge_mw") == pytest.approx([10])
    assert schedule(run, "discharge_mw") == pytest.approx([0])
    assert any("storage S is held" in text for text in run.manifest["warnings"])


def test_the_way_that_is_held_is_the_best_one() -> None:
    """A full tank at -50: 8 MW out and 10 MW in again later take 2 MW more than standing still.

    -50 * (100 - 8 + 100 + 10) = -10100; holding both hours to charging would leave -10000.
    """
    case = one_bus([-50.0, -50.0], [100.0] * 2, storage=battery(energy_max=8.0, initial_mwh=8.0))
    run = dispatched(case)
    assert run.objective == pytest.approx(-10100)
    assert schedule(run, "discharge_mw") == pytest.approx([8, 0])


def test_what_was_held_is_free_again_at_other_prices() -> None:
    """Held to charging at -50; with a price of 40 in both hours the 8 MWh there are sold."""
    case = one_bus([-50.0, -50.0], [100.0] * 2, storage=battery(energy_max=8.0, initial_mwh=8.0))
    run = dispatched(case)
    assert any("storage S is held" in text for text in run.manifest["warnings"])
    dear = case.replace(offers=case.offers.assign(price=40.0))
    assert clearing.reclear(run, dear).objective == pytest.approx(40 * (200 - 8))


def test_storage_is_paid_and_pays_the_price_of_its_bus() -> None:
    """It buys 20 MWh at 10 and 20 at 20, sells 20 at 50 and 12 at 30: it earns 760."""
    run = dispatched(one_bus([10, 20, 50, 30], [100.0] * 4, storage=battery()))
    statement = settle(run)
    assert statement.total() == 0
    assert statement.total("s", "energy") == 20 * 50 + 12 * 30 - 20 * 10 - 20 * 20
    assert statement.total("rounding") == 0


def test_an_end_that_cannot_be_reached_is_named() -> None:
    with pytest.raises(cases.InputError) as caught:
        one_bus([50, 10], [100.0] * 2, storage=battery(final_mwh=40.0))
    assert "S cannot store 40 MWh by the end: it can reach 32 MWh" in str(caught.value)


def test_a_cyclic_storage_has_no_other_end() -> None:
    with pytest.raises(cases.InputError, match="cyclic storage"):
        one_bus([50, 10], [100.0] * 2, storage=battery(cyclic=True, final_mwh=1.0))
