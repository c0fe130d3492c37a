"""Completeness: one row per subject and interval, no missing number, names as in the case."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clearing.validation.facts import SUBJECTS, Facts
from clearing.validation.report import rows

__all__ = ["complete", "identity"]

REQUIRED: dict[str, tuple[str, ...]] = {
    "dispatch": ("mw", "cost"),
    "load_awards": ("mw", "bid_mw"),
    "link_flows": ("mw", "loss_mw"),
    "flows": ("flow_mw",),
    "prices": (),
    "storage_schedule": ("charge_mw", "discharge_mw", "energy_mwh", "energy_value"),
}
"""Run tables that cover every subject and interval, and the numbers that must be there."""

IDENTITY = {
    "dispatch": ("owner", "bus"),
    "load_awards": ("owner", "bus"),
    "link_flows": ("from_bus", "to_bus"),
    "prices": ("zone",),
    "storage_schedule": ("owner", "bus"),
}
"""Run tables and their columns that repeat what the case says."""


def complete(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that each subject of the case has one row in every interval, without a NaN."""
    for table, numbers in REQUIRED.items():
        name, source = SUBJECTS[table]
        frame, expected = facts.table(table), facts.names(source)
        t, n = facts.place(table)
        unknown = (t < 0) | (n < 0)
        for _, row in frame[unknown].iterrows() if unknown.any() else ():
            yield rows(
                f"{table}.unknown", [str(row[name])], [row["interval_start"]], [1.0], [0.0], [1.0]
            )
        count = np.zeros((len(facts.starts), len(expected)), dtype=np.intp)
        np.add.at(count, (t[~unknown], n[~unknown]), 1)
        for k, j in zip(*np.nonzero(count != 1), strict=True):
            subject, found = str(expected[j]), float(count[k, j])
            yield rows(
                f"{table}.rows", [subject], [facts.starts[k]], [found], [1.0], [abs(found - 1.0)]
            )
        for column in numbers:
            blank = ~np.isfinite(frame[column].to_numpy(dtype=np.float64))
            for _, row in frame[blank].iterrows() if blank.any() else ():
                start = row["interval_start"]
                yield rows(f"{table}.{column}", [str(row[name])], [start], [np.nan], [0.0], [1.0])


def identity(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that buses, owners, zones and interval ends repeat what the case says."""
    length = pd.Timedelta(hours=facts.hours)
    for table, columns in IDENTITY.items():
        name, source = SUBJECTS[table]
        frame, original = facts.table(table), facts.case.tables[source]
        _, at = facts.place(table)
        wrong = (frame["interval_end"] - frame["interval_start"] != length).to_numpy()
        for column in columns:
            should = original[column].array.take(at)
            wrong = wrong | np.asarray(frame[column].array != should, dtype=bool)
        if not wrong.any():
            continue
        bad = frame[wrong]
        count = np.ones(len(bad))
        yield rows(
            f"{table}.identity",
            bad[name].astype(str),
            bad["interval_start"],
            count,
            0.0 * count,
            count,
        )
