"""Two runs compared on their keys."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import counterflow as cf
from cases import Run
from cases.errors import InputError
from counterflow.tables.comparison import compare_tables
from tests.counterflow.five_bus import five_bus_case, five_bus_tables, make_run


def test_a_run_equals_itself(run: Run) -> None:
    found = cf.compare(run, run, tolerance=0.0)
    assert found.within
    assert found.notes == ()
    assert [t.table for t in found.tables] == [
        "prices",
        "dispatch",
        "constraints",
        "flows",
        "load_awards",
        "offers_used",
    ]
    assert found.money.set_index("item").loc["load_payment", "a"] == pytest.approx(
        32892.43, abs=0.01
    )


def test_published_money(run: Run) -> None:
    # mitigation.md A1: load pays 32892.43, generation earns 17935.14, difference 14957.29.
    money = cf.compare(run, run).money.set_index("item")["a"]
    assert money["generation_revenue"] == pytest.approx(17935.14, abs=0.01)
    assert money["merchandising_surplus"] == pytest.approx(14957.29, abs=0.01)
    assert money["objective"] == pytest.approx(17479.8969)


def test_one_price_further_apart_than_the_tolerance(changed: Callable[..., Run], run: Run) -> None:
    prices = run.prices.copy()
    prices.loc[prices["bus"] == "C", ["lmp", "mcc"]] += 0.5
    other = changed(prices=prices)
    found = cf.compare(run, other, tolerance=0.01)
    assert not found.within
    table = found.table("prices")
    lmp = table.columns.set_index("column").loc["lmp"]
    assert lmp["max_abs"] == pytest.approx(0.5)
    assert lmp["rows_beyond"] == 1
    assert lmp["where"] == "2024-03-05T00:00:00-05:00, C"
    assert (lmp["a"], lmp["b"]) == (30.0, 30.5)
    assert table.differences[["bus", "lmp_a", "lmp_b"]].to_numpy().tolist() == [["C", 30.0, 30.5]]
    assert cf.compare(run, other, tolerance=0.05).within


def test_rows_in_another_order_are_the_same_rows(changed: Callable[..., Run], run: Run) -> None:
    backwards = run.prices.iloc[::-1].reset_index(drop=True)
    assert cf.compare(run, changed(prices=backwards), tolerance=0.0).within


def test_rows_without_a_partner_are_a_difference(changed: Callable[..., Run], run: Run) -> None:
    found = cf.compare(run, changed(prices=run.prices.iloc[1:]))
    table = found.table("prices")
    assert (table.shared, table.only_a, table.only_b) == (4, 1, 0)
    assert not found.within


def test_a_missing_price_is_a_difference_and_two_missing_ones_are_not(
    changed: Callable[..., Run], run: Run
) -> None:
    prices = run.prices.copy()
    prices.loc[0, ["lmp", "mec", "mcc", "mlc"]] = np.nan
    blank = changed(prices=prices)
    found = cf.compare(run, blank, tolerance=1e9)
    assert not found.within
    assert found.table("prices").columns.set_index("column").loc["lmp", "max_abs"] == np.inf
    assert cf.compare(blank, blank, tolerance=0.0).within


def test_a_limit_that_was_held_and_worth_nothing_is_no_difference(
    changed: Callable[..., Run], run: Run
) -> None:
    idle = run.constraints.assign(constraint="A-B", shadow_price=0.0)
    both = pd.concat([run.constraints, idle], ignore_index=True)
    found = cf.compare(run, changed(constraints=both)).table("constraints")
    assert found.within
    assert (found.only_b, found.idle_only) == (0, 1)
    worth = both.assign(shadow_price=[62.322042, 1.0])
    assert cf.compare(run, changed(constraints=worth)).table("constraints").only_b == 1


def test_text_and_flags_are_compared_too(changed: Callable[..., Run], run: Run) -> None:
    offers = run.offers_used.copy()
    offers.loc[0, "source"] = "reference"
    dispatch = run.dispatch.copy()
    dispatch.loc[1, "on"] = False
    found = cf.compare(run, changed(offers_used=offers, dispatch=dispatch))
    columns = found.table("offers_used").columns.set_index("column")
    assert columns.loc["source", ["rows_beyond", "a", "b"]].tolist() == [
        1,
        "submitted",
        "reference",
    ]
    assert found.table("dispatch").columns.set_index("column").loc["on", "rows_beyond"] == 1


def test_different_cases_are_compared_on_shared_keys_and_that_is_said(run: Run) -> None:
    case = five_bus_case(intervals=2)
    found = cf.compare(run, make_run(case, five_bus_tables(case)))
    assert any("different cases" in note for note in found.notes)
    table = found.table("prices")
    assert (table.shared, table.only_a, table.only_b) == (5, 0, 5)
    assert not table.columns["rows_beyond"].any()


@pytest.mark.parametrize("tolerance", [-1.0, float("nan"), float("inf")])
def test_a_tolerance_that_is_none(run: Run, tolerance: float) -> None:
    with pytest.raises(InputError, match="tolerance must be a number that is zero or more"):
        cf.compare(run, run, tolerance=tolerance)


def test_relative_above_one_absolute_below() -> None:
    start = pd.Timestamp("2024-01-01T00:00Z")
    keys = {"interval_start": start, "branch": ["x", "y"], "rating_mw": np.nan}
    a = pd.DataFrame({**keys, "flow_mw": [1000.0, 0.001]})
    b = pd.DataFrame({**keys, "flow_mw": [1000.9, 0.0019]})
    for tolerance, beyond in ((1e-3, 0), (8.9e-4, 2), (8.995e-4, 1)):
        found = compare_tables("flows", a, b, tolerance=tolerance)
        assert found.columns.set_index("column").loc["flow_mw", "rows_beyond"] == beyond


def test_a_key_that_comes_twice_cannot_be_matched(run: Run) -> None:
    twice = pd.concat([run.prices, run.prices.iloc[:1]], ignore_index=True)
    with pytest.raises(InputError, match="holds a key twice"):
        compare_tables("prices", run.prices, twice, tolerance=1e-6)


def test_many_shuffled_rows_find_their_partners() -> None:
    starts = pd.date_range("2024-01-01T00:00Z", periods=24, freq="h")
    buses = np.array([f"bus {i}" for i in range(1000)])
    keys = {
        "interval_start": np.repeat(starts, len(buses)),
        "bus": pd.Series(np.tile(buses, 24), dtype="str"),
    }
    a = pd.DataFrame({**keys, "lmp": np.arange(24_000.0)})
    b = a.sample(frac=1.0, random_state=1).reset_index(drop=True)
    b.loc[b["lmp"] == 12_345.0, "lmp"] += 1.0
    found = compare_tables("prices", a, b, tolerance=0.0)
    assert found.shared == 24_000
    assert found.columns.loc[0, "rows_beyond"] == 1
    assert found.columns.loc[0, "where"] == "2024-01-01T12:00:00+00:00, bus 345"
