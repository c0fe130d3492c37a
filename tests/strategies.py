"""Random market days for the property tests: small, seeded, and full of what real grids hold.

``random_case`` turns a ``Shape`` (what the day has) and a seed into a case; ``shapes``, ``seeds``
and ``market_days`` are the hypothesis strategies over it. A shape shrinks towards a bare grid, so
a failing example names the feature that it needs; shape and seed are short to print, a case is
not. Offer prices are drawn from a continuous distribution: ties, and with them ambiguous prices,
are left to chance and to exact limits.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from cases.case import Case
from cases.errors import DataWarning

START = "2030-06-01T00:00:00+00:00"


@dataclass(frozen=True)
class Shape:
    """What a random day has. Every flag adds one feature to a bare meshed grid."""

    buses: int = 5
    intervals: int = 1
    minutes: int = 60
    islands: int = 1
    parallel: bool = False
    shifters: bool = False
    angle_limits: bool = False
    negative_reactance: bool = False
    out_of_service: bool = False
    interface: bool = False
    link: bool = False
    bids: bool = False
    ramps: bool = False
    p_min: bool = False
    availability: bool = False
    self_schedule: bool = False
    negative_load: bool = False
    stamped_offers: bool = False
    listed_outages: bool = False
    tight: bool = False
    scarce: bool = False
    glut: bool = False


FULL = Shape(
    buses=9,
    intervals=3,
    minutes=30,
    parallel=True,
    shifters=True,
    angle_limits=True,
    out_of_service=True,
    interface=True,
    link=True,
    bids=True,
    ramps=True,
    p_min=True,
    availability=True,
    self_schedule=True,
    negative_load=True,
    stamped_offers=True,
)


@st.composite
def shapes(draw: st.DrawFn, most_buses: int = 12, most_intervals: int = 6, **fixed: Any) -> Shape:
    """Shapes of 3 or more buses and 1 or more intervals; ``fixed`` pins fields."""
    buses = draw(st.integers(3, most_buses))
    drawn: dict[str, Any] = {
        "buses": buses,
        "intervals": draw(st.integers(1, most_intervals)),
        "minutes": draw(st.sampled_from([60, 30, 15])),
        "islands": draw(st.sampled_from([1, 1, 1, 2])) if buses >= 6 else 1,
    }
    for name in Shape.__dataclass_fields__:
        if name not in drawn and name not in fixed:
            drawn[name] = draw(st.booleans())
    return replace(Shape(**drawn), **fixed)


seeds = st.integers(0, 2**31 - 1)


@st.composite
def market_days(draw: st.DrawFn, **fixed: Any) -> Case:
    """Cases of random shapes, for tests that need no more than the case."""
    return random_case(draw(shapes(**fixed)), draw(seeds))


def random_case(shape: Shape, seed: int) -> Case:
    """Build the day of a shape; the same shape and seed give the same day."""
    rng = np.random.default_rng(seed)
    buses = [f"B{k}" for k in range(shape.buses)]
    parts = [buses[k :: shape.islands] for k in range(shape.islands)]
    starts = pd.date_range(START, periods=shape.intervals, freq=f"{shape.minutes}min")
    units, offers = _supply(shape, parts, starts, rng)
    loads, demand = _demand(shape, parts, starts, units, rng)
    branches = _branches(shape, parts, float(np.abs(demand.iloc[:, 1:]).sum(axis=1).max()), rng)
    tables = {
        "buses": pd.DataFrame({"bus": buses, "zone": [f"Z{k % 2}" for k in range(len(buses))]}),
        "branches": branches,
        "units": units,
        "offers": offers,
        "loads": loads,
        "demand": demand,
    }
    if shape.interface:
        tables |= _interface(branches, rng)
    if shape.link:
        tables["links"] = _link(buses, rng)
    if shape.bids:
        tables["bids"] = _bids(loads, starts, rng)
    if shape.availability:
        tables["availability"] = _availability(units, starts, rng)
    if shape.self_schedule:
        tables["self_schedules"] = _self_schedules(units, starts, rng)
    if shape.listed_outages:
        tables["contingencies"] = _outages(branches, rng)
    meta = {
        "name": f"random-{seed}",
        "start": START,
        "interval_minutes": shape.minutes,
        "intervals": shape.intervals,
        "reference": "" if rng.random() < 0.5 else str(rng.choice(buses)),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # demand above all supply is meant
        return Case.build(meta, tables)


def _branches(
    shape: Shape, parts: Sequence[Sequence[str]], total_mw: float, rng: np.random.Generator
) -> pd.DataFrame:
    """A random tree per island, chords on it, and some circuits twice."""
    pairs: list[tuple[str, str]] = []
    for part in parts:
        tree = [(part[int(rng.integers(k))], part[k]) for k in range(1, len(part))]
        chords = [
            (str(a), str(b))
            for a, b in (rng.choice(part, 2, replace=False) for _ in range(len(part) // 2 + 1))
        ]
        pairs += tree + chords
        if shape.parallel:
            pairs += [pairs[-1], tree[int(rng.integers(len(tree)))]]
    count = len(pairs)
    x = rng.uniform(0.02, 0.3, count)
    low, high = (0.1, 0.4) if shape.tight else (0.2, 0.7)
    rating = np.where(rng.random(count) < 0.6, total_mw * rng.uniform(low, high, count), np.nan)
    emergency = np.where(rng.random(count) < 0.5, rating * rng.uniform(1.0, 1.4, count), np.nan)
    transformer = rng.random(count) < 0.3
    frame = pd.DataFrame(
        {
            "branch": [f"L{k}" for k in range(count)],
            "from_bus": [a for a, _ in pairs],
            "to_bus": [b for _, b in pairs],
            "kind": np.where(transformer, "transformer", "line"),
            "r": x * rng.uniform(0.0, 0.4, count),
            "x": x,
            "tap": np.where(transformer, rng.uniform(0.9, 1.1, count), 1.0),
            "shift_deg": np.zeros(count),
            "rating_mw": rating,
            "emergency_rating_mw": emergency,
            "angle_min_deg": np.full(count, np.nan),
            "angle_max_deg": np.full(count, np.nan),
            "in_service": np.ones(count, dtype=bool),
        }
    )
    if shape.shifters:
        chosen = rng.random(count) < 0.3
        frame.loc[chosen, "shift_deg"] = rng.uniform(-3.0, 3.0, int(chosen.sum()))
    if shape.angle_limits:
        chosen = rng.random(count) < 0.4
        frame.loc[chosen, "angle_min_deg"] = -rng.uniform(15.0, 45.0, int(chosen.sum()))
        frame.loc[chosen, "angle_max_deg"] = rng.uniform(15.0, 45.0, int(chosen.sum()))
    if shape.negative_reactance:
        # A series-compensated chord: capacitive, and larger than any loop's inductive part.
        frame.loc[count - 1, "x"] = -4.0 * float(x.sum())
    if shape.out_of_service:
        chord = len(parts[0]) - 1
        frame.loc[chord, "in_service"] = False
    return frame


def _supply(
    shape: Shape,
    parts: Sequence[Sequence[str]],
    starts: pd.DatetimeIndex,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Three to five units per island with one to three rising blocks each."""
    units: list[dict[str, Any]] = []
    offers: list[dict[str, Any]] = []
    for part in parts:
        for _ in range(int(rng.integers(3, 6))):
            name = f"G{len(units)}"
            p_max = round(float(rng.uniform(40, 300)), 1)
            p_min = round(0.3 * p_max, 1) if shape.p_min and rng.random() < 0.5 else 0.0
            unit = {
                "unit": name,
                "owner": f"O{len(units) % 3}",
                "bus": str(rng.choice(part)),
                "p_min": p_min,
                "p_max": p_max,
            }
            if shape.ramps and units and rng.random() < 0.7:
                unit["ramp_up"] = p_max * float(rng.uniform(0.1, 0.6))
                unit["ramp_down"] = p_max * float(rng.uniform(0.1, 0.6))
                if rng.random() < 0.6:
                    unit["initial_mw"] = float(rng.uniform(p_min, p_max))
            units.append(unit)
            lowest = -20.0 if shape.glut else 5.0
            offers += _curve(name, p_max, pd.NaT, float(rng.uniform(lowest, 60)), rng)
            if shape.stamped_offers and rng.random() < 0.3:
                stamp = starts[int(rng.integers(len(starts)))]
                offers += _curve(name, p_max, stamp, float(rng.uniform(5, 60)), rng)
    frame = pd.DataFrame(offers)
    frame["interval_start"] = pd.to_datetime(frame["interval_start"], utc=True)
    columns = ["ramp_up", "ramp_down", "initial_mw"]
    table = pd.DataFrame(units)
    return table.reindex(columns=[*dict.fromkeys([*table.columns, *columns])]), frame


