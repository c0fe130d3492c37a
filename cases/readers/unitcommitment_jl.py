"""Instances of UnitCommitment.jl (JSON, format 0.2 to 0.4), as cases.

Format: documentation of UnitCommitment.jl, "JSON data format", of versions 0.2, 0.3 and 0.4.
Money in that format is per time step ($ or $/MW, charged in each step), in a case per hour.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cases.case import Case, assemble
from cases.errors import DataWarning, Failure
from cases.files.convert import Source
from cases.readers.json_file import Document, Node, horizon, load_json, start_day
from cases.readers.reader import Origin, Reader
from cases.readers.unitcommitment_jl_frame import Frame
from cases.readers.unitcommitment_jl_grid import (
    BASE_MVA,
    penalty,
    read_contingencies,
    read_interfaces,
    read_lines,
)
from cases.readers.unitcommitment_jl_units import Generators, read_generators, read_storage
from cases.warned import Warned

__all__ = ["READER", "is_unitcommitment_jl", "read_unitcommitment_jl", "unitcommitment_jl_case"]

VERSIONS = ((0, 2), (0, 3), (0, 4))
SECTIONS = (
    *("SOURCE", "Parameters", "Buses", "Generators", "Storage units", "Price-sensitive loads"),
    *("Transmission lines", "Reserves", "Contingencies", "Interfaces"),
)
STEP, BALANCE = "Time step (min)", "Power balance penalty ($/MW)"
SHORT, SHORTFALL = "Reserve shortfall penalty ($/MW)", "Shortfall penalty ($/MW)"
SPINNING = "Spinning (MW)"
LATER = {"Storage units", "Interfaces"}
LATER_OF_UNITS = {"Type", "Reserve eligibility"}
NAME, WEIGHT = "Scenario name", "Scenario weight"
PARAMETERS = (
    *("Version", "Time horizon (h)", "Time horizon (min)", "Time (h)", STEP, BALANCE),
    *(SHORT, NAME, WEIGHT),
)

NOTES = (
    "hours are read as UTC, the first day is that of the file's name (or 2000-01-01)",
    "x = 100 * (pi / 180) / susceptance; only ratios of susceptances matter to flows",
    "offers begin at 0 MW: the first block is at the average cost of the minimum or, where that "
    "is dearer than the next piece, at that piece's price with the rest as no-load cost",
    "startup_ramp = min(startup limit, minimum + ramp up limit), shutdown_ramp likewise: ramps of "
    "the format are of output above the minimum and hold in steps of starts and stops too",
    "a profiled unit's minimum power that leaves room is a unit of its own",
    "reserves respond within one time step, offered at price 0 up to maximum - minimum",
)


def is_unitcommitment_jl(content: Node) -> bool:
    """Whether a JSON object is an instance of UnitCommitment.jl."""
    return "Parameters" in content.values or {"Buses", "Generators"} <= set(content.values)


def read_unitcommitment_jl(path: Path, *, hours: int | None = None, source: str = "") -> Case:
    """Read an instance (one scenario), or its first `hours` hours; the file may be gzipped.

    Raises InputError with everything that is wrong with the file or that a case cannot say, and
    for a version of the format that is not known.
    """
    document, content = load_json(path)
    return unitcommitment_jl_case(document, content, path, hours=hours, source=source)


def unitcommitment_jl_case(
    document: Document, content: Node, path: Path, *, hours: int | None = None, source: str = ""
) -> Case:
    """Make the case of an instance that has been loaded."""
    parameters = content.node("Parameters", required=True)
    version = _version(content, parameters)
    document.stop()
    content.only(SECTIONS)
    parameters.only(PARAMETERS)
    frame = _frame(document, parameters, version, hours, path)
    buses, lines, units = (content.node(k) for k in ("Buses", "Transmission lines", "Generators"))
    frame.buses.update(dict.fromkeys(buses.values))
    tables = {"buses": pd.DataFrame({"bus": list(frame.buses)}, dtype="str")}
    tables |= _loads(frame, buses, content.node("Price-sensitive loads"))
    tables["branches"] = read_lines(frame, lines)
    required, products = _reserves(frame, content.node("Reserves"), parameters)
    found = read_generators(frame, units, list(products))
    tables |= found.fleet.tables(frame.kept)
    tables |= required | _reserve_offers(frame, found, products)
    tables["storage"] = read_storage(frame, content.node("Storage units"))
    tables["contingencies"] = read_contingencies(
        frame, content.node("Contingencies"), lines.values, units.values
    )
    tables["interfaces"], tables["interface_limits"] = read_interfaces(
        frame, content.node("Interfaces"), lines.values
    )
    _parameters(frame, parameters)
    document.stop()
    record: dict[str, Any] = {"source": source or path.name, "format": "unitcommitment.jl"}
    record["version"] = ".".join(map(str, version))
    if not parameters.has("Version"):
        frame.notes.append("the file names no version of the format: read as 0.2")
    if hours is not None:
        record["hours"] = hours
    if content.has("SOURCE"):
        record["cite"] = str(content.values["SOURCE"])
    meta = {
        "name": source.replace("/", "-") or path.name.removesuffix(".gz").removesuffix(".json"),
        "base_mva": BASE_MVA,
        "start": frame.starts[0].to_pydatetime(),
        "interval_minutes": round(frame.step * 60),
        "intervals": frame.kept,
        "imported": {**record, "notes": [*NOTES, *frame.notes, *frame.warnings]},
    }
    kept = {name: table for name, table in tables.items() if len(table.columns)}
    case = assemble(meta, kept, {name: Source(f"{path.name} ({name})") for name in kept})
    remarks = [Failure(path.name, None, None, "not_said", text) for text in frame.warnings]
    for remark in remarks:
        warnings.warn(DataWarning(Warned.of(remark)), stacklevel=4)
    return replace(case, warnings=(*case.warnings, *remarks))


def _version(content: Node, parameters: Node) -> tuple[int, ...]:
    """Read the version of the format, the first two numbers of it.

    The instances that were published for UnitCommitment.jl 0.2 name none: without a version, and
    without anything that came later, a file is of 0.2.
    """
    value = parameters.values.get("Version")
    known = ", ".join(f"{a}.{b}" for a, b in VERSIONS)
    if value is None and not _later(content):
        return VERSIONS[0]
    if value is None:
        text = f'is missing; add the format of the file, such as "Version": "0.3" (known: {known})'
        parameters.fail("Version", "missing_key", text)
        return VERSIONS[-1]
    match = re.fullmatch(r"v?(\d+)\.(\d+)(\.\d+)*", str(value))
    version = (int(match[1]), int(match[2])) if match is not None else None
    if version not in VERSIONS:
        text = f"format {value} is not known; {known} are read"
        parameters.fail("Version", "version", text)
        return VERSIONS[-1]
    return version


def _later(content: Node) -> bool:
    """Whether an instance holds something that format 0.2 did not have."""
    reserves, units = (content.values.get(key) for key in ("Reserves", "Generators"))
    named = isinstance(reserves, dict) and bool(reserves.keys() - {SPINNING})
    items = units.values() if isinstance(units, dict) else ()
    typed = any(LATER_OF_UNITS & item.keys() for item in items if isinstance(item, dict))
    return named or typed or bool(LATER & content.values.keys())


def _frame(
    document: Document, parameters: Node, version: tuple[int, ...], hours: int | None, path: Path
) -> Frame:
    """Read the time steps."""
    minutes = parameters.number(STEP, 60.0)
    if minutes <= 0 or minutes != int(minutes or 0) or 60 % int(minutes):
        parameters.fail(STEP, "step", f"must be a divisor of 60, not {minutes:g}")
    spans = {"Time horizon (h)": 60.0, "Time (h)": 60.0, "Time horizon (min)": 1.0}
    given = [key for key in spans if parameters.has(key)]
    if len(given) != 1:
        text = "is missing" if not given else f"is there as {' and '.join(given)}: give one"
        parameters.fail("Time horizon (h)", "horizon", text)
    document.stop()
    length = parameters.number(given[0]) * spans[given[0]]
    steps = length / minutes
    if not steps >= 1 or steps != int(steps) or steps > 1_000_000:
        text = f"must be a number of time steps of {minutes:g} minutes"
        parameters.fail(given[0], "horizon", text)
    document.stop()
    starts = pd.date_range(
        pd.Timestamp(start_day(path.name), tz="UTC"),
        periods=int(steps),
        freq=f"{int(minutes)}min",
        unit="us",
    )
    kept = horizon(hours, int(minutes), len(starts))
    return Frame(document, version, starts, kept, minutes / 60.0)


def _parameters(frame: Frame, parameters: Node) -> None:
    """Note what the parameters say and only a rulebook, or nothing here, can take up."""
    prices = set(parameters.series(BALANCE, frame.count, 1000.0).tolist())
    penalty(frame, "the power balance", prices, ("balance",))
    if parameters.number(WEIGHT, 1.0) != 1.0:
        name = parameters.text(NAME, "s1")
        frame.warnings.append(
            f"scenario {name} has a weight: it is read as a day that is certain, on its own"
        )
    elif parameters.has(NAME):
        frame.notes.append(f"scenario {parameters.text(NAME)}")
    if frame.step != 1.0:
        frame.notes.append("money per time step became money per hour")


def _loads(frame: Frame, buses: Node, bidding: Node) -> dict[str, pd.DataFrame]:
    """Read the loads of the buses, named as these, and the price-sensitive loads as bids."""
    at: dict[str, str] = {}
    demand: dict[str, Any] = {}
    for name, bus in buses.members():
        bus.only(("Load (MW)",))
        series = bus.series("Load (MW)", frame.count)[: frame.kept]
        if series.any():
            at[name], demand[name] = name, series
    starts = frame.starts[: frame.kept]
    bids: list[pd.DataFrame] = []
    for name, load in bidding.members():
        load.only(("Bus", "Demand (MW)", "Revenue ($/MW)"))
        own = f"{name} bid" if name in at else name
        mw = load.series("Demand (MW)", frame.count, ge=0.0)[: frame.kept]
        price = load.series("Revenue ($/MW)", frame.count)[: frame.kept] / frame.step
        at[own], demand[own] = frame.bus(load), np.zeros(frame.kept)
        rows = {"load": own, "interval_start": starts, "segment": 1, "mw": mw, "price": price}
        bids.append(pd.DataFrame(rows))
    if not at and frame.buses:
        first = next(iter(frame.buses))
        at, demand = {first: first}, {first: np.zeros(frame.kept)}
    tables = {
        "loads": pd.DataFrame({"load": list(at), "bus": list(at.values())}, dtype="str"),
        "demand": pd.DataFrame({"interval_start": starts, **demand}),
    }
    if bids:
        tables["bids"] = pd.concat(bids, ignore_index=True)
    return tables


def _reserves(
    frame: Frame, section: Node, parameters: Node
) -> tuple[dict[str, pd.DataFrame], dict[str, list[str]]]:
    """Read the reserves; return their tables, and the case's products of each reserve.

    A flexible ramp is required up and down: two products. A shortfall penalty becomes a demand
    curve of one block; a negative one means that the requirement must hold, for which a case has
    the rulebook's penalty.
    """
    items: list[tuple[str, str, Any, float]] = []
    if frame.version < (0, 3):
        section.only((SPINNING,))
        amount = section.series(SPINNING, frame.count, 0.0, ge=0.0)
        if amount.any():
            items.append(("r1", "spinning", amount, frame.steady(parameters, SHORT, -1.0)))
    else:
        if parameters.has(SHORT):
            text = "is of format 0.2: give it with each reserve"
            parameters.fail(SHORT, "unknown_key", text)
        for name, item in section.members():
            item.only(("Type", "Amount (MW)", SHORTFALL))
            kind = item.text("Type").lower()
            if kind and kind not in ("spinning", "flexiramp"):
                item.fail("Type", "type", f"must be spinning or flexiramp, not {kind}")
            amount = item.series("Amount (MW)", frame.count, ge=0.0)
            items.append((name, kind, amount, frame.steady(item, SHORTFALL, -1.0)))
    products: dict[str, list[str]] = {}
    rows: list[tuple[str, str, float]] = []
    needed: list[pd.DataFrame] = []
    curves: list[tuple[str, int, float, float]] = []
    for name, kind, amount, price in items:
        ways = {name: "up"} if kind != "flexiramp" else {f"{name} up": "up", f"{name} down": "down"}
        products[name] = list(ways)
        for product, direction in ways.items():
            rows.append((product, direction, frame.step * 60.0))
            stamped = {"interval_start": frame.starts[: frame.kept], "mw": amount[: frame.kept]}
            needed.append(pd.DataFrame({"product": product, **stamped}))
            if price >= 0:
                curves.append((product, 1, float(amount.max()), price / frame.step))
        if price < 0:
            frame.notes.append(f"reserve {name} must always hold: a case has a penalty instead")
        if kind == "flexiramp":
            frame.warnings.append(
                f"flexible ramp {name} is read as two reserves, up and down, of one time step; the "
                "model of UnitCommitment.jl (Wang and Hobbs 2016) ties them to the next step too"
            )
    if not items:
        return {}, products
    tables = {
        "reserve_products": pd.DataFrame(rows, columns=["product", "direction", "minutes"]),
        "reserve_requirements": pd.concat(needed, ignore_index=True),
    }
    if curves:
        columns = ["product", "segment", "mw", "price"]
        tables["reserve_demand"] = pd.DataFrame(curves, columns=columns)
    return tables, products


def _reserve_offers(
    frame: Frame, found: Generators, products: dict[str, list[str]]
) -> dict[str, pd.DataFrame]:
    """Offer each eligible unit's range above its minimum, at price 0, in the steps it may serve."""
    rows: list[tuple[str, str, pd.Timestamp | None, float, float]] = []
    for unit, reserve, may in found.eligible:
        for product in products[reserve]:
            room = found.room[unit]
            if may[: frame.kept].all():
                rows.append((unit, product, None, room, 0.0))
            else:
                stamps = frame.starts[: frame.kept][may[: frame.kept]]
                rows += [(unit, product, stamp, room, 0.0) for stamp in stamps]
    if not rows:
        return {}
    offers = pd.DataFrame(rows, columns=["unit", "product", "interval_start", "mw", "price"])
    if offers["interval_start"].isna().all():
        offers = offers.drop(columns="interval_start")
    return {"reserve_offers": offers}


def _accepts(origin: Origin) -> bool:
    return origin.is_json and is_unitcommitment_jl(origin.json[1])


def _read(origin: Origin, *, hours: int | None) -> Case:
    return unitcommitment_jl_case(*origin.json, origin.path, hours=hours)


READER = Reader(
    name="UnitCommitment.jl instances",
    forms=("a .json file of UnitCommitment.jl",),
    accepts=_accepts,
    read=_read,
    options={"hours": None},
    refusals={
        "date": "{name} has no dates: leave out {value}",
        **dict.fromkeys(("days", "market"), "this format takes hours, not days and market"),
    },
    told_by="UnitCommitment.jl (Parameters, Buses)",
)
