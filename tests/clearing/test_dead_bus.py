"""A bus that outages leave alone: no price and a note without load, shed and named with load."""

from __future__ import annotations

import pandas as pd
import pytest

import cases
import clearing


def cut_off(load: float) -> cases.Case:
    """Bus 7 behind two lines out of service; G1 at 10, a line of 60 MW to 100 MW of load, G2 at 30.

    Bus 7 shares zone Z with bus 25.
    """
    start = pd.Timestamp("2026-01-05T00:00", tz="UTC")
    with pytest.warns(cases.DataWarning, match="no unit in the island of bus 7"):
        return cases.Case.build(
            {"name": "dead", "timezone": "UTC", "start": start, "intervals": 1},
            {
                "buses": pd.DataFrame({"bus": ["10", "25", "7"], "zone": ["Y", "Z", "Z"]}),
                "branches": pd.DataFrame(
                    {
                        "branch": ["a", "b", "c"],
                        "from_bus": ["10", "25", "10"],
                        "to_bus": ["25", "7", "7"],
                        "x": 0.1,
                        "rating_mw": 60.0,
                        "in_service": [True, False, False],
                    }
                ),
                "units": pd.DataFrame({"unit": ["G1", "G2"], "bus": ["10", "25"], "p_max": 200.0}),
                "offers": pd.DataFrame(
                    {"unit": ["G1", "G2"], "segment": 1, "mw": 200.0, "price": [10.0, 30.0]}
                ),
                "loads": pd.DataFrame({"load": ["D", "E"], "bus": ["25", "7"]}),
                "demand": pd.DataFrame({"interval_start": [start], "D": [100.0], "E": [load]}),
            },
        )


@pytest.mark.parametrize("commitment", [False, True])
def test_a_dead_bus_without_load_has_no_price_and_the_rest_clears(commitment: bool) -> None:
    run = clearing.clear(cut_off(0.0), commitment=commitment)
    assert run.dispatch["mw"].tolist() == pytest.approx([60.0, 40.0])
    assert run.prices["lmp"].tolist() == pytest.approx([10.0, 30.0, float("nan")], nan_ok=True)
    assert run.zone_prices.set_index("point")["lmp"].to_dict() == pytest.approx(
        {"Y": 10.0, "Z": 30.0}
    )
    assert run.slacks.empty
    assert run.objective == pytest.approx(60 * 10 + 40 * 30)
    assert any("island of bus 7" in text for text in run.manifest["warnings"])


@pytest.mark.filterwarnings("ignore:demand row 2")
def test_load_at_a_dead_bus_is_shed_there_alone() -> None:
    run = clearing.clear(cut_off(50.0), commitment=False)
    assert run.load_awards["mw"].tolist() == pytest.approx([100.0, 0.0])
    assert run.slacks["mw"].tolist() == pytest.approx([50.0])
    assert run.prices["lmp"].tolist() == pytest.approx([10.0, 30.0, 5000.0])
    assert run.objective == pytest.approx(60 * 10 + 40 * 30 + 50 * 5000)
