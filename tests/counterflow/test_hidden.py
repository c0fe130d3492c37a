"""A file of the user that hides one of our packages is named, not stumbled over."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": ""}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["network.py", "cases.py"])
def test_a_file_beside_the_user_that_hides_a_package_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x = 1\n")
    package = name.removesuffix(".py")
    command = python(tmp_path, "-m", "counterflow", "--version")
    assert command.returncode == 1
    assert command.stdout == ""
    said = f"{tmp_path / name} hides the package {package} of Counterflow"
    assert command.stderr.startswith(f"error: {said}")
    assert "Traceback" not in command.stderr
    library = python(tmp_path, "-c", "import counterflow")
    assert library.returncode == 1
    assert f"ImportError: {said}" in library.stderr


def test_other_files_hide_nothing(tmp_path: Path) -> None:
    (tmp_path / "networks.py").write_text("x = 1\n")
    command = python(tmp_path, "-m", "counterflow", "--version")
    assert (command.returncode, command.stderr) == (0, "")
