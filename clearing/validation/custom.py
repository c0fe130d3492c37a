"""The user's own constraints: amounts keep their limits, rows say so, prices have their terms."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clearing.validation.custom_facts import custom_facts
from clearing.validation.facts import Facts, Floats
from clearing.validation.report import above, below, differing, rows

__all__ = ["constraint_rows", "custom_rent", "dfax", "limits", "terms"]

_KEY = ["interval_start", "constraint"]
_DFAX_TOLERANCE = 1e-6


def limits(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that custom constraints hold, except by what ``slacks`` reports, and no more."""
    if facts.case.tables["custom_constraints"].empty:
        return
    real, starts, tolerance = facts.once(custom_facts), facts.starts, facts.tolerance
    up, down = (facts.slack("custom", real.names, way) for way in ("upper", "lower"))
    yield above("custom.limit", real.names, starts, real.amount, real.high + up, tolerance)
    yield below("custom.limit", real.names, starts, real.amount, real.low - down, tolerance)
    over = np.maximum(real.amount - real.high, 0.0)
    under = np.maximum(real.low - real.amount, 0.0)
    yield differing("custom.slack", real.names, starts, up, over, tolerance)
    yield differing("custom.slack", real.names, starts, down, under, tolerance)


def constraint_rows(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check rows of ``constraints``: amount, limit, MW beyond, and the shadow price.

    A limit that is listed is met; 0 <= shadow price <= penalty, the penalty where it is exceeded.
    Rows of an extension, which the tables do not define, are checked for being met. Where another
    program made the prices, its limits need not be met by the schedule.
    """
    table = facts.custom_constraints
    if table.empty:
        return
    sign = np.where(table["direction"] == "upper", 1.0, -1.0)
    stated = {
        name: table[name].to_numpy(dtype=np.float64)
        for name in ("limit_mw", "flow_mw", "penalty_mw", "shadow_price")
    }
    size = facts.tolerance * np.maximum(1.0, np.abs(stated["limit_mw"]) / 1e3)
    excess = sign * stated["flow_mw"] - stated["limit_mw"]
    if not facts.priced_otherwise:
        yield _wrong(table, "custom.met", excess, stated["penalty_mw"], size)
    if facts.case.tables["custom_constraints"].empty:
        return
    real = facts.once(custom_facts)
    at, of = facts.interval_of(table), real.names.get_indexer(pd.Index(table["constraint"]))
    own = np.flatnonzero((at >= 0) & (of >= 0))
    place = (at[own], of[own])
    upper = sign[own] > 0.0
    amount = real.amount[place]
    limit = np.where(upper, real.high[place], -real.low[place])
    over = np.maximum(sign[own] * amount - limit, 0.0)
    for name, expected in (("flow_mw", amount), ("limit_mw", limit), ("penalty_mw", over)):
        yield _wrong(table.iloc[own], f"custom.{name}", stated[name][own], expected, size[own])
    if facts.priced_otherwise:
        return
    shadow, most = stated["shadow_price"][own], real.penalty[place]
    exceeded = stated["penalty_mw"][own] > facts.tolerance
    expected = np.where(exceeded, most, np.clip(shadow, 0.0, most))
    slack = facts.price_tolerance * np.maximum(1.0, most / 1e3)
    yield _wrong(table.iloc[own], "custom.shadow_price", shadow, expected, slack)


def terms(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that the shadow prices of price terms are those of ``constraints``."""
    table, own = facts.custom_terms, facts.custom_constraints
    if table.empty and own.empty:
        return
    used = table.groupby(_KEY, as_index=False)["shadow_price"].max()
    both = used.merge(own, on="constraint", suffixes=("", "_own"))
    inside = (both["interval_start"] >= both["interval_start_own"]) & (
        both["interval_start"] < both["interval_end"]
    )
    excess = both["shadow_price"].sub(both["shadow_price_own"]).abs()
    both = both[inside].assign(excess=excess[inside])
    closest = used.merge(
        both.loc[both.groupby(_KEY)["excess"].idxmin(), [*_KEY, "excess"]], how="left"
    )
    shadow = closest["shadow_price"].to_numpy(dtype=np.float64)
    off = closest["excess"].to_numpy(dtype=np.float64)
    yield _wrong(closest, "custom.price_terms", shadow, shadow - off, facts.price_tolerance)


def dfax(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that ``dfax`` is minus the sensitivity of the flows in it, in the binding direction.

    Another slack adds the same number at every bus of an island, so each bus is compared with its
    island's median difference. Every row of the case with flows and a shadow price has its terms.
    """
    if facts.case.tables["custom_constraints"].empty:
        return
    real = facts.once(custom_facts)
    own = facts.custom_constraints
    of = real.names.get_indexer(pd.Index(own["constraint"]))
    on_flows = (of >= 0) & (np.abs(real.flow_factor).sum(axis=1)[of] > 0.0)
    own = own[on_flows & (own["shadow_price"] > facts.price_tolerance).to_numpy()]
    if own.empty:
        return
    used = np.flatnonzero(np.abs(real.flow_factor).sum(axis=0))
    weights = real.flow_factor[:, used] @ facts.grid.ptdf(used)
    table, buses = facts.custom_terms, facts.names("buses")
    by_row = dict(iter(table.groupby(_KEY, sort=False)))
    islands = facts.grid.islands
    size = np.bincount(islands)
    for row in own.itertuples(index=False):
        found = by_row.get((row.interval_start, row.constraint), table.iloc[:0])
        stated = np.zeros(len(buses))
        stated[buses.get_indexer(pd.Index(found["bus"]))] = found["dfax"]
        sign = 1.0 if row.direction == "upper" else -1.0
        expected = -sign * weights[real.names.get_loc(row.constraint)]
        common = np.zeros(len(size))
        for island in range(len(size)):
            common[island] = np.median((stated - expected)[islands == island])
        expected = expected + common[islands]
        excess = np.abs(stated - expected)
        bad = np.flatnonzero(excess > _DFAX_TOLERANCE * np.maximum(1.0, np.abs(expected)))
        yield rows(
            "custom.dfax",
            [f"{buses[b]} on {row.constraint}" for b in bad.tolist()],
            [row.interval_start] * len(bad),
            stated[bad],
            expected[bad],
            excess[bad],
        )


def custom_rent(facts: Facts) -> tuple[Floats, Floats]:
    """What custom constraints keep of what loads pay (T,), and how exact that can be.

    Shadow price * the part of the amount that injections cause: for constraints of the case from
    the flows without those of phase shifts, for an extension from its terms of the prices.
    """
    rent, slack = np.zeros(len(facts.starts)), np.zeros(len(facts.starts))
    table = facts.custom_constraints
    if table.empty:
        return rent, slack
    t = facts.interval_of(table)
    np.add.at(slack, t[t >= 0], (table["shadow_price"].to_numpy() * facts.tolerance)[t >= 0])
    named: pd.Index[str] = pd.Index([], dtype="str")
    if len(facts.case.tables["custom_constraints"]):
        real = facts.once(custom_facts)
        named = real.names
        flow = facts.computed_flow - facts.grid.shift_flow
        rent -= (real.dual * (flow @ real.flow_factor.T)).sum(axis=1)
    others = facts.custom_terms
    others = others[~others["constraint"].isin(named)]
    t, b = facts.interval_of(others), facts.names("buses").get_indexer(pd.Index(others["bus"]))
    worth = (others["dfax"] * others["shadow_price"]).to_numpy(dtype=np.float64)
    np.add.at(rent, t, -worth * facts.injections[t, b])
    return rent, slack


def _wrong(
    table: pd.DataFrame, check: str, stated: Floats, expected: Floats, tolerance: float | Floats
) -> pd.DataFrame:
    excess = np.abs(stated - expected)
    wrong = ~(excess <= tolerance)
    bad = table[wrong]
    return rows(
        check,
        bad["constraint"],
        bad["interval_start"],
        stated[wrong],
        expected[wrong],
        excess[wrong],
    )
