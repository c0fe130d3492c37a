"""What is written is what is read: every cell, in both formats, and the same bytes every time."""

from __future__ import annotations

import io
import math
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import CASE_TABLES, Case, Column, Failure, Table, read_case
from cases.files.convert import Source, convert
from cases.files.parsing import is_text
from cases.files.tables import read_csv, read_parquet, write_csv, write_parquet
from tests.cases.small import CASE_TOML, FILES, read_small

TIMEZONE = "Europe/Berlin"
EVERY_TYPE = Table(
    "every_type",
    "one column of each type",
    (
        Column("name", "str", "", "text", required=True),
        Column("note", "str", "", "text that may be blank"),
        Column("value", "float", "MW", "a number; blank = none"),
        Column("count", "int", "", "a whole number", required=True),
        Column("flag", "bool", "", "yes or no", default=True),
        Column("at", "timestamp", "", "a time; blank = none"),
        Column("day", "date", "", "a day; blank = none"),
    ),
)
TEXT = st.text(st.characters().filter(is_text), max_size=12)
STAMP = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)) | st.none()
ROW = st.tuples(
    TEXT.filter(bool),
    TEXT,
    st.floats(allow_nan=False, allow_infinity=False) | st.none(),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.booleans() | st.none(),
    STAMP,
    st.dates(date(1900, 1, 1), date(2200, 1, 1)) | st.none(),
)


def typed(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    failures: list[Failure] = []
    raw = pd.DataFrame(rows, columns=list(EVERY_TYPE.names), dtype=object)
    frame = convert(EVERY_TYPE, raw, Source("memory"), TIMEZONE, failures)
    assert failures == []
    return frame


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, max_size=6))
def test_every_cell_survives_csv_and_parquet(rows: list[tuple[Any, ...]]) -> None:
    frame = typed(rows)
    with tempfile.TemporaryDirectory() as folder:
        for format in ("csv", "parquet"):
            path, source, failures = Path(folder) / f"t.{format}", Source("t"), list[Failure]()
            if format == "csv":
                write_csv(EVERY_TYPE, frame, path)
                raw = read_csv(EVERY_TYPE, path, source, failures)
            else:
                write_parquet(EVERY_TYPE, frame, path, TIMEZONE)
                raw = read_parquet(EVERY_TYPE, path, source, failures)
            assert raw is not None
            back = convert(EVERY_TYPE, raw, source, TIMEZONE, failures)
            assert failures == []
            pd.testing.assert_frame_equal(back, frame, check_exact=True)
            signs = [math.copysign(1.0, v) for v in frame["value"] if v == v]
            assert [math.copysign(1.0, v) for v in back["value"] if v == v] == signs


@settings(max_examples=8, deadline=None)
@given(
    names=st.lists(
        TEXT.filter(lambda s: s not in ("", "interval_start")), min_size=2, max_size=4, unique=True
    ),
    numbers=st.lists(st.floats(0.0, 1e7), min_size=8, max_size=8),
    minutes=st.sampled_from([5, 15, 60]),
)
def test_a_case_survives_both_formats(names: list[str], numbers: list[float], minutes: int) -> None:
    start = datetime(2030, 10, 27, tzinfo=UTC)
    stamps = [start + timedelta(minutes=minutes * k) for k in range(2)]
    case = Case.build(
        {
            "name": "random",
            "timezone": TIMEZONE,
            "start": start,
            "interval_minutes": minutes,
            "intervals": 2,
            "imported": {"source": names[0], "options": {"rating": numbers[0], "of": names}},
        },
        {
            "buses": pd.DataFrame({"bus": names, "x": numbers[: len(names)]}),
            "branches": pd.DataFrame(
                {"branch": names[1:], "from_bus": names[:-1], "to_bus": names[1:], "x": 0.1}
            ),
            "units": pd.DataFrame({"unit": names, "bus": names, "p_max": 1e9}),
            "offers": pd.DataFrame({"unit": names, "segment": 1, "mw": 1e9, "price": numbers[1]}),
            "loads": pd.DataFrame({"load": names, "bus": names}),
            "demand": pd.DataFrame({"interval_start": stamps} | {n: numbers[2:4] for n in names}),
        },
    )
    with tempfile.TemporaryDirectory() as folder:
        for format in ("csv", "parquet"):
            case.write(Path(folder) / format, format)  # type: ignore[arg-type]
            back = read_case(Path(folder) / format)
            assert back.meta == case.meta
            for name, table in case.tables.items():
                pd.testing.assert_frame_equal(back.tables[name], table, check_exact=True)
            assert back == case
            assert back.hash == case.hash


def test_the_same_case_gives_the_same_bytes(tmp_path: Path) -> None:
    case = read_small(tmp_path)
    for format in ("csv", "parquet"):
        for run in ("one", "two"):
            case.write(tmp_path / f"{format}-{run}", format)  # type: ignore[arg-type]
        first, second = (
            {p.name: p.read_bytes() for p in (tmp_path / f"{format}-{run}").iterdir()}
            for run in ("one", "two")
        )
        assert first == second
        assert len(first) > 5


