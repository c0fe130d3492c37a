"""The user's own constraints of a case as arrays: `custom_constraints` and `custom_terms`.

Rows of every interval, N of them, and what they speak of, E entries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from network.arrays import Flags, Floats, Positions

if TYPE_CHECKING:
    from clearing.day.day import Day

__all__ = ["CUSTOM_TABLES", "CustomLimits", "Entries"]

CUSTOM_TABLES = ("custom_constraints", "custom_terms")
_WHAT = {"unit": "output", "branch": "flow"}
"""Kinds of terms whose quantity has another name."""


@dataclass(frozen=True, eq=False)
class Entries:
    """Terms of one kind of quantity: coefficient * quantity of an element in an interval, (E,)."""

    row: Positions
    element: Positions
    """Position of the unit, load, branch, bus, link or storage in its table."""
    product: Positions
    """Position of the reserve product; -1 where the quantity has none."""
    interval: Positions
    coefficient: Floats

    @classmethod
    def of(cls, found: list[tuple[int, int, int, int, float]]) -> Entries:
        """Entries from tuples of row, element, product, interval and coefficient."""
        row, element, product, interval, coefficient = list(zip(*found, strict=True)) or [()] * 5
        return cls(
            np.array(row, dtype=np.intp),
            np.array(element, dtype=np.intp),
            np.array(product, dtype=np.intp),
            np.array(interval, dtype=np.intp),
            np.array(coefficient, dtype=float),
        )


@dataclass(frozen=True, eq=False)
class CustomLimits:
    """The rows of `custom_constraints` in every interval, by interval and then as in the case."""

    names: list[str]
    interval: Positions
    low: Floats
    """MW; -inf where the sum has no least value."""
    high: Floats
    """MW; inf where it has no largest value."""
    penalty: Floats
    """Money per MWh beyond the limit."""
    by_rulebook: Flags
    """Whether the penalty is the rulebook's."""
    entries: dict[str, Entries]
    """Terms by quantity: output, load, reserve, flow, link, storage."""

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def of(cls, day: Day) -> CustomLimits:
        """Read a day; a row with a stamp replaces the blank one of its constraint."""
        table, terms = (day.case.tables[name] for name in CUSTOM_TABLES)
        known = pd.Index(table["constraint"].unique())
        of = known.get_indexer(pd.Index(table["constraint"]))
        chosen = np.full((day.intervals, len(known)), -1, dtype=np.intp)
        blank = table["interval_start"].isna().to_numpy()
        chosen[:, of[blank]] = np.flatnonzero(blank)
        stamps = pd.DatetimeIndex(table["interval_start"][~blank])
        chosen[day.case.interval_starts.get_indexer(stamps), of[~blank]] = np.flatnonzero(~blank)
        interval, which = np.nonzero(chosen >= 0)
        rows = chosen[interval, which]
        limit = table["limit_mw"].to_numpy(dtype=float)[rows]
        sense = table["sense"].to_numpy(dtype=object)[rows]
        penalty = table["penalty"].to_numpy(dtype=float)[rows]
        own = ~np.isnan(penalty)
        place = np.full((len(known), day.intervals), -1, dtype=np.intp)
        place[which, interval] = np.arange(len(rows))
        return cls(
            known.to_numpy(dtype=object)[which].tolist(),
            interval.astype(np.intp),
            np.where(sense == "<=", -np.inf, limit),
            np.where(sense == ">=", np.inf, limit),
            np.where(own, penalty, day.rulebook.penalties.custom),
            ~own,
            _entries(day, terms, known, place),
        )


def _entries(
    day: Day, terms: pd.DataFrame, known: pd.Index[str], place: Positions
) -> dict[str, Entries]:
    """Spread the terms over the intervals in which their constraints have a row."""
    kind = terms["kind"].to_numpy(dtype=object)
    of = known.get_indexer(pd.Index(terms["constraint"]))
    coefficient = terms["coefficient"].to_numpy(dtype=float)
    product = day.reserves.products.get_indexer(pd.Index(terms["product"]))
    names = {
        "unit": day.units,
        "reserve": day.units,
        "load": day.loads,
        "branch": day.grid.branches,
        "link": pd.Index(day.case.tables["links"]["link"]),
        "storage": pd.Index(day.case.tables["storage"]["storage"]),
    }
    found = {}
    for each, known_elements in names.items():
        own = np.flatnonzero((kind == each) & (of >= 0))
        if not len(own):
            continue
        element = known_elements.get_indexer(pd.Index(terms["element"].iloc[own]))
        term, interval = np.nonzero(place[of[own]] >= 0)
        found[_WHAT.get(each, each)] = Entries(
            place[of[own]][term, interval],
            element[term].astype(np.intp),
            product[own][term].astype(np.intp),
            interval.astype(np.intp),
            coefficient[own][term],
        )
    return found
