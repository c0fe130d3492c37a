"""The rows that every structural test writes, and the run table they go into."""

from __future__ import annotations

from typing import Final

import pandas as pd

from cases.run import Run
from cases.tables.schema import RUN_TABLES, empty_frame

#: Columns of the verdict rows; the run table ``tests_structure`` holds those that its schema has.
COLUMNS: Final = (
    "interval_start",
    "interval_end",
    "constraint",
    "contingency",
    "direction",
    "rule_id",
    "owner",
    "supply_mw",
    "total_supply_mw",
    "need_mw",
    "relevant_price",
    "shadow_price",
    "rsi1",
    "rsi2",
    "rsi3",
    "concentration",
    "margin_mw",
    "pivotal_group",
    "passed",
    "slack",
    "base",
    "note",
)
_TEXT: Final = (
    "constraint",
    "contingency",
    "direction",
    "rule_id",
    "owner",
    "pivotal_group",
    "slack",
    "base",
    "note",
)
_NUMBER: Final = (
    "supply_mw",
    "total_supply_mw",
    "need_mw",
    "relevant_price",
    "shadow_price",
    "rsi1",
    "rsi2",
    "rsi3",
    "concentration",
    "margin_mw",
)


def verdict_rows(frame: pd.DataFrame, **same: object) -> pd.DataFrame:
    """Rows with all the columns of a verdict: absent text is "", absent numbers are NaN.

    ``same`` are values that hold for all rows.
    """
    blank = {**dict.fromkeys(_TEXT, ""), **dict.fromkeys(_NUMBER, float("nan"))}
    given = {name: same[name] if name in same else frame.get(name) for name in COLUMNS}
    filled = {
        name: blank[name] if value is None and name in blank else value
        for name, value in given.items()
    }
    types = {**dict.fromkeys(_TEXT, "str"), **dict.fromkeys(_NUMBER, "float64")}
    return pd.DataFrame(filled, index=frame.index).astype(types)


def no_verdicts(run: Run) -> pd.DataFrame:
    """No rows, with the columns and types of verdicts."""
    empty = empty_frame(RUN_TABLES["tests_structure"], run.case.meta.timezone)
    return verdict_rows(empty.drop(columns="owner"))


def stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Verdict rows of several tests, sorted by rule, place, time and owner."""
    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return frames[0]
    order = ["rule_id", "constraint", "contingency", "direction", "interval_start", "owner"]
    return pd.concat(filled).sort_values(order, ignore_index=True)


def as_run_table(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Give the columns of ``frame`` that the run table ``name`` declares, in its order."""
    return frame[[column for column in RUN_TABLES[name].names if column in frame.columns]]
