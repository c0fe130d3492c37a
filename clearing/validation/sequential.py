"""The intervals of a sequential run as runs of their own, for checks that see one at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from cases.intervals import Intervals
from cases.run import Run

__all__ = ["interval_runs"]


def interval_runs(run: Run) -> Iterator[Run]:
    """Cut a run into its intervals; each begins from the outputs of the one before."""
    intervals = Intervals(run.case)
    tables = {name: getattr(run, name) for name in run.tables}
    units = pd.Index(run.case.tables["units"]["unit"])
    output: np.ndarray[tuple[int], np.dtype[np.float64]] | None = None
    stored: np.ndarray[tuple[int], np.dtype[np.float64]] | None = None
    for t, start in enumerate(run.case.interval_starts):
        case = intervals.cut(t, output, stored)
        own = {}
        for name, table in tables.items():
            if "interval_start" in table.columns:
                at = pd.DatetimeIndex(table["interval_start"]) == start
                table = table[at].reset_index(drop=True)
            own[name] = table
        settings = {k: v for k, v in run.settings.items() if k != "horizon"}
        objective = float(run.stated["objectives"][t])

        stated = {**run.stated, "settings": settings, **_bound(run, objective)}
        yield Run(stated, own, case, run.rulebook)
        mw = own["dispatch"].set_index("unit")["mw"].reindex(units)
        output = mw.to_numpy(dtype=float)
        if len(case.tables["storage"]):
            stored = own["storage_schedule"]["energy_mwh"].to_numpy(dtype=float)


def _bound(run: Run, objective: float) -> dict[str, object]:
    """What a manifest says of one interval: its own objective, which is its bound."""
    proof = {**run.stated["proof"], "bound": objective}
    return {"objective": objective, "proof": proof, "bound": objective}
