"""Embedded generation as negative load: what is missing is never scaled by it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import cases
import clearing


def two_buses(embedded: float) -> cases.Case:
    """Load 80 at bus 2, negative load at bus 1, a line of 50 MW between, G1 at 10, G2 at 30."""
    start = pd.Timestamp("2024-05-01T00:00", tz="UTC")
    return cases.Case.build(
        {"name": "embedded", "timezone": "UTC", "start": start, "intervals": 1},
        {
            "buses": pd.DataFrame({"bus": ["1", "2"]}),
            "branches": pd.DataFrame(
                {"branch": ["L"], "from_bus": "1", "to_bus": "2", "x": 0.1, "rating_mw": 50.0}
            ),
            "units": pd.DataFrame({"unit": ["G1", "G2"], "bus": ["1", "2"], "p_max": 200.0}),
            "offers": pd.DataFrame(
                {"unit": ["G1", "G2"], "segment": 1, "mw": 200.0, "price": [10.0, 30.0]}
            ),
            "loads": pd.DataFrame({"load": ["D", "E"], "bus": ["2", "1"]}),
            "demand": pd.DataFrame({"interval_start": [start], "D": [80.0], "E": [embedded]}),
        },
    )


@pytest.mark.parametrize("embedded", [-60.0, -79.99])
def test_a_line_full_of_embedded_generation_is_exceeded_by_what_it_carries(embedded: float) -> None:
    """All of bus 1 flows over the line: 50 MW fit, G2 makes up the rest of the load."""
    run = clearing.clear(two_buses(embedded), commitment=False)
    over = -embedded - 50.0
    assert run.slacks["constraint"].tolist() == ["L"]
    assert run.slacks["mw"].tolist() == pytest.approx([over])
    assert run.objective == pytest.approx((80.0 + embedded) * 30 + over * 2000)
    assert run.prices["lmp"].tolist() == pytest.approx([30.0 - 2000.0, 30.0])
    assert run.prices["mec"].tolist() == pytest.approx([30.0, 30.0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gap": 2.0}, "gap: expected a fraction from 0 to below 1, got 2"),
        ({"security": "n-2"}, "security: expected none or n-1, got 'n-2'"),
    ],
)
def test_an_option_that_would_have_no_effect_is_refused(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(cases.InputError) as caught:
        clearing.clear(two_buses(-60.0), commitment=False, **options)
    assert str(caught.value) == message


def test_only_a_case_is_cleared() -> None:
    with pytest.raises(cases.InputError) as caught:
        clearing.clear("pjm5", commitment=False)  # type: ignore[arg-type]
    assert str(caught.value) == "case: expected a Case, as read_case returns it, got str"


def one_bus(p_min: float, p_max: float, load: float, embedded: float) -> cases.Case:
    """A unit at 10, a load L and an injection N, all at one bus."""
    start = pd.Timestamp("2026-01-05T00:00", tz="UTC")
    return cases.Case.build(
        {"name": "shared", "timezone": "UTC", "start": start, "intervals": 1},
        {
            "buses": pd.DataFrame({"bus": ["A"]}),
            "units": pd.DataFrame({"unit": ["a"], "bus": "A", "p_min": p_min, "p_max": p_max}),
            "offers": pd.DataFrame({"unit": ["a"], "segment": 1, "mw": p_max, "price": 10.0}),
            "loads": pd.DataFrame({"load": ["L", "N"], "bus": "A"}),
            "demand": pd.DataFrame({"interval_start": [start], "L": [load], "N": [embedded]}),
        },
    )


@pytest.mark.filterwarnings("ignore:.*above all supply")
def test_what_is_missing_is_taken_from_loads_and_never_from_an_injection() -> None:
    """100 - 20 - 50 = 30 MW are missing: L gets 70, N gives its 20."""
    run = clearing.clear(one_bus(0.0, 50.0, 100.0, -20.0), commitment=False)
    assert run.slacks["mw"].tolist() == pytest.approx([30.0])
    assert run.load_awards["mw"].tolist() == pytest.approx([70.0, -20.0])


def test_what_is_too_much_goes_to_loads_and_never_to_an_injection() -> None:
    """30 MW of p_min against 5 MW of net load: L takes 20 + 25, N gives its 15."""
    run = clearing.clear(one_bus(30.0, 50.0, 20.0, -15.0), commitment=False)
    assert run.slacks["mw"].abs().tolist() == pytest.approx([25.0])
    assert run.load_awards["mw"].tolist() == pytest.approx([45.0, -15.0])
