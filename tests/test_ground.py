"""The ground holds: one version everywhere, locks without addresses, targets that exist."""

from __future__ import annotations

import importlib
import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = ["cases", "network", "clearing", "mitigation", "settlement", "counterflow"]
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))


def pins(lock: Path) -> dict[str, str]:
    lines = lock.read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def name_of(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found is not None
    return found[0].lower().replace("_", "-")


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_lock_holds_exact_versions_and_no_address(lock: Path) -> None:
    for line in lock.read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"(#.*)?|[a-z0-9][a-z0-9._-]*==[\w.!+]+", line), line
        assert not re.search(r"://|index-url|find-links|trusted-host", line), line


def test_locks_agree_with_each_other() -> None:
    dev = pins(ROOT / "requirements" / "dev.lock")
    for other in ("run.lock", "docs.lock"):
        locked = pins(ROOT / "requirements" / other)
        shared = dev.keys() & locked.keys()
        assert {name: locked[name] for name in shared} == {name: dev[name] for name in shared}


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("run", ["grids"]), ("dev", ["grids", "dev"]), ("docs", ["grids", "docs"])],
)
def test_lock_covers_what_the_project_asks_for(lock: str, extras: list[str]) -> None:
    wanted = [*PROJECT["project"]["dependencies"]]
    for extra in extras:
        wanted += PROJECT["project"]["optional-dependencies"][extra]
    locked = pins(ROOT / "requirements" / f"{lock}.lock")
    assert {name_of(requirement) for requirement in wanted} <= locked.keys()


def test_peers_stay_out_of_the_project() -> None:
    assert "pypsa" not in pins(ROOT / "requirements" / "dev.lock")
    assert "pypsa" in pins(ROOT / "requirements" / "bench.lock")


def test_one_version_everywhere() -> None:
    version = PROJECT["project"]["version"]
    assert importlib.import_module("counterflow").__version__ == version
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {version}\n" in citation
    assert f"\n## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert metadata.version("counterflow") == version


@pytest.mark.parametrize("package", PACKAGES)
def test_package_is_declared_documented_and_typed(package: str) -> None:
    assert package in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert importlib.import_module(package).__doc__
    assert (ROOT / package / "py.typed").exists()


def test_console_script_is_the_command_line() -> None:
    (script,) = metadata.entry_points(group="console_scripts", name="counterflow")
    assert callable(script.load())


@pytest.mark.parametrize("target", ["demo", "test", "test-slow", "bench", "lint", "docs", "clean"])
def test_make_target_exists(target: str) -> None:
    # -n prints the commands and runs none.
    done = subprocess.run(
        ["make", "--no-print-directory", "-n", target],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_ci_runs_lint_and_then_the_tests() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o100
    steps = re.findall(r"make \S+ (\w+)", script.read_text(encoding="utf-8"))
    assert steps == ["lint", "test"]


def test_layers_of_the_design_are_what_the_checker_holds() -> None:
    contract, *inside = PROJECT["tool"]["importlinter"]["contracts"]
    rooms = [room for each in inside for room in each["containers"]]
    assert {"cases", "clearing", "counterflow", "mitigation", "settlement"} <= set(rooms)
    assert contract["type"] == "layers"
    assert contract["layers"] == [
        "counterflow",
        "mitigation",
        "settlement",
        "clearing",
        "network",
        "cases",
    ]
