"""Output that nobody reads, or that a reader stops reading, is no failure of a command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs a shell")


@pytest.mark.parametrize("tail", ["--json >&-", ">&-", "| true", "--json | head -1"])
def test_a_closed_or_broken_output_ends_well(tmp_path: Path, tail: str) -> None:
    script = f"{sys.executable} -m counterflow check pjm5 {tail}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
