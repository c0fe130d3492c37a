"""Unit-commitment instances of pglib-uc (JSON), as cases of one bus.

Format and model: Power Grid Lib - Unit Commitment, MODEL.tex; Knueven, Ostrowski and Watson, On
mixed-integer programming formulations for the unit commitment problem (2020). Equation numbers in
this file are those of the library's reference implementation.
"""

from __future__ import annotations

import math
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cases.case import Case, assemble
from cases.files.convert import Source
from cases.readers.json_file import Document, Floats, Node, horizon, load_json, start_day
from cases.readers.names import find_uc_instance
from cases.readers.reader import Origin, Reader, refuse
from cases.readers.uc_fleet import Fleet, offered_curve, start_tiers

__all__ = ["READER", "is_pglib_uc", "pglib_uc_case", "read_pglib_uc"]

BUS, LOAD, PRODUCT = "system", "load", "spin"
TOLERANCE_MW = 1e-6
SECTIONS = ("time_periods", "demand", "reserves", "thermal_generators", "renewable_generators")

NOTES = (
    "one bus; hours are read as UTC, the first day is that of the file's name (or 2000-01-01)",
    "offers begin at 0 MW: the first block is at the average cost of the minimum or, where that "
    "is dearer than the next piece, at that piece's price with the rest as no-load cost",
    "startup_ramp = min(ramp_startup_limit, minimum + ramp_up_limit), shutdown_ramp likewise: the "
    "data's ramps are of output above the minimum and hold in hours of starts and stops too",
    "renewable output has price 0; a minimum above 0 that leaves room is a unit of its own",
    "spin: 60 minutes, offered at price 0 by thermal units up to maximum - minimum",
)


def is_pglib_uc(content: Node) -> bool:
    """Whether a JSON object is an instance of pglib-uc."""
    return "thermal_generators" in content.values or "time_periods" in content.values


def read_pglib_uc(path: Path, *, hours: int | None = None, source: str = "") -> Case:
    """Read an instance, or its first `hours` hours.

    Raises InputError with everything that is wrong with the file, or where the data is shorter
    than `hours`.
    """
    document, content = load_json(path)
    return pglib_uc_case(document, content, path, hours=hours, source=source)


def pglib_uc_case(
    document: Document, content: Node, path: Path, *, hours: int | None = None, source: str = ""
) -> Case:
    """Make the case of an instance that has been loaded."""
    content.only(SECTIONS)
    periods = content.number("time_periods", ge=1)
    if not math.isnan(periods) and periods != int(periods):
        content.fail("time_periods", "whole", f"must be a whole number, not {periods:g}")
    document.stop()
    count = int(periods)
    kept = horizon(hours, 60, count)
    day = start_day(path.name)
    starts = pd.date_range(pd.Timestamp(day, tz="UTC"), periods=count, freq="h", unit="us")
    demand = content.series("demand", count)
    reserves = content.series("reserves", count, 0.0, ge=0.0)
    fleet = Fleet(starts)
    thermal = [_thermal(fleet, *g) for g in content.node("thermal_generators").members()]
    for name, unit in content.node("renewable_generators").members():
        _renewable(fleet, name, unit, count)
    for name, times in Counter(unit["unit"] for unit in fleet.units).items():
        if times > 1:
            document.fail(name, "duplicate", "two generators have this name")
    document.stop()
    tables = fleet.tables(kept)
    tables["buses"] = pd.DataFrame({"bus": [BUS]})
    tables["loads"] = pd.DataFrame({"load": [LOAD], "bus": [BUS]})
    tables["demand"] = pd.DataFrame({"interval_start": starts[:kept], LOAD: demand[:kept]})
    if (reserves[:kept] > 0).any():
        tables.update(_reserves(starts[:kept], reserves[:kept], dict(thermal)))
    record: dict[str, Any] = {"source": source or path.name, "format": "pglib-uc"}
    if hours is not None:
        record["hours"] = hours
    meta = {
        "name": source.replace("/", "-") or path.name.removesuffix(".gz").removesuffix(".json"),
        "start": starts[0].to_pydatetime(),
        "intervals": kept,
        "reference": BUS,
        "imported": {**record, "notes": list(NOTES)},
    }
    return assemble(meta, tables, {name: Source(f"{path.name} ({name})") for name in tables})


def _thermal(fleet: Fleet, name: str, unit: Node) -> tuple[str, float]:
    """Read a thermal generator; return its name and the most it can carry as reserve.

    Ramps limit output above the minimum in every hour, so a start at t has (19) p_t - p_min <=
    ramp_up_limit beside (17) p_t <= ramp_startup_limit; a stop has (20) and (18) the same way.
    Both are in the one number that a case has for starts and for stops.
    """
    unit.only(_THERMAL)
    low, high, up, down, start, stop = (unit.number(key, ge=0.0) for key in _POWER)
    min_up, min_down = (
        unit.number(key, ge=0.0) for key in ("time_up_minimum", "time_down_minimum")
    )
    if low > high:
        unit.fail(_POWER[0], "range", f"is above the maximum ({low:g} > {high:g} MW)")
    hours, mw = _initial_state(unit)
    fleet.units.append(
        {
            "unit": name,
            "bus": BUS,
            "technology": "thermal",
            "p_min": low,
            "p_max": high,
            "ramp_up": up,
            "ramp_down": down,
            "startup_ramp": min(start, low + up),
            "shutdown_ramp": min(stop, low + down),
            "min_up": min_up,
            "min_down": min_down,
            "initial_hours": hours,
            "initial_mw": mw,
            "must_run": unit.flag("must_run"),
        }
    )
    _costs(fleet, name, unit, low, high)
    lags, prices = _pairs(unit, "startup", "lag")
    try:
        tiers = start_tiers(lags, prices, max(min_down, 1.0))
    except ValueError as error:
        unit.fail("startup", "startup", str(error))
    else:
        fleet.commitment += [(name, "startup", lag, price) for lag, price in tiers]
    return name, high - low


