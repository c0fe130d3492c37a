"""Prices at an exact limit: two units of 100 MW at 10 and 20, demand 100 MW.

One more MW costs 20, one MW less saves 10; every price between is a dual of the dispatch.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cases
import clearing
from tests.clearing.reserve_days import reserve_day


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
    assert run.prices["unique"].tolist() == [True, False, True]
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
    # 10 at bus 1 whatever happens; at bus 2 anything from 10 to 30.
    assert run.prices.set_index("bus")["unique"].to_dict() == {"1": True, "2": False}
    for side, expected in (("lower", [10.0, 10.0]), ("upper", [10.0, 30.0])):
        run = clearing.clear(case, commitment=False, settings={"pricing.tie_break": side})
        assert run.prices["lmp"].tolist() == pytest.approx(expected)


def test_a_time_limit_ends_without_a_clearing() -> None:
    with pytest.raises(cases.NoClearing, match="time limit"):
        clearing.clear(two_units([50.0]), commitment=False, time_limit=1e-9)


def test_unique_prices_raise_no_warning() -> None:
    run = clearing.clear(two_units([50.0, 150.0]), commitment=False)
    assert run.manifest["warnings"] == []
    assert run.prices["unique"].all()


@pytest.mark.parametrize(("demand", "unique"), [(99.0, True), (100.0, False), (101.0, True)])
def test_a_unit_just_full(demand: float, unique: bool) -> None:
    """At 99 MW one MW more or less costs 10, at 101 MW 20; at 100 MW less saves 10, more costs 20.

    A tie does not change that: between two blocks at the same price the price is that one.
    """
    run = clearing.clear(two_units([demand]), commitment=False)
    assert run.prices["unique"].tolist() == [unique]
    case = two_units([demand])
    offers = case.offers.assign(price=10.0)
    assert clearing.clear(case.replace(offers=offers), commitment=False).prices["unique"].all()


def tight(run: cases.Run) -> int:
    """Variables of the optimal basis that sit at one of their limits."""
    highs = run.model.highs
    program, solution = highs.getLp(), highs.getSolution()
    value = np.concatenate([solution.col_value, solution.row_value])
    low = np.concatenate([program.col_lower_, program.row_lower_])
    high = np.concatenate([program.col_upper_, program.row_upper_])
    basic = np.asarray(highs.getBasicVariables()[1], dtype=int)
    at = np.where(basic >= 0, basic, len(solution.col_value) - 1 - basic)
    return int(((value - low <= 1e-7) | (high - value <= 1e-7))[at].sum())


def test_hundreds_of_variables_at_a_limit_and_every_price_unique() -> None:
    """20 full units that could reserve and do not, in 24 hours; the last unit is free to move.

    Each has output + award <= p_max at its limit with neither of the two inside theirs. The price
    is the last unit's 100 whatever these limits are worth: 2,000 MW of 20 units at 1 to 20, 50 MW
    of it, and its 450 MW left over are the cheapest reserve.
    """
    units = {f"U{k:02}": {"p_max": 100.0, "price": 1.0 + k} for k in range(20)}
    units["last"] = {"p_max": 500.0, "price": 100.0}
    offers = [(name, "spin", 50.0, 0.0 if name == "last" else 5.0) for name in units]
    products = {"spin": {"minutes": 10}}
    case = reserve_day(units, [2050.0] * 24, products, [("spin", "", 20.0)], offers)
    run = clearing.clear(case, commitment=False)
    assert tight(run) > 300
    assert run.prices["lmp"].to_numpy() == pytest.approx(100.0)
    assert run.prices["unique"].all()
    assert run.manifest["warnings"] == []
    # With 2,000 MW in one hour the twentieth unit is just full: from 20 to 100.
    demand = case.demand.assign(LA=[2000.0] + [2050.0] * 23)
    run = clearing.clear(case.replace(demand=demand), commitment=False)
    assert run.prices["unique"].tolist() == [False] + [True] * 23


def test_what_was_not_tested_is_blank_and_the_run_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clearing.session.session.unique_prices", lambda *_: None)
    run = clearing.clear(two_units([50.0, 150.0]), commitment=False)
    assert run.prices["unique"].isna().all()
    (warning,) = run.manifest["warnings"]
    assert "was not tested in 2 intervals" in warning
    assert clearing.validate(run).empty


def test_a_blank_stays_blank_in_a_folder(tmp_path: Path) -> None:
    run = clearing.clear(two_units([50.0, 100.0]), commitment=False)
    prices = run.prices.assign(unique=pd.array([None, False], dtype="boolean"))
    made = cases.Run(run.stated, {**run.tables, "prices": prices}, run.case, run.rulebook)
    made.write(tmp_path / "run")
    again = cases.Run.read(tmp_path / "run")
    assert again.prices["unique"].isna().tolist() == [True, False]
    assert again.id == made.id != run.id


@pytest.mark.parametrize("method", ["relaxed", "extended"])
def test_prices_of_another_program_are_tested_in_it(method: str) -> None:
    """Two hours, the second at the limit: also where a second program makes the prices."""
    run = clearing.clear(two_units([50.0, 100.0]), settings={"pricing.method": method})
    assert run.prices["unique"].tolist() == [True, False]
