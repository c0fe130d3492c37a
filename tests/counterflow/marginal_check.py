"""Prices by doing: one step more, or less, at a bus, and the whole day solved again."""

from __future__ import annotations

import warnings

import pandas as pd

from cases import Case, DataWarning, Run
from clearing import reclear

SURE = 1e5
"""Offer at which a virtual is taken whatever the price."""


def with_step(case: Case, bus: str, position: int, mw: float) -> Case:
    """The case with `mw` more to be supplied at a bus in one interval (less where negative)."""
    row = {
        "virtual": "STEP",
        "owner": "",
        "kind": "dec" if mw > 0 else "inc",
        "bus": bus,
        "interval_start": case.interval_starts[position],
        "mw": abs(mw),
        "price": SURE if mw > 0 else -SURE,
    }
    table = pd.concat([case.tables["virtuals"], pd.DataFrame([row])], ignore_index=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return case.replace(virtuals=table)


def cost_of(run: Run, bus: str, position: int, mw: float) -> float:
    """What `mw` more at a bus costs a MWh, the commitment of the run held: the day solved anew."""
    anew = Run(run.stated, run.tables, run.case, run.rulebook)
    stepped = reclear(anew, with_step(run.case, bus, position, mw), check=False)
    hours = run.case.meta.interval_minutes / 60.0
    paid = SURE * abs(mw) * hours
    return (stepped.objective + paid - run.objective) / (mw * hours)
