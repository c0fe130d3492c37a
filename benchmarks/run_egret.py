"""Solve one unit-commitment instance of pglib-uc with Egret, and print one line of JSON.

Runs in an environment of its own that holds Egret and not this project. Egret reads the file with
its own parser; one thing is set right after it: a generator's ramps hold in hours of starts and
stops too (pglib-uc, equations 19 and 20), which Egret takes from the limits of starts and stops
alone, so these become min(ramp_startup_limit, minimum + ramp_up_limit) and likewise for stops.

Timed are the steps of `solve_unit_commitment`: building the model (Egret's default, the tight
formulation) and solving it through Pyomo's interface to HiGHS, in memory, with one thread. Reading,
and writing the results back into the model and Egret's data, are not counted, in Egret's favor. The
solver is called here and not by Egret, which cannot read a result that the time limit ended.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import time
from typing import Any

import pyomo.environ as pyo
from egret.data.model_data import ModelData
from egret.models.unit_commitment import create_tight_unit_commitment_model
from egret.parsers.pglib_uc_parser import create_ModelData


def read(path: str, hours: int) -> ModelData:
    """Read an instance with Egret's parser, its first `hours` hours."""
    data = create_ModelData(path)
    for unit in data.data["elements"]["generator"].values():
        if unit["generator_type"] == "thermal":
            least = unit["p_min"]
            for limit, ramp in (("startup_capacity", "up"), ("shutdown_capacity", "down")):
                unit[limit] = min(unit[limit], least + unit[f"ramp_{ramp}_60min"])
    return data.clone_at_time_indices(list(range(hours)))


def timed(data: ModelData, gap: float, limit: float) -> dict[str, Any]:
    """Build and solve; seconds, objective, bound, and how it ended."""
    started, used = time.perf_counter(), time.process_time()
    model = create_tight_unit_commitment_model(data, network_constraints="copperplate_power_flow")
    built = time.perf_counter()
    left = max(limit - (built - started), 1.0)
    options = {"mip_rel_gap": gap, "time_limit": left, "threads": 1}
    results = pyo.SolverFactory("highs").solve(model, options=options, load_solutions=False)
    ended, cpu = time.perf_counter(), time.process_time() - used
    bounds = results.problem.upper_bound, results.problem.lower_bound
    objective, bound = (float("nan") if value is None else float(value) for value in bounds)
    return {
        "wall": ended - started,
        "cpu": cpu,
        "build": built - started,
        "objective": objective,
        "bound": bound,
        "gap": max(objective - bound, 0.0) / max(abs(objective), 1e-9),
        "finished": str(results.solver.termination_condition) == "optimal",
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Read, solve, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path")
    parser.add_argument("--hours", type=int, required=True)
    parser.add_argument("--gap", type=float, required=True)
    parser.add_argument("--limit", type=float, required=True)
    arguments = parser.parse_args()
    found = timed(read(arguments.path, arguments.hours), arguments.gap, arguments.limit)
    print(
        json.dumps(
            {
                key: None if isinstance(value, float) and not math.isfinite(value) else value
                for key, value in found.items()
            }
        )
    )


if __name__ == "__main__":
    main()
