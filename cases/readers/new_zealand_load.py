"""Loads of the nodes of a New Zealand case: given by schedules, worked out by five-minute runs."""

from __future__ import annotations

import pandas as pd

from cases.errors import InputError
from cases.readers.new_zealand_files import CaseFiles

__all__ = ["dispatch_loads", "node_loads"]

_DISPATCH_MINUTES = 5


def node_loads(files: CaseFiles, interval: str, notes: list[str]) -> dict[str, float]:
    """MW of each node in an interval.

    Schedules have them as inputs: the conforming forecast and the non-conforming load. Of a
    five-minute run see `dispatch_loads`.
    """
    rows = files.at(".PERIOD", "PNODELOAD")
    frame = rows.need("PNODENAME").copy()
    for column in ("CONFORMINGFORECAST", "NONCONFORMINGLOAD"):
        frame[column] = rows.number(column)
    own = frame["INTERVAL"] == interval
    if files.minutes != _DISPATCH_MINUTES:
        frame = frame[own]
        total = frame["CONFORMINGFORECAST"] + frame["NONCONFORMINGLOAD"]
        return dict(zip(frame["PNODENAME"], total.tolist(), strict=True))
    for column in ("ACTUALLOAD", "CONFORMINGFACTOR", "ISNCL", "ISBAD", "ISOVERRIDE"):
        frame[column] = rows.number(column)
    islands = files.table(".MSSMKT", "ISLAND")
    targets = islands.need("ISLAND").assign(
        mw=islands.number("MWIPS") + islands.number("PSD") - islands.number("ISLANDLOSSES")
    )
    pnodes = files.at(".DAILY", "PNODE").need("PNODENAME", "ISLAND")
    zone = dict(zip(pnodes["PNODENAME"], pnodes["ISLAND"], strict=True))
    notes.append(
        "loads of a five-minute run are worked out from island totals with the losses of the file; "
        "the operator solves again with the losses found"
    )
    target = dict(zip(targets["ISLAND"], targets["mw"], strict=True))
    return dispatch_loads(frame[own].assign(zone=frame["PNODENAME"].map(zone)), target)


def dispatch_loads(frame: pd.DataFrame, target: dict[str, float]) -> dict[str, float]:
    """Loads that sum to the target of each island, MW.

    Non-conforming, overridden and negative loads are kept; the others are scaled by one factor per
    island. A load whose measurement is bad stands at its share of what conforms
    (CONFORMINGFACTOR).

    Parameters
    ----------
    frame
        PNODENAME, zone, ACTUALLOAD, CONFORMINGFACTOR, NONCONFORMINGLOAD, ISNCL, ISBAD, ISOVERRIDE.
    target
        MW of each island.

    Raises
    ------
    InputError
        An island whose target cannot be met by scaling: no load there conforms.
    """
    result: dict[str, float] = {}
    for key, own in frame.groupby("zone", sort=False):
        zone = str(key)
        if zone not in target:
            continue
        actual = own["ACTUALLOAD"].to_numpy(dtype=float)
        fixed = own["ISNCL"].eq(1.0) | own["ISOVERRIDE"].eq(1.0) | own["ACTUALLOAD"].lt(0.0)
        kept = fixed.to_numpy(dtype=bool)
        value = actual.copy()
        apart = own["ISNCL"].eq(1.0).to_numpy(dtype=bool)
        value[apart] = own["NONCONFORMINGLOAD"].to_numpy(dtype=float)[apart]
        left = target[zone] - float(value[kept].sum())
        bad = own["ISBAD"].eq(1.0).to_numpy(dtype=bool) & ~kept
        value[bad] = own["CONFORMINGFACTOR"].to_numpy(dtype=float)[bad] * max(left, 0.0)
        scaled = float(value[~kept].sum())
        if scaled <= 0.0:
            message = f"no load of {zone} conforms: its {left:.3f} MW cannot be spread"
            raise InputError.one("PNODELOAD", None, "ACTUALLOAD", "no_load", message)
        value[~kept] *= left / scaled
        result |= dict(zip(own["PNODENAME"], value.tolist(), strict=True))
    return result
