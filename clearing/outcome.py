"""What every clearing says of its result: its own checks, limits exceeded, the solver."""

from __future__ import annotations

import time
from typing import Any

import highspy
import numpy as np

from cases import CheckFailed, RuleBook, Run
from clearing.validation.validate import validate

__all__ = ["exceeded", "solver_of", "validated"]


def validated(run: Run) -> None:
    """Check the run without the solver and keep how long that took; CheckFailed if it fails."""
    begin = time.perf_counter()
    found = validate(run)
    run.times["validate"] = time.perf_counter() - begin
    run.events.append({"event": "validated", "failures": len(found)})
    if len(found):
        rows = found.head(20).itertuples(index=False)
        failures = [
            f"{r.check} {r.subject} at {r.interval_start}: {r.value:g} against {r.limit:g}"
            for r in rows
        ]
        raise CheckFailed([f"the clearing fails {len(found)} of its own checks", *failures])


def exceeded(slacks: Any) -> list[str]:
    """Say which limits were exceeded at a penalty, the dearest first."""
    if not len(slacks):
        return []
    after = np.where(
        slacks["contingency"] == "", "", " after outage of " + slacks["contingency"].astype(object)
    )
    island = np.where(slacks["constraint"] == "balance", "", " of island " + slacks["element"])
    balance = "the energy balance" + island.astype(object)
    limit = slacks["kind"] + " limit " + slacks["constraint"] + after
    name = np.where(slacks["kind"] == "balance", balance, limit)
    by_name = slacks.assign(name=name).groupby("name", sort=False)
    total = by_name.agg(cost=("cost", "sum"), mw=("mw", "max"), intervals=("mw", "size"))
    total = total.sort_values("cost", ascending=False, kind="stable")
    listed = [
        f"{name} cannot be kept: up to {row.mw:.3f} MW beyond in "
        f"{row.intervals:.0f} interval{'' if row.intervals == 1 else 's'}, penalty {row.cost:.2f}"
        for name, row in total.head(10).iterrows()
    ]
    more = [f"{len(total) - 10} more limits are exceeded; see slacks"] if len(total) > 10 else []
    return listed + more


def solver_of(rules: RuleBook) -> dict[str, Any]:
    """Name the solver and what makes its results repeatable."""
    return {
        "name": "HiGHS",
        "version": highspy.Highs().version(),
        "threads": rules.solver.threads,
        "seed": rules.solver.seed,
    }