def test_parquet_carries_units_and_descriptions(tmp_path: Path) -> None:
    case = read_small(tmp_path)
    case.write(tmp_path / "out", "parquet")
    field = pq.read_schema(tmp_path / "out" / "units.parquet").field("ramp_up")
    assert field.metadata[b"unit"] == b"MW/h"
    assert b"rise" in field.metadata[b"description"]
    assert (
        pq.read_schema(tmp_path / "out" / "demand.parquet").field("L1").metadata[b"unit"] == b"MW"
    )


def test_ids_stay_text(tmp_path: Path) -> None:
    case = read_small(
        tmp_path,
        loads="load,bus\n01,B\n1e3,C\n",
        demand=FILES["demand.csv"].replace("L1", "01").replace("L2", "1e3"),
    )
    assert list(case.loads["load"]) == ["01", "1e3"]
    assert list(case.demand.columns) == ["interval_start", "01", "1e3"]


def test_whole_numbers_as_ids_become_text() -> None:
    frame = convert(
        CASE_TABLES["loads"],
        pd.DataFrame({"load": [1, 2], "bus": ["A", "B"]}),
        Source("loads"),
        "UTC",
        failures := [],
    )
    assert (failures, list(frame["load"])) == ([], ["1", "2"])


def test_wide_tables_follow_their_units_and_intervals(tmp_path: Path) -> None:
    header, first, second = FILES["demand.csv"].splitlines()
    swapped = [
        ",".join([line.split(",")[k] for k in (0, 2, 1)]) for line in (header, second, first)
    ]
    given = read_small(tmp_path / "a", demand="\n".join(swapped) + "\n")
    usual = read_small(tmp_path / "b")
    assert list(given.demand.columns) == ["interval_start", "L1", "L2"]
    assert given == usual


def test_defaults_of_a_minimal_case(tmp_path: Path) -> None:
    case = read_small(
        tmp_path, owners=None, availability=None, units="unit,bus,p_max\nG1,A,100\nG2,C,80\n"
    )
    unit = case.units.iloc[0]
    assert (unit["owner"], unit["p_min"], unit["min_up"], bool(unit["must_run"])) == (
        "",
        0,
        0,
        False,
    )
    assert np.isnan(unit["ramp_up"]) and np.isnan(unit["initial_mw"])
    branch = case.branches.iloc[0]
    assert (branch["kind"], branch["tap"], branch["shift_deg"], branch["r"]) == ("line", 1, 0, 0)
    assert bool(branch["in_service"])
    assert case.offers["interval_start"].isna().all()
    for name, table in CASE_TABLES.items():
        assert list(case.tables[name].columns[: len(table.columns)]) == list(table.names), name
    assert len(case.storage) == 0 and case.storage["charge_mw"].dtype == np.float64


def test_a_case_does_not_change(tmp_path: Path) -> None:
    case = read_small(tmp_path)
    units = case.units
    units.loc[0, "p_max"] = 1.0
    assert case.units.loc[0, "p_max"] == 100.0


def test_replace_gives_another_case(tmp_path: Path) -> None:
    case = read_small(tmp_path)
    offers = case.offers.assign(price=case.offers["price"] * 2)
    other = case.replace(offers=offers, name="dearer")
    assert other.meta.name == "dearer" and other.offers["price"].tolist() == [20.0, 40.0, 60.0]
    assert other != case and case.offers["price"].tolist() == [10.0, 20.0, 30.0]
    assert other.replace(offers=case.offers, name="small") == case


def test_the_hash_sees_every_kind_of_change(tmp_path: Path) -> None:
    case = read_small(tmp_path)
    changed = [
        case.replace(name="other"),
        case.replace(reference="A"),
        case.replace(buses=case.buses.assign(zone=["north", "south", "south"])),
        case.replace(buses=case.buses.iloc[[1, 0, 2]]),
        case.replace(demand=case.demand.assign(L1=[50.0, np.nextafter(55.0, 56.0)])),
        case.replace(units=case.units.assign(must_run=[True, False])),
        case.replace(units=case.units.assign(min_up=[np.nextafter(0.0, 1.0), 0.0])),
    ]
    assert len({case.hash, *(c.hash for c in changed)}) == len(changed) + 1


def test_memory_and_file_give_the_same_case(tmp_path: Path) -> None:
    tables = {
        name.removesuffix(".csv"): pd.read_csv(io.StringIO(text))
        for name, text in FILES.items()
        if name.endswith(".csv")
    }
    for name in ("demand", "availability"):
        stamps = pd.to_datetime(tables[name]["interval_start"])
        tables[name]["interval_start"] = stamps
    meta = {"name": "small", "start": datetime(2030, 6, 1, tzinfo=UTC), "intervals": 2}
    assert Case.build(meta, tables) == read_small(tmp_path)


@pytest.mark.parametrize("text", [CASE_TOML, CASE_TOML.replace("00Z", "00+00:00")])
def test_the_header_keeps_an_import_record(text: str, tmp_path: Path) -> None:
    record = '[import]\nsource = "x.m"\n[import.options]\nrating = 0.7\nlist = [1, "two"]\n'
    case = read_small(tmp_path, case=text + record)
    case.write(tmp_path / "out")
    assert read_case(tmp_path / "out").meta.imported == {
        "source": "x.m",
        "options": {"rating": 0.7, "list": [1, "two"]},
    }
