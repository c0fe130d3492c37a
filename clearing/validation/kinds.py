"""What rows say that they are about: kind, element and name of a limit, whether a price is open."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from cases.tables.schema import RUN_TABLES
from clearing.validation.facts import Facts
from clearing.validation.report import rows

__all__ = ["held", "kinds", "unique", "where_exceeded"]

_TABLE_OF = {
    "branch": "branches",
    "contingency": "branches",
    "interface": "interface_limits",
    "ramp_up": "units",
    "ramp_down": "units",
    "ramp": "units",
    "reserve": "reserve_products",
}
"""Case table of what a kind limits; the others (balance, custom) have none."""
_ON_GRID = ("branch", "contingency", "interface")
_WAY = {"ramp_up": "upper", "ramp_down": "lower"}


def kinds(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that every limit is of a known kind, about something the case has, and named so.

    A limit of the grid bears the bare name of its branch or interface; one after an outage, and
    no other, names a contingency. Ramps of units go the way that their kind says.
    """
    for table in ("constraints", "slacks"):
        frame = facts.table(table)
        if frame.empty:
            continue
        columns = ("kind", "element", "constraint", "contingency", "direction")
        kind, element, name, outage, way = (frame[c].to_numpy(dtype=object) for c in columns)
        known = RUN_TABLES[table].column("kind").isin or ()
        wrong = (kind == "contingency") != (outage != "")
        for this in set(kind.tolist()):
            at = kind == this
            if this not in known:
                wrong |= at
            if this in _TABLE_OF:
                names = facts.names(_TABLE_OF[this])
                wrong[at] |= names.get_indexer(pd.Index(element[at])) < 0
            if this in _ON_GRID:
                wrong |= at & (name != element)
            if this in _WAY:
                wrong |= at & (way != _WAY[this])
        if not wrong.any():
            continue
        bad = frame[wrong.astype(bool)]
        one = np.ones(len(bad))
        yield rows(f"{table}.kind", bad["constraint"], bad["interval_start"], one, 0.0 * one, one)


def where_exceeded(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that only a reserve is short in a zone, and that only ramps have a response time.

    The zone has a requirement of that product, the time is that of a product.
    """
    frame = facts.table("slacks")
    if frame.empty:
        return
    required = facts.table("reserve_prices")[["product", "zone"]].drop_duplicates()
    known = set(zip(required["product"], required["zone"], strict=True))
    reserve = (frame["kind"] == "reserve").to_numpy()
    place = list(zip(frame["element"], frame["zone"], strict=True))
    wrong = np.where(reserve, [at not in known for at in place], frame["zone"] != "")
    minutes = frame["minutes"]
    of_product = minutes.isin(facts.case.tables["reserve_products"]["minutes"])
    wrong = wrong.astype(bool) | (minutes.notna() & ~((frame["kind"] == "ramp") & of_product))
    bad = frame[np.asarray(wrong, dtype=bool)]
    one = np.ones(len(bad))
    yield rows("slacks.place", bad["constraint"], bad["interval_start"], one, 0.0 * one, one)


def held(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check ``program_rows``: limits that exist, and among them every one that binds.

    Only where the table is made: a run just cleared holds its programs themselves.
    """
    if "program_rows" not in facts.run.tables or not facts.run.made("program_rows"):
        return
    frame = facts.table("program_rows")
    kind, element = frame["kind"], frame["element"]
    wrong = ~frame["direction"].isin(["upper", "lower"])
    wrong |= (kind == "contingency") != (frame["contingency"] != "")
    for name, of in _TABLE_OF.items():
        wrong |= (kind == name) & ~element.isin(facts.names(of))
    ramp = kind.isin(list(_WAY))
    wrong |= frame["constraint"] != np.where(ramp, kind + ":" + element, element)
    for name, way in _WAY.items():
        wrong |= (kind == name) & (frame["direction"] != way)
    bad = frame[wrong.to_numpy(dtype=bool)]
    one = np.ones(len(bad))
    yield rows("program_rows.kind", bad["constraint"], bad["interval_start"], one, 0.0 * one, one)
    if facts.priced_otherwise or facts.rolling:
        return
    key = ["interval_start", "constraint", "contingency", "direction"]
    binding = facts.table("constraints")
    binding = binding[binding["kind"].isin([*_ON_GRID, *_WAY])]
    known = frame.loc[frame["program"] == "dispatch", key].drop_duplicates().assign(known=True)
    missing = binding.merge(known, on=key, how="left")["known"].isna().to_numpy(dtype=bool)
    bad = binding[missing]
    one = np.ones(len(bad))
    yield rows("program_rows.rows", bad["constraint"], bad["interval_start"], one, 0.0 * one, one)


def unique(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that nothing is said of a price that does not exist."""
    for table, name in (("prices", "bus"), ("zone_prices", "point")):
        frame = facts.table(table)
        bad = frame[(frame["unique"].notna() & frame["lmp"].isna()).to_numpy(dtype=bool)]
        one = np.ones(len(bad))
        yield rows(f"{table}.unique", bad[name], bad["interval_start"], one, 0.0 * one, one)
