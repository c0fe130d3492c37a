"""Folders appear whole or not at all, and what a killed writer left is cleaned up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from cases import InputError, read_case
from cases.files.folders import new_folder, remove_stale
from tests.cases.small import read_small


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_folder_has_no_name_before_it_is_complete(tmp_path: Path) -> None:
    with new_folder(tmp_path / "out") as part:
        (part / "a").write_text("1")
        assert not (tmp_path / "out").exists()
        assert part.parent == tmp_path
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["a"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_interrupted_writer_leaves_nothing(error: type[BaseException], tmp_path: Path) -> None:
    with pytest.raises(error), new_folder(tmp_path / "out") as part:
        (part / "a").write_text("1")
        raise error
    assert names(tmp_path) == []


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "mine").write_text("1")
    (tmp_path / "file").write_text("1")
    for path in (target, tmp_path / "file"):
        with pytest.raises(InputError) as caught, new_folder(path):
            raise AssertionError("must not get here")
        assert str(caught.value) == f"{path} exists already; nothing is ever overwritten"
    assert names(target) == ["mine"]


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with new_folder(tmp_path / "out") as part:
        (part / "a").write_text("1")
    assert names(tmp_path / "out") == ["a"]


def test_a_writer_that_comes_second_loses(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write"), new_folder(tmp_path / "out") as part:
        (part / "a").write_text("late")
        with new_folder(tmp_path / "out") as other:
            (other / "a").write_text("early")
    assert (tmp_path / "out" / "a").read_text() == "early"
    assert names(tmp_path) == ["out"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("1")
    with pytest.raises(InputError) as caught, new_folder(tmp_path / "file" / "out"):
        raise AssertionError("must not get here")
    assert str(caught.value).startswith(f"cannot write {tmp_path / 'file' / 'out'}: ")
    assert len(str(caught.value).splitlines()) == 1


def test_a_killed_writer_is_cleaned_up_at_the_next_start(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import sys, time
        from cases.files.folders import new_folder
        with new_folder(sys.argv[1]) as part:
            (part / "half").write_text("1")
            print("ready", flush=True)
            time.sleep(60)
    """)
    root = Path(__file__).parents[2]
    writer = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "run")],
        stdout=subprocess.PIPE,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline().strip() == b"ready"
        remove_stale(tmp_path)
        assert len(names(tmp_path)) == 1, "the folder of a living writer stays"
        writer.send_signal(signal.SIGKILL)
    finally:
        writer.kill()
        writer.communicate()
    assert len(names(tmp_path)) == 1 and not (tmp_path / "run").exists()
    with new_folder(tmp_path / "other"):
        pass
    assert names(tmp_path) == ["other"]


def test_the_folder_of_a_reused_process_number_is_stale(tmp_path: Path) -> None:
    with new_folder(tmp_path / "out") as part:
        host_and_pid = part.name.rpartition("-")[0].partition("_")[0]
        left = tmp_path / f"{host_and_pid.rpartition('-')[0]}-{os.getppid()}_1-abc.part"
        ours = tmp_path / f"{part.name.rpartition('-')[0]}-000000000000.part"
        elsewhere = tmp_path / ".counterflow-another_machine-1_1-abc.part"
        for folder in (left, ours, elsewhere):
            folder.mkdir()
        remove_stale(tmp_path)
        assert part.exists()
        assert not ours.exists()
        assert elsewhere.exists()
        if Path("/proc/self/stat").exists():
            assert not left.exists()


def test_a_case_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = read_small(tmp_path)
    real, count = os.fsync, 0

    def dies_late(handle: int) -> None:
        nonlocal count
        count += 1
        if count == 5:
            raise KeyboardInterrupt
        real(handle)

    monkeypatch.setattr(os, "fsync", dies_late)
    with pytest.raises(KeyboardInterrupt):
        case.write(tmp_path / "out")
    assert names(tmp_path) == ["day"]
    case.write(tmp_path / "out")
    assert read_case(tmp_path / "out") == case
    with pytest.raises(InputError, match="ever overwritten"):
        case.write(tmp_path / "out")
    with pytest.raises(InputError, match="csv or parquet"):
        case.write(tmp_path / "other", "xlsx")  # type: ignore[arg-type]


def test_a_disk_that_is_full_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = read_small(tmp_path)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError) as caught:
        case.write(tmp_path / "out")
    assert str(caught.value) == f"cannot write {tmp_path / 'out'}: No space left on device"
    assert names(tmp_path) == ["day"]
