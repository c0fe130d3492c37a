"""Who injects what where: one table of positions from the tables of a run.

Every position is MW injected (+) or withdrawn (-) at a bus. Money, congestion rent, losses and
deviations all follow from positions and prices, so generation, load, virtuals, storage and DC
links share one rule each.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.errors import InputError
from cases.market_time import hours_of
from cases.points import Points
from cases.run import Run
from settlement.ledger.frames import Problems

__all__ = ["KEY", "NO_OWNER", "day_ahead_interval", "deviations", "positions"]

NO_OWNER = "unassigned"
"""Owner in a statement of what has no owner in the case."""

KEY = ["kind", "owner", "subject", "point", "bus", "interval_start"]


def positions(run: Run, operator: str) -> pd.DataFrame:
    """Positions of a run: kind, owner, subject, point, bus, interval_start, hours, mw (> 0: in).

    Kinds are generation, load, virtual, storage and link. An up-to-congestion virtual injects at
    its source and withdraws at its sink. A virtual at a hub or zone has one row for each of its
    buses, with its part of the MW; `point` is what it was offered at, elsewhere the bus. Links
    belong to the operator. Rows of zero MW are left out.
    """
    frames = [
        _frame("generation", run.dispatch, "unit", run.dispatch["mw"]),
        _frame("load", run.load_awards, "load", -run.load_awards["mw"]),
    ]
    if len(run.virtual_awards):
        frames += _virtuals(run)
    if len(run.storage_schedule):
        storage = run.storage_schedule
        net = storage["discharge_mw"] - storage["charge_mw"]
        frames.append(_frame("storage", storage, "storage", net))
    if len(run.link_flows):
        frames += _links(run.link_flows, operator)
    table = pd.concat([frame for frame in frames if len(frame)], ignore_index=True)
    table["owner"] = table["owner"].where(table["owner"] != "", NO_OWNER)
    kept: pd.DataFrame = table[table["mw"] != 0].reset_index(drop=True)
    return kept


def _frame(
    kind: str, table: pd.DataFrame, subject: str, mw: pd.Series, bus: str = "bus"
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "kind": kind,
            "owner": table["owner"],
            "subject": table[subject],
            "point": table[bus],
            "bus": table[bus],
            "interval_start": table["interval_start"],
            "hours": hours_of(table),
            "mw": mw,
        }
    )


def _virtuals(run: Run) -> list[pd.DataFrame]:
    table = run.virtual_awards
    sign = np.where(table["kind"] == "dec", -1.0, 1.0)
    sinks = table[table["kind"] == "utc"]
    return [
        _at_buses(run, _frame("virtual", table, "virtual", table["mw"] * sign)),
        _at_buses(run, _frame("virtual", sinks, "virtual", -sinks["mw"], bus="sink_bus")),
    ]


def _at_buses(run: Run, table: pd.DataFrame) -> pd.DataFrame:
    """Spread positions at hubs and zones over their buses, by weight in the interval."""
    points, starts = Points(run.case), run.case.interval_starts
    names = run.case.buses["bus"]
    parts = []
    for name, rows in table[table["mw"] != 0].groupby("point", sort=False):
        point = points[str(name)]
        weights = point.weights[starts.get_indexer(pd.DatetimeIndex(rows["interval_start"]))]
        own, member = np.nonzero(weights)
        spread = rows.iloc[own].assign(bus=names.iloc[point.buses[member]].array)
        parts.append(spread.assign(mw=spread["mw"].to_numpy() * weights[own, member]))
    return pd.concat(parts, ignore_index=True) if parts else table.iloc[:0]


def _links(table: pd.DataFrame, operator: str) -> list[pd.DataFrame]:
    """A link withdraws where it sends and injects, less its loss, where it receives."""
    flow, loss = table["mw"], table["loss_mw"].fillna(0.0)
    forward = flow >= 0
    owned = table.assign(owner=operator)
    return [
        _frame("link", owned, "link", (-flow).where(forward, -flow - loss), bus="from_bus"),
        _frame("link", owned, "link", (flow - loss).where(forward, flow), bus="to_bus"),
    ]


def day_ahead_interval(day_ahead: pd.DataFrame, real_time: pd.DataFrame) -> pd.Series:
    """The day-ahead interval of each real-time interval; both are tables with starts and ends.

    Raises
    ------
    InputError
        If the two runs do not cover the same time, or an interval reaches over two.
    """
    da = (
        day_ahead[["interval_start", "interval_end"]]
        .drop_duplicates()
        .sort_values("interval_start")
    )
    rt = (
        real_time[["interval_start", "interval_end"]]
        .drop_duplicates()
        .sort_values("interval_start")
    )
    starts, ends = pd.DatetimeIndex(da["interval_start"]), pd.DatetimeIndex(da["interval_end"])
    rows = starts.searchsorted(pd.DatetimeIndex(rt["interval_start"]), side="right") - 1
    found = Problems("")
    for row, start, end in zip(
        rows.tolist(), rt["interval_start"], rt["interval_end"], strict=True
    ):
        if row < 0 or end > ends[row]:
            message = f"the real-time interval from {start.isoformat()} is not inside a day-ahead"
            found.add(None, None, "real_time", f"{message} interval")
    covered = (
        pd.Series((rt["interval_end"] - rt["interval_start"]).to_numpy(), index=rows)
        .groupby(level=0)
        .sum()
    )
    for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if row not in covered.index or covered[row] != end - start:
            message = f"the day-ahead interval from {start.isoformat()}"
            found.add(None, None, "real_time", f"the real-time run does not cover {message}")
    if found.failures:
        raise InputError(found.failures)
    return pd.Series(starts[rows], index=pd.DatetimeIndex(rt["interval_start"]))


def deviations(
    day_ahead: pd.DataFrame, real_time: pd.DataFrame, interval: pd.Series, hours: pd.Series
) -> pd.DataFrame:
    """Real-time positions less day-ahead positions, on the real-time intervals.

    Virtual positions do not exist in real time, so their deviation closes them.

    Parameters
    ----------
    day_ahead, real_time
        Tables of `positions`.
    interval
        The day-ahead interval of each real-time interval, from `day_ahead_interval`.
    hours
        Length of each real-time interval, hours, by its start.
    """
    finer = pd.DataFrame({"rt_start": interval.index, "interval_start": interval.to_numpy()})
    spread = day_ahead.merge(finer, on="interval_start").drop(columns="interval_start")
    spread = spread.rename(columns={"rt_start": "interval_start"})
    before = spread.groupby(KEY, sort=False)["mw"].sum()
    after = real_time[real_time["kind"] != "virtual"].groupby(KEY, sort=False)["mw"].sum()
    both = pd.concat([after, -before]).groupby(level=list(range(len(KEY))), sort=False).sum()
    table: pd.DataFrame = both.rename("mw").reset_index()
    table["hours"] = table["interval_start"].map(hours)
    # 100.1 - 100.1 may leave 1e-14 MW behind; that is no deviation.
    table["mw"] = table["mw"].where(np.abs(table["mw"]) > 1e-9, 0.0)
    kept: pd.DataFrame = table[table["mw"] != 0].reset_index(drop=True)
    return kept
