"""The state of the market after a day, as the state in which the next one begins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cases import Case, InputError, Run
from cases.market_time import day_of

__all__ = ["carried", "hours_in_state"]

_ROUNDING = 1e-5
"""MW and MWh by which a rounded result may lie outside its limits."""


def carried(case: Case, before: Run) -> Case:
    """The case with the state in which `before`, the run of the day before, ends.

    Units are on or off for the hours that they have been, at their last MW; storage holds its last
    MWh; of an energy limit of a day that both touch, what is left. Units and storage that the run
    does not have keep what the case says.

    Raises
    ------
    InputError
        The case does not begin where the run ends.
    """
    start, end = case.interval_starts[0], before.case.interval_ends[-1]
    if start != end:
        message = f"begins at {start}, but the state is that of {end}: days of a chain follow"
        raise InputError.one(case.meta.name, None, "start", "chain", message)
    changes: dict[str, Any] = {"units": _units(case, before)}
    if len(case.storage) and len(before.storage_schedule):
        changes["storage"] = _storage(case, before)
    if len(case.energy_limits):
        changes["energy_limits"] = _budgets(case, before)
    return case.replace(**changes)


def hours_in_state(on: np.ndarray, hours: float, before: float) -> float:
    """Hours for which a unit has been on (+) or off (-) at the end of a day.

    Parameters
    ----------
    on
        Whether it was on, interval by interval, (T,).
    hours
        Length of an interval.
    before
        The same at the beginning of the day; NaN: not known.
    """
    last = bool(on[-1])
    changes = np.flatnonzero(on != last)
    count = len(on) if not len(changes) else len(on) - 1 - int(changes[-1])
    total = count * hours
    if not len(changes) and not np.isnan(before) and (before > 0) == last:
        total += abs(before)
    return total if last else -total


def _units(case: Case, run: Run) -> pd.DataFrame:
    dispatch = run.dispatch
    shape = (run.case.meta.intervals, -1)
    names = dispatch["unit"].to_numpy().reshape(shape)[0]
    on = dispatch["on"].to_numpy(dtype=bool).reshape(shape)
    mw = dispatch["mw"].to_numpy(dtype=float).reshape(shape)[-1]
    began = run.case.units.set_index("unit")["initial_hours"]
    hours = {
        name: hours_in_state(on[:, k], run.case.interval_hours, float(began[name]))
        for k, name in enumerate(names)
    }
    output = dict(zip(names, np.where(on[-1], mw, 0.0), strict=True))
    units = case.units
    state = units["unit"].map(hours).fillna(units["initial_hours"])
    last = _within(units["unit"].map(output), None, units["p_max"]).fillna(units["initial_mw"])
    return units.assign(initial_hours=state, initial_mw=last)


def _storage(case: Case, run: Run) -> pd.DataFrame:
    schedule = run.storage_schedule.drop_duplicates("storage", keep="last")
    level = schedule.set_index("storage")["energy_mwh"]
    storage = case.storage
    held = _within(storage["storage"].map(level), storage["energy_min"], storage["energy_max"])
    return storage.assign(initial_mwh=held.fillna(storage["initial_mwh"]))


def _budgets(case: Case, run: Run) -> pd.DataFrame:
    """Energy limits less what the run has taken of the same day already."""
    dispatch = run.dispatch
    day = day_of(dispatch["interval_start"])
    energy = dispatch["mw"] * run.case.interval_hours
    keys = [dispatch["unit"].rename("unit"), day.rename("day")]
    used = energy.groupby(keys).sum().rename("used").reset_index()
    limits = case.energy_limits
    taken = limits[["unit", "day"]].merge(used, how="left", on=["unit", "day"])["used"]
    left = limits["max_mwh"].to_numpy(dtype=float) - taken.fillna(0.0).to_numpy(dtype=float)
    return limits.assign(max_mwh=np.maximum(left, 0.0))


def _within(values: pd.Series, low: pd.Series | None, high: pd.Series) -> pd.Series:
    """Values that rounding has put just outside of a limit, at the limit."""
    over = (values > high) & (values <= high + _ROUNDING)
    values = values.mask(over, high)
    if low is not None:
        values = values.mask((values < low) & (values >= low - _ROUNDING), low)
    return values
