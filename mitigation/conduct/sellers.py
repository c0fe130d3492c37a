"""Everybody who offers, in one order: units, then storage; where each stands and whose it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from cases.case import Case
from mitigation.conduct.areas import Areas
from network.arrays import Booleans

__all__ = ["STORAGE", "general_of", "offering", "owners_by_name", "places_by_name", "with_storage"]

STORAGE = "storage"


def offering(case: Case) -> pd.Series:
    """Name -> kind (unit, storage) of everybody whose offers are tested."""
    units, stored = case.tables["units"]["unit"], case.tables["storage"]["storage"]
    names = [*units, *stored]
    return pd.Series(["unit"] * len(units) + [STORAGE] * len(stored), index=names, dtype="str")


def owners_by_name(case: Case) -> pd.Series:
    """Name -> owner."""
    units, stored = case.tables["units"], case.tables["storage"]
    both: pd.Series = pd.concat(
        [units.set_index("unit")["owner"], stored.set_index("storage")["owner"]]
    ).astype("str")
    return both


def places_by_name(case: Case) -> pd.Series:
    """Name -> bus."""
    units, stored = case.tables["units"], case.tables["storage"]
    both: pd.Series = pd.concat(
        [units.set_index("unit")["bus"], stored.set_index("storage")["bus"]]
    )
    return both


def with_storage(areas: Areas, case: Case) -> Areas:
    """Areas whose members are storage too: each lies where its bus lies.

    Areas of what must run have no storage.
    """
    stored = case.tables["storage"]
    if not len(stored) or set(stored["storage"]) <= set(areas.unit_names):
        return areas
    bus = areas.bus_names.get_indexer(pd.Index(stored["bus"]))
    units = {}
    for name, member in areas.units.items():
        inside = areas.buses[name][:, bus]
        if areas.rules[name].must_run:
            inside = np.zeros_like(inside)
        units[name] = np.hstack([member, inside])
    names = areas.unit_names.append(pd.Index(stored["storage"]))
    return replace(areas, units=units, unit_names=names)


def general_of(case: Case, general: Booleans | None) -> Booleans:
    """Where the general thresholds hold, (T, units and storage).

    Storage of an owner is held to them while one of its units is; without a choice of units all.
    """
    count, units = len(case.interval_starts), case.tables["units"]
    stored = case.tables["storage"]
    if general is None:
        return np.ones((count, len(units) + len(stored)), dtype=bool)
    owner = units["owner"].to_numpy()
    of_storage = [general[:, owner == name].any(axis=1) for name in stored["owner"]]
    return np.column_stack([general, *of_storage]) if of_storage else general
