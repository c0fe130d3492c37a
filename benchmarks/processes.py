"""Processes that time one thing: one solver thread, one BLAS thread, a line of JSON at the end."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
# Importing and reading, which are not timed, and checks that come after the clock has stopped.
UNTIMED_SECONDS = 90.0
ONE_THREAD = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    )
}


def run_json(
    command: Sequence[str], limit: float, untimed: float = UNTIMED_SECONDS
) -> dict[str, Any]:
    """Run a process and read the line of JSON that it prints last.

    `failure` says why there is none: the process took longer than `limit` and what is untimed, or
    it failed.
    """
    try:
        done = subprocess.run(
            command,
            cwd=HERE.parent,
            env={**os.environ, **ONE_THREAD},
            capture_output=True,
            text=True,
            timeout=limit + untimed,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"failure": f"> {limit:.0f} s"}
    if done.returncode != 0:
        tail = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        return {"failure": f"exit {done.returncode}: {tail}"}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def machine() -> dict[str, Any]:
    """What the timings depend on besides the code."""
    return {
        "cores": os.cpu_count(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("highspy", "pyomo", "scipy", "numpy", "pandas")},
    }


def commit() -> str:
    """The commit that is timed, short; with a + where files differ from it, "" without git."""
    try:
        asked = [
            subprocess.run(
                ["git", *words], cwd=HERE.parent, capture_output=True, text=True, check=True
            ).stdout.strip()
            for words in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain", "-uno"])
        ]
    except (OSError, subprocess.CalledProcessError):
        return ""
    return asked[0] + ("+" if asked[1] else "")


def result_file(name: str, at: str) -> Path:
    """Where a result of a commit is kept."""
    folder = HERE / "results" / (at or "unknown")
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name.replace('/', '-')}.json"


def keep(name: str, result: dict[str, Any]) -> None:
    """Keep a result as JSON, with its commit, the time and the machine it was made on."""
    at = commit()
    made = {"commit": at, "made": datetime.now(UTC).isoformat(timespec="seconds")}
    text = json.dumps({**made, "machine": machine(), **result}, indent=2, default=str) + "\n"
    result_file(name, at).write_text(text, encoding="utf-8")


def kept(name: str) -> dict[str, Any] | None:
    """The newest result of a name that was kept; None where there is none."""
    return _newest().get(name.replace("/", "-"))


def all_kept() -> list[dict[str, Any]]:
    """The newest result of every name, by name."""
    return [found for _, found in sorted(_newest().items())]


def _newest() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for path in (HERE / "results").glob("*/*.json"):
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        known = found.get(path.stem)
        if known is None or known.get("made", "") < result.get("made", ""):
            found[path.stem] = result
    return found
