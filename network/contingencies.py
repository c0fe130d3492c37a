"""Contingencies: what may go out, and which outages would split the grid.

An outage that islands cannot be screened with outage factors: its flows afterwards depend on who
rebalances the parts. Such outages are listed apart, with the buses that would be cut off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cases.case import Case
from cases.errors import Failure, InputError

if TYPE_CHECKING:
    from network.grid import Grid

__all__ = [
    "Contingency",
    "ContingencyList",
    "IslandingContingency",
    "branch_outages",
    "contingencies",
    "listed_contingencies",
]


@dataclass(frozen=True, slots=True)
class Contingency:
    """Elements that go out together: positions of branches, names of units."""

    name: str
    branches: tuple[int, ...]
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IslandingContingency:
    """A contingency that splits an island, and the buses cut off from its larger part."""

    contingency: Contingency
    cut_off: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContingencyList:
    """Contingencies sorted by what can be done with them.

    `secure` keeps the grid whole and is what gets screened; `islanding` splits it; `void` changes
    nothing because everything in it is out of service already.
    """

    secure: tuple[Contingency, ...]
    islanding: tuple[IslandingContingency, ...] = ()
    void: tuple[Contingency, ...] = ()

    def __len__(self) -> int:
        return len(self.secure)

    def __iter__(self) -> Iterator[Contingency]:
        return iter(self.secure)

    def __getitem__(self, position: int) -> Contingency:
        return self.secure[position]


def contingencies(case: Case, grid: Grid) -> ContingencyList:
    """Those of the case's ``contingencies`` table, or every branch when the table is empty."""
    table = case.contingencies
    return listed_contingencies(grid, table) if len(table) else branch_outages(grid)


def branch_outages(grid: Grid) -> ContingencyList:
    """Every branch in service on its own, named as the branch (N-1)."""
    forest = grid.forest
    secure = np.flatnonzero(grid.in_service & ~forest.bridges)
    names = grid.branches.tolist()
    return ContingencyList(
        tuple(Contingency(str(names[i]), (i,)) for i in secure.tolist()),
        tuple(
            IslandingContingency(Contingency(str(names[i]), (i,)), grid.cut_off([i]))
            for i in np.flatnonzero(forest.bridges).tolist()
        ),
    )


def listed_contingencies(grid: Grid, table: pd.DataFrame) -> ContingencyList:
    """Contingencies of a table with columns contingency, kind (branch or unit) and element.

    Rows of one name go out together. Branches that are out of service already are left out.
    Raises InputError for unknown branches and kinds.
    """
    kind = table["kind"].to_numpy()
    is_branch = kind == "branch"
    position = np.full(len(table), -1, dtype=np.intp)
    position[is_branch] = grid.branches.get_indexer(pd.Index(table["element"])[is_branch])
    failures = [
        Failure(
            "contingencies",
            int(row) + 2,
            "element",
            "known branch",
            f"no such branch: {table['element'].iloc[row]}",
        )
        for row in np.flatnonzero(is_branch & (position < 0))
    ]
    failures += [
        Failure(
            "contingencies",
            int(row) + 2,
            "kind",
            "known kind",
            f"expected branch or unit: {kind[row]}",
        )
        for row in np.flatnonzero(~is_branch & (kind != "unit"))
    ]
    if failures:
        raise InputError(failures)

    secure: list[Contingency] = []
    islanding: list[IslandingContingency] = []
    void: list[Contingency] = []
    for name, rows in table.groupby("contingency", sort=False).indices.items():
        at = position[rows[is_branch[rows]]]
        live = np.unique(at[grid.in_service[at]])
        units = tuple(str(unit) for unit in table["element"].iloc[rows[~is_branch[rows]]])
        contingency = Contingency(str(name), tuple(live.tolist()), units)
        if not live.size and not units:
            void.append(contingency)
        elif live.size and (cut_off := grid.cut_off(live)):
            islanding.append(IslandingContingency(contingency, cut_off))
        else:
            secure.append(contingency)
    return ContingencyList(tuple(secure), tuple(islanding), tuple(void))
