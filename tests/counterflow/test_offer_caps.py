"""Caps and floors of a rulebook when a market is cleared: every priced offer, and the soft cap."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import counterflow as cf
from cases import Case, InputError
from tests.mitigation.two_buses import cleared, market, mitigated, prices


def day(offer: float, cost: float | None = None, **tables: pd.DataFrame) -> Case:
    """G must give the 50 MW at J that the line of 100 MW cannot bring."""
    units = [
        {"unit": "B", "bus": "W", "mw": 300.0, "price": 20.0},
        {"unit": "G", "bus": "J", "mw": 100.0, "price": offer},
    ]
    if cost is not None:
        costs = {"unit": ["G"], "segment": 1, "mw": 100.0, "heat_rate": 10.0, "vom": cost - 1000.0}
        tables["costs"] = pd.DataFrame(costs | {"fuel": "gas"})
        tables["fuel_prices"] = pd.DataFrame({"fuel": ["gas"], "date": [None], "price": [100.0]})
    return market(units, load_w=[40.0], load_j=[150.0], **tables)


@pytest.mark.parametrize(
    ("offer", "cost", "price"),
    [
        (1500.0, 1400.0, 1400.0),  # M11: up to the verified cost
        (1500.0, 1600.0, 1500.0),  # below its cost: as offered
        (1500.0, None, 1000.0),  # no cost is known: the soft cap
        (900.0, 30.0 + 1000.0, 900.0),  # below the soft cap: as offered
        (2500.0, 2400.0, 2000.0),  # the hard cap, whatever the cost
    ],
)
def test_above_the_soft_cap_an_offer_counts_up_to_its_verified_cost(
    offer: float, cost: float | None, price: float
) -> None:
    """The cost is 10 MMBtu a MWh x 100 and the rest variable."""
    run = cleared(day(offer, cost), rulebook="nyiso")
    assert prices(run, "J") == [price]
    own = run.offers_used[run.offers_used["unit"] == "G"]
    assert own["price"].tolist() == [price]
    events = [event for event in run.events if event.get("event") == "offer_cap"]
    told = [text for text in run.manifest["warnings"] if "soft cap" in text]
    if price == offer:
        assert not events and not told
    else:
        assert [(event["offered"], event["used"]) for event in events] == [(offer, price)]
        assert len(told) == 1 and "G offers up to" in told[0]
    assert len(cf.validate(run)) == 0


def test_mitigation_goes_on_from_the_offer_that_counted() -> None:
    units: list[dict[str, Any]] = [
        {"unit": "B", "bus": "W", "mw": 300.0, "price": 20.0},
        {"unit": "G", "bus": "J", "mw": 100.0, "price": 1500.0, "reference": 1400.0},
    ]
    made = mitigated(cleared(day(1500.0, 1400.0), rulebook="nyiso"), units, "nyiso")
    own = made.decisions[
        (made.decisions["unit"] == "G") & (made.decisions["component"] == "energy")
    ]
    assert own["offered"].tolist() == [1400.0]
    assert own["conduct_result"].tolist() == ["pass"]


def test_caps_hold_for_every_priced_offer() -> None:
    """M12: a virtual and a battery at 4900 under a cap of 2000; the row and column are named."""
    virtuals = pd.DataFrame(
        {"virtual": ["V"], "owner": "v", "kind": "inc", "bus": "J", "mw": 10.0, "price": 4900.0}
    )
    storage = pd.DataFrame(
        {"storage": ["S"], "bus": "J", "charge_mw": 50.0, "discharge_mw": 50.0}
        | {"energy_min": 0.0, "energy_max": 100.0, "discharge_price": 4900.0}
    )
    bids = pd.DataFrame({"load": ["LJ"], "segment": 1, "mw": 10.0, "price": 2500.0})
    for tables, column in (
        ({"virtuals": virtuals}, "price"),
        ({"storage": storage}, "discharge_price"),
        ({"storage": storage.assign(discharge_price=0.0, charge_price=-1001.0)}, "charge_price"),
        ({"bids": bids}, "price"),
    ):
        with pytest.raises(InputError) as caught:
            cleared(day(900.0, **tables), rulebook="nyiso")
        (found,) = caught.value.failures
        assert (found.file, found.row, found.column) == (next(iter(tables)), 2, column)
    spread = virtuals.assign(kind="utc", sink_bus="W")
    cleared(day(900.0, virtuals=spread), rulebook="nyiso")  # a difference of prices has no cap
    cleared(day(900.0, virtuals=virtuals))  # the default rulebook has no cap


def test_pjm_has_a_floor() -> None:
    with pytest.raises(InputError, match="-5000, outside the rulebook's -1000 to 2000"):
        cleared(day(-5000.0), rulebook="pjm")


def test_miso_s_highest_price_is_3500() -> None:
    """The unit of 100 MW and the line of 100 MW leave 50 of 250 MW at J unserved."""
    units = [
        {"unit": "B", "bus": "W", "mw": 100.0, "price": 20.0},
        {"unit": "G", "bus": "J", "mw": 100.0, "price": 900.0},
    ]
    run = cleared(market(units, load_w=[0.0], load_j=[250.0]), rulebook="miso")
    assert max(run.prices["lmp"]) == pytest.approx(3500.0)
