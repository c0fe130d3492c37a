"""Every column of every table: one changed cell is noticed, or the schema says why it cannot be.

The run is small and rich: commitment, storage, virtuals, a link, reserves, an energy limit, an
outage, limits that bind and limits that are exceeded.
"""

from __future__ import annotations

import copy
import dataclasses
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import clearing
from cases import RUN_TABLES, Run
from cases.tables.schema import MARKET_TABLES
from clearing import validate
from clearing.validation import CHECKS, GROUND, Facts
from clearing.validation.report import unmade
from tests.clearing import rich_day
from tests.clearing.traded import one_bus

ABSENT = {
    "future_values",
    *("node_prices", "published_prices", "published_reserve_prices"),
    *("risks_covered", "reserve_shared"),
}
"""Only real time and extensions have the first (`test_realtime` and `test_extension` change it),
only national markets the others (`test_risks`)."""


@cache
def rich() -> Run:
    run = rich_day.run()
    assert validate(run).empty
    assert {name for name in MARKET_TABLES if len(run.tables.get(name, ()))} == (
        set(MARKET_TABLES) - ABSENT
    )
    assert run.made("program_rows") and run.made("price_terms")
    return run


def with_table(name: str, frame: pd.DataFrame) -> Run:
    run = copy.copy(rich())
    run.tables = {**run.tables, name: frame}  # type: ignore[assignment]
    return run


def noticed(run: Run) -> bool:
    """Whether any check finds anything; the first that does is enough."""
    facts = Facts(run)
    checks = (*GROUND, *CHECKS)
    return any(len(frame) > 0 for check in checks for frame in unmade(check, facts))


def other(value: Any) -> Any:
    """Another value of the same type."""
    if value is pd.NA:
        return True
    if isinstance(value, bool | np.bool_):
        return not value
    if isinstance(value, str):
        return f"{value}?"
    if isinstance(value, pd.Timestamp):
        return value + pd.Timedelta(days=1)
    if isinstance(value, int | np.integer):
        return value + 1
    return 1.0 if pd.isna(value) else value + 1.0


def changed(frame: pd.DataFrame, column: str, row: int) -> pd.DataFrame:
    cells = frame[column].astype(object)
    cells.iloc[row] = other(cells.iloc[row])
    return frame.assign(**{column: cells.astype(frame[column].dtype)})


@pytest.mark.parametrize("name", sorted(set(MARKET_TABLES) - ABSENT))
def test_a_changed_cell_is_noticed_or_the_schema_says_why_not(name: str) -> None:
    table, frame = RUN_TABLES[name], rich().tables[name]
    row = len(frame) // 2
    for column in table.columns:
        found = noticed(with_table(name, changed(frame, column.name, row)))
        assert found or column.unchecked, f"{name}.{column.name}"


@pytest.mark.parametrize("name", sorted(set(MARKET_TABLES) - ABSENT))
def test_a_row_that_is_there_twice_is_noticed(name: str) -> None:
    frame = rich().tables[name]
    assert noticed(with_table(name, pd.concat([frame, frame.iloc[:1]], ignore_index=True)))


@pytest.mark.parametrize("name", sorted(set(MARKET_TABLES) - ABSENT))
def test_a_row_that_is_missing_is_noticed(name: str) -> None:
    """Of the programs' rows only those that bind: others are the solver's way, not a result."""
    frame = rich().tables[name]
    at = 0
    if name == "program_rows":
        binding = rich().constraints.iloc[0]
        same = frame["program"] == "dispatch"
        for column in ("interval_start", "constraint", "contingency", "direction"):
            same &= frame[column] == binding[column]
        at = int(np.flatnonzero(same)[0])
    assert noticed(with_table(name, frame.drop(index=at).reset_index(drop=True)))


@pytest.mark.parametrize("name", [n for n in RUN_TABLES if n not in MARKET_TABLES])
def test_tables_of_evidence_say_why_they_are_not_recomputed(name: str) -> None:
    assert RUN_TABLES[name].unchecked


@pytest.mark.parametrize(
    ("key", "value", "check"),
    [
        ("gap", 0.5, "manifest.gap"),
        ("bound", 1.0, "manifest.bound"),
        ("status", "limit", "manifest.status"),
        ("status", "perfect", "manifest.status"),
        ("objective", 1.0, "money.objective"),
        ("proof.gap", 0.5, "manifest.gap"),
        ("proof.bound", 1.0, "manifest.bound"),
        ("proof.stopped_by", "time_limit", "manifest.status"),
        ("proof.problem", "commitment_held", "manifest.held"),
    ],
)
def test_what_a_run_says_of_itself_adds_up(key: str, value: object, check: str) -> None:
    run = rich()
    stated = run.stated
    group, _, name = key.rpartition(".")
    inside = {**stated[group], name: value} if group else value
    stated = {**stated, group or name: inside}
    other = Run(stated, dict(run.tables), run.case, run.rulebook, run.events)
    assert check in validate(other)["check"].tolist()


def test_an_unknown_contingency_is_a_finding() -> None:
    for name in ("constraints", "slacks", "price_terms", "program_rows"):
        frame = rich().tables[name]
        renamed = frame["contingency"].replace("lost", "never")
        assert (renamed != frame["contingency"]).any()
        assert len(validate(with_table(name, frame.assign(contingency=renamed))))


def test_a_check_that_the_tables_defeat_is_a_finding() -> None:
    def defeated(facts: Facts) -> Any:
        raise KeyError("never")
        yield

    found = list(unmade(defeated, Facts(rich())))
    assert len(found) == 1
    assert found[0]["check"].tolist() == ["test_validation_coverage.defeated"]
    assert "never" in found[0]["subject"].iloc[0]


def test_an_offer_is_a_reference_only_where_something_was_mitigated() -> None:
    frame = rich().tables["offers_used"]
    source = frame["source"].copy()
    source.iloc[3] = "reference"
    found = validate(with_table("offers_used", frame.assign(source=source)))
    assert found["check"].tolist() == ["offers_used.source"]


def test_the_price_of_a_marginal_unit_is_that_of_its_block() -> None:
    """GB offers one block at 45: what it is marginal at is 45, by hand."""
    frame = rich().tables["marginal_units"]
    own = frame[(frame["unit"] == "GB") & (frame["kind"] == "unit")]
    assert set(own["price"]) <= {45.0}
    wrong = frame.assign(price=frame["price"] + 0.01)
    assert "marginal_units.price" in validate(with_table("marginal_units", wrong))["check"].tolist()
    none = with_table("marginal_units", frame.iloc[:0])
    assert set(validate(none)["check"]) == {"marginal_units.missing"}


def test_reasons_are_sentences() -> None:
    for table in RUN_TABLES.values():
        for item in (table, *table.columns):
            if item.unchecked:
                assert len(item.unchecked.split()) > 4, dataclasses.asdict(item)


def test_a_marginal_bid_has_its_own_price() -> None:
    """200 MW at 10 for 150 MW of demand and 100 MW that would pay 40: 50 of them are served."""
    bids = pd.DataFrame({"load": ["L"], "segment": [1], "mw": [100.0], "price": [40.0]})
    run = clearing.clear(one_bus([10.0], [150.0], bids=bids), commitment=False)
    assert run.load_awards["bid_mw"].tolist() == [50.0]
    rows = run.marginal_units[["kind", "unit", "price"]].to_numpy().tolist()
    assert rows == [["bid", "L", 40.0]]
    assert validate(run).empty
