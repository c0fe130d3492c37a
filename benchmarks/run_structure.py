"""Clear one day, make its structural tests, and print what both took, as one line of JSON.

Reading is not timed. The tests solve the live model again for their base; the indices come after
them and are timed apart. Owners of a MATPOWER grid are dealt out in turn: nobody knows them.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
import warnings
from collections.abc import Callable
from typing import Any

import clearing
import mitigation
from benchmarks.days import Day, build_day
from cases import Case, read_case
from cases.errors import DataWarning

OWNERS = 12


def _rts_gmlc() -> Case:
    """27 July 2020 with ratings x 0.6, owned by area."""
    return read_case("rts-gmlc/2020-07-27", owners="area", rating=0.6)


def _activsg2000() -> Case:
    """24 hours of 2000 buses with ratings x 0.8, 12 owners."""
    day = Day("ACTIVSg2000-24h-x0.8", "matpower/case_ACTIVSg2000", 24, rating=0.8, peer=False)
    case = build_day(day)
    owner = [f"owner {number % OWNERS}" for number in range(len(case.units))]
    return case.replace(units=case.units.assign(owner=owner))


DAYS: dict[str, Callable[[], Case]] = {
    "RTS-GMLC-2020-07-27-x0.6": _rts_gmlc,
    "ACTIVSg2000-24h-x0.8": _activsg2000,
}


def timed(case: Case) -> dict[str, Any]:
    """Clear, test, measure the indices; seconds of each, and how much was tested."""
    started = time.perf_counter()
    run = clearing.clear(case, commitment=False, settings={"solver.threads": 1})
    cleared = time.perf_counter()
    found = mitigation.structure_tests(run)
    tested = time.perf_counter()
    rows = len(mitigation.indices_of(found))
    measured = time.perf_counter()
    limits = ["constraint", "contingency", "direction"]
    three = found.verdicts[found.verdicts["rule_id"] == "three_pivotal"]
    return {
        "clearing": cleared - started - run.manifest["times"].get("validate", 0.0),
        "tests": tested - cleared,
        "indices": measured - tested,
        "binding": len(run.constraints),
        "limits": len(three[limits].drop_duplicates()),
        "tested": len(three[[*limits, "interval_start"]].drop_duplicates()),
        "verdicts": len(three),
        "blocks": len(found.relief),
        "index_rows": rows,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Read, clear, test, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("day", choices=list(DAYS))
    arguments = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        print(json.dumps(timed(DAYS[arguments.day]())))


if __name__ == "__main__":
    main()
