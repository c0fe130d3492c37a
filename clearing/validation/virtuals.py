"""Virtuals: awards within what was offered, for the offers of the case."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clearing.validation.facts import Facts, Floats, Ints
from clearing.validation.report import rows

__all__ = ["awards", "in_force", "prices"]


def in_force(facts: Facts) -> pd.DataFrame:
    """Rows of ``virtuals`` of every interval; those with a stamp replace the blank ones.

    Columns of the case's table and ``t``, the interval; one row per virtual and interval. None in
    real time: virtuals are day-ahead only.
    """
    table = facts.case.tables["virtuals"]
    if facts.rolling:
        table = table.iloc[:0]
    stamped = table[table["interval_start"].notna()]
    stamped = stamped.assign(t=facts.interval_of(stamped))
    blank = table[table["interval_start"].isna()]
    everywhere = blank.loc[np.repeat(blank.index, len(facts.starts))]
    everywhere = everywhere.assign(t=np.tile(np.arange(len(facts.starts)), len(blank)))
    return pd.concat([stamped, everywhere]).drop_duplicates(["virtual", "t"], ignore_index=True)


def awards(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check 0 <= award <= MW offered, and that kind, buses, owner and price repeat the offer."""
    if facts.table("virtual_awards").empty:
        return
    table = _joined(facts)
    for check, mw, limit in (
        ("virtuals.upper", table["mw"], table["mw_offer"].fillna(0.0)),
        ("virtuals.lower", -table["mw"], 0.0 * table["mw"]),
    ):
        excess = (mw - limit).to_numpy(dtype=np.float64)
        yield _report(table, check, np.abs(mw), limit, excess, facts.tolerance)
    changed = np.zeros(len(table))
    for column in ("kind", "bus", "sink_bus", "owner", "price"):
        changed += (table[column] != table[f"{column}_offer"]).to_numpy(dtype=np.float64)
    yield _report(table, "virtuals.identity", changed, 0.0 * changed, changed, 0.0)
    twice = facts.table("virtual_awards").duplicated(["virtual", "interval_start"])
    again = facts.table("virtual_awards")[twice.to_numpy()]
    one = np.ones(len(again))
    yield rows("virtuals.rows", again["virtual"], again["interval_start"], one + 1, one, one)


def prices(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that no virtual would rather have another award at the prices of its buses.

    An inc earns the LMP of its bus less its offer, a dec its bid less the LMP, a utc its bid less
    what the LMP rises from source to sink: awarded where that is >= 0, in full where it is > 0.
    """
    if facts.priced_otherwise:
        return
    offered = in_force(facts)
    if offered.empty:
        return
    given = facts.table("virtual_awards")
    given = given.assign(t=facts.interval_of(given))[["virtual", "t", "mw"]]
    table = offered.merge(given, on=["virtual", "t"], how="left", suffixes=("_offer", ""))
    mw = table["mw"].fillna(0.0).to_numpy(dtype=np.float64)
    most = table["mw_offer"].to_numpy(dtype=np.float64)
    t = table["t"].to_numpy(dtype=np.intp)
    lmp, sink = (_price(facts, table[column], t) for column in ("bus", "sink_bus"))
    price = table["price"].to_numpy(dtype=np.float64)
    gain = np.where(table["kind"] == "inc", lmp - price, price - lmp)
    gain = np.where(table["kind"] == "utc", price - (sink - lmp), gain)
    kept: Floats = np.where(mw > facts.tolerance, np.maximum(-gain, 0.0), 0.0)
    missed: Floats = np.where(mw < most - facts.tolerance, np.maximum(gain, 0.0), 0.0)
    table["interval_start"] = facts.starts[t]
    excess = np.maximum(kept, missed)
    yield _report(table, "prices.virtual", gain, 0.0 * gain, excess, facts.price_tolerance)


def _price(facts: Facts, points: pd.Series[str], t: Ints) -> Floats:
    """Price of each row's bus, hub or zone (N,): the weighted mean of its buses; 0 where blank."""
    result = np.zeros(len(points))
    name = points.to_numpy(dtype=object)
    for point in set(name.tolist()) - {""}:
        weight = facts.point(point)
        mean = (np.where(weight > 0.0, facts.lmp, 0.0) * weight).sum(axis=1)
        result[name == point] = mean[t[name == point]]
    return result


def _joined(facts: Facts) -> pd.DataFrame:
    """Awards beside the offers that they belong to."""
    given = facts.table("virtual_awards")
    given = given.assign(t=facts.interval_of(given))
    offered = in_force(facts).drop(columns="interval_start")
    return given.merge(offered, on=["virtual", "t"], how="left", suffixes=("", "_offer"))


def _report(
    table: pd.DataFrame,
    check: str,
    value: pd.Series | Floats,
    limit: pd.Series | Floats,
    excess: Floats,
    tolerance: float,
) -> pd.DataFrame:
    wrong = ~(excess <= tolerance)
    if not wrong.any():
        return pd.DataFrame()
    bad = table[wrong]
    return rows(
        check,
        bad["virtual"],
        bad["interval_start"],
        np.asarray(value)[wrong],
        np.asarray(limit)[wrong],
        excess[wrong],
    )
