"""Completeness: one row per subject and interval, no missing number, names as in the case."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clearing.validation.facts import Facts
from clearing.validation.report import rows

__all__ = ["complete", "identity"]

REQUIRED = {
    "dispatch": ("unit", "units", ("mw", "available_mw", "cost")),
    "load_awards": ("load", "loads", ("mw", "bid_mw")),
    "link_flows": ("link", "links", ("mw", "loss_mw")),
    "flows": ("branch", "branches", ("flow_mw",)),
    "prices": ("bus", "buses", ()),
}
"""Run table: its name column, the case table it must cover, numbers that must be there."""

IDENTITY = {
    "dispatch": ("unit", "units", ("owner", "bus")),
    "load_awards": ("load", "loads", ("owner", "bus")),
    "link_flows": ("link", "links", ("from_bus", "to_bus")),
    "prices": ("bus", "buses", ("zone",)),
}
"""Run table: its name column, the case table, columns that repeat what the case says."""


def complete(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that each subject of the case has one row in every interval, without a NaN."""
    for table, (name, source, numbers) in REQUIRED.items():
        frame = getattr(facts.run, table)
        expected = pd.Index(facts.case.tables[source][name])
        t = facts.starts.get_indexer(pd.DatetimeIndex(frame["interval_start"]))
        n = expected.get_indexer(pd.Index(frame[name]))
        unknown = (t < 0) | (n < 0)
        for _, row in frame[unknown].iterrows():
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
            for _, row in frame[~np.isfinite(frame[column].to_numpy(dtype=np.float64))].iterrows():
                start = row["interval_start"]
                yield rows(f"{table}.{column}", [str(row[name])], [start], [np.nan], [0.0], [1.0])


def identity(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that buses, owners, zones and interval ends repeat what the case says."""
    length = pd.Timedelta(hours=facts.hours)
    for table, (name, source, columns) in IDENTITY.items():
        frame = getattr(facts.run, table)
        original = facts.case.tables[source].set_index(name)
        at = original.index.get_indexer(pd.Index(frame[name]))
        known = frame[at >= 0]
        wrong = pd.Series(False, index=known.index)
        for column in columns:
            should = original[column].to_numpy()[at[at >= 0]]
            wrong |= known[column].to_numpy() != should
        wrong |= known["interval_end"] - known["interval_start"] != length
        bad = known[wrong]
        count = np.ones(len(bad))
        yield rows(
            f"{table}.identity",
            bad[name].astype(str),
            bad["interval_start"],
            count,
            0.0 * count,
            count,
        )
