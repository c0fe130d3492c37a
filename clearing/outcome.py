"""What every clearing says of its result: its own checks, limits exceeded, the solver."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd

from cases import CheckFailed, RuleBook, Run
from cases.warned import Warned
from clearing.program import solver
from clearing.validation.validate import validate

__all__ = ["exceeded", "open_prices", "solver_of", "validated"]


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
    return [Warned(text, "limit_exceeded") for text in listed + more]


def open_prices(prices: pd.DataFrame, tie_break: str) -> list[str]:
    """Say where prices are not unique and how one was chosen, and where that was not tested."""
    said: list[str] = []
    starts = prices.loc[prices["unique"].eq(False).fillna(False), "interval_start"].unique()
    if len(starts):
        text = (
            f"prices may not be unique in {_counted(starts)}: a schedule meets a limit exactly; "
            f"chosen by pricing.tie_break = {tie_break}"
        )
        said.append(Warned(text, "open_prices"))
    untested = prices["unique"].isna() & prices["lmp"].notna()
    starts = prices.loc[untested, "interval_start"].unique()
    if len(starts):
        text = (
            f"whether prices are unique was not tested in {_counted(starts)}: the solver gave no "
            "answer; prices.unique is blank there"
        )
        said.append(Warned(text, "prices_not_tested"))
    return said


def _counted(starts: Any) -> str:
    shown = ", ".join(start.isoformat() for start in starts[:3])
    more = f" and {len(starts) - 3} more" if len(starts) > 3 else ""
    return f"{len(starts)} interval{'' if len(starts) == 1 else 's'} ({shown}{more})"


def solver_of(rules: RuleBook) -> dict[str, Any]:
    """Name the solver and what makes its results repeatable."""
    return {
        "name": "HiGHS",
        "version": solver.quiet().version(),
        "threads": rules.solver.threads,
        "seed": rules.solver.seed,
    }
