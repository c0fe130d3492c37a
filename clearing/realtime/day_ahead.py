"""What real time takes over from a day-ahead run: states of units, worth of stored energy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cases import Case, Failure, InputError, Run
from clearing.day.day import Day
from network.arrays import Flags, Floats, Positions

__all__ = ["DayAhead"]

_NAMED = 5


@dataclass(frozen=True, eq=False)
class DayAhead:
    """A day-ahead run as seen from real-time intervals, T of them."""

    on: Flags
    """Whether each unit was committed in the interval that contains this one, (T, U)."""
    stored_value: Floats
    """Worth of energy in each storage at the end of that interval, money per MWh, (T, S)."""
    stored_before: Floats
    """MWh in each storage as the first of them begins, (S,)."""
    budget_value: Floats
    """Worth of one more MWh in the budget of each row of `energy_limits`, (E,)."""

    @classmethod
    def of(cls, run: Run, case: Case) -> DayAhead:
        """Match a run to a real-time case.

        Raises InputError with the units and storages that one of them does not have, and the
        intervals that the run does not cover.
        """
        failures = [
            *_unmatched("units", "unit", run.case, case),
            *_unmatched("storage", "storage", run.case, case),
        ]
        at, outside = _containing(run.case, case)
        if len(outside):
            shown = case.interval_starts[outside[0]].isoformat()
            start, end = run.case.interval_starts[0], run.case.interval_ends[-1]
            failures.append(
                _failure(
                    "times",
                    f"{len(outside)} of {case.meta.intervals} intervals lie in no interval of the "
                    f"run, the first from {shown}; the run covers {start.isoformat()} to "
                    f"{end.isoformat()} in steps of {run.case.meta.interval_minutes} minutes",
                )
            )
        if failures:
            raise InputError(failures)
        on = _by_name(run, "dispatch", "unit", "on", case.tables["units"]["unit"])[at] > 0.5
        names = case.tables["storage"]["storage"]
        value = _by_name(run, "storage_schedule", "storage", "energy_value", names)
        stored = _by_name(run, "storage_schedule", "storage", "energy_mwh", names)
        before = stored[at[0] - 1]
        if at[0] == 0 and len(names):
            table = run.case.tables["storage"].set_index("storage").loc[names.tolist()]
            first = table["initial_mwh"].to_numpy(dtype=float)
            decided = table["cyclic"].to_numpy(dtype=bool) & np.isnan(first)
            least = table["energy_min"].to_numpy(dtype=float)
            before = np.where(decided, stored[-1], np.where(np.isnan(first), least, first))
        return cls(on, value[at], before, _budget_value(run, case))

    def states(self, day: Day) -> Flags:
        """Which units run in real time, (T, U): those committed, but for outages since.

        A unit with a self-schedule above 0 MW is on whatever was committed.
        """
        return (self.on & ~day.out) | (np.nan_to_num(day.self_scheduled) > 0.0)


def _unmatched(table: str, column: str, ahead: Case, case: Case) -> list[Failure]:
    known, asked = set(ahead.tables[table][column]), set(case.tables[table][column])
    found = []
    for missing, where in ((asked - known, "run"), (known - asked, "case")):
        if missing:
            names = sorted(missing)
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            text = ", ".join(names[:_NAMED]) + more
            found.append(_failure(table, f"the {where} has no {column} {text}"))
    return found


def _failure(column: str, message: str) -> Failure:
    text = f"run and real-time case do not match: {message}"
    return Failure("", None, column, "commitment_from", text)


def _containing(ahead: Case, case: Case) -> tuple[Positions, Positions]:
    """Day-ahead interval of each real-time interval, and those that lie in none."""
    at = ahead.interval_starts.searchsorted(case.interval_starts, side="right") - 1
    place = np.asarray(at, dtype=np.intp)
    ends = ahead.interval_ends[np.maximum(place, 0)]
    inside = (place >= 0) & np.asarray(case.interval_ends <= ends)
    return place, np.flatnonzero(~inside)


def _by_name(run: Run, table: str, column: str, value: str, names: pd.Series[str]) -> Floats:
    """Read a column of a table with one row per interval and name as (T, N) in another order."""
    frame = run.tables[table]
    found = frame[value].to_numpy(dtype=float).reshape(run.case.meta.intervals, -1)
    if not found.shape[1]:
        return np.zeros((run.case.meta.intervals, 0))
    order = pd.Index(frame[column].iloc[: found.shape[1]]).get_indexer(pd.Index(names))
    return np.asarray(found[:, order])


def _budget_value(run: Run, case: Case) -> Floats:
    limits, table = case.tables["energy_limits"], run.energy_budgets
    if limits.empty or table.empty:
        return np.zeros(len(limits))
    key = ["unit", "day"]
    same = limits[key].assign(day=limits["day"].dt.strftime("%Y-%m-%d"))
    known = table.assign(day=table["day"].dt.strftime("%Y-%m-%d"))[[*key, "shadow_price"]]
    value = same.merge(known, on=key, how="left")["shadow_price"].to_numpy(dtype=float)
    return np.asarray(np.nan_to_num(value))
