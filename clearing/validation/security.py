"""N-1: after every contingency, each branch left keeps its emergency rating."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from clearing.validation.facts import Facts, Floats, Ints
from clearing.validation.report import rows
from clearing.validation.unit_outages import unit_change
from network import Contingency, contingencies
from network.errors import DegenerateNetwork

__all__ = ["flow_after", "post_contingency"]

BLOCK = 128
"""Single outages screened at a time: BLOCK * L outage factors are held at once."""

KEY = ["interval_start", "constraint", "contingency", "direction"]


def post_contingency(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check |flow after an outage| <= emergency rating, except by what ``slacks`` reports.

    The flow after comes from outage factors (LODF) on the base flows that the injections cause,
    for every contingency that does not island the grid: those of the case's table or else every
    branch in service. Without n-1 in the run's settings there is nothing to keep.
    """
    if facts.security != "n-1":
        return
    found = list(_exceeded(facts))
    columns = [*KEY, "limit", "over"]
    over = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)
    slacks = facts.table("slacks")
    reported = slacks.loc[slacks["kind"] == "contingency", [*KEY, "mw"]]
    if over.empty and reported.empty:
        return
    if over.empty:
        both = reported.assign(limit=np.nan, over=0.0)
    else:
        both = over.merge(reported, on=KEY, how="outer")
    excess = both["over"].fillna(0.0).to_numpy(dtype=np.float64)
    mw = both["mw"].fillna(0.0).to_numpy(dtype=np.float64)
    limit = both["limit"].to_numpy(dtype=np.float64)
    for check, wrong in (
        ("security.limit", excess - mw > facts.tolerance),
        ("security.slack", mw - excess > facts.tolerance),
    ):
        bad = both[wrong]
        subject = bad["constraint"].astype(str) + " after " + bad["contingency"].astype(str)
        beyond = np.abs(excess - mw)[wrong]
        yield rows(
            check, subject, bad["interval_start"], (limit + excess)[wrong], limit[wrong], beyond
        )


def flow_after(facts: Facts, outage: Contingency, branches: Ints, flow: Floats) -> Floats:
    """Flows of some branches after an outage (K, T), from the flows before it (L, T), MW.

    With units out, the first columns are the intervals of the run.
    """
    out = np.array(outage.branches, dtype=np.intp)
    if outage.units:
        flow = flow.copy()
        flow[:, : len(facts.starts)] += unit_change(facts, outage, facts.dispatch)
    if not len(out):
        return flow[branches]
    after: Floats = flow[branches] + facts.grid.outage_lodf(out, branches) @ flow[out]
    return after


def _exceeded(facts: Facts) -> Iterator[pd.DataFrame]:
    """Every branch, outage and interval in which an emergency rating is exceeded."""
    grid = facts.grid
    flow = facts.computed_flow.T
    limit = grid.emergency_rating
    single: list[Contingency] = []
    together: list[Contingency] = []
    for outage in contingencies(facts.case, grid):
        alone = len(outage.branches) == 1 and not outage.units
        (single if alone else together).append(outage)
    most = np.abs(flow).max(axis=1)
    for start in range(0, len(single), BLOCK):
        block = single[start : start + BLOCK]
        out = np.array([outage.branches[0] for outage in block], dtype=np.intp)
        factors = _single_factors(facts, out)
        reach = most[:, None] + np.abs(factors) * most[out]
        branch, k = np.nonzero(reach > limit[:, None])
        after = flow[branch] + factors[branch, k][:, None] * flow[out[k]]
        yield from _rows(facts, branch, np.array([o.name for o in block], dtype=object)[k], after)
    live = np.flatnonzero(np.isfinite(limit))
    for outage in together:
        try:
            after = flow_after(facts, outage, live, flow)
        except DegenerateNetwork:
            continue
        kept = ~np.isin(live, outage.branches)
        names = np.full(len(live), outage.name, dtype=object)
        if not outage.branches:  # the outage of units that are off is none
            on = facts.on[:, np.isin(facts.names("units"), list(outage.units))].any(axis=1)
            after = np.where(on, after, 0.0)
        yield from _rows(facts, live[kept], names[kept], after[kept])


def _single_factors(facts: Facts, out: Ints) -> Floats:
    """LODF columns; an outage after which no flows exist (susceptances cancel) gets zeros."""
    try:
        return facts.grid.lodf(out)
    except DegenerateNetwork as error:
        names = {name for outage in error.outages for name in outage}
        lost = facts.grid.branches[out].isin(list(names))
        factors = np.zeros((len(facts.grid.branches), len(out)))
        factors[:, ~lost] = facts.grid.lodf(out[~lost])
        return factors


def _rows(
    facts: Facts, branch: Ints, contingency: npt.NDArray[np.object_], after: Floats
) -> Iterator[pd.DataFrame]:
    limit = facts.grid.emergency_rating[branch]
    for direction, sign in (("upper", 1.0), ("lower", -1.0)):
        over = sign * after - limit[:, None]
        k, t = np.nonzero(over > 0.0)
        if len(k):
            yield pd.DataFrame(
                {
                    "interval_start": facts.starts[t],
                    "constraint": facts.grid.branches[branch[k]].astype(str),
                    "contingency": contingency[k].astype(str),
                    "direction": direction,
                    "limit": limit[k],
                    "over": over[k, t],
                }
            )
