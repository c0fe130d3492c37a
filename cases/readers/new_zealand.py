"""Market cases of the New Zealand system operator: offers with real names, and its own solution.

The regulator publishes the zips on its site; `docs/new-zealand.md` says where to look. Tables and
fields are those of the files; their meaning follows the public descriptions of vSPD, the
regulator's replica.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cases.case import Case, assemble
from cases.errors import InputError
from cases.files.convert import Source
from cases.readers.new_zealand_constraints import NewZealandConstraints
from cases.readers.new_zealand_files import TIMEZONE, CaseFiles, stamp_of
from cases.readers.new_zealand_grid import BASE_MVA, NewZealandGrid
from cases.readers.new_zealand_offers import NewZealandOffers
from cases.readers.new_zealand_published import published
from cases.readers.new_zealand_reserves import NewZealandReserves
from cases.readers.reader import Origin, Reader

__all__ = ["READER", "read_new_zealand"]

_FORMS = ("%H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M")
"""Ways to write an interval beside the file's own."""
NOTES = (
    "intervals are half-hours or five minutes by their start, New Zealand time",
    "demand of nodes is bid at the scarcity prices of the case; injections are demand below 0",
    "one link for each DC pole and direction; r is per unit of 100 MVA",
    "offers of nominated non-dispatchable demand (ENNC) are left out: the node's load has them",
    "each trader is an owner; interruptible load is a load of its own for each trader",
    "reserve of a unit that is wholly commissioning does not count",
    "the final limits of the operator's contingency analysis are left out; those of the input stay",
)


def read_new_zealand(path: Path, *, interval: str | None = None, source: str = "") -> Case:
    """Read all intervals of a case, or one.

    Parameters
    ----------
    path
        A zip of `MSS_<18 digits>_0X.*` files.
    interval
        One interval, as in the file (`26-FEB-2025 11:30`), as a time (`2025-02-26T11:30`) or by its
        hour (`11:30`); by default all.

    Raises
    ------
    InputError
        A zip of another kind, a file or table that is missing, a table with other columns, an
        interval that is not in it, or everything that is wrong with the tables.
    """
    files = CaseFiles(path)
    intervals = files.intervals if interval is None else [_chosen(files, interval)]
    notes = list(NOTES)
    grid = NewZealandGrid(files, intervals, notes)
    offers = NewZealandOffers(files, grid, intervals, notes)
    reserves = NewZealandReserves(files, grid, offers, intervals, notes)
    limits = NewZealandConstraints(files, grid, offers, reserves, intervals, notes)
    tables = {
        "buses": grid.buses,
        "branches": grid.branches,
        "branch_ratings": grid.branch_ratings(),
        "links": grid.links,
        "price_nodes": grid.price_nodes(),
        "units": offers.units(),
        "availability": offers.availability(),
        "offers": offers.offers(),
        "loads": offers.loads,
        "demand": offers.demand(),
        "bids": offers.bids(),
        "reserve_products": reserves.products(),
        "reserve_demand": reserves.demand(),
        "reserve_offers": offers.reserve_offers,
        "risks": reserves.risks(),
        "risk_terms": reserves.risk_terms(),
        "reserve_sharing": reserves.sharing(),
        "custom_constraints": limits.constraints(),
        "custom_terms": limits.terms(),
        **published(files, grid, intervals),
    }
    owners = pd.concat([tables["units"]["owner"], tables["loads"]["owner"]])
    owners = sorted(set(owners) - {""})
    tables["owners"] = pd.DataFrame({"owner": owners})
    tables = {name: frame for name, frame in tables.items() if len(frame)}
    slack = grid.nodes.get("HAY2201", [("", 1.0)])[0][0]
    meta = {
        "name": files.id,
        "currency": "NZD",
        "timezone": TIMEZONE,
        "base_mva": BASE_MVA,
        "start": stamp_of(intervals[0]).to_pydatetime(),
        "interval_minutes": files.minutes,
        "intervals": len(intervals),
        "reference": slack,
        "import": {
            "source": source or str(path),
            "format": "new-zealand",
            "run": files.mode,
            "notes": list(dict.fromkeys(notes)),
        },
    }
    sources = {name: Source(f"{path.name}: {name}") for name in tables}
    return assemble(meta, tables, sources)


def _chosen(files: CaseFiles, text: str) -> str:
    """The interval that a user means."""
    for interval in files.intervals:
        start = stamp_of(interval)
        forms = {
            interval.upper(),
            f"{start:%H:%M}",
            f"{start:%Y-%m-%dT%H:%M}",
            f"{start:%Y-%m-%d %H:%M}",
        }
        if " ".join(text.upper().split()) in forms or text == start.isoformat():
            return interval
    message = f"there is no interval {text}; the case has {', '.join(files.intervals)}"
    raise InputError.one(files.path.name, None, "interval", "unknown_interval", message)


def _accepts(origin: Origin) -> bool:
    return origin.name.lower().endswith(".zip") and origin.path.is_file()


def _read(origin: Origin, *, interval: str | None) -> Case:
    return read_new_zealand(origin.existing(), interval=interval, source=origin.path.name)


READER = Reader(
    name="New Zealand case zips",
    forms=("a New Zealand case (MSS_*.zip)",),
    accepts=_accepts,
    read=_read,
    options={"interval": None},
)
