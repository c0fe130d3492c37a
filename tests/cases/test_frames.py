"""Frames from memory: whatever a user puts into them, the answer is a case or a list."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cases import Case, Failure, InputError

META = {"name": "frames", "start": "2030-06-01T00:00:00Z", "intervals": 2}
STAMPS = pd.date_range("2030-06-01", periods=2, freq="h", tz="UTC")


def frames(**changes: Any) -> dict[str, Any]:
    """A one-bus day with some tables or columns (table__column) replaced."""
    tables: dict[str, Any] = {
        "buses": pd.DataFrame({"bus": ["A"]}),
        "units": pd.DataFrame({"unit": ["G"], "bus": ["A"], "p_max": [10.0]}),
        "offers": pd.DataFrame({"unit": ["G"], "segment": [1], "mw": [10.0], "price": [5.0]}),
        "loads": pd.DataFrame({"load": ["L"], "bus": ["A"]}),
        "demand": pd.DataFrame({"interval_start": STAMPS, "L": [1.0, 2.0]}),
    }
    for name, value in changes.items():
        table, _, column = name.partition("__")
        tables[table] = tables[table].assign(**{column: value}) if column else value
    return tables


def failures(meta: Any = META, **changes: Any) -> list[Failure]:
    with pytest.raises(InputError) as caught:
        Case.build(meta, frames(**changes))
    return list(caught.value.failures)


@pytest.mark.parametrize(
    ("change", "value", "rule"),
    [
        ("units__unit", [1.5], "text"),
        ("units__unit", [True], "text"),
        ("units__unit", ["\ud800"], "text"),
        ("units__unit", ["a\x00b"], "text"),
        ("units__unit", [["G"]], "text"),
        ("units__unit", [np.array(["G"])], "text"),
        ("units__unit", [None], "blank"),
        ("units__p_max", [object()], "number"),
        ("units__p_max", [True], "number"),
        ("units__p_max", [np.array([1.0, 2.0])], "number"),
        ("units__p_max", [1 + 2j], "number"),
        ("units__p_max", [float("-inf")], "finite"),
        ("offers__mw", [None], "blank"),
        ("units__must_run", ["never"], "yes_no"),
        ("units__must_run", [2], "yes_no"),
        ("offers__segment", [1.5], "number"),
        ("offers__segment", [None], "blank"),
        ("offers__segment", [0], "range"),
        ("offers__interval_start", [5], "timestamp"),
        ("offers__interval_start", ["noon"], "timestamp"),
        ("offers__interval_start", [datetime(2030, 6, 1)], "naive_timestamp"),
        ("offers__interval_start", [date(2030, 6, 1)], "timestamp"),
    ],
)
def test_cells_that_mean_nothing(change: str, value: list[Any], rule: str) -> None:
    column = change.partition("__")[2]
    found = failures(**{change: pd.Series(value, dtype=object)})
    assert (found[0].row, found[0].column, found[0].rule) == (2, column, rule)


def test_cells_of_kinds_that_convert() -> None:
    case = Case.build(
        META,
        frames(
            units__p_max=pd.Series([Decimal("10.5")], dtype=object),
            units__min_up=pd.array([3], dtype="Int64"),
            units__must_run=pd.Series(["Yes"], dtype=object),
            units__quick_start=[1],
            units__owner=pd.Categorical(["P"]),
            units__ramp_up=pd.Series([np.float32("nan")], dtype=object),
            offers__mw=[11],
            offers__interval_start=pd.Series([pd.NaT], dtype=object),
            energy_limits=pd.DataFrame({"unit": ["G"], "day": [date(2030, 6, 1)], "max_mwh": 5}),
            futures=pd.DataFrame(
                {
                    "trade": [7],
                    "owner": ["P"],
                    "side": "buy",
                    "product": "base",
                    "month": "2030-07",
                    "lots": 3,
                    "price": 200,
                    "traded_at": [datetime(2030, 5, 1, tzinfo=UTC)],
                }
            ),
        ),
    )
    unit = case.units.iloc[0]
    assert (unit["p_max"], unit["min_up"], unit["owner"]) == (10.5, 3.0, "P")
    assert unit["must_run"] and unit["quick_start"] and np.isnan(unit["ramp_up"])
    assert case.energy_limits["day"].iloc[0] == pd.Timestamp("2030-06-01")
    assert case.futures["trade"].tolist() == ["7"]


def test_an_index_and_a_column_index_do_not_matter() -> None:
    plain = Case.build(META, frames())
    units = frames()["units"].set_axis([17])
    demand = frames()["demand"].set_axis([5, 5])
    assert Case.build(META, frames(units=units, demand=demand)) == plain


def test_tables_that_are_none() -> None:
    found = failures(units=5, loads=None, bosses=pd.DataFrame())
    assert [(f.file, f.rule) for f in found] == [
        ("bosses", "unknown_table"),
        ("units", "table"),
        ("loads", "table"),
    ]


def test_wide_columns_without_a_name_for_a_load() -> None:
    demand = frames()["demand"].assign(a=1.0, b=1.0)
    demand.columns = pd.Index(["interval_start", "L", "", "\ud800"], dtype=object)
    assert {(f.file, f.column, f.rule) for f in failures(demand=demand)} == {
        ("demand", "''", "text"),
        ("demand", "'\\ud800'", "text"),
    }


@pytest.mark.parametrize(
    ("meta", "column"),
    [
        ({**META, "start": datetime(2030, 6, 1)}, "start"),
        ({**META, "start": 5}, "start"),
        ({**META, "start": pd.NaT}, "start"),
        ({**META, "intervals": True}, "intervals"),
        ({**META, "color": "red"}, "color"),
        ({"start": META["start"]}, "name"),
    ],
)
def test_headers_that_mean_nothing(meta: Any, column: str) -> None:
    assert column in {f.column for f in failures(meta)}


def test_a_stamp_far_away_is_off_the_grid() -> None:
    found = failures(offers__interval_start=["9999-12-31T23:00:00+00:00"])
    assert "off_grid" in {f.rule for f in found}


def test_unknown_names_in_replace() -> None:
    case = Case.build(META, frames())
    with pytest.raises(InputError, match="no table or header value unit; did you mean units"):
        case.replace(unit=case.units)
    with pytest.raises(AttributeError, match="did you mean offers"):
        _ = case.offer


def test_a_case_can_be_copied_and_pickled() -> None:
    case = Case.build(META, frames())
    assert pickle.loads(pickle.dumps(case)) == case == copy.deepcopy(case)
    assert {case, copy.copy(case)} == {case}
    assert "1 intervals" not in repr(case) and "units 1" in repr(case)


def test_errors_can_be_pickled() -> None:
    error = InputError(failures(units__p_max=[-1.0]))
    assert pickle.loads(pickle.dumps(error)).failures == error.failures