def _costs(fleet: Fleet, name: str, unit: Node, low: float, high: float) -> None:
    """Read the piecewise cost: its points run from the minimum to the maximum output, (21)-(23)."""
    key = "piecewise_production"
    points, costs = _pairs(unit, key, "mw")
    if not points or any(math.isnan(value) for value in (*points, *costs, low, high)):
        return
    for end, value, what in ((0, low, "minimum"), (-1, high, "maximum")):
        if abs(points[end] - value) > TOLERANCE_MW:
            where = "first" if end == 0 else "last"
            text = f"the {where} point must be the {what} output ({points[end]:g}, {value:g} MW)"
            unit.fail(key, "points", text)
    try:
        fleet.offer(name, offered_curve(np.array([points]), np.array([costs])))
    except ValueError as error:
        unit.fail(key, "curve", str(error))


def _pairs(unit: Node, key: str, first: str) -> tuple[list[float], list[float]]:
    """Read a list of objects that hold `first` and `cost`."""
    value = unit.values.get(key)
    if value is None:
        unit.missing(key)
        return [], []
    if not isinstance(value, list) or not value or not all(isinstance(v, dict) for v in value):
        unit.fail(key, "list", f"must be a list of objects with {first} and cost")
        return [], []
    rows = [Node(unit.document, unit.at(f"{key}/{k}"), v) for k, v in enumerate(value, start=1)]
    for row in rows:
        row.only((first, "cost"))
    return [row.number(first, ge=0.0) for row in rows], [row.number("cost") for row in rows]


def _initial_state(unit: Node) -> tuple[float, float]:
    """Hours on (+) or off (-) before the first hour, and the output then."""
    on = unit.flag("unit_on_t0")
    hours = {key: unit.number(key, ge=0.0) for key in ("time_up_t0", "time_down_t0")}
    mw = unit.number("power_output_t0", ge=0.0)
    this, other = ("time_up_t0", "time_down_t0") if on else ("time_down_t0", "time_up_t0")
    if hours[this] == 0:
        unit.fail(this, "initial_state", f"must be above 0 where unit_on_t0 is {int(on)}")
    if hours[other] > 0:
        unit.fail(other, "initial_state", f"must be 0 where unit_on_t0 is {int(on)}")
    if not on and mw > 0:
        unit.fail("power_output_t0", "initial_state", "must be 0 where unit_on_t0 is 0")
    return (hours[this] if on else -hours[this]), mw


def _renewable(fleet: Fleet, name: str, unit: Node, count: int) -> None:
    """Read a renewable generator: output between two series at no cost, (24)."""
    unit.only(("name", *_POWER[:2]))
    low, high = (unit.series(key, count, ge=0.0) for key in _POWER[:2])
    if np.isnan(low).any() or np.isnan(high).any():
        return
    above = np.flatnonzero(low > high)
    for k in above.tolist():
        text = f"hour {k + 1}: the minimum is above the maximum ({low[k]:g} > {high[k]:g} MW)"
        unit.fail(_POWER[0], "range", text)
    if not len(above):
        fleet.bounded(name, BUS, low, high, np.zeros(count), "renewable")


def _reserves(
    starts: pd.DatetimeIndex, mw: Floats, most: dict[str, float]
) -> dict[str, pd.DataFrame]:
    """Write the system's spinning reserve, (3).

    (17) to (19) hold for output and reserve together, so the response time is the hour of a ramp.
    """
    return {
        "reserve_products": pd.DataFrame({"product": [PRODUCT], "minutes": [60.0]}),
        "reserve_requirements": pd.DataFrame(
            {"product": PRODUCT, "interval_start": starts, "mw": mw}
        ),
        "reserve_offers": pd.DataFrame(
            {"unit": list(most), "product": PRODUCT, "mw": list(most.values()), "price": 0.0}
        ),
    }


_POWER = (
    *("power_output_minimum", "power_output_maximum", "ramp_up_limit", "ramp_down_limit"),
    *("ramp_startup_limit", "ramp_shutdown_limit"),
)
_THERMAL = (
    *("name", *_POWER, "must_run", "time_up_minimum", "time_down_minimum", "power_output_t0"),
    *("unit_on_t0", "time_up_t0", "time_down_t0", "startup", "piecewise_production"),
)


COLLECTION = "pglib-uc"


def _accepts(origin: Origin) -> bool:
    named = origin.collection == COLLECTION
    return named or (origin.is_json and is_pglib_uc(origin.json[1]))


def _read(origin: Origin, *, date: str | date | None, hours: int | None) -> Case:
    if origin.collection == COLLECTION:
        name = origin.name if date is None else f"{origin.name}/{date}"
        return read_pglib_uc(find_uc_instance(name), hours=hours, source=name)
    if date is not None:
        refuse(f"{origin.name} has no dates: leave out {date}")
    return pglib_uc_case(*origin.json, origin.path, hours=hours)


READER = Reader(
    name="pglib-uc",
    forms=("pglib-uc/FOLDER/NAME", "a .json file of pglib-uc"),
    accepts=_accepts,
    read=_read,
    options={"date": None, "hours": None},
    refusals=dict.fromkeys(("days", "market"), "this format takes hours, not days and market"),
    told_by="pglib-uc (time_periods, thermal_generators)",
)
