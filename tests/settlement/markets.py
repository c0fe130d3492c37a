"""Hand-made runs with numbers that others published or that a reader can add up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from cases import Case
from cases.rulebook.book import RuleBook
from cases.run import Run

CHINA = "Asia/Shanghai"

# MATPOWER case5 (Li and Bo): DC optimum, reference/golden.md.
FIVE_LMP = {"A": 16.977359, "B": 26.384460, "C": 30.0, "D": 39.942736, "E": 10.0}
FIVE_DFAX = {"A": 0.11195652, "B": 0.26289991, "C": 0.32091375, "D": 0.48045178, "E": 0.0}
FIVE_SHADOW = 62.322042
FIVE_UNITS = {
    # unit: owner, bus, p_max, offer, dispatched MW
    "Alta": ("Hill", "A", 40.0, 14.0, 40.0),
    "Park City": ("Hill", "A", 170.0, 15.0, 170.0),
    "Solitude": ("Canyon", "C", 520.0, 30.0, 323.494846),
    "Sundance": ("Mesa", "D", 200.0, 40.0, 0.0),
    "Brighton": ("Lakes", "E", 600.0, 10.0, 466.505154),
}
FIVE_LOADS = {"B": 300.0, "C": 300.0, "D": 400.0}


def case_of(
    buses: Sequence[str],
    units: Mapping[str, tuple[str, str, float, float]],
    loads: Mapping[str, tuple[str, str, Sequence[float]]],
    *,
    start: str = "2024-03-05T00:00:00+00:00",
    minutes: int = 60,
    timezone: str = "UTC",
    tables: Mapping[str, pd.DataFrame] | None = None,
    **meta: Any,
) -> Case:
    """A case: unit -> (owner, bus, p_max, price), load -> (owner, bus, MW by interval)."""
    count = len(next(iter(loads.values()))[2]) if loads else 1
    stamp = pd.Timestamp(start).tz_convert(timezone)
    starts = pd.date_range(stamp, periods=count, freq=f"{minutes}min")
    zones = meta.pop("zones", {})
    built: dict[str, pd.DataFrame] = {
        "buses": pd.DataFrame({"bus": list(buses), "zone": [zones.get(b, "") for b in buses]}),
        "units": pd.DataFrame(
            [(u, o, b, p) for u, (o, b, p, _) in units.items()],
            columns=["unit", "owner", "bus", "p_max"],
        ),
        "offers": pd.DataFrame(
            [(u, 1, p, price) for u, (_, _, p, price) in units.items()],
            columns=["unit", "segment", "mw", "price"],
        ),
        "loads": pd.DataFrame(
            [(name, o, b) for name, (o, b, _) in loads.items()], columns=["load", "owner", "bus"]
        ),
        "demand": pd.DataFrame(
            {"interval_start": starts, **{n: list(mw) for n, (_, _, mw) in loads.items()}}
        ),
        "branches": pd.DataFrame(
            [(f"{a}-{b}", a, b, 0.1) for a, b in pairwise(buses)],
            columns=["branch", "from_bus", "to_bus", "x"],
        ),
        **(tables or {}),
    }
    header = {
        "name": "hand-made",
        "start": stamp.isoformat(),
        "timezone": timezone,
        "interval_minutes": minutes,
        "intervals": count,
        "currency": "yuan",
    }
    return Case.build(header | meta, built)


def run_of(
    case: Case,
    lmp: Mapping[str, Sequence[float]],
    mw: Mapping[str, Sequence[float]],
    *,
    cost: Mapping[str, Sequence[float]] | None = None,
    on: Mapping[str, Sequence[bool]] | None = None,
    settings: Mapping[str, Any] | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
) -> Run:
    """A run without congestion terms of its own: every LMP is energy unless `tables` says more."""
    starts, ends = case.interval_starts, case.interval_ends
    zone = case.buses.set_index("bus")["zone"]
    units = case.units.set_index("unit")
    offers = case.offers.groupby("unit")["price"].first()
    loads = case.loads.set_index("load")
    hours = case.interval_hours
    prices = [
        (s, e, bus, zone[bus], values[t], values[t], 0.0, 0.0)
        for t, (s, e) in enumerate(zip(starts, ends, strict=True))
        for bus, values in lmp.items()
    ]
    dispatch = []
    for t, (s, e) in enumerate(zip(starts, ends, strict=True)):
        for unit, values in mw.items():
            running = on[unit][t] if on else values[t] > 0
            money = cost[unit][t] if cost else values[t] * offers[unit] * hours
            row = units.loc[unit]
            dispatch.append(
                (s, e, unit, row["owner"], row["bus"], values[t], row["p_max"], running, money)
            )
    awards = [
        (s, e, name, loads.loc[name, "owner"], loads.loc[name, "bus"], case.demand[name].iloc[t])
        for t, (s, e) in enumerate(zip(starts, ends, strict=True))
        for name in loads.index
    ]
    span = ["interval_start", "interval_end"]
    built = {
        "prices": pd.DataFrame(prices, columns=[*span, "bus", "zone", "lmp", "mec", "mcc", "mlc"]),
        "dispatch": pd.DataFrame(
            dispatch, columns=[*span, "unit", "owner", "bus", "mw", "available_mw", "on", "cost"]
        ),
        "load_awards": pd.DataFrame(awards, columns=[*span, "load", "owner", "bus", "mw"]),
        **(tables or {}),
    }
    rulebook = RuleBook.load("default").with_settings(settings or {})
    return Run({"status": "optimal", "settings": {}}, built, case, rulebook)


_MADE: dict[Any, Run] = {}
"""Runs that were made: they never change, so tests share them."""


def _once(key: tuple[Any, ...], settings: Mapping[str, Any] | None, make: Callable[[], Run]) -> Run:
    full = (*key, *sorted((settings or {}).items()))
    if full not in _MADE:
        _MADE[full] = make()
    return _MADE[full]


def five_bus(settings: Mapping[str, Any] | None = None, **tables: pd.DataFrame) -> Run:
    """The published five-bus hour; tables of the case (contracts, rights, ...) may be added."""
    if tables:
        return _five_bus(settings, tables)
    return _once(("five",), settings, lambda: _five_bus(settings, {}))


def _five_bus(settings: Mapping[str, Any] | None, tables: Mapping[str, pd.DataFrame]) -> Run:
    reactance = {"A-B": 2.81, "A-D": 3.04, "A-E": 0.64, "B-C": 1.08, "C-D": 2.97, "D-E": 2.97}
    rating = {"A-B": 400.0, "D-E": 240.0}
    branches = pd.DataFrame(
        [(n, n[0], n[2], x / 100, rating.get(n, float("nan"))) for n, x in reactance.items()],
        columns=["branch", "from_bus", "to_bus", "x", "rating_mw"],
    )
    case = case_of(
        list(FIVE_LMP),
        {u: (o, b, p, price) for u, (o, b, p, price, _) in FIVE_UNITS.items()},
        {f"load {b}": (f"Utility {b}", b, [mw]) for b, mw in FIVE_LOADS.items()},
        tables={"branches": branches, **tables},
        zones={"A": "west", "B": "east", "C": "east", "D": "east", "E": "west"},
        reference="E",
        currency="$",
    )
    start, end = case.interval_starts[0], case.interval_ends[0]
    zone = case.buses.set_index("bus")["zone"]
    prices = pd.DataFrame(
        [(start, end, b, zone[b], p, 10.0, p - 10.0, 0.0) for b, p in FIVE_LMP.items()],
        columns=["interval_start", "interval_end", "bus", "zone", "lmp", "mec", "mcc", "mlc"],
    )
    terms = pd.DataFrame(
        [(start, b, "D-E", "", d, FIVE_SHADOW) for b, d in FIVE_DFAX.items()],
        columns=["interval_start", "bus", "constraint", "contingency", "dfax", "shadow_price"],
    )
    constraints = pd.DataFrame(
        [(start, end, "D-E", "", "lower", 240.0, -240.0, FIVE_SHADOW, 0.0)],
        columns=["interval_start", "interval_end", "constraint", "contingency", "direction",
                 "limit_mw", "flow_mw", "shadow_price", "penalty_mw"],
    )  # fmt: skip
    return run_of(
        case,
        {b: [p] for b, p in FIVE_LMP.items()},
        {u: [mw] for u, (*_, mw) in FIVE_UNITS.items()},
        settings=settings,
        tables={"prices": prices, "price_terms": terms, "constraints": constraints},
    )


def october_day(
    prices: Sequence[float],
    day: str = "2016-10-10",
    settings: Mapping[str, Any] | None = None,
    **tables: pd.DataFrame,
) -> Run:
    """One bus, one price per hour, in Chinese time: where futures and contracts settle."""
    if tables:
        return _october_day(prices, day, settings, tables)
    key = ("october", day, *prices)
    return _once(key, settings, lambda: _october_day(prices, day, settings, {}))


def _october_day(
    prices: Sequence[float],
    day: str,
    settings: Mapping[str, Any] | None,
    tables: Mapping[str, pd.DataFrame],
) -> Run:
    count = len(prices)
    case = case_of(
        ["P"],
        {"G": ("genco", "P", 1000.0, 100.0)},
        {"L": ("retailer", "P", [100.0] * count)},
        start=f"{day}T00:00:00+08:00",
        timezone=CHINA,
        minutes=24 * 60 // count,
        tables=tables,
    )
    return run_of(case, {"P": list(prices)}, {"G": [100.0] * count}, settings=settings)
