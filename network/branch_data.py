"""From the tables of buses and branches to checked arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cases.errors import Failure, InputError
from network.arrays import Flags, Floats, Positions

__all__ = ["BranchData", "read"]


@dataclass(frozen=True, eq=False)
class BranchData:
    """Branch data by position, (L,), with every default filled in."""

    buses: pd.Index
    branches: pd.Index
    from_bus: Positions
    to_bus: Positions
    in_service: Flags
    r: Floats
    x: Floats
    tap: Floats
    shift_deg: Floats
    rating: Floats
    rating_reverse: Floats
    emergency_rating: Floats
    angle_min_deg: Floats
    angle_max_deg: Floats


def read(buses: pd.DataFrame, branches: pd.DataFrame) -> BranchData:
    """Check the tables and turn them into arrays; InputError holds every failure found."""
    failures = [
        Failure(file, None, column, "required column", "the column is missing")
        for file, table, columns in (
            ("buses", buses, ("bus",)),
            ("branches", branches, ("branch", "from_bus", "to_bus", "x")),
        )
        for column in columns
        if column not in table
    ]
    if failures:
        raise InputError(failures)

    bus_index, branch_index = pd.Index(buses["bus"]), pd.Index(branches["branch"])
    for file, column, index in (
        ("buses", "bus", bus_index),
        ("branches", "branch", branch_index),
    ):
        failures += [
            _failure(file, row, column, "unique", f"{index[row]} appears twice")
            for row in np.flatnonzero(index.duplicated())
        ]
    if failures:
        raise InputError(failures)

    ends: list[Positions] = []
    for column in ("from_bus", "to_bus"):
        end = np.asarray(bus_index.get_indexer(pd.Index(branches[column])), dtype=np.intp)
        failures += [
            _failure(
                "branches", row, column, "known bus", f"no such bus: {branches[column].iloc[row]}"
            )
            for row in np.flatnonzero(end < 0)
        ]
        ends.append(end)
    live: Flags = (
        branches["in_service"].to_numpy(bool)
        if "in_service" in branches
        else np.ones(len(branches), dtype=bool)
    )
    numbers = {
        column: _numbers(branches, column, default)
        for column, default in (("x", np.nan), ("r", 0.0), ("tap", 1.0), ("shift_deg", 0.0))
    }
    for column, values in numbers.items():
        failures += [
            _failure("branches", row, column, "finite", "expected a finite number")
            for row in np.flatnonzero(live & ~np.isfinite(values))
        ]
    failures += [
        _failure("branches", row, "x", "not zero", "the reactance must not be zero")
        for row in np.flatnonzero(live & (numbers["x"] == 0.0))
    ]
    failures += [
        _failure(
            "branches", row, "to_bus", "two ends", f"both ends are at bus {bus_index[ends[1][row]]}"
        )
        for row in np.flatnonzero(live & (ends[0] == ends[1]) & (ends[0] >= 0))
    ]
    if failures:
        raise InputError(failures)

    rating = _numbers(branches, "rating_mw", np.inf)
    emergency = _numbers(branches, "emergency_rating_mw", np.inf, blank=np.nan)
    reverse = _numbers(branches, "rating_reverse_mw", np.nan, blank=np.nan)
    return BranchData(
        bus_index,
        branch_index,
        ends[0],
        ends[1],
        live,
        numbers["r"],
        numbers["x"],
        numbers["tap"],
        numbers["shift_deg"],
        rating,
        np.where(np.isnan(reverse), rating, reverse),
        np.where(np.isnan(emergency), rating, emergency),
        _numbers(branches, "angle_min_deg", -np.inf),
        _numbers(branches, "angle_max_deg", np.inf),
    )


def _failure(file: str, row: int | np.integer, column: str, rule: str, message: str) -> Failure:
    return Failure(file, int(row) + 2, column, rule, message)


def _numbers(
    branches: pd.DataFrame, column: str, default: float, blank: float | None = None
) -> Floats:
    """Values of a column; `default` where it is absent, and `blank` (or it) where a cell is."""
    filled = default if blank is None else blank
    if column not in branches:
        return np.full(len(branches), filled)
    values: Floats = branches[column].to_numpy(float, na_value=np.nan).copy()
    values[np.isnan(values)] = filled
    return values
