"""Commitment data: initial states, minimum times and start-up tiers that fit together."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.checks.context import Context, Mask, positions

__all__ = ["check_commitment"]

Floats = NDArray[np.float64]

TOLERANCE = 1e-6


def check_commitment(context: Context) -> None:
    """Check initial states, minimum times, must-run, tiers and energy limits against each other.

    What leaves no schedule is a failure. What only looks like an oversight, and what the clearing
    decides by a rule of its own (an outage comes before must-run), is a warning.
    """
    if context.usable("units", "commitment_offers"):
        _check_tiers(context)
    if not context.usable("units") or context.meta is None or not len(context.tables["units"]):
        return
    _check_initial_output(context)
    _warn_of_event_ramps(context)
    _warn_of_long_times(context)
    if context.usable("availability", "self_schedules", "must_run"):
        states = _States(context)
        _check_carried_times(context, states)
        _check_must_run(context, states)
        if context.usable("energy_limits"):
            _check_energy_limits(context, states)


class _States:
    """The series of the units as (T, U), in the order of `units`; NaN where there is none."""

    def __init__(self, context: Context) -> None:
        assert context.meta is not None
        self.starts = context.meta.interval_starts()
        self.hours = context.meta.interval_minutes / 60
        self.units = context.tables["units"]
        self.available = self._series(context.tables["availability"])
        self.fixed = self._series(context.tables["self_schedules"])
        p_min = self.units["p_min"].to_numpy(dtype=np.float64)
        always = self.units["must_run"].to_numpy(dtype=bool)
        self.must: Mask = always | (self._series(context.tables["must_run"]) > 0.0)
        self.out: Mask = np.isnan(self.fixed) & (self.available < p_min - TOLERANCE)
        self.idle: Mask = (self.fixed == 0.0) & (p_min > 0.0)

    def _series(self, frame: pd.DataFrame) -> Floats:
        names = self.units["unit"]
        if not len(frame) or frame.columns.duplicated().any():
            return np.full((len(self.starts), len(names)), np.nan)
        rows = frame.drop_duplicates("interval_start").set_index("interval_start")
        values: Floats = rows.reindex(index=self.starts, columns=names).to_numpy(dtype=np.float64)
        return values

    def first(self, when: Mask) -> str:
        """The first interval at which a mask (T,) holds."""
        stamp: pd.Timestamp = self.starts[int(np.argmax(when))]
        return stamp.isoformat()

    def column(self, name: str) -> Floats:
        """A number column of `units`."""
        return self.units[name].to_numpy(dtype=np.float64)


def _check_initial_output(context: Context) -> None:
    """A unit that is on must be at p_min or able to get there in the first interval."""
    assert context.meta is not None
    units, hours = context.tables["units"], context.meta.interval_minutes / 60
    reach = units["initial_mw"] + units["ramp_up"].fillna(np.inf) * hours
    low = (units["initial_hours"] > 0) & (reach < units["p_min"] - TOLERANCE)
    bad = context.reported("units", "initial_hours", "initial_mw", "ramp_up", "p_min")
    for k in positions(low.to_numpy() & ~bad):
        message = (
            f"{units['unit'].iat[k]} is on at {units['initial_mw'].iat[k]:g} MW and cannot reach "
            f"p_min of {units['p_min'].iat[k]:g} MW in the first interval "
            f"(ramp_up {units['ramp_up'].iat[k]:g} MW/h)"
        )
        context.fail("units", k, "initial_mw", "initial_state", message)
    below = (units["initial_hours"] > 0) & (units["initial_mw"] < units["p_min"] - TOLERANCE)
    for k in positions((below & ~low).to_numpy() & ~bad):
        message = (
            f"{units['unit'].iat[k]} is on at {units['initial_mw'].iat[k]:g} MW, below p_min of "
            f"{units['p_min'].iat[k]:g} MW"
        )
        context.warn("units", k, "initial_mw", "initial_state", message)


def _warn_of_event_ramps(context: Context) -> None:
    """A unit whose start-up or shut-down ramp is below p_min cannot start or stop."""
    units = context.tables["units"]
    for column, verb in (("startup_ramp", "start"), ("shutdown_ramp", "stop")):
        for k in positions(units[column] < units["p_min"] - TOLERANCE):
            message = (
                f"{units['unit'].iat[k]} can never {verb}: {column} of {units[column].iat[k]:g} "
                f"MW is below p_min of {units['p_min'].iat[k]:g} MW"
            )
            context.warn("units", k, column, f"{column}_below_p_min", message)


def _warn_of_long_times(context: Context) -> None:
    """Minimum times longer than the case: often minutes or intervals given as hours.

    Must-run units never start or stop, and one interval has no time in it.
    """
    assert context.meta is not None
    units, meta = context.tables["units"], context.meta
    length = meta.intervals * meta.interval_minutes / 60
    if meta.intervals == 1:
        return
    free = ~units["must_run"].to_numpy(dtype=bool)
    for column in ("min_up", "min_down"):
        for k in positions((units[column] > length + TOLERANCE).to_numpy() & free):
            message = (
                f"{column} of {units['unit'].iat[k]} is {units[column].iat[k]:g} h, longer than "
                f"the case of {length:g} h"
            )
            context.warn("units", k, column, f"{column}_above_horizon", message)


def _check_carried_times(context: Context, states: _States) -> None:
    """What the initial hours leave of a minimum time must not be broken by the case itself."""
    hours, units = states.column("initial_hours"), states.units
    begin = np.arange(len(states.starts))[:, None] * states.hours
    must = states.must & ~states.out & ~states.idle
    forced_on = (states.fixed > 0.0) | (must & np.isnan(states.fixed))
    bad = context.reported("units", "initial_hours", "min_up", "min_down", "must_run")
    for column, state, verb in (("min_down", -1.0, "start"), ("min_up", 1.0, "stop")):
        left = np.nan_to_num(states.column(column)) - np.abs(hours)
        carried = (np.sign(hours) == state) & (begin < left - TOLERANCE) & ~bad
        broken = carried & (forced_on if state < 0 else states.idle)
        for k in positions(broken.any(axis=0)):
            when = broken[:, k]
            fixed = ~np.isnan(states.fixed[int(np.argmax(when)), k])
            cause = f"is self-scheduled at {0 if state > 0 else 'more than 0'} MW"
            message = (
                f"{units['unit'].iat[k]} cannot {verb} for another {left[k]:g} h, since it was "
                f"{'off' if state < 0 else 'on'} for {abs(hours[k]):g} h ({column} "
                f"{units[column].iat[k]:g} h), but {cause if fixed else 'must run'} at "
                f"{states.first(when)}"
            )
            context.fail("units", k, "initial_hours", f"initial_state_{column}", message)
        if state > 0:
            early = carried & states.out
            for k in positions(early.any(axis=0)):
                message = (
                    f"{units['unit'].iat[k]} is out at {states.first(early[:, k])}, before min_up "
                    f"of {units['min_up'].iat[k]:g} h is over; it stops all the same"
                )
                context.warn("units", k, "initial_hours", "outage_before_min_up", message)


def _check_must_run(context: Context, states: _States) -> None:
    """A must-run unit cannot be scheduled at 0 MW; an outage comes before must-run."""
    units = states.units
    must = states.must & ~context.reported("units", "must_run")
    for k in positions(np.any(states.idle & must, axis=0)):
        message = (
            f"{units['unit'].iat[k]} must run, but is self-scheduled at 0 MW at "
            f"{states.first((states.idle & must)[:, k])}"
        )
        context.fail("units", k, "must_run", "must_run_self_schedule", message)
    for k in positions(np.any(states.out & must, axis=0)):
        lost = states.out[:, k] & must[:, k]
        count = int(lost.sum())
        message = (
            f"{units['unit'].iat[k]} must run, but is out in {count} "
            f"interval{'s' if count > 1 else ''}, first {states.first(lost)}; "
            "the outage holds"
        )
        context.warn("units", k, "must_run", "must_run_outage", message)


def _check_energy_limits(context: Context, states: _States) -> None:
    """What must-run and self-schedules take must fit into the energy limit of the day."""
    limits, units = context.tables["energy_limits"], states.units
    if not len(limits):
        return
    must = states.must & ~states.out
    least = np.where(must, states.column("p_min"), 0.0)
    least = np.where(np.isnan(states.fixed), least, states.fixed)
    at = {name: k for k, name in enumerate(units["unit"].tolist())}
    days = np.asarray(states.starts.strftime("%Y-%m-%d"))
    bad = context.reported("energy_limits", "unit", "day", "max_mwh")
    for position, (name, stamp, most) in enumerate(
        zip(limits["unit"], limits["day"], limits["max_mwh"], strict=True)
    ):
        if bad[position] or name not in at or pd.isna(stamp):
            continue
        day = pd.Timestamp(stamp).strftime("%Y-%m-%d")
        needed = float(least[days == day, at[name]].sum() * states.hours)
        if needed > most + TOLERANCE:
            message = (
                f"{name} makes at least {needed:g} MWh on {day} (must-run at p_min and "
                f"self-schedules), more than the limit of {most:g} MWh"
            )
            context.fail("energy_limits", position, "max_mwh", "energy_limit", message)


def _check_tiers(context: Context) -> None:
    """Start-up tiers: dearer with hours off, one from the first hour off; others have none."""
    offers, units = context.tables["commitment_offers"], context.tables["units"]
    if not len(offers):
        return
    bad = context.reported("commitment_offers", "unit", "component", "after_hours_off", "price")
    start = (offers["component"] == "startup").to_numpy()
    for k in positions(~start & (offers["after_hours_off"] > 0).to_numpy() & ~bad):
        message = f"only startup has tiers; leave it blank for {offers['component'].iat[k]}"
        context.fail("commitment_offers", k, "after_hours_off", "tier", message)
    tiers = offers[start & ~bad].sort_values(["unit", "after_hours_off"], kind="stable")
    before = (tiers["unit"].shift() == tiers["unit"]).to_numpy()
    falls = before & (tiers["price"].diff() < -TOLERANCE).to_numpy()
    order: list[int] = tiers.index.tolist()
    for number in positions(falls):
        k, previous = order[number], order[number - 1]
        message = (
            f"a start of {offers['unit'].iat[k]} after {offers['after_hours_off'].iat[k]:g} h off "
            f"is at {offers['price'].iat[k]:g}, below {offers['price'].iat[previous]:g} after "
            f"{offers['after_hours_off'].iat[previous]:g} h"
        )
        context.fail("commitment_offers", k, "price", "monotone", message)
    rest = units.drop_duplicates("unit").set_index("unit")["min_down"]
    first = tiers[~before]
    shortest = rest.reindex(first["unit"]).fillna(0.0).to_numpy(dtype=np.float64)
    late = first["after_hours_off"].to_numpy(dtype=np.float64) > shortest + TOLERANCE
    for k in first.index[late].tolist():
        message = (
            f"{offers['unit'].iat[k]} has no start-up price below "
            f"{offers['after_hours_off'].iat[k]:g} h off; its first tier counts there too"
        )
        context.warn("commitment_offers", k, "after_hours_off", "no_first_tier", message)
