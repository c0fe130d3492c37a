"""Controllable links: losses, direction, and what happens at a negative price."""

from __future__ import annotations

import pandas as pd
import pytest

import cases
import clearing


def two_buses(min_mw: float, loss: float, west: float, east: float) -> cases.Case:
    """West has 200 MW at `west`, east has 200 MW at `east` and a load of 100 MW; one link."""
    start = pd.Timestamp("2024-05-01T00:00", tz="UTC")
    return cases.Case.build(
        {"name": "link", "timezone": "UTC", "start": start},
        {
            "buses": pd.DataFrame({"bus": ["W", "E"]}),
            "units": pd.DataFrame({"unit": ["GW", "GE"], "bus": ["W", "E"], "p_max": 200.0}),
            "offers": pd.DataFrame(
                {"unit": ["GW", "GE"], "segment": 1, "mw": 200.0, "price": [west, east]}
            ),
            "loads": pd.DataFrame({"load": ["L"], "bus": ["E"]}),
            "demand": pd.DataFrame({"interval_start": [start], "L": [100.0]}),
            "links": pd.DataFrame(
                {
                    "link": ["K"],
                    "from_bus": ["W"],
                    "to_bus": ["E"],
                    "min_mw": [min_mw],
                    "max_mw": [80.0],
                    "loss_fraction": [loss],
                }
            ),
        },
    )


def test_a_lossy_link_earns_the_price_difference_of_what_arrives() -> None:
    """80 MW leave, 76 arrive, 24 MW come from the east: 80 * 10 + 24 * 30 = 1520."""
    run = clearing.clear(two_buses(-80.0, 0.05, 10.0, 30.0), commitment=False)
    assert run.objective == pytest.approx(80 * 10 + 24 * 30)
    assert run.link_flows[["mw", "loss_mw"]].to_numpy().tolist() == [[80.0, pytest.approx(4.0)]]
    assert run.prices["lmp"].tolist() == pytest.approx([10.0, 30.0])


def test_flow_turns_round() -> None:
    """Dear west, cheap east: nothing to send, for the only load is in the east."""
    run = clearing.clear(two_buses(-80.0, 0.05, 30.0, 10.0), commitment=False)
    assert run.link_flows["mw"].tolist() == [0.0]
    assert run.objective == pytest.approx(1000.0)


def test_no_link_sends_both_ways_for_the_losses() -> None:
    """At -50 everywhere more output pays, yet a line carries one flow: 80 sent, 76 arrive.

    The east adds 24 MW, so (80 + 24) * -50 = -5200; a circle would have added 0.05 MW per MW.
    """
    run = clearing.clear(two_buses(-80.0, 0.05, -50.0, -50.0), commitment=False)
    assert run.objective == pytest.approx(-5200.0)
    assert run.link_flows["mw"].tolist() == [80.0]
    (warning,) = (w for w in run.manifest["warnings"] if "link K" in w)
    assert "held to one direction" in warning


def test_a_link_without_losses_couples_prices() -> None:
    run = clearing.clear(two_buses(0.0, 0.0, 10.0, 30.0), commitment=False)
    assert run.objective == pytest.approx(80 * 10 + 20 * 30)
