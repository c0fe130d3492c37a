"""`counterflow verify`: a line for every mismatch, exit code 3; and runs of the former format."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest

import counterflow as cf
from counterflow.cli import invoke


@pytest.fixture(scope="module")
def cleared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "day"
    cf.clear(cf.read_case("pjm5"), commitment=False).write(path)
    return path


@pytest.fixture
def folder(cleared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(cleared, tmp_path / "day"))


def test_a_run_that_is_what_it_was(cleared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = json.loads((cleared / "manifest.json").read_text())
    assert invoke(["verify", str(cleared)]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0] == f"run {manifest['run_id']}"
    assert f"nothing has changed: {len(manifest['tables'])} tables" in out
    assert invoke(["verify", str(cleared), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] and told["mismatches"] == [] and told["run_id"] == manifest["run_id"]


def test_every_mismatch_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (folder / "rulebook.toml").open("a") as file:
        file.write("# quoted\n")
    (folder / "flows.parquet").unlink()
    (folder / "notes.md").write_text("mine")
    assert invoke(["verify", str(folder)]) == 3
    err = capsys.readouterr().err
    assert "3 mismatches" in err
    for name, rule in (("rulebook.toml", "changed"), ("flows.parquet", "missing")):
        (line,) = (line for line in err.splitlines() if name in line)
        assert line.endswith(f"({rule})")
    assert invoke(["verify", str(folder), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert not told["ok"]
    assert sorted(found["rule"] for found in told["mismatches"]) == ["changed", "extra", "missing"]


def test_what_cannot_be_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["verify", str(tmp_path)]) == 1
    assert "expected the folder of a run" in capsys.readouterr().err
    assert invoke(["verify", str(tmp_path / "day.zip")]) == 1
    assert "there is no file" in capsys.readouterr().err


def test_the_line_for_a_run_of_the_former_format_makes_it_again(
    folder: Path, cleared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["format"], manifest["seal"], manifest["events"]
    path.write_text(json.dumps(manifest))
    assert invoke(["show", str(folder)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    program, *arguments = shlex.split(line.partition("make it again: ")[2])
    assert program == "counterflow"
    assert invoke(arguments) == 0
    assert cf.Run.read(f"{folder}-again").id == cf.Run.read(cleared).id
