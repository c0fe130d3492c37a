"""The ``constraints`` table: what is said to bind does, at the flow and limit that it states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clearing.validation.facts import Facts, Floats, Ints
from clearing.validation.network import interface_weights, limits_of_branches
from clearing.validation.report import rows
from clearing.validation.security import flow_after
from network import Contingency
from network.sensitivities import Direction

__all__ = ["Binding", "binding", "complementary", "constraint_rows", "dfax"]

DFAX_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Binding:
    """Rows of the network constraints: recomputed flow, limit and shift flow, MW.

    All three are signed in the binding direction: a limit holds while flow <= limit. The shift flow
    is what does not come from the injections before an outage: that of the phase shifts and
    of the pick-up of lost output. A row whose constraint does not exist has NaN.
    """

    flow: Floats
    limit: Floats
    shift_flow: Floats


def binding(facts: Facts) -> Binding:
    """Recompute the flow, the limit and the flow at zero injection of every row."""
    table = facts.network_constraints
    t = facts.interval_of(table)
    sign = np.where(table["direction"] == "upper", 1.0, -1.0)
    # Flows of all intervals and, as one more column, those that the phase shifts cause alone.
    states = np.column_stack([facts.computed_flow.T, facts.grid.shift_flow])
    state_flow = np.full((len(table), states.shape[1]), np.nan)
    picked = np.zeros((len(table), len(facts.starts)))
    limit = np.full(len(table), np.nan)
    named = pd.Index(table["constraint"])
    branch = facts.names("branches").get_indexer(named)
    interface = facts.names("interface_limits").get_indexer(named)
    base = (table["contingency"] == "").to_numpy(dtype=bool)

    on_branch = base & (branch >= 0)
    state_flow[on_branch] = states[branch[on_branch]]
    low, high = limits_of_branches(facts)
    limit[on_branch] = np.where(sign > 0, high[branch], -low[branch])[on_branch]

    on_interface = base & (branch < 0) & (interface >= 0)
    state_flow[on_interface] = (interface_weights(facts) @ states)[interface[on_interface]]
    bounds = facts.case.tables["interface_limits"]
    most, least = (bounds[c].to_numpy(dtype=np.float64) for c in ("max_mw", "min_mw"))
    chosen = interface[on_interface]
    limit[on_interface] = np.where(sign[on_interface] > 0, most[chosen], -least[chosen])

    after = ~base & (branch >= 0)
    for name, positions in table[after].groupby("contingency", sort=False).indices.items():
        at: Ints = np.flatnonzero(after)[positions]
        outage = facts.grid.contingency(str(name))
        state_flow[at] = flow_after(facts, outage, branch[at], states)
        if outage.units:
            alone = Contingency(outage.name, outage.branches)
            before = flow_after(facts, alone, branch[at], states)
            picked[at] = (state_flow[at] - before)[:, :-1]
        limit[at] = facts.grid.emergency_rating[branch[at]]
    known = t >= 0
    flow = np.full(len(table), np.nan)
    flow[known] = state_flow[np.flatnonzero(known), t[known]]
    own = state_flow[:, -1].copy()
    own[known] += picked[np.flatnonzero(known), t[known]]
    return Binding(sign * flow, limit, sign * own)


def constraint_rows(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check ``flow_mw``, ``limit_mw`` and ``penalty_mw``, and that every limit listed is met."""
    table = facts.network_constraints
    if table.empty:
        return
    real = facts.once(binding)
    sign = np.where(table["direction"] == "upper", 1.0, -1.0)
    flow = sign * table["flow_mw"].to_numpy(dtype=np.float64)
    limit = table["limit_mw"].to_numpy(dtype=np.float64)
    penalty = table["penalty_mw"].to_numpy(dtype=np.float64)
    over = np.maximum(real.flow - real.limit, 0.0)
    for check, stated, expected in (
        ("constraints.flow", flow, real.flow),
        ("constraints.limit", limit, real.limit),
        ("constraints.penalty_mw", penalty, over),
    ):
        yield _wrong(table, check, stated, expected, facts.tolerance)
    slack = np.where(real.flow < real.limit, real.limit, real.flow)
    if not facts.priced_otherwise:  # prices of another program: what binds there need not here
        yield _wrong(table, "constraints.met", real.flow, slack, facts.tolerance)


