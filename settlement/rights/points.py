"""Where a transmission right starts and ends: fixed shares of buses.

A right needs the same shares in the feasibility test, in the auction and in every interval of its
settlement, or what was tested would not be what is paid. A bus is itself; a hub has its weights; a
zone is weighted by the mean demand of the case at its buses.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.case import Case
from cases.errors import Failure, InputError
from cases.files.convert import nearest
from network import Grid
from network.arrays import Floats
from settlement.ledger.frames import Problems, records

__all__ = ["check_rights", "point_shares", "right_injections"]


def point_shares(case: Case, point: str) -> Floats | None:
    """Share of each bus of the case in a point, (B,), sum 1; None where there is no such point.

    Names are looked up among buses, hubs and zones in this order; "bus:", "hub:" or "zone:" in
    front chooses.
    """
    buses = case.buses
    kind, colon, name = point.partition(":")
    kinds = (kind,) if colon and kind in ("bus", "hub", "zone") else ("bus", "hub", "zone")
    for candidate in kinds:
        wanted = name if len(kinds) == 1 else point
        shares = _shares(case, buses, candidate, wanted)
        if shares is not None and shares.sum() > 0:
            return np.asarray(shares / shares.sum())
    return _shares(case, buses, "bus", point)


def _shares(case: Case, buses: pd.DataFrame, kind: str, name: str) -> Floats | None:
    names = pd.Index(buses["bus"])
    shares = np.zeros(len(buses))
    if kind == "bus":
        at = names.get_indexer([name])[0]
        if at < 0:
            return None
        shares[at] = 1.0
        return shares
    if kind == "hub":
        rows = case.hubs[case.hubs["hub"] == name]
        if rows.empty:
            return None
        np.add.at(shares, names.get_indexer(rows["bus"]), rows["weight"].to_numpy(float))
        return shares
    members = (buses["zone"] == name).to_numpy() & (name != "")
    if not members.any():
        return None
    mean = case.demand.drop(columns="interval_start").mean()
    loads = case.loads
    np.add.at(shares, names.get_indexer(loads["bus"]), mean.reindex(loads["load"]).to_numpy(float))
    shares = np.where(members, np.clip(shares, 0.0, None), 0.0)
    return shares if shares.sum() > 0 else members.astype(float)


def check_rights(rights: pd.DataFrame, case: Case) -> list[Failure]:
    """Rights with an unknown point, or whose source and sink are the same."""
    found = Problems("rights")
    known = [*case.buses["bus"], *case.hubs["hub"].unique(), *filter(None, case.buses["zone"])]
    for position, row in enumerate(records(rights)):
        name = row["right"]
        unknown = [end for end in ("source", "sink") if point_shares(case, row[end]) is None]
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
    columns = np.zeros((len(case.buses), len(rights)))
    for position, row in enumerate(records(rights)):
        source, sink = point_shares(case, row["source"]), point_shares(case, row["sink"])
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
