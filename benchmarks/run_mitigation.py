"""Clear a day, clear it again with other offers, and print what it took, as one line of JSON.

`rerun`: seconds of the first clearing; of clearings that start from it after 5 % of the units, or
those of three owners, have raised their offers, with its commitment held; of the second with the
commitment decided anew. Each rerun is compared with a clearing of the same offers from nothing.
Where units are committed, "from nothing" is the dispatch of the held commitment: what a rerun
repeats. A rerun goes from a model that has just cleared the day as submitted. Short ones are
repeated and the fastest is kept, of both.

`nyiso`: the day with raised offers of three owners cleared under the rulebook `nyiso`, then
mitigated: conduct, the joint counterfactual and the final run, each with commitment.

Reading, validation and the comparisons are not timed. Owners are dealt out in turn.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import clearing
import counterflow as cf
from benchmarks.commitment_days import SEASONS, with_owners
from benchmarks.days import Day, build_day
from cases import Case, Run, read_case
from cases.errors import DataWarning

OWNERS, CHANGED_OWNERS = 12, 3
EVERY = 20
FACTOR = 1.5
# Above 300 % of the reference, where New York's conduct test fails.
RAISED_FACTOR = 5.0
SECURITY = "n-1"
REPEATS, REPEAT_BELOW_SECONDS = 3, 20.0


@dataclass(frozen=True, slots=True)
class MitigationDay:
    """A day that is cleared again, and whether its units are committed first."""

    name: str
    build: Callable[[], Case]
    commitment: bool


def _case2383wp() -> Case:
    day = Day("case2383wp-24h-n1", "pglib/case2383wp_k", 24, security=SECURITY, peer=False)
    return build_day(day)


def _case118() -> Case:
    return build_day(Day("case118-24h-n1", "pglib/case118_ieee", 24, security=SECURITY, peer=False))


def _rts(date: str) -> Callable[[], Case]:
    return lambda: read_case(f"rts-gmlc/{date}")


DAYS: dict[str, MitigationDay] = {
    day.name: day
    for day in [
        MitigationDay("case2383wp-24h-n1", _case2383wp, False),
        *(MitigationDay(f"rts-gmlc/{date}", _rts(date), True) for date in SEASONS),
    ]
}
# A small day that checks the benchmark itself; it runs only when named.
CHECK_DAYS = {"case118-24h-n1": MitigationDay("case118-24h-n1", _case118, False)}


def raised(case: Case, units: set[str], factor: float) -> Case:
    """The case with the positive offers of some units times a factor."""
    offers = case.offers
    hit = offers["unit"].isin(units) & (offers["price"] > 0)
    return case.replace(
        offers=offers.assign(price=offers["price"].where(~hit, factor * offers["price"]))
    )


def some_units(case: Case) -> set[str]:
    """Every twentieth unit with an offer above 0."""
    offers = case.offers
    paid = offers.loc[offers["price"] > 0, "unit"].drop_duplicates()
    return set(paid.iloc[::EVERY])


def units_of_owners(case: Case) -> set[str]:
    """The units of the first three owners."""
    units = case.units
    first = sorted(units["owner"].unique())[:CHANGED_OWNERS]
    return set(units.loc[units["owner"].isin(first), "unit"])


def clear(case: Case, commitment: bool, limit: float, rulebook: str = "default") -> Run:
    """Clear a day from nothing."""
    return clearing.clear(
        case,
        rulebook=rulebook,
        commitment=commitment,
        security="n-1",
        time_limit=limit,
        settings={"solver.threads": 1},
    )


def seconds(run: Run) -> float:
    """Seconds of a clearing without its validation."""
    return float(run.times["total"])


def from_nothing(run: Run, case: Case, limit: float) -> Run:
    """Clear a case with the commitment of `run`, without anything else that it has found."""
    if not run.settings["commitment"]:
        return clear(case, False, limit)
    bare = Run(run.stated, run.tables, run.case, run.rulebook)
    return clearing.reclear(bare, case, check=False)


def changed(first: Run, case: Case, other: Case, limit: float) -> dict[str, float]:
    """Clear a case with other offers, from nothing and from a clearing of the first ones."""
    cold = from_nothing(first, other, limit)
    walls, reruns = [], []
    for _ in range(REPEATS):
        fresh = from_nothing(first, case, limit)
        walls.append(seconds(fresh))
        before = fresh.objective
        again = clearing.reclear(fresh, other, check=False)
        reruns.append(seconds(again))
        if walls[-1] > REPEAT_BELOW_SECONDS:
            break
    return {
        "seconds": min(reruns),
        "cold": min(walls),
        "difference": abs(again.objective - cold.objective) / max(abs(cold.objective), 1e-9),
        "moved": abs(again.objective / before - 1.0),
    }


def rerun(day: MitigationDay, limit: float) -> dict[str, Any]:
    """First clearing, reruns with its commitment held, rerun with another commitment."""
    case = with_owners(day.build(), OWNERS)
    first = clear(case, day.commitment, limit)
    found: dict[str, Any] = {
        "first": seconds(first),
        "gap": first.stated["gap"],
        "units": len(case.units),
    }
    fewer, more = some_units(case), units_of_owners(case)
    found["changed"] = {"share": len(fewer), "owners": len(more)}
    for name, units in (("share", fewer), ("owners", more)):
        found[name] = changed(first, case, raised(case, units, FACTOR), limit)
    found["cold"] = min(found[name]["cold"] for name in ("share", "owners"))
    if day.commitment:
        anew = clearing.recommit(first, raised(case, more, FACTOR))
        found["recommit"] = {
            "seconds": seconds(anew),
            "gap": anew.stated["gap"],
            "status": anew.stated["status"],
        }
    return found


def nyiso(day: MitigationDay, limit: float) -> dict[str, Any]:
    """A day of New York's procedure against one clearing."""
    case = with_owners(day.build(), OWNERS)
    case = raised(case, units_of_owners(case), RAISED_FACTOR)
    started = time.perf_counter()
    run = clear(case, True, limit, "nyiso")
    cleared = time.perf_counter()
    final = cf.mitigate(run, accept_limit=True)
    mitigated = time.perf_counter()
    actions = final.decisions["action"].value_counts()
    return {
        "clearing": cleared - started,
        "mitigation": mitigated - cleared,
        "gap": run.stated["gap"],
        "status": run.stated["status"],
        "final_gap": final.stated["gap"],
        "conduct": len(final.tests_conduct),
        "failed": int((final.tests_conduct["result"] == "fail").sum()),
        "actions": {str(action): int(count) for action, count in actions.items()},
    }


def main() -> None:
    """Read, clear, clear again, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("rerun", "nyiso"))
    parser.add_argument("day", choices=[*DAYS, *CHECK_DAYS])
    parser.add_argument("--limit", type=float, default=600.0)
    arguments = parser.parse_args()
    day = {**DAYS, **CHECK_DAYS}[arguments.day]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        found = {"rerun": rerun, "nyiso": nyiso}[arguments.what](day, arguments.limit)
    found["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found))


if __name__ == "__main__":
    main()
