"""Cases over other stretches of time: a part of one, several in a row, one on another date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from datetime import datetime

import pandas as pd

from cases import Case, InputError
from cases.market_time import days_in, first_moment
from cases.tables.schema import CASE_TABLES

__all__ = ["joined", "part", "repeated"]

_LASTING = ("owners", "contracts", "contract_curves", "futures", "rights", "settlement_prices")
"""Tables whose dates are agreed, whatever day is cleared."""


def part(case: Case, start: datetime, length: pd.Timedelta) -> Case:
    """The intervals of a case from a moment on; the case itself where that is all of it.

    Rows of intervals of the case that lie outside go; what was before the case (histories) and
    what is agreed for longer (contracts, rights) stays, as do limits of days that are touched.
    """
    starts, begin = case.interval_starts, pd.Timestamp(start)
    kept = starts[(starts >= begin) & (starts < begin + length)]
    if len(kept) == len(starts):
        return case
    if not len(kept):
        raise ValueError(f"no interval of {case.meta.name} begins within {length} of {start}")
    gone = starts.difference(kept)
    tables = {}
    for name, frame in case.tables.items():
        if "interval_start" in frame and name not in _LASTING:
            frame = frame[~frame["interval_start"].isin(gone)].reset_index(drop=True)
        if name == "energy_limits" and len(frame):
            frame = frame[frame["day"].isin(_dates(kept))].reset_index(drop=True)
        tables[name] = frame
    return case.replace(start=kept[0].to_pydatetime(), intervals=len(kept), **tables)


def joined(cases: list[Case]) -> Case:
    """One case of days that follow each other: series in a row, everything else the first day's.

    Raises
    ------
    InputError
        A day does not begin where the one before it ends, or differs in more than its series and
        in the states that it begins with.
    """
    first = cases[0]
    if len(cases) == 1:
        return first
    before = first
    for case in cases[1:]:
        same = (case.meta.interval_minutes, case.meta.timezone) == (
            first.meta.interval_minutes,
            first.meta.timezone,
        )
        if not same or case.interval_starts[0] != before.interval_ends[-1]:
            message = f"does not go on where {before.meta.name} ends, in equal intervals"
            raise InputError.one(case.meta.name, None, None, "look_ahead", message)
        before = case
    tables = {}
    for name, frame in first.tables.items():
        frames = [case.tables[name] for case in cases]
        if name in _LASTING:
            tables[name] = frame
        elif "interval_start" in frame or name == "energy_limits":
            stacked = pd.concat([f for f in frames if len(f)] or [frame], ignore_index=True)
            key = list(CASE_TABLES[name].key)
            stacked = stacked.drop_duplicates(ignore_index=True)
            twice = stacked.duplicated(key)
            if twice.any():
                row = ", ".join(str(value) for value in stacked.loc[twice, key].iloc[0])
                _differs(first, name, f"{row} is not the same on every day")
            tables[name] = stacked
        else:
            for case, other in zip(cases[1:], frames[1:], strict=True):
                if not _static(name, frame).equals(_static(name, other)):
                    _differs(case, name, f"differs from that of {first.meta.name}")
            tables[name] = frame
    intervals = sum(case.meta.intervals for case in cases)
    return first.replace(intervals=intervals, **tables)


def repeated(case: Case, day: dt.date) -> Case:
    """The same case on another date, at the same hours of the clock there."""
    shift = day - case.meta.start.date()
    if not shift:
        return case
    timezone = case.meta.timezone
    tables = {}
    for name, frame in case.tables.items():
        if name not in _LASTING and len(frame):
            changed = {
                column.name: _moved(frame[column.name], shift, column.dtype)
                for column in CASE_TABLES[name].columns
                if column.dtype in ("timestamp", "date") and column.name in frame
            }
            if changed:
                frame = frame.assign(**changed)
        tables[name] = frame
    local = case.meta.start.replace(tzinfo=None) + shift
    start = first_moment(pd.Timestamp(local), timezone).to_pydatetime()
    return case.replace(name=f"{case.meta.name}-{day}", start=start, **tables)


def _moved(cells: pd.Series, shift: dt.timedelta, dtype: str) -> pd.Series:
    """Stamps or dates some days later, at the same hour of the clock."""
    if dtype == "date" and not isinstance(cells.dtype, pd.DatetimeTZDtype):
        return pd.Series(cells + pd.Timedelta(shift), index=cells.index)
    moved = cells.dt.tz_localize(None) + pd.Timedelta(shift)
    zone = str(cells.dt.tz)
    return pd.Series([first_moment(stamp, zone) for stamp in moved], index=cells.index)


def _dates(starts: Iterable[pd.Timestamp]) -> pd.DatetimeIndex:
    return days_in(pd.DatetimeIndex(sorted(starts)))


def _static(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """A table without the states that a day begins with."""
    return frame.drop(columns=["initial_hours", "initial_mw", "initial_mwh"], errors="ignore")


def _differs(case: Case, table: str, text: str) -> None:
    message = f"{text}: a look-ahead joins days that differ in their series alone"
    raise InputError.one(case.meta.name, None, table, "look_ahead", message)
