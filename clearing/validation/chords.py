"""Losses by chords: what every branch would carry at the prices of its ends, and their surplus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from clearing.validation.custom_facts import custom_facts
from clearing.validation.facts import Facts, Floats
from clearing.validation.prices import slopes
from clearing.validation.report import above, below

__all__ = ["along_branches", "chord_surplus"]


def along_branches(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that no flow would rather be another one, at the prices of the ends.

    With q_l what one more MW on branch l earns at its ends less what its limits cost,

        q_l = lmp_to (1 - slope) - lmp_from - sum of shadow prices * factors of limits on it

    and b its susceptance, moving an angle moves flows by b: nothing is gained where at every bus
    the sum of b q over its branches, signed by direction, is 0. Where a flow lies at the end of a
    segment, or at 0, the slope is that of the last or of the next MW and the sum lies between; so
    the check is of sums over ranges. Not made where prices do not exist.
    """
    if facts.priced_otherwise:
        return
    low, high = _earned(facts)
    grid, b = facts.grid, facts.grid.susceptance
    size = np.asarray(abs(grid.incidence).T @ np.abs(b))
    parts = []
    positive, negative = grid.incidence.maximum(0), (-grid.incidence).maximum(0)
    up, down = b * low, b * high
    least, most = np.minimum(up, down), np.maximum(up, down)
    parts = [
        np.asarray(positive.T @ least.T - negative.T @ most.T).T,
        np.asarray(positive.T @ most.T - negative.T @ least.T).T,
    ]
    scale = np.where(size > 0.0, size, 1.0)
    names, slack = facts.names("buses"), 10.0 * facts.price_tolerance
    yield above("losses.chords", names, facts.starts, parts[0] / scale, 0.0, slack)
    yield below("losses.chords", names, facts.starts, parts[1] / scale, 0.0, slack)


def _earned(facts: Facts) -> tuple[Floats, Floats]:
    """Least and most that one more MW on each branch earns, limits taken off (T, L) each."""
    assert facts.chords is not None
    lmp, flow = np.nan_to_num(facts.lmp), facts.computed_flow
    start, end = (lmp[:, facts.bus_of("branches", c)] for c in ("from_bus", "to_bus"))
    forward, back = facts.chords
    lines = flow.shape[1]
    ahead = slopes(forward, flow, lines, facts.tolerance)
    behind = slopes(back, -flow, lines, facts.tolerance)
    # One MW more or less of a flow from -> to; of the other way it is one MW less or more.
    towards = [end * (1.0 - slope) - start for slope in ahead]
    against = [-(start * (1.0 - slope) - end) for slope in behind]
    still = np.abs(flow) <= facts.tolerance
    one, two = (
        np.where(still, towards[1], np.where(flow > 0.0, towards[k], against[k])) for k in (0, 1)
    )
    two = np.where(still, against[1], two)
    cost = _limits(facts)
    return np.minimum(one, two) - cost, np.maximum(one, two) - cost


def _limits(facts: Facts) -> Floats:
    """What one more MW on each branch costs by the limits that bind (T, L)."""
    table, branches = facts.network_constraints, facts.names("branches")
    total = np.zeros((len(facts.starts), len(branches)))
    interfaces = facts.case.tables["interfaces"]
    t = facts.interval_of(table)
    row: Any
    for k, row in enumerate(table.itertuples(index=False)):
        worth = row.shadow_price * (1.0 if row.direction == "upper" else -1.0)
        if row.kind == "interface":
            own = interfaces[interfaces["interface"] == row.element]
            at = branches.get_indexer(pd.Index(own["branch"]))
            total[t[k], at] += worth * own["weight"].to_numpy(dtype=np.float64)
            continue
        at = branches.get_indexer(pd.Index([row.element]))[0]
        total[t[k], at] += worth
        if row.contingency:
            out = np.array(facts.grid.contingency(row.contingency).branches, dtype=np.intp)
            total[t[k], out] += worth * facts.grid.outage_lodf(out)[at]
    if len(facts.case.tables["custom_constraints"]):
        real = facts.once(custom_facts)
        total -= real.dual @ real.flow_factor
    return total + _risks(facts)


def _risks(facts: Facts) -> Floats:
    """What one more MW on each branch costs by the risks that it is part of (T, L)."""
    total = np.zeros((len(facts.starts), len(facts.names("branches"))))
    terms = facts.case.tables["risk_terms"]
    terms = terms[terms["kind"] == "branch"]
    if terms.empty or "risks_covered" not in facts.run.tables:
        return total
    covered = facts.table("risks_covered").merge(terms, on="risk")
    risks = facts.case.tables["risks"]
    key = ["risk", "product", "zone", "interval_start"]
    stamped = covered.merge(risks[[*key, "factor"]], on=key, how="left")
    blank = risks[risks["interval_start"].isna()][["risk", "product", "zone", "factor"]]
    always = covered.merge(blank, on=key[:3], how="left")["factor"].to_numpy(dtype=np.float64)
    factor = np.where(stamped["factor"].isna(), always, stamped["factor"])
    t = facts.interval_of(covered)
    at = facts.names("branches").get_indexer(pd.Index(covered["element"]))
    worth = covered["shadow_price"] * covered["coefficient"] * factor
    np.add.at(total, (t, at), worth.to_numpy(dtype=np.float64))
    return total


def chord_surplus(facts: Facts) -> tuple[Floats, Floats]:
    """Money per hour by which loss charges exceed the worth of what is lost (T,), and its slack.

    sum over l of lmp at the receiving end * (slope of the last MW * flow - loss), less the worth of
    the fixed losses; where a flow lies at the end of a segment either slope is right.
    """
    assert facts.chords is not None
    lmp, flow = np.nan_to_num(facts.lmp), facts.computed_flow
    start, end = (lmp[:, facts.bus_of("branches", c)] for c in ("from_bus", "to_bus"))
    table = facts.case.tables["branches"]
    lines, earned = flow.shape[1], np.zeros(len(flow))
    slack = facts.price_tolerance * np.abs(facts.injections).sum(axis=1)
    for chords, sent, price in (
        (facts.chords[0], flow, end),
        (facts.chords[1], -flow, start),
    ):
        last, following = slopes(chords, sent, lines, facts.tolerance)
        mw = np.maximum(sent, 0.0)
        earned += (price * (last * mw - chords.losses(mw))).sum(axis=1)
        slack += (np.abs(price) * mw * (following - last)).sum(axis=1)
        slack += facts.tolerance * (np.abs(price) * following).sum(axis=1)
    # Flows belong to injections with losses: what is lost on the way to the limits' rent.
    shift = (facts.grid.shift_flow != 0.0).any()
    if shift:
        slack += np.inf
    fixed = np.where(
        facts.grid.in_service & (table["loss_segments"] > 0), table["fixed_loss_mw"], 0.0
    )
    earned -= (0.5 * fixed * (start + end)).sum(axis=1)
    return earned, slack
