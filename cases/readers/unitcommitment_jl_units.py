"""Generators and storage of UnitCommitment.jl instances."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.readers.json_file import Node
from cases.readers.uc_fleet import Fleet, offered_curve, start_tiers
from cases.readers.unitcommitment_jl_frame import Frame

__all__ = ["Generators", "read_generators", "read_storage"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MW, COST = "Production cost curve (MW)", "Production cost curve ($)"
UP, DOWN = "Ramp up limit (MW)", "Ramp down limit (MW)"
START, STOP = "Startup limit (MW)", "Shutdown limit (MW)"
MIN_UP, MIN_DOWN = "Minimum uptime (h)", "Minimum downtime (h)"
DELAYS, STARTS, SHUTDOWN = "Startup delays (h)", "Startup costs ($)", "Shutdown cost ($)"
STATUS, POWER = "Initial status (h)", "Initial power (MW)"
MUST, COMMITTED = "Must run?", "Commitment status"
SPINNING, ELIGIBLE = "Provides spinning reserves?", "Reserve eligibility"
THERMAL = (
    *("Bus", "Type", MW, COST, UP, DOWN, START, STOP, MIN_UP, MIN_DOWN, DELAYS, STARTS),
    *(STATUS, POWER, MUST, COMMITTED, ELIGIBLE),
)
LOW, HIGH, PRICE = "Minimum power (MW)", "Maximum power (MW)", "Cost ($/MW)"
PROFILED = ("Bus", "Type", LOW, HIGH, PRICE)


@dataclass
class Generators:
    """The fleet, which units may carry which reserve product in which steps, and up to what."""

    fleet: Fleet
    eligible: list[tuple[str, str, Flags]] = field(default_factory=list)
    room: dict[str, float] = field(default_factory=dict)


def read_generators(frame: Frame, section: Node, reserves: list[str]) -> Generators:
    """Read all generators; version 0.2 and 0.3 files need no Type and mean thermal units."""
    found = Generators(Fleet(frame.starts))
    for name, unit in section.members():
        kind = unit.text("Type", "Thermal" if frame.version < (0, 4) else None)
        if kind.lower() == "thermal":
            _thermal(frame, found, name, unit, reserves)
        elif kind.lower() == "profiled":
            _profiled(frame, found.fleet, name, unit)
        elif kind:
            unit.fail("Type", "type", f"must be Thermal or Profiled, not {kind}")
    return found


def _thermal(frame: Frame, found: Generators, name: str, unit: Node, reserves: list[str]) -> None:
    """Read a thermal unit.

    Ramps limit output above the minimum from step to step, in steps of starts and stops too.
    """
    old = frame.version < (0, 3)
    unit.only((*THERMAL, SPINNING) if old else (*THERMAL, SHUTDOWN))
    bus = frame.bus(unit)
    mw, cost = _curve(frame, unit)
    up, down, start, stop = (unit.number(k, np.inf, ge=0.0) for k in (UP, DOWN, START, STOP))
    min_up, min_down = (unit.number(k, 1.0, ge=0.0) for k in (MIN_UP, MIN_DOWN))
    low, high = (float(mw[0, 0]), float(mw.max())) if mw.size else (np.nan, np.nan)
    hours, power = _initial_state(unit)
    must, out = _commitment(frame, unit, low)
    row: dict[str, Any] = {
        "unit": name,
        "bus": bus,
        "technology": "thermal",
        "p_min": low,
        "p_max": high,
        "ramp_up": up / frame.step,
        "ramp_down": down / frame.step,
        "startup_ramp": min(start, low + up),
        "shutdown_ramp": min(stop, low + down),
        "min_up": min_up,
        "min_down": min_down,
        "initial_hours": hours,
        "initial_mw": power,
        "must_run": must,
    }
    limits = ("ramp_up", "ramp_down", "startup_ramp", "shutdown_ramp")
    row |= {key: np.nan for key in limits if np.isinf(row[key])}
    found.fleet.units.append(row)
    most = mw.max(axis=1) if mw.size else np.full(frame.count, high)
    if out.any() or (most < high).any():
        found.fleet.reach[name] = np.where(out, 0.0, most)
    if mw.size:
        try:
            found.fleet.offer(name, offered_curve(mw, cost / frame.step))
        except ValueError as error:
            unit.fail(COST, "curve", str(error))
    try:
        delays, costs = unit.numbers(DELAYS, [1.0]), unit.numbers(STARTS, [0.0])
        tiers = start_tiers(delays, costs, max(min_down, frame.step))
    except ValueError as error:
        unit.fail(DELAYS, "startup", str(error))
    else:
        found.fleet.commitment += [(name, "startup", *tier) for tier in tiers]
    if not old and unit.number(SHUTDOWN, 0.0):
        found.fleet.commitment.append((name, "shutdown", 0.0, unit.number(SHUTDOWN, 0.0)))
    if old:
        may = np.array(unit.flags(SPINNING, frame.count, True))
        found.eligible += [(name, product, may) for product in reserves if may.any()]
    else:
        always = np.ones(frame.count, dtype=bool)
        for product in unit.names(ELIGIBLE, reserves, "reserve"):
            found.eligible.append((name, product, always))
    found.room[name] = high - low


def _curve(frame: Frame, unit: Node) -> tuple[Floats, Floats]:
    """Read the cost curve, (T, K) each; empty where it cannot be used.

    Points are numbers or series. The minimum output must be the same in all steps.
    """
    nothing = np.zeros((0, 0))
    columns: list[list[Floats]] = []
    for key in (MW, COST):
        value = unit.values.get(key)
        if value is None:
            unit.missing(key)
            return nothing, nothing
        if not isinstance(value, list) or not value:
            unit.fail(key, "list", "must be a list of numbers or of series")
            return nothing, nothing
        points = Node(unit.document, unit.at(key), {str(k): v for k, v in enumerate(value, 1)})
        least = 0.0 if key == MW else None
        columns.append([points.series(k, frame.count, ge=least) for k in points.values])
    if len(columns[0]) != len(columns[1]):
        text = f"has {len(columns[1])} points, {MW} has {len(columns[0])}"
        unit.fail(COST, "length", text)
        return nothing, nothing
    mw, cost = (np.stack(points, axis=1) for points in columns)
    if np.isnan(mw).any() or np.isnan(cost).any():
        return nothing, nothing
    if np.ptp(mw[: frame.kept, 0]) > 0:
        unit.fail(MW, "time_series", "the minimum output changes over time; a case has one p_min")
        return nothing, nothing
    return mw, cost


def _initial_state(unit: Node) -> tuple[float, float]:
    """Hours on (+) or off (-) and output before the first step; both or neither are given."""
    given = [unit.has(key) for key in (STATUS, POWER)]
    if not any(given):
        return np.nan, np.nan
    hours, power = unit.number(STATUS), unit.number(POWER, ge=0.0)
    if hours == 0:
        unit.fail(STATUS, "initial_state", "must be the hours on (+) or off (-), not 0")
    if hours < 0 and power > 1e-3:
        unit.fail(POWER, "initial_state", f"must be 0 where {STATUS} is negative ({power:g} MW)")
    return hours, power if hours > 0 else 0.0


def _commitment(frame: Frame, unit: Node, low: float) -> tuple[bool, Flags]:
    """Whether a unit must be on in all steps, and in which it must be off.

    A case says "must run" for all steps, and "off" by an availability of 0, which needs a least
    output above 0: a unit without one could be on at 0 MW.
    """
    must = np.array(unit.flags(MUST, frame.count, False))
    out = np.zeros(frame.count, dtype=bool)
    key = MUST
    value = unit.values.get(COMMITTED)
    if value is not None:
        status = value if isinstance(value, list) else [value] * frame.count
        if len(status) != frame.count or any(s not in (True, False, None) for s in status):
            text = f"must hold true, false or null for each of {frame.count} time steps"
            unit.fail(COMMITTED, "length", text)
            return False, out
        key = COMMITTED if any(s is True for s in status) else MUST
        must = must | np.array([s is True for s in status])
        out = np.array([s is False for s in status])
    must, within = must[: frame.kept], out[: frame.kept]
    if must.any() and not must.all():
        unit.fail(key, "time_series", "asks for some steps only; a case has must_run for all")
    if within.any() and not within.all() and low == 0:
        text = "false in some steps needs a minimum output above 0 (a case has availability 0)"
        unit.fail(COMMITTED, "time_series", text)
    return bool(must.all()), out


def _profiled(frame: Frame, fleet: Fleet, name: str, unit: Node) -> None:
    """Read a profiled unit: output between two series, at a cost per MW and step."""
    unit.only(PROFILED)
    bus = frame.bus(unit)
    low = unit.series(LOW, frame.count, 0.0, ge=0.0)
    high = unit.series(HIGH, frame.count, ge=0.0)
    price = unit.series(PRICE, frame.count) / frame.step
    if any(np.isnan(series).any() for series in (low, high, price)):
        return
    if (low > high).any():
        k = int(np.argmax(low > high))
        text = f"step {k + 1}: is above {HIGH} ({low[k]:g} > {high[k]:g} MW)"
        unit.fail(LOW, "range", text)
        return
    fleet.bounded(name, bus, low, high, price, "profiled")


STORAGE_REQUIRED = {
    "energy_max": "Maximum level (MWh)",
    "charge_mw": "Maximum charge rate (MW)",
    "discharge_mw": "Maximum discharge rate (MW)",
}
STORAGE_DEFAULT = {
    "energy_min": ("Minimum level (MWh)", 0.0),
    "efficiency_in": ("Charge efficiency", 1.0),
    "efficiency_out": ("Discharge efficiency", 1.0),
}
CHARGE_COST, DISCHARGE_COST = "Charge cost ($/MW)", "Discharge cost ($/MW)"
INITIAL, LAST_LOW = "Initial level (MWh)", "Last period minimum level (MWh)"
LAST_HIGH, TOGETHER = (
    "Last period maximum level (MWh)",
    "Allow simultaneous charging and discharging",
)
ZERO = ("Loss factor", "Minimum charge rate (MW)", "Minimum discharge rate (MW)")


def read_storage(frame: Frame, section: Node) -> pd.DataFrame:
    """Read the storage units: each cost of charging or discharging becomes an offer price.

    A cost of c for charging is a willingness to pay of -c.
    """
    rows = []
    for name, unit in section.members():
        keys = [*STORAGE_REQUIRED.values(), *(key for key, _ in STORAGE_DEFAULT.values()), *ZERO]
        unit.only(
            ("Bus", *keys, CHARGE_COST, DISCHARGE_COST, INITIAL, LAST_LOW, LAST_HIGH, TOGETHER)
        )
        row: dict[str, Any] = {"storage": name, "bus": frame.bus(unit)}
        for column, key in STORAGE_REQUIRED.items():
            row[column] = frame.steady(unit, key, ge=0.0)
        for column, (key, default) in STORAGE_DEFAULT.items():
            row[column] = frame.steady(unit, key, default, ge=0.0)
        row["charge_price"] = -frame.steady(unit, CHARGE_COST) / frame.step
        row["discharge_price"] = frame.steady(unit, DISCHARGE_COST) / frame.step
        row["initial_mwh"] = unit.number(INITIAL, 0.0, ge=0.0)
        row["final_mwh"] = np.nan
        if unit.has(LAST_LOW):
            final = unit.number(LAST_LOW, ge=0.0)
            if frame.kept == frame.count:
                row["final_mwh"] = final
            else:
                text = f"storage {name}: {LAST_LOW} is for the last of all hours and left out"
                frame.warnings.append(text)
        for key in ZERO:
            if frame.steady(unit, key, 0.0, ge=0.0) > 0:
                unit.fail(key, "not_said", "must be 0: a case has no such quantity")
        if unit.has(LAST_HIGH) and unit.number(LAST_HIGH) < row["energy_max"]:
            text = "is below the maximum level: a case has no largest energy at the end"
            unit.fail(LAST_HIGH, "not_said", text)
        if not all(unit.flags(TOGETHER, frame.count, True)):
            frame.warnings.append(
                f"storage {name}: {TOGETHER} is false, which a case cannot say; check the schedule"
            )
        rows.append(row)
    return pd.DataFrame(rows)
