"""The seal of a run: whatever a reader may rely on, a change of it is noticed and named."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases import RUN_TABLES, Case, InputError, RuleBook, Run, verify
from cases.files.hashing import file_hash, table_hash
from cases.files.tables import read_parquet_table, write_parquet
from cases.run_folder import broken_files, read_manifest
from cases.seal import run_id, seal
from cases.tables.columns import Column
from cases.tables.schema import conform
from tests.cases.small import read_small
from tests.cases.test_run import a_run


def decided(case: Case) -> Run:
    """A run with prices, their terms, slacks and two decisions of its own."""
    start, end = case.interval_starts[:1], case.interval_ends[:1]
    plain = a_run(case, bound=1200.25, warnings=["a limit is exceeded"])
    decisions = pd.DataFrame(
        {
            "decision_id": ["d1", "d2"],
            "unit": ["U1", "U2"],
            "interval_start": start.repeat(2),
            "interval_end": end.repeat(2),
            "component": "energy",
            "action": ["mitigated", "kept"],
            "offered": [90.0, 30.0],
            "reference": [25.0, 29.5],
        }
    )
    terms = pd.DataFrame(
        {
            "interval_start": start,
            "bus": case.buses["bus"].iloc[1:2],
            "constraint": "L",
            "dfax": 0.15,
            "shadow_price": 10.0,
        }
    )
    tables = {**plain.tables, "decisions": decisions, "price_terms": terms}
    return Run(plain.stated, tables, case, RuleBook.load(), plain.events)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    """A run and its folder, which tests copy."""
    path = tmp_path_factory.mktemp("sealed")
    run = decided(read_small(path))
    run.write(path / "run")
    return run, path / "run"


@pytest.fixture
def folder(written: tuple[Run, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(written[1], tmp_path / "run"))


def manifest_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
    return found


def put(folder: Path, manifest: dict[str, Any]) -> None:
    """Write a manifest as the program writes it."""
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (folder / "manifest.json").write_text(text, "utf-8")


def edit(folder: Path, name: str, change: Callable[[pd.DataFrame], None]) -> pd.DataFrame:
    """Change a table of a run folder, without mending any hash."""
    table, path = RUN_TABLES[name], folder / f"{name}.parquet"
    frame = read_parquet_table(table, path)
    change(frame)
    write_parquet(table, frame, path, "UTC")
    return frame


def mend(folder: Path, name: str, frame: pd.DataFrame, *also: str) -> None:
    """Make the hashes of a changed table true, and the id and the seal too where `also` says so."""
    manifest = manifest_of(folder)
    entry = manifest["tables"][name]
    entry["sha256"] = file_hash(folder / f"{name}.parquet")
    entry["content"] = table_hash(RUN_TABLES[name], conform(RUN_TABLES[name], frame, "UTC"))
    if "run_id" in also:
        manifest["run_id"] = run_id(manifest)
    if "seal" in also:
        manifest["seal"] = seal(manifest)
    put(folder, manifest)


def rules_of(folder: Path) -> dict[tuple[str, str], str]:
    """What `verify` finds: (file, column) to rule."""
    found = verify(folder)
    names = [Path(file).relative_to(folder).as_posix() for file in found["file"]]
    return dict(zip(zip(names, found["column"], strict=True), found["rule"], strict=True))


def test_a_run_verifies_in_memory_and_on_disk(written: tuple[Run, Path]) -> None:
    run, folder = written
    assert verify(run).empty and verify(folder).empty and verify(str(folder)).empty
    assert list(verify(folder).columns) == ["file", "row", "column", "rule", "message"]
    back = Run.read(folder)
    assert back.id == run.id == manifest_of(folder)["run_id"]
    assert back.manifest == run.manifest
    assert verify(back).empty


def test_decisions_hold_the_id_of_their_run(written: tuple[Run, Path]) -> None:
    run, folder = written
    for made in (run, Run.read(folder)):
        assert made.decisions["run_id"].tolist() == [made.id] * 2
        assert made.tables["decisions"]["run_id"].tolist() == [made.id] * 2


def test_actions_cannot_be_flipped_by_mending_two_hashes(folder: Path) -> None:
    def keep(frame: pd.DataFrame) -> None:
        frame["action"] = "kept"

    frame = edit(folder, "decisions", keep)
    assert rules_of(folder) == dict.fromkeys(
        [("decisions.parquet", ""), ("manifest.json", "run_id")], "changed"
    )
    mend(folder, "decisions", frame)
    with pytest.raises(InputError, match="the seal does not hold"):
        Run.read(folder)
    # Mending the seal as well leaves the id, and mending that gives another run.
    mend(folder, "decisions", frame, "seal")
    with pytest.raises(InputError, match="decisions does not hold what the manifest says"):
        Run.read(folder)


def test_mending_every_hash_makes_a_run_with_another_id(
    written: tuple[Run, Path], tmp_path: Path
) -> None:
    run, _ = written
    tables = {**run.tables, "decisions": run.decisions.assign(action="kept")}
    other = Run(run.stated, tables, run.case, run.rulebook, run.events)
    other.write(tmp_path / "other")
    assert verify(tmp_path / "other").empty
    assert other.id != run.id


@pytest.mark.parametrize("name", RUN_TABLES)
def test_every_cell_of_every_table_is_in_its_content(name: str) -> None:
    table = RUN_TABLES[name]
    frame = conform(table, pd.DataFrame(index=range(2)), "UTC")
    content = table_hash(table, frame)
    assert table_hash(table, frame.iloc[:1]) != content
    for column in table.columns:
        if column.own_id:
            continue  # blank in the hash; see `test_another_id_in_the_decisions_is_named`
        changed = frame.assign(**{column.name: another(frame[column.name], column)})
        assert table_hash(table, conform(table, changed, "UTC")) != content, column.name


@pytest.mark.parametrize(
    ("name", "column", "step"),
    [("slacks", "mw", 1e-6), ("price_terms", "dfax", 1e-9), ("decisions", "offered", 1e-6)],
)
def test_a_cell_under_mended_file_hashes_is_named(
    name: str, column: str, step: float, folder: Path
) -> None:
    def change(frame: pd.DataFrame) -> None:
        frame.loc[0, column] += step

    edit(folder, name, change)
    manifest = manifest_of(folder)
    manifest["tables"][name]["sha256"] = file_hash(folder / f"{name}.parquet")
    manifest["seal"] = seal(manifest)
    put(folder, manifest)
    message = f"{name} does not hold what the manifest says"
    with pytest.raises(InputError, match=message):
        Run.read(folder)
    assert rules_of(folder)[f"{name}.parquet", ""] == "changed"


def test_another_id_in_the_decisions_is_named(folder: Path) -> None:
    def other(frame: pd.DataFrame) -> None:
        frame.loc[1, "run_id"] = "0" * 64

    mend(folder, "decisions", edit(folder, "decisions", other), "seal")
    assert rules_of(folder) == {("decisions.parquet", "run_id"): "changed"}
    assert verify(folder)["row"].tolist() == [3]


def another(cells: pd.Series, column: Column) -> pd.Series:
    """The cells with another value in the first row, one step of its decimals from 0."""
    steps: dict[str, Any] = {
        "str": "x",
        "bool": True,
        "int": 1,
        "timestamp": pd.Timestamp("2031-01-01", tz="UTC"),
        "date": pd.Timestamp("2031-01-01"),
        "float": 10.0 ** -(column.kept_decimals or 12),
    }
    result = cells.copy()
    result.iloc[0] = steps[column.dtype]
    return result


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("warnings", []),
        ("times", {"solve": 0.1}),
        ("created", "2020-01-01T00:00:00+00:00"),
        ("bound", 1234.5),
        ("status", "limit"),
        ("settings", {}),
        ("name", "other"),
        ("events", "0" * 64),
        ("run_id", "0" * 64),
        ("format", "2"),
        ("note", "added"),
    ],
)
def test_every_key_of_the_manifest_is_under_the_seal(key: str, value: Any, folder: Path) -> None:
    put(folder, {**manifest_of(folder), key: value})
    if key == "format":
        with pytest.raises(InputError, match="is a run of format 2; this version reads format 2"):
            verify(folder)
        return
    assert ("manifest.json", "seal") in rules_of(folder)
    with pytest.raises(InputError, match="the manifest was edited"):
        Run.read(folder)


@pytest.mark.parametrize("key", ["warnings", "bound", "status", "objective", "gap", "parent"])
def test_what_a_run_says_of_itself_is_under_its_id(key: str, folder: Path) -> None:
    manifest = manifest_of(folder)
    del manifest[key]
    manifest["seal"] = seal(manifest)
    put(folder, manifest)
    with pytest.raises(InputError, match="does not belong to the files of this run"):
        Run.read(folder)


def test_how_fast_a_run_was_made_is_not_in_its_id(folder: Path) -> None:
    manifest = manifest_of(folder)
    manifest |= {"times": {"solve": 9.0}, "created": "2020-01-01T00:00:00+00:00"}
    manifest["seal"] = seal(manifest)
    put(folder, manifest)
    assert verify(folder).empty


def test_events_are_under_the_id_but_for_the_way_of_the_solver(
    written: tuple[Run, Path],
) -> None:
    run, _ = written

    def with_events(*events: dict[str, Any]) -> str:
        return Run(run.stated, run.tables, run.case, run.rulebook, list(events)).id

    override = {"pass": "override", "author": "J. Li", "seconds": 1.0}
    assert with_events(override) != with_events({**override, "author": "A. Wu"})
    assert with_events(override) == with_events({**override, "seconds": 2.0})
    assert with_events({"event": "pass", "iterations": 3}, override) == with_events(override)


def test_no_event_is_added_after_the_id_is_known(written: tuple[Run, Path], tmp_path: Path) -> None:
    source, _ = written
    run = Run(source.stated, source.tables, source.case, source.rulebook, source.events)
    assert run.id == source.id
    run.events.append({"event": "later"})
    assert verify(run)["column"].tolist() == ["events", "run_id"]
    with pytest.raises(ValueError, match="after the run had got its id"):
        run.write(tmp_path / "later")


def test_a_table_changed_in_memory_is_named(written: tuple[Run, Path]) -> None:
    source, _ = written
    run = Run(source.stated, source.tables, source.case, source.rulebook, source.events)
    assert verify(run).empty
    run.tables["slacks"].loc[0, "mw"] = 4.0
    found = verify(run)
    assert found["file"].tolist() == ["slacks", ""] and found["column"].tolist() == ["", "run_id"]


def test_extra_and_missing_files_are_named(folder: Path) -> None:
    (folder / "notes.md").write_text("mine")
    (folder / "case" / "contracts.csv").write_text("contract\n")
    (folder / "indices.parquet").write_bytes(b"")
    (folder / "slacks.parquet").unlink()
    assert rules_of(folder) == {
        ("notes.md", ""): "extra",
        ("case/contracts.csv", ""): "extra",
        ("indices.parquet", ""): "extra",
        ("slacks.parquet", ""): "missing",
    }
    with pytest.raises(InputError) as caught:
        Run.read(folder)
    names = {Path(failure.file).name for failure in caught.value.failures}
    assert names == {"contracts.csv", "indices.parquet", "slacks.parquet"}


def test_notes_beside_a_run_do_not_keep_it_from_being_read(
    written: tuple[Run, Path], folder: Path
) -> None:
    (folder / "notes.md").write_text("mine")
    assert Run.read(folder).id == written[0].id
    assert rules_of(folder) == {("notes.md", ""): "extra"}


SLOW_FIXTURE = [HealthCheck.function_scoped_fixture]


@settings(max_examples=15, deadline=None, suppress_health_check=SLOW_FIXTURE)
@given(data=st.data())
def test_no_byte_of_a_run_folder_can_change_unnoticed(data: st.DataObject, folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(files))
    before = path.read_bytes()
    at = data.draw(st.integers(0, max(0, len(before) - 1)))
    byte = bytes([data.draw(st.integers(0, 255))])
    how = data.draw(st.sampled_from(["change", "insert", "cut"]))
    rest = {"change": before[at + 1 :], "insert": before[at:], "cut": b""}[how]
    after = before[:at] + (b"" if how == "cut" else byte) + rest
    path.write_bytes(after)
    try:
        assert verify(folder).empty == (after == before), (path.name, at, byte, how)
    except InputError:
        assert after != before and path.name == "manifest.json"
    finally:
        path.write_bytes(before)


def test_no_byte_of_a_manifest_can_change_unnoticed(folder: Path) -> None:
    path = folder / "manifest.json"
    before = path.read_bytes()
    for at in range(0, len(before), 7):
        changed = bytes([before[at] ^ 1])
        path.write_bytes(before[:at] + changed + before[at + 1 :])
        with contextlib.suppress(InputError):
            assert next(broken_files(folder, read_manifest(folder))).column == "seal", at
    path.write_bytes(before)
    assert not list(broken_files(folder, read_manifest(folder)))


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("events.jsonl", b"[" * 100_000, "json"),
        ("events.jsonl", b'{"a": "\\ud800"}\n', "json"),
        ("events.jsonl", b"\xff", "json"),
        ("prices.parquet", b"PAR1", "parquet"),
        ("rulebook.toml", b"= 1", "toml"),
        ("case/case.toml", b"= 1", "toml"),
        ("case/units.parquet", b"", "parquet"),
    ],
)
def test_a_damaged_file_whose_hashes_were_mended_is_named(
    name: str, content: bytes, rule: str, folder: Path
) -> None:
    (folder / name).write_bytes(content)
    manifest = manifest_of(folder)
    hashed = file_hash(folder / name)
    if name in manifest["files"]:
        manifest["files"][name] = hashed
    else:
        manifest["tables"][Path(name).stem]["sha256"] = hashed
    manifest["seal"] = seal(manifest)
    put(folder, manifest)
    found = verify(folder)
    assert rule in found["rule"].tolist()
    assert all(Path(file).is_relative_to(folder) for file in found["file"])
    with pytest.raises(InputError):
        Run.read(folder)


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a": "\\ud800"}', b"", b"\xff\xfe", b"3"])
def test_a_damaged_manifest_is_one_mismatch(content: bytes, folder: Path) -> None:
    (folder / "manifest.json").write_bytes(content)
    assert verify(folder)["rule"].tolist() == ["json"]
    with pytest.raises(InputError):
        Run.read(folder)


def test_a_wrong_price_under_mended_hashes_is_named(folder: Path) -> None:
    def dearer(frame: pd.DataFrame) -> None:
        frame.loc[0, "lmp"] += 5.0

    mend(folder, "prices", edit(folder, "prices", dearer), "seal")
    with pytest.raises(InputError, match="lmp is not mec"):
        Run.read(folder)


def test_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected the folder of a run"):
        verify(tmp_path)
    with pytest.raises(InputError, match=r"pack\.zip"):
        verify(tmp_path / "pack.zip")


def test_a_run_of_the_former_format_says_how_to_make_it_again(folder: Path) -> None:
    manifest = manifest_of(folder)
    for key in ("format", "seal", "events"):
        del manifest[key]
    manifest["settings"] |= {"security": "n-1", "set": {"pricing.penalty_factor": 0.5}}
    put(folder, manifest)
    for read in (Run.read, verify, read_manifest):
        with pytest.raises(InputError) as caught:
            read(folder)
        text = str(caught.value)
        assert len(text.splitlines()) == 1
        assert f"{folder} is a run of the former format 1" in text
        assert text.endswith(
            f"make it again: counterflow clear {folder}/case --rulebook {folder}/rulebook.toml "
            f"-o {folder}-again --no-commitment --security n-1 --set pricing.penalty_factor=0.5"
        )
    put(folder, {**manifest, "format": 3})
    with pytest.raises(InputError, match="is a run of format 3; this version reads format 2"):
        Run.read(folder)
