"""A measured impact is in doubt where a price is not unique, and nowhere else."""

from __future__ import annotations

import pandas as pd
import pytest

import counterflow as cf
from cases import Case

START = pd.Timestamp("2030-06-03T00:00", tz="UTC")


def day(demand: list[float]) -> Case:
    """Cheap at 10 and dear at 200, 100 MW each, on one bus of zone Z."""
    starts = pd.date_range(START, periods=len(demand), freq="h")
    return Case.build(
        {"name": "doubts", "timezone": "UTC", "start": START, "intervals": len(demand)},
        {
            "buses": pd.DataFrame({"bus": ["X"], "zone": ["Z"]}),
            "units": pd.DataFrame({"unit": ["cheap", "dear"], "bus": "X", "p_max": 100.0}),
            "offers": pd.DataFrame(
                {"unit": ["cheap", "dear"], "segment": 1, "mw": 100.0, "price": [10.0, 200.0]}
            ),
            "loads": pd.DataFrame({"load": ["L"], "bus": ["X"]}),
            "demand": pd.DataFrame({"interval_start": starts, "L": demand}),
        },
    )


def notes(run: cf.Run) -> pd.DataFrame:
    """Notes of ``tests_impact`` by interval, with the reference of the dear unit at 20."""
    levels = pd.DataFrame({"unit": ["cheap", "dear"], "component": "energy", "price": [10.0, 20.0]})
    made = cf.mitigate(run, references=levels)
    rows = made.tests_impact[made.tests_impact["scope"].isin(["bus", "zone"])]
    return rows.set_index(["scope", "interval_start"])["note"]


def test_only_the_interval_at_the_limit_is_in_doubt() -> None:
    """At 100 MW the cheap unit is just full, in both runs; at 150 MW the price is the dear one."""
    run = cf.clear(day([150.0, 100.0, 150.0, 150.0]), commitment=False)
    assert run.prices["unique"].tolist() == [True, False, True, True]
    found = notes(run)
    for scope in ("bus", "zone"):
        told = found[scope]
        assert (told[told.index != START + pd.Timedelta(hours=1)] == "").all()
    assert found["bus"][START + pd.Timedelta(hours=1)] == (
        "the price with offers may not be unique; the price with references may not be unique"
    )


def test_what_was_not_tested_is_told_apart() -> None:
    run = cf.clear(day([150.0, 150.0]), commitment=False)
    prices = run.prices.assign(unique=pd.array([None, True], dtype="boolean"))
    blank = cf.Run(run.stated, {**run.tables, "prices": prices}, run.case, run.rulebook)
    found = notes(blank)["bus"]
    assert found[START] == "whether the price with offers is unique was not tested"
    assert found[START + pd.Timedelta(hours=1)] == ""


@pytest.mark.parametrize("warning", ["prices may not be unique in 2 intervals and 1 more"])
def test_a_warning_is_only_read_by_people(warning: str) -> None:
    run = cf.clear(day([150.0, 150.0]), commitment=False)
    said = {**run.stated, "warnings": [warning]}
    told = cf.Run(said, run.tables, run.case, run.rulebook)
    assert (notes(told) == "").all()
