"""Decide the commitment of one day, clear it, and print what it took, as one line of JSON.

Reading is not timed; `clear` is, up to and with its last step, the validation of the finished run:
that recomputes the objective from the schedule without a solver and fails the run where anything
does not follow. The gap printed is that of this objective against
the bound that was proven. A secured run is then checked by brute force, untimed.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
import warnings
from dataclasses import asdict
from typing import Any

import clearing
from benchmarks.brute_force import check_outages
from benchmarks.commitment_days import CommitmentDay, commitment_days
from cases import Case
from cases.errors import DataWarning


def timed(day: CommitmentDay, case: Case, limit: float) -> dict[str, Any]:
    """Clear a day; seconds, objective, bound, the gap between them, and what was decided."""
    started, used = time.perf_counter(), time.process_time()
    run = clearing.clear(
        case,
        security=day.security,
        gap=day.gap,
        time_limit=limit,
        settings={"solver.threads": 1},
    )
    wall, cpu = time.perf_counter() - started, time.process_time() - used
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    times, dispatch = run.times, run.dispatch
    check = asdict(check_outages(case, run)) if day.security == "n-1" else {}
    bound = float(run.stated["bound"])
    return {
        "wall": wall,
        "cpu": cpu,
        "objective": run.objective,
        "bound": bound,
        "gap": max(run.objective - bound, 0.0) / max(abs(run.objective), 1e-9),
        "status": run.stated["status"],
        "times": times,
        "units": len(case.units),
        "intervals": case.meta.intervals,
        "starts": int(dispatch["start"].sum()),
        "penalties": float(run.slacks["cost"].sum()) if len(run.slacks) else 0.0,
        "memory_mb": memory,
        "check": check,
    }


def main() -> None:
    """Read, clear, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("day")
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--limit", type=float, default=600.0)
    arguments = parser.parse_args()
    day = commitment_days(arguments.hours)[arguments.day]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        print(json.dumps(timed(day, day.build(), arguments.limit)))


if __name__ == "__main__":
    main()
