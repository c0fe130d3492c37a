"""Clear one exported case with Counterflow and print what it took, as one line of JSON.

Reading is not timed; `clear` is: building the Pyomo model, compiling it, every pass of the lazy
loop in HiGHS, screening, prices, tables and, though the peer has nothing like it, the validation of
the finished run. A secured run is then checked by brute force, untimed.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from dataclasses import asdict
from pathlib import Path

import clearing
from benchmarks.brute_force import check_outages
from cases import read_case

# Penalties so high that no soft limit is ever cheaper than shedding load: the peer has hard limits.
SETTINGS = {
    "penalties.balance": 1e6,
    "penalties.branch": 1e6,
    "penalties.contingency": 1e6,
    "penalties.ramp": 1e6,
}


def main() -> None:
    """Read, clear, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--security", choices=("none", "n-1"), default="none")
    parser.add_argument("--soft", action="store_true", help="the rulebook's own penalties")
    arguments = parser.parse_args()
    case = read_case(arguments.folder)
    settings = {} if arguments.soft else SETTINGS
    started, used = time.perf_counter(), time.process_time()
    run = clearing.clear(
        case,
        commitment=False,
        security=arguments.security,
        settings={"solver.threads": 1, **settings},
    )
    wall, cpu = time.perf_counter() - started, time.process_time() - used
    times = run.manifest["times"]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    check = asdict(check_outages(case, run)) if arguments.security == "n-1" else {}
    print(
        json.dumps(
            {
                "program": "Counterflow",
                "settings": "",
                "wall": wall,
                "cpu": cpu,
                "times": times,
                "objective": run.objective,
                "slack_mw": float(run.slacks["mw"].sum()) if len(run.slacks) else 0.0,
                "binding": len(run.constraints),
                "memory_mb": memory,
                "check": check,
            }
        )
    )


if __name__ == "__main__":
    main()
