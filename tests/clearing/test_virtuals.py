"""Virtuals by hand on two buses with a congested line: west 10, east 30, 60 MW between."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

import cases
from settlement import settle
from tests.clearing.traded import dispatched, two_buses


def row(
    name: str, kind: str, bus: str, price: float, mw: float, sink: str = ""
) -> dict[str, object]:
    return {"virtual": name, "kind": kind, "bus": bus, "sink_bus": sink, "mw": mw, "price": price}


MIXED = [
    row("inc", "inc", "E", 20.0, 15.0),  # sells at 30: accepted
    row("high", "inc", "E", 31.0, 15.0),  # not for 31
    row("dec", "dec", "W", 12.0, 15.0),  # buys at 10: accepted
    row("low", "dec", "E", 29.0, 15.0),  # not at 30
    row("up", "utc", "W", 25.0, 10.0, "E"),  # pays 30 - 10 = 20 of up to 25: accepted
    row("short", "utc", "W", 15.0, 10.0, "E"),  # not for 15
    row("back", "utc", "E", -15.0, 10.0, "W"),  # is paid 20, asks 15: accepted
    row("much", "utc", "E", -25.0, 10.0, "W"),  # asks 25
]


def test_each_kind_is_accepted_where_its_price_allows() -> None:
    """West: line 60 + dec 15 - up 10 + back 10 = 75 MW. East: 100 - 60 - 15 + 10 - 10 = 25 MW.

    75 * 10 + 25 * 30 + 15 * 20 - 15 * 12 - 10 * 25 + 10 * 15 = 1520.
    """
    run = dispatched(two_buses(MIXED))
    accepted = run.virtual_awards.set_index("virtual")["mw"]
    assert accepted[accepted > 0].to_dict() == pytest.approx(
        {"inc": 15.0, "dec": 15.0, "up": 10.0, "back": 10.0}
    )
    assert run.dispatch["mw"].tolist() == pytest.approx([75.0, 25.0])
    assert run.objective == pytest.approx(1520.0)
    assert run.prices["lmp"].tolist() == pytest.approx([10.0, 30.0])


def test_a_virtual_sets_the_price() -> None:
    """40 MW are missing in the east: 40 of 100 MW of an inc at 20 come before the unit at 30."""
    run = dispatched(two_buses([row("inc", "inc", "E", 20.0, 100.0)]))
    assert run.virtual_awards["mw"].tolist() == pytest.approx([40.0])
    assert run.prices["lmp"].tolist() == pytest.approx([10.0, 20.0])
    marginal = run.marginal_units[run.marginal_units["unit"] == "inc"]
    assert marginal[["kind", "price"]].to_numpy().tolist() == [["virtual", 20.0]]


def test_up_to_congestion_sets_the_difference() -> None:
    """The line is relieved by up to 100 MW that ask for 15: all of it comes from the west.

    40 MW of the utc east to west make room for 40 MW more from the west.
    """
    run = dispatched(two_buses([row("back", "utc", "E", -15.0, 100.0, "W")]))
    assert run.virtual_awards["mw"].tolist() == pytest.approx([40.0])
    assert run.prices["lmp"].tolist() == pytest.approx([10.0, 25.0])


@pytest.mark.parametrize(
    ("point", "west", "price"),
    [("H", 0.25, 25.0), ("hub:H", 0.25, 25.0), ("Z", 0.0, 30.0), ("zone:Z", 0.0, 30.0)],
)
def test_hubs_and_zones_are_weighted_points(point: str, west: float, price: float) -> None:
    """Hub H is 0.25 W and 0.75 E: 0.25 * 10 + 0.75 * 30 = 25. All load of zone Z is in the east.

    An inc of 8 MW there just below the price is accepted, one just above is not.
    """
    hubs = pd.DataFrame({"hub": ["H", "H"], "bus": ["W", "E"], "weight": [1.0, 3.0]})
    offers = [
        row("yes", "inc", point, price - 0.01, 8.0),
        row("no", "inc", point, price + 0.01, 8.0),
    ]
    run = dispatched(two_buses(offers, hubs=hubs))
    assert run.virtual_awards["mw"].tolist() == pytest.approx([8.0, 0.0])
    # What enters in the west leaves no room on the line: there 8 * west MW are not generated.
    assert run.dispatch["mw"].tolist() == pytest.approx([60.0 - 8 * west, 40.0 - 8 * (1 - west)])
    statement = settle(run)
    lines = statement.lines.query("owner == 'v'")
    assert len(lines) == 1
    assert lines["quantity"].tolist() == [Decimal(8)]
    assert statement.total("v") == Decimal(8) * Decimal(str(price))
    assert statement.total() == 0


def test_money_of_virtuals_closes_without_rounding() -> None:
    """Incs and decs and both ends of a utc are lines at the LMP; the rent is 20 * 60."""
    statement = settle(dispatched(two_buses(MIXED)))
    assert statement.total() == 0
    assert statement.total("v") == 15 * 30 - 15 * 10 - 10 * 20 + 10 * 20
    assert statement.total(item="congestion_rent") == 20 * 60
    assert statement.total(item="rounding") == 0


def test_a_stamped_row_replaces_the_blank_one() -> None:
    start = pd.Timestamp("2024-03-01T00:00", tz="UTC")
    rows = [
        row("inc", "inc", "E", 20.0, 15.0) | {"interval_start": pd.NaT},
        row("inc", "inc", "E", 21.0, 5.0) | {"interval_start": start},
    ]
    run = dispatched(two_buses(rows))
    assert run.virtual_awards[["mw", "price"]].to_numpy().tolist() == [[5.0, 21.0]]


def test_an_unknown_point_is_named() -> None:
    with pytest.raises(cases.InputError, match="bus, hub or zone X is not known"):
        two_buses([row("inc", "inc", "X", 20.0, 15.0)])
