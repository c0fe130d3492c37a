"""The environment that holds Egret, made once under the cache, with this one's HiGHS and Pyomo."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.processes import HERE

EGRET = "0.6.2"


def egret_python() -> Path:
    """Python of an environment with Egret and this environment's versions of Pyomo and HiGHS.

    Raises CalledProcessError where it cannot be installed.
    """
    highs, pyomo = version("highspy"), version("pyomo")
    folder = HERE / "cache" / f"egret-{EGRET}-highs-{highs}-pyomo-{pyomo}"
    python, ready = folder / "bin" / "python", folder / ".ready"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        packages = [f"gridx-egret=={EGRET}", f"highspy=={highs}", f"pyomo=={pyomo}"]
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        subprocess.run([*pip, *packages], check=True)
        ready.touch()
    return python
