"""Reference levels that a user gives instead of the rulebook's methods."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.case import Case
from cases.errors import Failure, InputError
from cases.files.convert import nearest
from cases.tables.schema import RUN_TABLES, conform

__all__ = ["given_levels"]

_FILE = "references"


def given_levels(frame: pd.DataFrame, case: Case) -> pd.DataFrame:
    """Reference levels as the run table ``reference_levels``, absent columns filled in.

    Parameters
    ----------
    frame
        unit, component, price; interval_start (blank or absent = every interval), segment (from
        1), mw (absent for energy = one block over the whole unit), after_hours_off, method, note.
    case
        The case whose units they are for.

    Raises
    ------
    InputError
        Columns that are missing, units that the case does not have: all at once.
    """
    failures = [
        Failure(_FILE, 1, name, "missing_column", f"the column {name} is missing")
        for name in ("unit", "component", "price")
        if name not in frame
    ]
    if failures:
        raise InputError(failures)
    rows = frame.reset_index(drop=True)
    units = case.tables["units"].set_index("unit")
    unknown = ~rows["unit"].isin(units.index)
    stored = rows["unit"].isin(case.tables["storage"]["storage"])
    for place in np.flatnonzero(unknown & ~stored).tolist():
        name = str(rows["unit"].iloc[place])
        message = f"there is no unit {name}{nearest(name, units.index)}"
        failures.append(Failure(_FILE, place + 2, "unit", "unknown_unit", message))
    if failures:
        raise InputError(failures)
    energy = rows["component"] == "energy"
    blank = pd.Series(np.nan, index=rows.index)
    segment = rows.get("segment", blank).astype(float)
    width = rows.get("mw", blank).astype(float)
    whole = rows["unit"].map(units["p_max"])
    texts = {"method": "given", "inputs_hash": "", "note": ""}
    own = {
        name: rows[name].astype(object).where(rows[name].notna(), default)
        if name in rows
        else default
        for name, default in texts.items()
    }
    stamps = case.interval_starts.dtype
    if "interval_start" not in rows:
        rows["interval_start"] = pd.array([pd.NaT] * len(rows), dtype=stamps)
    names = [*RUN_TABLES["reference_levels"].names]
    full = rows.assign(
        kind=np.where(stored, "storage", "unit"),
        segment=segment.fillna(energy.astype(float)).astype("int64"),
        mw=width.where(width.notna() | ~energy, whole),
        sample=rows.get("sample", blank).fillna(0).astype("int64"),
        **own,
    )
    known = [name for name in names if name in full]
    return conform(RUN_TABLES["reference_levels"], full[known], case.meta.timezone)
