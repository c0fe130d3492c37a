"""Must-run by interval: a unit that must be on in some intervals only."""

from __future__ import annotations

import pandas as pd
import pytest

import cases
import clearing
from tests.oracles import brute


def day(must: list[float], available: float = 100.0) -> cases.Case:
    """G1 at 10 without conditions; G2 at 50, 20 MW at the least, a start costs 100; load 60."""
    starts = pd.date_range("2026-01-05", periods=3, freq="h", tz="UTC")
    return cases.Case.build(
        {"name": "must", "timezone": "UTC", "start": starts[0], "intervals": 3},
        {
            "buses": pd.DataFrame({"bus": ["A"]}),
            "units": pd.DataFrame(
                {
                    "unit": ["G1", "G2"],
                    "bus": "A",
                    "p_min": [0.0, 20.0],
                    "p_max": 100.0,
                    "initial_hours": [5.0, -5.0],
                }
            ),
            "offers": pd.DataFrame(
                {"unit": ["G1", "G2"], "segment": 1, "mw": 100.0, "price": [10.0, 50.0]}
            ),
            "commitment_offers": pd.DataFrame(
                {"unit": ["G2"], "component": "startup", "price": [100.0]}
            ),
            "must_run": pd.DataFrame({"interval_start": starts, "G2": must}),
            "availability": pd.DataFrame(
                {"interval_start": starts, "G2": [100.0, available, 100.0]}
            ),
            "loads": pd.DataFrame({"load": ["L"], "bus": "A"}),
            "demand": pd.DataFrame({"interval_start": starts, "L": 60.0}),
        },
    )


def test_a_unit_is_on_where_it_must_be_and_nowhere_else() -> None:
    """Hour 2: G1 40 MW, G2 20 MW: 3 * 60 * 10 + 20 * (50 - 10) + 100."""
    case = day([0.0, 1.0, 0.0])
    run = clearing.clear(case, gap=0.0)
    assert run.dispatch.loc[run.dispatch["unit"] == "G2", "on"].tolist() == [False, True, False]
    assert run.objective == pytest.approx(1800 + 800 + 100)
    assert brute.cheapest(case).objective == pytest.approx(run.objective)


def test_an_outage_comes_first() -> None:
    with pytest.warns(cases.DataWarning, match="must run, but is out in 1 interval"):
        case = day([0.0, 1.0, 0.0], available=0.0)
    assert clearing.clear(case, gap=0.0).objective == pytest.approx(1800.0)


def test_only_0_and_1_are_read() -> None:
    with pytest.raises(cases.InputError, match="must be 1"):
        day([0.0, 0.5, 0.0])
