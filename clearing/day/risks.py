"""Risks that reserves cover, and reserve shared over links, as arrays of every interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clearing.day.custom_limits import Entries
from network.arrays import Flags, Floats, Positions

if TYPE_CHECKING:
    from clearing.day.day import Day

__all__ = ["Risks", "SharingRules"]


@dataclass(frozen=True, eq=False)
class Risks:
    """Rows of `risks` in every interval, (R,) each, by interval and then as in the case."""

    names: list[str]
    setter: list[str]
    interval: Positions
    product: Positions
    zone: Positions
    """Position in `ReserveMarket.zones`; 0 is the whole case."""
    factor: Floats
    offset: Floats
    shared: Flags
    penalty: Floats
    """Money per MW and hour of what is not covered; NaN = by the demand curve."""
    terms: dict[str, Entries]
    """Terms by quantity (output, load, reserve, load_reserve, flow, link, storage)."""

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def of(cls, day: Day) -> Risks:
        """Read the tables of a day."""
        table, market = day.case.tables["risks"], day.reserves
        row, when = _by_interval(day, table, ["risk", "product", "zone"])
        order = np.lexsort((row, when))
        row, when = row[order], when[order]
        names = table["risk"].to_numpy(dtype=object)[row].tolist()
        product = market.products.get_indexer(pd.Index(table["product"]))[row]
        return cls(
            names,
            table["setter"].to_numpy(dtype=object)[row].tolist(),
            when,
            product.astype(np.intp),
            market.zones.get_indexer(pd.Index(table["zone"]))[row].astype(np.intp),
            table["factor"].to_numpy(dtype=float)[row],
            table["offset_mw"].to_numpy(dtype=float)[row],
            table["shared"].to_numpy(dtype=bool)[row],
            table["penalty"].to_numpy(dtype=float)[row],
            _terms(day, names, when, product.astype(np.intp)),
        )


def _by_interval(day: Day, frame: pd.DataFrame, key: Sequence[str]) -> tuple[Positions, Positions]:
    """Rows for every interval and their intervals; stamped ones replace blank ones of their key."""
    stamps = frame["interval_start"]
    blank = stamps.isna().to_numpy()
    at = day.case.interval_starts.get_indexer(pd.DatetimeIndex(stamps[~blank]))
    group = frame.groupby([*key], sort=False).ngroup().to_numpy(dtype=np.intp)
    own = np.zeros((day.intervals, int(group.max(initial=-1)) + 1), dtype=bool)
    own[at, group[~blank]] = True
    always = np.flatnonzero(blank)
    interval, which = np.nonzero(~own[:, group[always]])
    row = np.concatenate([always[which], np.flatnonzero(~blank)])
    return row.astype(np.intp), np.concatenate([interval, at]).astype(np.intp)


def _terms(day: Day, names: list[str], when: Positions, product: Positions) -> dict[str, Entries]:
    """Terms of every row; awards are those in the row's own product."""
    table, tables = day.case.tables["risk_terms"], day.case.tables
    rows = pd.DataFrame({"risk": names, "row": np.arange(len(names))})
    terms = table.assign(term=np.arange(len(table)))[["risk", "term"]]
    pairs = rows.astype({"risk": "str"}).merge(terms, on="risk")
    row = pairs["row"].to_numpy(dtype=np.intp)
    term = pairs["term"].to_numpy(dtype=np.intp)
    kind = table["kind"].to_numpy(dtype=object)[term]
    element = table["element"].to_numpy(dtype=object)[term]
    coefficient = table["coefficient"].to_numpy(dtype=float)[term]
    known = {
        "output": ("unit", day.units),
        "load": ("load", day.loads),
        "reserve": ("reserve", day.units),
        "load_reserve": ("reserve", day.loads),
        "flow": ("branch", day.grid.branches),
        "link": ("link", pd.Index(tables["links"]["link"])),
        "storage": ("storage", pd.Index(tables["storage"]["storage"])),
    }
    found = {}
    for quantity, (word, index) in known.items():
        at = index.get_indexer(pd.Index(element))
        own = np.flatnonzero((kind == word) & (at >= 0))
        if quantity == "load_reserve" and len(own):
            # A name that a unit has too means the unit.
            own = own[day.units.get_indexer(pd.Index(element[own])) < 0]
        awarded = quantity in ("reserve", "load_reserve")
        none = np.full(len(own), -1, dtype=np.intp)
        found[quantity] = Entries(
            row[own],
            at[own].astype(np.intp),
            product[row[own]] if awarded else none,
            when[row[own]],
            coefficient[own],
        )
    return found


@dataclass(frozen=True, eq=False)
class SharingRules:
    """Rows of `reserve_sharing` in every interval, (R,) each."""

    interval: Positions
    product: Positions
    source: Positions
    """Zone that gives, in `ReserveMarket.zones`."""
    sink: Positions
    most: Floats
    capacity: Floats
    """MW; NaN = that of the links."""
    keep: Floats
    extra: Floats
    effectiveness: Floats

    def __len__(self) -> int:
        return len(self.interval)

    @classmethod
    def of(cls, day: Day) -> SharingRules:
        """Read the table of a day."""
        table, market = day.case.tables["reserve_sharing"], day.reserves
        row, when = _by_interval(day, table, ["product", "from_zone", "to_zone"])
        order = np.lexsort((row, when))
        row, when = row[order], when[order]
        number = {
            name: table[name].to_numpy(dtype=float)[row]
            for name in ("max_mw", "capacity_mw", "keep_mw", "extra_mw", "effectiveness")
        }
        zone = market.zones
        return cls(
            when,
            market.products.get_indexer(pd.Index(table["product"]))[row].astype(np.intp),
            zone.get_indexer(pd.Index(table["from_zone"]))[row].astype(np.intp),
            zone.get_indexer(pd.Index(table["to_zone"]))[row].astype(np.intp),
            np.nan_to_num(number["max_mw"], nan=np.inf),
            number["capacity_mw"],
            number["keep_mw"],
            number["extra_mw"],
            number["effectiveness"],
        )
