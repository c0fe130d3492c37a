"""A study on real processes whose client is killed goes on with the same bytes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

import counterflow as cf
from tests.studies import tiny

TEXT = """\
name = "killed"
[days]
source = "case"
start = 2024-03-04
end = 2024-03-06
chain = "rolling"
[vary]
"stress.load" = [1.0, 0.5]
"""


@pytest.mark.slow
def test_a_client_that_is_killed_goes_on(tmp_path: Path) -> None:
    tiny.written(tiny.spanning(), tmp_path / "case")
    file = tmp_path / "study.toml"
    file.write_text(TEXT)
    whole = cf.study(file, output=tmp_path / "whole", processes=False)
    command = [sys.executable, "-m", "counterflow", "study", str(file), "-o",
               str(tmp_path / "killed"), "--workers", "2"]  # fmt: skip
    runs = tmp_path / "killed" / "runs"
    for finished in (1, 5, 9):
        client = subprocess.Popen(command)
        while client.poll() is None and len(list(runs.glob("*/*/*.json"))) < finished:
            time.sleep(0.05)
        assert client.poll() is None, "it ended before it could be killed"
        client.kill()
        client.wait()
    code = subprocess.run(command, check=False).returncode
    assert code == 0
    after = cf.study(file, output=tmp_path / "killed", processes=False)
    assert after.ledger["status"].tolist() == ["done"] * 12
    assert _bytes(tmp_path / "killed") == _bytes(whole.folder)
    assert not list((tmp_path / "killed").rglob("*.part"))


@pytest.mark.slow
def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    tiny.written(tiny.spanning(), tmp_path / "case")
    file = tmp_path / "study.toml"
    file.write_text(TEXT)
    whole = cf.study(file, output=tmp_path / "whole", processes=False)
    killed: list[int] = []

    def kill(event: Mapping[str, Any]) -> None:
        children = psutil.Process().children(recursive=True)
        workers = [p for p in children if any("spawn_main" in part for part in p.cmdline())]
        if len(killed) < 2 and workers:
            killed.append(workers[0].pid)
            workers[0].kill()

    made = cf.study(file, output=tmp_path / "killed", workers=2, progress=kill)
    assert len(killed) == 2
    assert made.failed.empty, made.failed.to_string()
    assert _bytes(made.folder) == _bytes(whole.folder)


def _bytes(folder: Path) -> dict[str, bytes]:
    tables = folder / "tables"
    return {str(p.relative_to(tables)): p.read_bytes() for p in tables.rglob("*.parquet")}