def _curve(
    unit: str, p_max: float, stamp: Any, price: float, rng: np.random.Generator
) -> list[dict[str, Any]]:
    count = int(rng.integers(1, 4))
    cuts = np.sort(rng.uniform(0.1, 0.9, count - 1)) * p_max
    widths = np.diff([0.0, *cuts, p_max])
    prices = price + np.cumsum(rng.uniform(1.0, 15.0, count))
    return [
        {"unit": unit, "interval_start": stamp, "segment": k + 1, "mw": mw, "price": value}
        for k, (mw, value) in enumerate(zip(widths, prices, strict=True))
    ]


def _demand(
    shape: Shape,
    parts: Sequence[Sequence[str]],
    starts: pd.DatetimeIndex,
    units: pd.DataFrame,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two or three loads per island whose sum is a share of the island's capacity."""
    loads: list[dict[str, str]] = []
    demand = pd.DataFrame({"interval_start": starts})
    for part in parts:
        capacity = float(units.loc[units["bus"].isin(part), "p_max"].sum())
        share = 1.05 if shape.scarce else 0.1 if shape.glut else 0.6
        profile = capacity * share * rng.uniform(0.75, 1.2, len(starts))
        count = int(rng.integers(2, 4))
        for weight in rng.dirichlet(np.full(count, 3.0)):
            name = f"D{len(loads)}"
            loads.append({"load": name, "bus": str(rng.choice(part)), "owner": "O0"})
            demand[name] = weight * profile * rng.uniform(0.95, 1.05, len(starts))
        if shape.negative_load:
            name = f"D{len(loads)}"
            loads.append({"load": name, "bus": str(rng.choice(part)), "owner": ""})
            demand[name] = -rng.uniform(0.01, 0.05) * profile
    return pd.DataFrame(loads), demand


def _interface(branches: pd.DataFrame, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    chosen = branches.iloc[rng.choice(len(branches), 2, replace=False)]
    rating = float(np.nanmean(branches["rating_mw"].fillna(100.0)))
    return {
        "interfaces": pd.DataFrame(
            {"interface": "IF", "branch": chosen["branch"], "weight": rng.choice([-1.0, 1.0], 2)}
        ).reset_index(drop=True),
        "interface_limits": pd.DataFrame(
            {
                "interface": ["IF"],
                "min_mw": [-rating * float(rng.uniform(0.2, 1.0))],
                "max_mw": [np.nan if rng.random() < 0.3 else rating * float(rng.uniform(0.2, 1))],
            }
        ),
    }


def _link(buses: Sequence[str], rng: np.random.Generator) -> pd.DataFrame:
    """One DC line; it loses energy only where it cannot turn round."""
    ends = rng.choice(buses, 2, replace=False)
    one_way = rng.random() < 0.5
    return pd.DataFrame(
        {
            "link": ["DC"],
            "from_bus": [str(ends[0])],
            "to_bus": [str(ends[1])],
            "min_mw": [0.0 if one_way else -60.0],
            "max_mw": [float(rng.uniform(20, 90))],
            "loss_fraction": [float(rng.uniform(0.01, 0.08)) if one_way else 0.0],
        }
    )


def _bids(loads: pd.DataFrame, starts: pd.DatetimeIndex, rng: np.random.Generator) -> pd.DataFrame:
    """Two falling blocks of one load in every interval, one of another in the first."""
    high = float(rng.uniform(25, 90))
    rows = [
        {"load": loads["load"].iloc[0], "segment": 1, "mw": 25.0, "price": high},
        {"load": loads["load"].iloc[0], "segment": 2, "mw": 40.0, "price": high * 0.6},
        {"load": loads["load"].iloc[1], "segment": 1, "mw": 15.0, "price": high * 0.83},
    ]
    frame = pd.DataFrame(rows)
    stamps = [pd.NaT, pd.NaT, starts[0]]
    frame.insert(1, "interval_start", pd.to_datetime(pd.Series(stamps, dtype=object), utc=True))
    return frame


def _availability(
    units: pd.DataFrame, starts: pd.DatetimeIndex, rng: np.random.Generator
) -> pd.DataFrame:
    """The first unit is a wind farm: between p_min and p_max, changing by the interval."""
    first = units.iloc[0]
    reach = first["p_min"] + (first["p_max"] - first["p_min"]) * rng.uniform(0, 1, len(starts))
    return pd.DataFrame({"interval_start": starts, first["unit"]: reach})


def _self_schedules(
    units: pd.DataFrame, starts: pd.DatetimeIndex, rng: np.random.Generator
) -> pd.DataFrame:
    """The last unit is must-take at a share of p_max that changes by the interval."""
    last = units.iloc[-1]
    level = last["p_min"] + (last["p_max"] - last["p_min"]) * rng.uniform(0.2, 0.8, len(starts))
    return pd.DataFrame({"interval_start": starts, last["unit"]: level})


def _outages(branches: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Single outages of half the branches, and one of two branches together."""
    names = branches.loc[branches["in_service"], "branch"].to_numpy()
    chosen = rng.permutation(names)
    single = [(f"out-{name}", "branch", name) for name in chosen[: len(chosen) // 2 + 1]]
    double = [("out-two", "branch", name) for name in chosen[-2:]]
    return pd.DataFrame([*single, *double], columns=["contingency", "kind", "element"])
