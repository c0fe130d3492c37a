"""Where a transmission right starts and ends: fixed shares of buses.

A right needs the same shares in the feasibility test, in the auction and in every interval of its
settlement, or what was tested would not be what is paid. A bus is itself; a hub has its weights; a
zone is weighted by the mean demand of the case at its buses (`cases.points.Points.fixed`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.case import Case
from cases.errors import Failure, InputError
from cases.files.convert import nearest
from cases.points import Points
from network import Grid
from network.arrays import Floats
from settlement.ledger.frames import Problems, records

__all__ = ["check_rights", "point_shares", "right_injections"]


def point_shares(case: Case, point: str) -> Floats | None:
    """Share of each bus of the case in a point, (B,), sum 1; None where there is no such point.

    Names are looked up among buses, hubs and zones in this order; "bus:", "hub:" or "zone:" in
    front chooses.
    """
    return _shares(Points(case), point)


def _shares(points: Points, point: str) -> Floats | None:
    try:
        return points.fixed(point)
    except KeyError:
        return None


def check_rights(rights: pd.DataFrame, case: Case) -> list[Failure]:
    """Rights with an unknown point, or whose source and sink are the same."""
    found, points = Problems("rights"), Points(case)
    known = [*case.buses["bus"], *case.hubs["hub"].unique(), *filter(None, case.buses["zone"])]
    for position, row in enumerate(records(rights)):
        name = row["right"]
        unknown = [end for end in ("source", "sink") if _shares(points, row[end]) is None]
        for end in unknown:
            message = f"there is no bus, hub or zone {row[end]!r}{nearest(row[end], known)}"
            found.add(position, end, "point", f"right {name}: {message}")
        if not unknown and row["source"] == row["sink"]:
            found.add(position, "sink", "points", f"right {name}: source and sink are the same")
    return found.failures


def right_injections(rights: pd.DataFrame, case: Case, grid: Grid) -> Floats:
    """Injections of 1 MW of every right, (B, R): the source's shares less the sink's.

    Raises
    ------
    InputError
        Naming every right with an unknown point, with the same point twice, or between islands.
    """
    found = Problems("rights", check_rights(rights, case))
    columns, points = np.zeros((len(case.buses), len(rights))), Points(case)
    for position, row in enumerate(records(rights)):
        source, sink = _shares(points, row["source"]), _shares(points, row["sink"])
        if source is None or sink is None:
            continue
        columns[:, position] = source - sink
        balance = np.bincount(grid.islands, weights=columns[:, position])
        if np.abs(balance).max() > 1e-9:
            message = f"no path leads from {row['source']} to {row['sink']}"
            found.add(position, "sink", "islands", f"right {row['right']}: {message}")
    if found.failures:
        raise InputError(found.failures)
    return columns
