"""Run folders: the same bytes for the same run, verified when read, never overwritten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from cases import RUN_TABLES, Case, InputError, RuleBook, Run
from tests.cases.small import read_small


def a_run(case: Case, *, price: float = 20.0, **manifest: Any) -> Run:
    """A run of the small day with prices and slacks of one interval."""
    start, end = case.interval_starts[:1], case.interval_ends[:1]
    buses = case.buses["bus"]
    prices = pd.DataFrame(
        {
            "interval_start": start.repeat(len(buses)),
            "interval_end": end.repeat(len(buses)),
            "bus": buses,
            "zone": case.buses["zone"],
            "lmp": [price, price + 1.5, np.nan],
            "mec": [price, price, np.nan],
            "mcc": [0.0, 1.5, np.nan],
            "mlc": [0.0, 0.0, np.nan],
        }
    )
    slacks = pd.DataFrame({"interval_start": start, "interval_end": end, "mw": [3.0]})
    given = {
        "status": "optimal",
        "objective": np.float64(1234.5),
        "gap": 0.0,
        "solver": {"name": "HiGHS", "version": "1", "threads": 1, "seed": 0},
        "settings": {"commitment": False, "security": "none", "pricing": "fixed", "set": {}},
        "times": {"solve": 0.25},
        **manifest,
    }
    events = [{"event": "pass", "rows": np.int64(3)}, {"event": "done", "name": "é\u2028"}]
    return Run(given, {"prices": prices, "slacks": slacks}, case, RuleBook.load(), events)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return read_small(tmp_path)


def test_tables_are_attributes_with_the_columns_of_the_schema(case: Case) -> None:
    run = a_run(case)
    for name, table in RUN_TABLES.items():
        frame = getattr(run, name)
        assert list(frame.columns) == list(table.names), name
    assert len(run.prices) == 3 and len(run.dispatch) == 0
    assert run.dispatch["on"].dtype == bool
    assert run.slacks.iloc[0][["constraint", "direction", "kind"]].tolist() == ["", "", ""]
    assert run.objective == 1234.5
    with pytest.raises(AttributeError, match="did you mean prices"):
        _ = run.price


def test_a_run_survives_its_folder(case: Case, tmp_path: Path) -> None:
    run = a_run(case)
    run.write(tmp_path / "run")
    back = Run.read(tmp_path / "run")
    for name in RUN_TABLES:
        pd.testing.assert_frame_equal(getattr(back, name), getattr(run, name))
    assert back.case == case and back.rulebook == run.rulebook
    assert back.id == run.id
    assert back.model is None or not back.model.opened
    assert back.events == [{"event": "pass", "rows": 3}, {"event": "done", "name": "é\u2028"}]
    assert back.manifest["created"] == run.manifest["created"]
    assert back.objective == run.objective
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "case",
        "events.jsonl",
        "manifest.json",
        "prices.parquet",
        "rulebook.toml",
        "slacks.parquet",
    ]


def test_the_manifest_has_what_scripts_look_for(case: Case, tmp_path: Path) -> None:
    run = a_run(case, parent="abc", bound=np.nan, limits={"time": np.inf, "path": Path("x")})
    run.write(tmp_path / "run")
    text = (tmp_path / "run" / "manifest.json").read_text()
    manifest = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert manifest["run_id"] == run.id and len(run.id) == 64
    assert manifest["case_hash"] == case.hash
    assert manifest["rulebook_hash"] == RuleBook.load().hash
    assert (manifest["rulebook"], manifest["name"]) == ("default", "small")
    assert (manifest["objective"], manifest["gap"], manifest["parent"]) == (1234.5, 0.0, "abc")
    assert manifest["settings"]["security"] == "none"
    assert manifest["times"] == {"solve": 0.25}
    assert (manifest["bound"], manifest["limits"]) == (None, {"time": "inf", "path": "x"})
    assert manifest["tables"]["prices"]["rows"] == 3
    assert len(manifest["tables"]["prices"]["sha256"]) == 64
    assert {"created", "code_version", "solver", "status", "warnings"} <= manifest.keys()


def test_the_same_run_gives_the_same_bytes_and_id(case: Case, tmp_path: Path) -> None:
    one, two = a_run(case, times={"solve": 1.0}), a_run(case, times={"solve": 2.0})
    one.write(tmp_path / "one")
    two.write(tmp_path / "two")
    assert one.id == two.id
    for name in ("prices.parquet", "slacks.parquet", "rulebook.toml", "case/units.parquet"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert a_run(case, price=21.0).id != one.id
    assert a_run(case, parent="x").id != one.id
    assert a_run(case.replace(name="other")).id != one.id


def test_units_are_in_the_parquet_metadata(case: Case, tmp_path: Path) -> None:
    a_run(case).write(tmp_path / "run")
    field = pq.read_schema(tmp_path / "run" / "prices.parquet").field("lmp")
    assert field.metadata[b"unit"] == b"money/MWh"
    assert str(field.type) == "double"
    start = pq.read_schema(tmp_path / "run" / "prices.parquet").field("interval_start")
    assert str(start.type) == "timestamp[us, tz=UTC]"


@pytest.mark.parametrize(
    "name",
    ["prices.parquet", "rulebook.toml", "events.jsonl", "case/units.parquet", "case/case.toml"],
)
def test_a_changed_file_is_named(name: str, case: Case, tmp_path: Path) -> None:
    a_run(case).write(tmp_path / "run")
    path = tmp_path / "run" / name
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(InputError) as caught:
        Run.read(tmp_path / "run")
    assert [f.file for f in caught.value.failures] == [str(path)]
    assert "has changed since the run was written" in str(caught.value)
    path.unlink()
    with pytest.raises(InputError, match="the file is missing"):
        Run.read(tmp_path / "run")


@pytest.mark.parametrize(
    ("key", "value"), [("objective", 1.0), ("parent", "someone"), ("case_hash", "0" * 64)]
)
def test_an_edited_manifest_is_found(key: str, value: Any, case: Case, tmp_path: Path) -> None:
    a_run(case).write(tmp_path / "run")
    path = tmp_path / "run" / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, key: value}))
    with pytest.raises(InputError, match="the manifest was edited"):
        Run.read(tmp_path / "run")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"tables": 3}', "\x00"])
def test_a_folder_that_is_no_run(content: str, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "manifest.json").write_text(content)
    for folder in (tmp_path / "run", tmp_path / "absent", tmp_path):
        with pytest.raises(InputError) as caught:
            Run.read(folder)
        assert len(str(caught.value).splitlines()) == 1


def test_a_run_is_never_overwritten(case: Case, tmp_path: Path) -> None:
    run = a_run(case)
    run.write(tmp_path / "run")
    before = (tmp_path / "run" / "manifest.json").read_bytes()
    with pytest.raises(InputError) as caught:
        a_run(case, price=99.0).write(tmp_path / "run")
    assert str(caught.value) == f"{tmp_path / 'run'} exists already; nothing is ever overwritten"
    assert (tmp_path / "run" / "manifest.json").read_bytes() == before


def test_prices_that_do_not_add_up_are_a_bug(case: Case) -> None:
    prices = a_run(case).prices
    prices.loc[1, "mcc"] = 1.4
    with pytest.raises(AssertionError, match="lmp is not mec"):
        Run({}, {"prices": prices}, case, RuleBook.load())


def test_unknown_tables_and_columns_are_a_bug(case: Case) -> None:
    with pytest.raises(ValueError, match="no table price"):
        Run({}, {"price": pd.DataFrame()}, case, RuleBook.load())
    with pytest.raises(ValueError, match="flows has no column mw"):
        Run({}, {"flows": pd.DataFrame({"mw": [1.0]})}, case, RuleBook.load())
