"""Random small days for unit commitment, each with a schedule that is known to be possible.

A ``DayShape`` says what the day has; shape and seed give the day. Every unit first gets a witness:
a pattern of on and off that keeps its minimum times from its initial state, and an output. Ramps,
start and stop limits, demand, branch ratings, reserve requirements and energy limits are then set
so that the witness keeps all of them. No slack is ever needed, and limits bind often.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from hypothesis import strategies as st

from cases.case import Case
from cases.errors import DataWarning
from tests.oracles import dcopf
from tests.oracles.tables import sensitivities

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DayShape:
    """What a random commitment day has. Every flag adds one feature."""

    units: int = 3
    intervals: int = 6
    minutes: int = 60
    buses: int = 1
    tiers: bool = False
    min_times: bool = False
    initial: bool = False
    must_run: bool = False
    outages: bool = False
    self_schedule: bool = False
    shutdown: bool = False
    ramps: bool = False
    event_ramps: bool = False
    quick_start: bool = False
    negative: bool = False
    segments: bool = False
    stamped: bool = False
    twins: bool = False
    contingencies: bool = False
    bids: bool = False
    virtuals: bool = False
    storage: bool = False
    reserves: bool = False
    energy_limits: bool = False


TRADED = ("bids", "virtuals", "storage", "reserves", "energy_limits", "contingencies")
"""Features beyond the commitment of units."""

UNITS = DayShape(
    **{f.name: True for f in fields(DayShape) if f.type == "bool" and f.name not in TRADED}
)
"""Everything that units can have, on one bus."""

seeds = st.integers(0, 2**31 - 1)


@st.composite
def day_shapes(draw: st.DrawFn, **fixed: Any) -> DayShape:
    """Shapes of 2 to 6 units, 4 to 12 intervals and 1 to 4 buses; ``fixed`` pins fields."""
    drawn: dict[str, Any] = {
        "units": draw(st.integers(2, 6)),
        "intervals": draw(st.integers(4, 12)),
        "minutes": draw(st.sampled_from([60, 30, 15])),
        "buses": draw(st.integers(1, 4)),
    }
    for field in fields(DayShape):
        if field.type == "bool" and field.name not in fixed:
            drawn[field.name] = draw(st.booleans())
    return replace(DayShape(**drawn), **fixed)


def commitment_day(shape: DayShape, seed: int) -> Case:
    """Build the day of a shape; the same shape and seed give the same day."""
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2030-06-01T18:00:00Z" if rng.random() < 0.3 else "2030-06-01T00:00:00Z")
    starts = pd.date_range(start, periods=shape.intervals, freq=f"{shape.minutes}min")
    buses = [f"B{k}" for k in range(shape.buses)]
    units, on, mw = _fleet(shape, buses, rng)
    loads, demand = _demand(buses, starts, mw.sum(axis=1), rng)
    tables: dict[str, pd.DataFrame] = {
        "buses": pd.DataFrame({"bus": buses, "zone": [f"Z{k % 2}" for k in range(len(buses))]}),
        "units": units,
        "offers": _offers(shape, units, starts, rng),
        "commitment_offers": _commitment_offers(shape, units, rng),
        "loads": loads,
        "demand": demand,
    }
    if shape.buses > 1:
        tables["branches"] = _branches(tables, mw, rng)
    if shape.outages or shape.negative:
        tables |= _availability(shape, units, starts, on, mw, rng)
    if shape.self_schedule:
        tables["self_schedules"] = pd.DataFrame(
            {"interval_start": starts, "G1": mw[:, list(units["unit"]).index("G1")]}
        )
    if shape.bids:
        rows = [{"load": "D0", "segment": 1, "mw": 12.0, "price": float(rng.uniform(15, 70))}]
        tables["bids"] = pd.DataFrame(rows)
    if shape.virtuals:
        tables["virtuals"] = _virtuals(buses, starts, rng)
    if shape.storage:
        tables["storage"] = _storage(buses, rng)
    if shape.reserves:
        tables |= _reserves(shape, tables, on, mw, rng)
    if shape.energy_limits:
        tables["energy_limits"] = _energy_limits(shape, starts, mw[:, 0], rng)
    meta = {
        "name": f"commitment-{seed}",
        "start": start.isoformat(),
        "interval_minutes": shape.minutes,
        "intervals": shape.intervals,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return Case.build(meta, tables)


def _fleet(
    shape: DayShape, buses: list[str], rng: np.random.Generator
) -> tuple[pd.DataFrame, npt.NDArray[np.bool_], Array]:
    """Units with their witness: on and MW, (T, U)."""
    rows, patterns, outputs = [], [], []
    for k in range(shape.units):
        row, on, mw = _unit(shape, k, rng)
        rows.append({**row, "bus": str(rng.choice(buses)), "owner": f"O{k % 2}"})
        patterns.append(on)
        outputs.append(mw)
    if shape.twins:
        rows[0] |= {"ramp_up": np.nan, "ramp_down": np.nan, "must_run": False}
        for k in range(2):
            row, on, mw = _twin(shape, rows[0], f"G0-{k}", rng)
            rows.insert(k + 1, row)
            patterns.insert(k + 1, on)
            outputs.insert(k + 1, mw)
    return pd.DataFrame(rows), np.array(patterns).T, np.array(outputs).T


def _twin(
    shape: DayShape, unit: dict[str, Any], name: str, rng: np.random.Generator
) -> tuple[dict[str, Any], npt.NDArray[np.bool_], Array]:
    """A unit like another one, with an initial state and a witness of its own, low at its ends."""
    state, hours = bool(rng.random() < 0.6), float(rng.integers(1, 9))
    known = "initial_hours" in unit
    on = _pattern(shape, unit, state if known else None, hours, rng)
    p_min, p_max = unit["p_min"], unit["p_max"]
    edge = np.concatenate([~on[:1], ~on[:-1]]) | np.concatenate([~on[1:], [False]])
    edge[0] = True
    mw = np.where(on, np.where(edge, p_min, rng.uniform(p_min, p_max, len(on))), 0.0)
    twin = {**unit, "unit": name}
    for column in ("initial_hours", "initial_mw"):
        twin.pop(column, None)
    if known:
        twin |= {"initial_hours": hours if state else -hours}
        if state:
            twin |= {"initial_mw": p_min}
    return twin, on, mw


def _unit(
    shape: DayShape, k: int, rng: np.random.Generator
) -> tuple[dict[str, Any], npt.NDArray[np.bool_], Array]:
    h = shape.minutes / 60
    p_max = round(float(rng.uniform(40, 200)), 1)
    p_min = round(float(rng.uniform(0.2, 0.6)) * p_max, 1) if rng.random() < 0.8 else 0.0
    wind = shape.negative and k == shape.units - 1
    if wind:
        p_min = 0.0
    unit: dict[str, Any] = {"unit": f"G{k}", "p_min": p_min, "p_max": p_max}
    if shape.min_times and not wind:
        unit["min_up"] = float(rng.integers(0, 5)) * (h if rng.random() < 0.5 else 0.7)
        unit["min_down"] = float(rng.integers(0, 5)) * (h if rng.random() < 0.5 else 0.7)
    unit["must_run"] = shape.must_run and k == 0
    unit["quick_start"] = shape.quick_start and bool(rng.random() < 0.4)
    known = shape.initial and (shape.tiers or rng.random() < 0.8)
    state = bool(unit["must_run"] or rng.random() < 0.6)
    hours = float(rng.integers(1, 9)) * float(rng.choice([0.5, 1.0]))
    on = _pattern(shape, unit, state if known else None, hours, rng)
    before = state if known else None
    level = float(rng.uniform(p_min, p_max))
    initial = level if before else 0.0
    mw = np.zeros(shape.intervals)
    for t in range(shape.intervals):
        level = float(np.clip(level + rng.normal(0, 0.15 * p_max), p_min, p_max))
        mw[t] = round(level, 2) if on[t] else 0.0
    if known:
        unit["initial_hours"] = hours if state else -hours
        if state and rng.random() < 0.7:
            unit["initial_mw"] = initial
    _limit_moves(shape, unit, on, mw, before, rng)
    return unit, on, mw


def _pattern(
    shape: DayShape, unit: dict[str, Any], state: bool | None, hours: float, rng: Any
) -> npt.NDArray[np.bool_]:
    """A walk of on and off that keeps the minimum times."""
    h = shape.minutes / 60
    if state is None:
        state, hours = bool(unit["must_run"] or rng.random() < 0.6), np.inf
    pattern = []
    for _ in range(shape.intervals):
        least = unit.get("min_up", 0.0) if state else unit.get("min_down", 0.0)
        free = hours >= least - 1e-9 and not (unit["must_run"] and state)
        if free and rng.random() < 0.35:
            state, hours = not state, 0.0
        hours += h
        pattern.append(state)
    return np.array(pattern)


def _limit_moves(
    shape: DayShape,
    unit: dict[str, Any],
    on: npt.NDArray[np.bool_],
    mw: Array,
    before: bool | None,
    rng: np.random.Generator,
) -> None:
    """Ramps and start and stop limits that the witness just keeps, or nearly."""
    h = shape.minutes / 60
    was = np.concatenate([[on[0] if before is None else before], on[:-1]])
    known = np.concatenate([[unit.get("initial_mw", np.nan) if before else 0.0], mw[:-1]])
    if before is None:
        known[0] = np.nan
    change = np.nan_to_num(mw - known)
    room = rng.uniform(1.0, 1.4, 4)
    least = 0.1 * unit["p_max"]
    if shape.ramps and rng.random() < 0.8:
        rise = np.where(on & was, change, 0.0).max(initial=0.0)
        fall = np.where(on & was, -change, 0.0).max(initial=0.0)
        unit["ramp_up"] = float(max(rise, least) * room[0] / h)
        unit["ramp_down"] = float(max(fall, least) * room[1] / h)
    if shape.event_ramps and rng.random() < 0.8:
        started = np.where(on & ~was, mw, 0.0).max(initial=unit["p_min"])
        stopped = np.where(~on & was, np.nan_to_num(known), 0.0).max(initial=unit["p_min"])
        unit["startup_ramp"] = float(started * room[2]) + 0.1
        unit["shutdown_ramp"] = float(stopped * room[3]) + 0.1


def _offers(
    shape: DayShape, units: pd.DataFrame, starts: pd.DatetimeIndex, rng: np.random.Generator
) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for k, unit in enumerate(units.itertuples()):
        below = shape.negative and k == len(units) - 1
        stamps: list[Any] = [pd.NaT]
        if shape.stamped and rng.random() < 0.5:
            stamps.append(starts[int(rng.integers(len(starts)))])
        for stamp in stamps:
            price = -float(rng.uniform(1, 30)) if below else float(rng.uniform(8, 60))
            count = int(rng.integers(1, 4)) if shape.segments else 1
            cuts = np.sort(rng.uniform(0.1, 0.9, count - 1)) * unit.p_max
            widths = np.diff([0.0, *cuts, unit.p_max])
            prices = price + np.cumsum(rng.uniform(1.0, 9.0, count))
            rows += [
                {"unit": unit.unit, "interval_start": stamp, "segment": s + 1, "mw": w, "price": p}
                for s, (w, p) in enumerate(zip(widths, prices, strict=True))
            ]
    frame = _same_for_twins(pd.DataFrame(rows))
    frame["interval_start"] = pd.to_datetime(frame["interval_start"], utc=True)
    return frame


def _same_for_twins(offers: pd.DataFrame) -> pd.DataFrame:
    """Give twins the offers of the unit that they are like."""
    twins = [name for name in offers["unit"].unique() if name.startswith("G0-")]
    own = offers[~offers["unit"].isin(twins)]
    like = offers[offers["unit"] == "G0"]
    return pd.concat([own, *(like.assign(unit=name) for name in twins)], ignore_index=True)


def _commitment_offers(
    shape: DayShape, units: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """No-load, start-up (one tier, or hot, warm and cold) and shut-down of each unit."""
    rows: list[tuple[str, str, float, float]] = []
    for unit in units.itertuples():
        rows.append((unit.unit, "no_load", 0.0, float(rng.uniform(0, 600))))
        hot = float(rng.uniform(100, 2500)) * shape.minutes / 60
        after = np.array([0.0])
        if shape.tiers and shape.initial:
            after = np.array([0.0, *np.sort(rng.choice(np.arange(1, 7), 2, replace=False))])
            after = after * max(0.5, shape.minutes / 60)
        costs = hot * np.cumprod([1.0, *rng.uniform(1.1, 2.0, len(after) - 1)])
        rows += [
            (unit.unit, "startup", float(a), float(c)) for a, c in zip(after, costs, strict=True)
        ]
        if shape.shutdown:
            rows.append((unit.unit, "shutdown", 0.0, float(rng.uniform(0, 500))))
    columns = ["unit", "component", "after_hours_off", "price"]
    return _same_for_twins(pd.DataFrame(rows, columns=columns))


def _demand(
    buses: list[str], starts: pd.DatetimeIndex, total: Array, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    demand = pd.DataFrame({"interval_start": starts})
    share = rng.uniform(0.2, 0.8, len(starts))
    demand["D0"] = total * share
    demand["D1"] = total - demand["D0"].to_numpy()
    places = [str(bus) for bus in rng.choice(buses, 2)]
    return pd.DataFrame({"load": ["D0", "D1"], "bus": places, "owner": ""}), demand


def _branches(tables: dict[str, pd.DataFrame], mw: Array, rng: np.random.Generator) -> pd.DataFrame:
    """A ring (or one line), and ratings a little above what the witness sends, before and after."""
    buses = list(tables["buses"]["bus"])
    pairs = list(pairwise(buses))
    if len(buses) > 2:
        pairs.append((buses[-1], buses[0]))
    if len(buses) > 3:
        pairs.append((buses[0], buses[2]))
    frame = pd.DataFrame(pairs, columns=["from_bus", "to_bus"])
    frame.insert(0, "branch", [f"L{k}" for k in range(len(pairs))])
    frame["x"] = rng.uniform(0.05, 0.3, len(pairs))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        meta = {"name": "grid", "start": tables["demand"]["interval_start"].iloc[0].isoformat()}
        meta |= {"intervals": 1}
        first = tables["demand"].iloc[:1]
        grid = Case.build(
            meta,
            {
                **tables,
                "branches": frame,
                "demand": first,
                "offers": tables["offers"][tables["offers"]["interval_start"].isna()],
            },
        )
    injection = np.zeros((len(mw), len(buses)))
    for unit, values in zip(tables["units"]["bus"], mw.T, strict=True):
        injection[:, buses.index(unit)] += values
    for load, bus in zip(tables["loads"]["load"], tables["loads"]["bus"], strict=True):
        injection[:, buses.index(bus)] -= tables["demand"][load].to_numpy()
    branches = dcopf.branches_in_service(grid, "matpower", angle_limits=True)
    room = rng.uniform(1.0, 1.5, (2, len(pairs)))
    limited = rng.random(len(pairs)) < 0.7
    base = _flows(buses, branches, injection)
    after = dict(base)
    for out in dcopf.contingencies(grid, branches).values():
        left = [b for b in branches if b.name not in out]
        for name, flow in _flows(buses, left, injection).items():
            after[name] = max(after[name], flow)
    names = frame["branch"]
    rating = (names.map(base).to_numpy() + 0.5) * room[0]
    frame["rating_mw"] = np.where(limited, rating, np.nan)
    worst = (names.map(after).to_numpy() + 0.5) * room[1]
    frame["emergency_rating_mw"] = np.where(limited, np.maximum(rating, worst), np.nan)
    return frame


def _flows(buses: list[str], branches: list[dcopf.Branch], injection: Array) -> dict[str, float]:
    """Largest flow of each branch over the intervals, MW."""
    rows = sensitivities(buses, branches)
    return {name: float(np.abs(injection @ row).max()) for name, row in rows.items()}


def _availability(
    shape: DayShape,
    units: pd.DataFrame,
    starts: pd.DatetimeIndex,
    on: npt.NDArray[np.bool_],
    mw: Array,
    rng: np.random.Generator,
) -> dict[str, pd.DataFrame]:
    """The last unit is a wind farm; one other unit is out while its witness is off."""
    table = pd.DataFrame({"interval_start": starts})
    if shape.negative:
        reach = units["p_max"].iloc[-1] - mw[:, -1]
        table[units["unit"].iloc[-1]] = mw[:, -1] + reach * rng.uniform(0, 0.5, len(starts))
    if shape.outages:
        for k, unit in enumerate(units.itertuples()):
            off = ~on[:, k]
            if off.any() and unit.p_min > 0 and unit.unit not in table and unit.unit != "G1":
                out = off & (rng.random(len(starts)) < 0.7)
                table[unit.unit] = np.where(out, 0.0, unit.p_max)
                break
    return {"availability": table} if len(table.columns) > 1 else {}


def _virtuals(buses: list[str], starts: pd.DatetimeIndex, rng: np.random.Generator) -> pd.DataFrame:
    place = [str(bus) for bus in rng.choice(buses, 4)]
    rows = [
        ("V0", "inc", place[0], "", 9.0, float(rng.uniform(10, 60))),
        ("V1", "dec", place[1], "", 7.0, float(rng.uniform(10, 60))),
    ]
    if len(buses) > 1:
        rows.append(("V2", "utc", buses[0], buses[1], 8.0, float(rng.uniform(-3, 12))))
    frame = pd.DataFrame(rows, columns=["virtual", "kind", "bus", "sink_bus", "mw", "price"])
    stamps = [pd.NaT] * len(frame)
    stamps[0] = starts[int(rng.integers(len(starts)))]
    frame["interval_start"] = pd.to_datetime(pd.Series(stamps, dtype=object), utc=True)
    return frame


def _storage(buses: list[str], rng: np.random.Generator) -> pd.DataFrame:
    """Half full, and to be left at least as it was found."""
    return pd.DataFrame(
        {
            "storage": ["S0"],
            "bus": [str(rng.choice(buses))],
            "charge_mw": [float(rng.uniform(5, 25))],
            "discharge_mw": [float(rng.uniform(5, 25))],
            "energy_max": [float(rng.uniform(20, 60))],
            "energy_min": [2.0],
            "initial_mwh": [10.0],
            "final_mwh": [10.0 if rng.random() < 0.7 else np.nan],
            "efficiency_in": [float(rng.uniform(0.8, 1.0))],
            "efficiency_out": [float(rng.uniform(0.8, 1.0))],
            "discharge_price": [float(rng.uniform(0, 3))],
        }
    )


def _reserves(
    shape: DayShape,
    tables: dict[str, pd.DataFrame],
    on: npt.NDArray[np.bool_],
    mw: Array,
    rng: np.random.Generator,
) -> dict[str, pd.DataFrame]:
    """Regulation that also serves as spinning reserve, reserve downward, and a product off line.

    Spinning reserve is required in one zone and in the whole case; all of it is a share of what
    the witness could give.
    """
    units = tables["units"]
    zone_of = dict(zip(tables["buses"]["bus"], tables["buses"]["zone"], strict=True))
    zone = np.array([zone_of[bus] for bus in units["bus"]])
    products = pd.DataFrame(
        {
            "product": ["reg", "spin", "down", "quick"],
            "direction": ["up", "up", "down", "up"],
            "minutes": [5.0, float(rng.choice([10, 15, 30])), float(rng.choice([10, 30])), 30.0],
            "substitutes_for": ["spin", "", "", ""],
            "offline": [False, False, False, True],
        }
    )
    reach = {
        row.product: _reach(shape, tables, on, mw, row.direction, row.minutes)
        for row in products.itertuples()
    }
    offers = [
        {"unit": unit, "product": name, "mw": 30.0, "price": float(rng.uniform(0, 8))}
        for unit in units["unit"]
        for name in products["product"]
    ]
    offers = _same_for_twins(pd.DataFrame(offers)).to_dict("records")
    starts = tables["demand"]["interval_start"]
    needs = []
    for name, part, factor in (
        ("reg", "", 0.15),
        ("spin", "", 0.35),
        ("spin", "Z0", 0.35),
        ("down", "", 0.5),
        ("quick", "", 0.3),
    ):
        inside = np.ones(len(zone), dtype=bool) if part == "" else zone == part
        for t, start in enumerate(starts):
            most = reach[name][t, inside].sum()
            needs.append((name, part, start, float(most * factor)))
    columns = ["product", "zone", "interval_start", "mw"]
    return {
        "reserve_products": products,
        "reserve_offers": pd.DataFrame(offers),
        "reserve_requirements": pd.DataFrame(needs, columns=columns),
    }


def _reach(
    shape: DayShape,
    tables: dict[str, pd.DataFrame],
    on: npt.NDArray[np.bool_],
    mw: Array,
    direction: str,
    minutes: float,
) -> Array:
    """MW that each unit of the witness could give of one product alone, (T, U)."""
    units = tables["units"].reindex(
        columns=["unit", "p_min", "p_max", "ramp_up", "ramp_down", "startup_ramp", "shutdown_ramp"]
    )
    high = np.tile(units["p_max"].to_numpy(), (len(mw), 1))
    for k, name in enumerate(units["unit"]):
        if name in tables.get("availability", pd.DataFrame()):
            high[:, k] = np.minimum(high[:, k], tables["availability"][name])
    start = np.vstack([np.zeros((1, len(units)), dtype=bool), ~on[:-1]]) & on
    start[0] = on[0]  # whatever the state before, so that its limits hold
    stop = np.vstack([~on[1:], np.zeros((1, len(units)), dtype=bool)]) & on
    for when, column in ((start, "startup_ramp"), (stop, "shutdown_ramp")):
        limit = np.fmin(high, units[column].to_numpy())
        high = np.where(when, limit, high)
    ramp = units["ramp_up" if direction == "up" else "ramp_down"].fillna(np.inf).to_numpy()
    change = np.vstack([np.zeros((1, len(units))), np.diff(mw, axis=0)])
    if direction == "up":
        room, moved = high - mw, np.maximum(change, 0.0)
    else:
        room, moved = mw - units["p_min"].to_numpy(), np.maximum(-change, 0.0)
    moved[0] = 0.1 * units["p_max"] if minutes >= shape.minutes else 0.0
    moves = ramp * minutes / 60 - (moved if minutes >= shape.minutes else 0.0)
    return np.where(on, np.clip(np.minimum(room, moves), 0.0, 30.0), 0.0)


def _energy_limits(
    shape: DayShape, starts: pd.DatetimeIndex, mw: Array, rng: np.random.Generator
) -> pd.DataFrame:
    """The first unit may produce a little more in a day than its witness does."""
    energy = pd.Series(mw * shape.minutes / 60).groupby(starts.date).sum()
    room = rng.uniform(1.0, 1.3, len(energy))
    return pd.DataFrame(
        {"unit": "G0", "day": pd.to_datetime(list(energy.index)), "max_mwh": energy * room}
    ).reset_index(drop=True)
