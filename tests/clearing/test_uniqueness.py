"""Prices at an exact limit: two units of 100 MW at 10 and 20, demand 100 MW.

One more MW costs 20, one MW less saves 10; every price between is a dual of the dispatch.
"""

from __future__ import annotations

import pandas as pd
import pytest

import cases
import clearing


def two_units(demand: list[float]) -> cases.Case:
    starts = pd.date_range("2024-05-01T00:00", periods=len(demand), freq="h", tz="UTC")
    return cases.Case.build(
        {"name": "two", "timezone": "UTC", "start": starts[0], "intervals": len(demand)},
        {
            "buses": pd.DataFrame({"bus": ["A"]}),
            "units": pd.DataFrame({"unit": ["low", "high"], "bus": "A", "p_max": 100.0}),
            "offers": pd.DataFrame(
                {"unit": ["low", "high"], "segment": 1, "mw": 100.0, "price": [10.0, 20.0]}
            ),
            "loads": pd.DataFrame({"load": ["L"], "bus": "A"}),
            "demand": pd.DataFrame({"interval_start": starts, "L": demand}),
        },
    )


@pytest.mark.parametrize(("side", "expected"), [("lower", 10.0), ("upper", 20.0)])
def test_tie_break_picks_the_side(side: str, expected: float) -> None:
    run = clearing.clear(
        two_units([100.0, 150.0]), commitment=False, settings={"pricing.tie_break": side}
    )
    assert run.prices["lmp"].tolist() == pytest.approx([expected, 20.0])
    assert run.dispatch["mw"].tolist() == pytest.approx([100.0, 0.0, 100.0, 50.0])
    assert run.objective == pytest.approx(100 * 10 + 100 * 10 + 50 * 20)


def test_only_the_interval_at_the_limit_is_named() -> None:
    run = clearing.clear(two_units([50.0, 100.0, 150.0]), commitment=False)
    (warning,) = run.manifest["warnings"]
    assert warning.startswith("prices may not be unique in 1 interval (2024-05-01T01:00:00+00:00)")
    assert 10.0 <= run.prices["lmp"].iloc[1] <= 20.0


def test_a_line_that_is_met_exactly_is_seen() -> None:
    """10 at the far end of a line of 50 MW, 30 at the load of 50 MW: one more MW costs 30."""
    start = pd.Timestamp("2024-05-01T00:00", tz="UTC")
    case = cases.Case.build(
        {"name": "line", "timezone": "UTC", "start": start},
        {
            "buses": pd.DataFrame({"bus": ["1", "2"]}),
            "branches": pd.DataFrame(
                {"branch": ["l"], "from_bus": ["1"], "to_bus": ["2"], "x": 0.1, "rating_mw": 50.0}
            ),
            "units": pd.DataFrame({"unit": ["A", "B"], "bus": ["1", "2"], "p_max": 100.0}),
            "offers": pd.DataFrame(
                {"unit": ["A", "B"], "segment": 1, "mw": 100.0, "price": [10.0, 30.0]}
            ),
            "loads": pd.DataFrame({"load": ["L"], "bus": ["2"]}),
            "demand": pd.DataFrame({"interval_start": [start], "L": [50.0]}),
        },
    )
    run = clearing.clear(case, commitment=False)
    assert any("may not be unique" in warning for warning in run.manifest["warnings"])
    for side, expected in (("lower", [10.0, 10.0]), ("upper", [10.0, 30.0])):
        run = clearing.clear(case, commitment=False, settings={"pricing.tie_break": side})
        assert run.prices["lmp"].tolist() == pytest.approx(expected)


def test_a_time_limit_ends_without_a_clearing() -> None:
    with pytest.raises(cases.NoClearing, match="time limit"):
        clearing.clear(two_units([50.0]), commitment=False, time_limit=1e-9)


def test_unique_prices_raise_no_warning() -> None:
    assert clearing.clear(two_units([50.0, 150.0]), commitment=False).manifest["warnings"] == []