def complementary(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check 0 <= shadow price <= penalty, equal to the penalty where the limit is exceeded."""
    if facts.priced_otherwise:
        return
    table = facts.table("constraints")
    table = table[~facts.is_custom(table)]
    penalty = dict(facts.rulebook.penalties)
    penalty |= dict.fromkeys(("ramp_up", "ramp_down"), penalty["ramp"])
    most = table["kind"].map(penalty).fillna(np.inf).to_numpy(dtype=np.float64)
    shadow = table["shadow_price"].to_numpy(dtype=np.float64)
    exceeded = table["penalty_mw"].to_numpy(dtype=np.float64) > facts.tolerance
    expected = np.where(exceeded, most, np.clip(shadow, 0.0, most))
    yield _wrong(table, "constraints.shadow_price", shadow, expected, facts.price_tolerance)


def dfax(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that ``dfax`` is minus the sensitivity in the binding direction.

    Another slack adds the same number at every bus of an island, so each bus is compared with its
    island's median difference.
    """
    key = ["interval_start", "constraint", "contingency"]
    if facts.network_constraints.empty:
        return
    directions = facts.network_constraints[[*key, "direction"]].drop_duplicates(key)
    table = facts.table("price_terms").merge(directions, on=key, how="inner")
    bus = facts.names("buses").get_indexer(pd.Index(table["bus"]))
    real = np.full(len(table), np.nan)
    which = ["constraint", "contingency", "direction"]
    group = table.groupby(which, sort=False).ngroup().to_numpy()
    kinds = table[which].drop_duplicates().to_dict("records")
    members = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1])
    for row, at in zip(kinds, members, strict=False):
        side: Direction = "upper" if row["direction"] == "upper" else "lower"
        factors = facts.grid.dfax((row["constraint"], row["contingency"]), side)
        real[at] = factors.to_numpy()[bus[at]]
    stated = table["dfax"].to_numpy(dtype=np.float64)
    islands = facts.grid.islands[bus].astype(np.intp)
    place = table.groupby(key, sort=False).ngroup().to_numpy() * (islands.max(initial=0) + 1)
    expected = real + _medians(stated - real, place + islands)
    excess = np.abs(stated - expected)
    wrong = ~(excess <= DFAX_TOLERANCE)
    if not wrong.any():
        return
    bad = table[wrong]
    yield rows(
        "prices.dfax",
        bad["bus"] + " on " + bad["constraint"],
        bad["interval_start"],
        stated[wrong],
        expected[wrong],
        excess[wrong],
    )


def _medians(values: Floats, group: Ints) -> Floats:
    """Median of each value's group, NaN left out, (N,)."""
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.lexsort((values[known], group[known]))]
    count = np.bincount(group[order], minlength=group.max(initial=-1) + 1)
    first = np.cumsum(count) - count
    result = np.full(len(count), np.nan)
    some = np.flatnonzero(count)
    low, high = (first + (count - 1) // 2)[some], (first + count // 2)[some]
    result[some] = 0.5 * (values[order[low]] + values[order[high]])
    return np.asarray(result[group])


def _wrong(
    table: pd.DataFrame,
    check: str,
    stated: Floats,
    expected: Floats,
    tolerance: float,
) -> pd.DataFrame:
    excess = np.abs(stated - expected)
    wrong = ~(excess <= tolerance * np.maximum(1.0, np.abs(expected) / 1e3))
    if not wrong.any():
        return pd.DataFrame()
    bad = table[wrong]
    subject = bad["constraint"] + np.where(bad["contingency"] == "", "", " after ")
    return rows(
        check,
        subject + bad["contingency"],
        bad["interval_start"],
        stated[wrong],
        expected[wrong],
        excess[wrong],
    )
