"""The id of a run does not depend on the linear algebra of the machine.

numpy's and scipy's OpenBLAS choose a kernel by the processor; `OPENBLAS_CORETYPE` asks for another
one. Kernels add in different orders, so flows differ in their last bits.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys

import pytest

import counterflow as cf

Ids = dict[str, dict[str, str]]
KERNELS = ("Prescott", "Nehalem", "Sandybridge", "Haswell", "Zen", "SkylakeX", "Cooperlake")
"""From the oldest to the newest; on another architecture none of them runs."""

ASK = """
import numpy as np
from scipy.linalg import lu_factor
lu_factor(np.eye(50) + np.ones((50, 50)) @ np.ones((50, 50)))
"""
ONE = """
import counterflow as cf
print(cf.clear(cf.read_case("pjm5"), commitment=False, security="n-1").id)
"""
CLEAR = """
import json, sys, warnings
import counterflow as cf
warnings.simplefilter("ignore")
LOW = {"mitigation.conduct.energy.percent": 5, "mitigation.conduct.energy.absolute": 1}
found = {}
for name, options in json.loads(sys.argv[1]):
    run = cf.clear(cf.read_case(name), **options)
    runs = [run, cf.mitigate(run, settings=LOW)] if name == "pjm5" else [run]
    for number, made in enumerate(runs):
        label = f"{name} {options} {number}"
        contents = {table: entry["content"] for table, entry in made.manifest["tables"].items()}
        found[label] = {"id": made.id, "events": made.manifest["events"], **contents}
print(json.dumps(found))
"""


def with_kernel(kernel: str, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program under a kernel, in a process of its own."""
    own = {"OPENBLAS_CORETYPE": kernel, "OPENBLAS_VERBOSE": "2", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **own},
        check=False,
    )


@functools.cache
def kernels() -> dict[str, str]:
    """Kernels that this machine can run: what OpenBLAS calls it, and the name that asks for it."""
    found: dict[str, str] = {}
    for name in KERNELS:
        done = with_kernel(name, ASK)
        core = [line for line in (done.stdout + done.stderr).splitlines() if "Core: " in line]
        if done.returncode == 0 and core:
            found.setdefault(core[0].partition("Core: ")[2].strip(), name)
    return found


def cleared(kernel: str, days: list[tuple[str, dict[str, object]]]) -> Ids:
    """Ids of days cleared under a kernel, and the content of every table."""
    done = with_kernel(kernel, CLEAR, json.dumps(days))
    assert done.returncode == 0, done.stderr
    found: Ids = json.loads(done.stdout.splitlines()[-1])
    return found


def differences(one: Ids, other: Ids) -> list[str]:
    """What two kernels disagree about."""
    assert one.keys() == other.keys()
    return [
        f"{label}: {what}"
        for label, contents in one.items()
        for what, value in contents.items()
        if other[label][what] != value
    ]


@pytest.fixture
def runnable() -> list[str]:
    names = list(kernels().values())
    if len(names) < 2:
        pytest.skip(f"only one kernel runs here: {', '.join(kernels()) or 'none known'}")
    return names


def test_the_bundled_day_has_the_same_id_here_and_under_the_oldest_kernel() -> None:
    if "Core: " not in (done := with_kernel(KERNELS[0], ASK)).stdout + done.stderr:
        pytest.skip(f"{KERNELS[0]} does not run here")
    here = cf.clear(cf.read_case("pjm5"), commitment=False, security="n-1")
    there = with_kernel(KERNELS[0], ONE)
    assert there.stdout.splitlines()[-1] == here.id, there.stderr


@pytest.mark.slow
def test_days_have_the_same_ids_under_every_kernel(runnable: list[str]) -> None:
    print("kernels:", ", ".join(kernels()))
    days: list[tuple[str, dict[str, object]]] = [
        ("pjm5", {"commitment": True, "security": "n-1"}),
        ("matpower/case118", {"commitment": False, "security": "n-1"}),
        # Many optima: the solver must take the same way to find the same one.
        ("rts-gmlc/2020-07-15", {"commitment": False, "security": "n-1"}),
        ("rts-gmlc/2020-07-15", {"commitment": True}),
        ("matpower/case2383wp", {"commitment": False}),
    ]
    results = {name: cleared(name, days) for name in runnable}
    first, *others = results
    for name in others:
        assert differences(results[first], results[name]) == [], f"{first} and {name}"
