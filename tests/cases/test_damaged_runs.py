"""Whatever is done to a run folder, hashes mended or not, reading it ends in a run or an error."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cases import CounterflowError, InputError, Run, verify
from cases.files.hashing import file_hash
from cases.seal import run_id, seal
from counterflow.cli import invoke
from tests.cases.small import read_small
from tests.cases.test_seal import decided, edit, manifest_of, mend, put

ODD = (None, True, -1, 10**400, 1e308, "x", "", [], [[]], {}, {"": None}, [1, "a"], {"a": {}})
LINES = (b"7", b"[1]", b'"x"', b"{", b'{"event": 1e999}', b'{"event": ' + b"[" * 5000 + b"]" * 5000)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("damaged")
    decided(read_small(path)).write(path / "run")
    return path / "run"


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inside:
        yield (*path, key)
        if isinstance(item, dict | list):
            yield from places(item, (*path, key))


def resealed(folder: Path, manifest: dict[str, Any], draw: np.random.Generator) -> None:
    """Write a manifest with its id and its seal made true, as far as that can be done."""
    for key, make in (("run_id", run_id), ("seal", seal)):
        if draw.random() < 0.8:
            try:
                manifest[key] = make(manifest)
            except (TypeError, KeyError, ValueError, AttributeError, OverflowError):
                return put(folder, manifest)
    return put(folder, manifest)


def read_all(folder: Path) -> None:
    """Read and verify; anything but an answer or an error of ours is a failure of the test."""
    for read in (Run.read, verify):
        try:
            read(folder)
        except CounterflowError as error:
            assert str(error)


def test_odd_values_anywhere_in_a_manifest(written: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(written, tmp_path / "run"))
    good, draw = manifest_of(folder), np.random.default_rng(7)
    where = list(places(good))
    for _ in range(50):
        manifest = copy.deepcopy(good)
        *path, last = where[draw.integers(len(where))]
        at: Any = manifest
        for key in path:
            at = at[key]
        at[last] = ODD[draw.integers(len(ODD))]
        resealed(folder, manifest, draw)
        read_all(folder)


def test_events_that_are_none(written: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(written, tmp_path / "run"))
    path, good = folder / "events.jsonl", manifest_of(folder)
    text = path.read_bytes()
    for line in LINES:
        path.write_bytes(text + line + b"\n")
        manifest = copy.deepcopy(good)
        manifest["files"]["events.jsonl"] = file_hash(path)
        manifest["seal"] = seal(manifest)
        put(folder, manifest)
        read_all(folder)
        with pytest.raises(InputError) as told:
            Run.read(folder)
        assert told.value.failures[0].file.endswith(("events.jsonl", "manifest.json"))


def test_bytes_that_change_under_mended_hashes(written: Path, tmp_path: Path) -> None:
    draw = np.random.default_rng(11)
    folder = Path(shutil.copytree(written, tmp_path / "run"))
    good = manifest_of(folder)
    names = [f"{name}.parquet" for name in good["tables"]] + list(good["files"])
    for _ in range(20):
        name = names[draw.integers(len(names))]
        path = folder / name
        before = path.read_bytes()
        after = bytearray(before)
        for _ in range(draw.integers(1, 6)):
            if after:
                after[draw.integers(len(after))] = draw.integers(256)
        if draw.random() < 0.3:
            after = after[: draw.integers(len(after) + 1)]
        path.write_bytes(bytes(after))
        manifest = copy.deepcopy(good)
        if name in manifest["files"]:
            manifest["files"][name] = file_hash(path)
        else:
            manifest["tables"][path.stem]["sha256"] = file_hash(path)
        manifest["seal"] = seal(manifest)
        put(folder, manifest)
        read_all(folder)
        path.write_bytes(before)


def test_a_wrong_price_under_a_true_seal_is_told_with_its_row(
    written: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(written, tmp_path / "run"))

    def dearer(frame: Any) -> None:
        frame.loc[1, "lmp"] += 5.0

    frame = edit(folder, "prices", dearer)
    mend(folder, "prices", frame, "run_id", "seal")
    with pytest.raises(InputError) as told:
        Run.read(folder)
    found = [(Path(f.file).name, f.row, f.column, f.rule) for f in told.value.failures]
    assert ("prices.parquet", 3, "lmp", "price_split") in found


def test_deep_json_and_odd_keys_are_told_by_the_commands(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(written, tmp_path / "run"))
    good = manifest_of(folder)
    deep = '{"a": ' * 3000 + "1" + "}" * 3000
    wrong = {**good, "warnings": 5, "objective": "much"}
    for text in (deep, json.dumps(wrong)):
        (folder / "manifest.json").write_text(text)
        for command in ("show", "tables", "explain", "verify"):
            more = ["--bus", "B1", "--at", "0"] if command == "explain" else []
            assert invoke([command, str(folder), *more]) in (1, 3)
            said = capsys.readouterr()
            assert "manifest.json" in said.err + said.out
