"""Who controls what: affiliates merged by parent and date, shares of units, contract positions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from cases.errors import Failure, InputError
from cases.market_time import day_of
from cases.run import Run

HOW_TO_ASSIGN = (
    "no unit has an owner, and every structural test needs one: fill units.owner, or assign owners "
    "with counterflow import SOURCE -o CASE --owners area (or round-robin:K, or FILE), in Python "
    "read_case(SOURCE, owners='area'), owners='round-robin:K' or owners='FILE', and clear again"
)


@dataclass(frozen=True, slots=True)
class Ownership:
    """Control over units by group of affiliates, day by day.

    Attributes
    ----------
    shares
        day, unit, owner (the group: the ultimate parent, or the owner itself), share (of the unit's
        capacity, 0 to 1; the shares of a unit and day sum to 1).
    contracts
        day, owner (the group), net_contract_mw (sold less bought, summed over affiliates).
    """

    shares: pd.DataFrame
    contracts: pd.DataFrame

    @property
    def owners(self) -> list[str]:
        """Names of all groups, sorted."""
        return sorted(self.shares["owner"].unique())

    def split(self, frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
        """Rows of ``frame`` (interval_start, unit, ...) per group, ``columns`` times its share.

        Any ``owner`` column is replaced. Rows of units that have one group stay as they are.
        """
        keyed = frame.drop(columns="owner", errors="ignore").assign(
            day=day_of(frame["interval_start"])
        )
        merged = keyed.merge(self.shares, on=["day", "unit"], how="left", sort=False)
        unknown = merged.loc[merged["owner"].isna(), "unit"].unique()
        if len(unknown):
            raise InputError.one(
                "units", None, "owner", "owner", f"no owner is known for {', '.join(unknown)}"
            )
        for column in columns:
            merged[column] = merged[column] * merged["share"]
        return merged.drop(columns=["day", "share"])

    def contract_mw(self, frame: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Net contract MW of the owner on the day of each row (interval_start, owner)."""
        keys = pd.DataFrame(
            {
                "day": day_of(frame["interval_start"]),
                "owner": frame["owner"],
            }
        )
        merged = keys.merge(self.contracts, on=["day", "owner"], how="left", sort=False)
        return merged["net_contract_mw"].fillna(0.0).to_numpy(dtype=float)

    def replace_shares(self, shares: pd.DataFrame) -> Ownership:
        """Give the same contracts over other shares."""
        return replace(self, shares=shares)


def ownership(units: pd.DataFrame, owners: pd.DataFrame, days: pd.DatetimeIndex) -> Ownership:
    """Find the groups of affiliates on each day.

    Owners of one parent count as one, through any number of levels; a row of ``owners`` holds from
    ``valid_from`` to ``valid_to``, both days included, blank meaning without end.

    Parameters
    ----------
    units
        unit, owner.
    owners
        owner, parent, valid_from, valid_to, net_contract_mw; an owner without a row stands alone.
    days
        Days (midnight, without timezone) for which control is wanted.

    Raises
    ------
    InputError
        A unit without owner, no owner at all (with how to assign them), an owner with two parents
        on one day, a ring of parents; all of them at once.
    """
    failures = _units_without_owner(units)
    groups, contracts = [], []
    for day in pd.DatetimeIndex(days.unique()).sort_values():
        valid = owners[_valid(owners, day)]
        failures += _two_parents(valid, day)
        parent_of = {
            str(row.owner): str(row.parent) for row in valid.itertuples() if str(row.parent)
        }
        try:
            group_of = {name: _root(name, parent_of) for name in {*valid["owner"], *units["owner"]}}
        except _Ring as ring:
            failures.append(
                Failure(
                    "owners",
                    None,
                    "parent",
                    "parent",
                    f"the parents {' -> '.join(ring.names)} form a ring on {day.date()}",
                )
            )
            continue
        groups.append(
            pd.DataFrame(
                {
                    "day": day,
                    "unit": units["unit"],
                    "owner": units["owner"].map(group_of),
                    "share": 1.0,
                }
            )
        )
        position = valid["net_contract_mw"].groupby(valid["owner"].map(group_of)).sum()
        contracts.append(
            pd.DataFrame(
                {
                    "day": day,
                    "owner": position.index.astype("str"),
                    "net_contract_mw": position.to_numpy(),
                }
            )
        )
    if failures:
        raise InputError(tuple(dict.fromkeys(failures)))
    return Ownership(_stacked(groups, "share"), _stacked(contracts, "net_contract_mw"))


def _stacked(frames: list[pd.DataFrame], value: str) -> pd.DataFrame:
    if not frames:
        return pd.DataFrame(
            {
                "day": pd.DatetimeIndex([]),
                "owner": pd.Series([], dtype="str"),
                value: pd.Series([], dtype=float),
            }
        )
    return pd.concat(frames, ignore_index=True)


def _units_without_owner(units: pd.DataFrame) -> list[Failure]:
    blank = (units["owner"].isna() | (units["owner"].astype("str").str.strip() == "")).to_numpy()
    if len(units) and blank.all():
        return [Failure("units", None, "owner", "owner", HOW_TO_ASSIGN)]
    return [
        Failure(
            "units", int(row) + 2, "owner", "owner", f"unit {units['unit'].iloc[row]} has no owner"
        )
        for row in np.flatnonzero(blank)
    ]


def _valid(owners: pd.DataFrame, day: pd.Timestamp) -> pd.Series:
    start, end = owners["valid_from"], owners["valid_to"]
    return (start.isna() | (start <= day)) & (end.isna() | (end >= day))


def _two_parents(valid: pd.DataFrame, day: pd.Timestamp) -> list[Failure]:
    parents = valid.groupby("owner")["parent"].unique()
    return [
        Failure(
            "owners",
            None,
            "parent",
            "parent",
            f"owner {owner} has two parents on {day.date()}: "
            f"{', '.join(repr(str(name)) for name in names)}",
        )
        for owner, names in parents.items()
        if len(names) > 1
    ]


class _Ring(Exception):
    def __init__(self, names: list[str]) -> None:
        self.names = names


def _root(name: str, parent_of: dict[str, str]) -> str:
    path = [name]
    while path[-1] in parent_of and parent_of[path[-1]] != path[-1]:
        path.append(parent_of[path[-1]])
        if path[-1] in path[:-1]:
            raise _Ring(path[path.index(path[-1]) :])
    return path[-1]


def owners_of(run: Run) -> Ownership:
    """Find the groups of affiliates on the days of a run, with storage; as :func:`ownership`."""
    units, stored = run.case.units[["unit", "owner"]], run.case.storage
    owned = stored[stored["owner"].astype("str").str.strip() != ""]
    owned = owned[~owned["storage"].isin(units["unit"])]
    named = owned[["storage", "owner"]].rename(columns={"storage": "unit"})
    both = pd.concat([units, named], ignore_index=True) if len(named) else units
    return ownership(both, run.case.owners, day_of(run.case.interval_starts))
