"""What the schema alone says of a run's tables: keys, stamps, lengths of intervals, words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from cases.tables.columns import Table
from cases.tables.schema import MARKET_TABLES, RUN_TABLES
from clearing.validation.facts import Facts
from clearing.validation.report import rows

__all__ = ["intervals", "keys", "words"]


def keys(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that no two rows of a table have the same key."""
    for table, frame in _made(facts):
        if table.key:
            yield _found(table, "key", frame, frame.duplicated(list(table.key)))


def intervals(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that what was cleared is of an interval of the case, and as long as one.

    A custom constraint may go over several intervals; its row ends where one of them does.
    """
    ends = facts.case.interval_ends
    length = pd.Timedelta(hours=facts.hours)
    for table, frame in _made(facts):
        if table.name not in MARKET_TABLES or "interval_start" not in frame:
            continue
        yield _found(table, "interval_start", frame, facts.interval_of(frame) < 0)
        if "interval_end" in frame:
            wrong = frame["interval_end"] - frame["interval_start"] != length
            if table.name == "constraints":
                longer = frame["interval_end"] - frame["interval_start"] > length
                wrong &= ~(frame["kind"].eq("custom") & longer & frame["interval_end"].isin(ends))
            yield _found(table, "interval_end", frame, wrong)


def words(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that columns of few words hold one of them."""
    for table, frame in _made(facts):
        for column in table.columns:
            if column.isin is not None:
                wrong = ~frame[column.name].isin(column.isin)
                yield _found(table, column.name, frame, wrong)


def _made(facts: Facts) -> Iterator[tuple[Table, pd.DataFrame]]:
    """Tables that exist; of a run just cleared, long ones are not made for these checks."""
    for name in facts.run.tables:
        if facts.run.made(name):
            yield RUN_TABLES[name], facts.table(name)


def _found(table: Table, check: str, frame: pd.DataFrame, wrong: object) -> pd.DataFrame:
    at = np.flatnonzero(np.asarray(wrong, dtype=bool))
    if not len(at):
        return pd.DataFrame()
    bad = frame.iloc[at]
    texts = [name for name in table.key if name != "interval_start"] or [table.columns[0].name]
    subject = bad[texts].astype(str).agg(" ".join, axis=1).str.strip()
    starts = bad["interval_start"] if "interval_start" in bad else [pd.NaT] * len(bad)
    one = np.ones(len(bad))
    return rows(f"{table.name}.{check}", subject, starts, one, 0.0 * one, one)
