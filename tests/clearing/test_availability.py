"""A unit with availability 0 is out: its p_min does not bind."""

from __future__ import annotations

import pandas as pd
import pytest

import cases
import clearing


def test_a_unit_that_is_out_need_not_run() -> None:
    """Load 50: G1 (p_min 40, price 20) is out in the second hour, so G2 at 30 serves all."""
    starts = pd.date_range("2024-05-01T00:00", periods=2, freq="h", tz="UTC")
    case = cases.Case.build(
        {"name": "out", "timezone": "UTC", "start": starts[0], "intervals": 2},
        {
            "buses": pd.DataFrame({"bus": ["A"]}),
            "units": pd.DataFrame(
                {"unit": ["G1", "G2"], "bus": "A", "p_min": [40.0, 0.0], "p_max": 100.0}
            ),
            "offers": pd.DataFrame(
                {"unit": ["G1", "G2"], "segment": 1, "mw": 100.0, "price": [20.0, 30.0]}
            ),
            "availability": pd.DataFrame({"interval_start": starts, "G1": [100.0, 0.0]}),
            "loads": pd.DataFrame({"load": ["L"], "bus": "A"}),
            "demand": pd.DataFrame({"interval_start": starts, "L": [50.0, 50.0]}),
        },
    )
    run = clearing.clear(case, commitment=False)
    assert run.dispatch["mw"].tolist() == [50.0, 0.0, 0.0, 50.0]
    assert run.dispatch["on"].tolist() == [True, True, False, True]
    assert run.objective == pytest.approx(50 * 20 + 50 * 30)
    assert run.slacks.empty
