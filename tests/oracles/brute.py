"""Every possible commitment of a very small day, one after the other: the oracle's own witness.

One bus, hard limits. A unit's pattern of on and off is walked from left to right, and its minimum
times, initial state and start-up costs are read off the walk; no binary and no row stands for them.
For each combination of patterns that could carry demand a linear program dispatches the units.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

Pattern = tuple[bool, ...]


@dataclass(frozen=True)
class Found:
    """The cheapest commitment: cost and, by unit, the pattern of on and off."""

    objective: float
    on: dict[str, Pattern]
    tried: int


def cheapest(case: Any) -> Found:
    """Try all commitments of a day on one bus."""
    units = list(case.units.itertuples())
    demand = case.demand.iloc[:, 1:].sum(axis=1).to_numpy()
    choices = []
    for unit in units:
        walks = [
            (p, walk(case, unit, p)) for p in itertools.product((False, True), repeat=len(demand))
        ]
        choices.append([(pattern, cost) for pattern, cost in walks if cost is not None])
    best, chosen, tried = math.inf, None, 0
    for combination in itertools.product(*choices):
        fixed = sum(cost for _, cost in combination)
        low, high = _range(case, units, [pattern for pattern, _ in combination])
        if (low > demand + 1e-9).any() or (high < demand - 1e-9).any():
            continue
        if fixed + _least(case, units) >= best:
            continue
        tried += 1
        energy = _dispatch(case, units, [pattern for pattern, _ in combination], demand)
        if fixed + energy < best:
            best = fixed + energy
            chosen = {u.unit: p for u, (p, _) in zip(units, combination, strict=True)}
    if chosen is None:
        raise RuntimeError("no commitment carries the demand")
    return Found(best, chosen, tried)


def walk(case: Any, unit: Any, pattern: Pattern) -> float | None:
    """No-load, start-up and shut-down cost of a pattern; None where it is not allowed."""
    h = case.interval_hours
    price = {"no_load": 0.0, "shutdown": 0.0}
    tiers = []
    for row in case.commitment_offers[case.commitment_offers.unit == unit.unit].itertuples():
        if row.component == "startup":
            tiers.append((row.after_hours_off, row.price))
        else:
            price[row.component] = row.price
    state: bool | None = None
    hours = math.inf  # in this state so far; not known means long enough
    if not math.isnan(unit.initial_hours):
        state, hours = unit.initial_hours > 0, abs(unit.initial_hours)
    elif not math.isnan(unit.initial_mw):
        state = unit.initial_mw > 0
    cost = 0.0
    for t, on in enumerate(pattern):
        wanted = _wanted(case, unit, t)
        if wanted is not None and wanted != on:
            return None
        if state is not None and on != state:
            if hours < (unit.min_down if on else unit.min_up) - 1e-9:
                return None
            if on and tiers:
                due = [p for after, p in sorted(tiers) if after <= hours + 1e-9]
                cost += due[-1] if due else sorted(tiers)[0][1]
            cost += 0.0 if on else price["shutdown"]
            hours = 0.0
        state = on
        hours += h
        cost += price["no_load"] * h if on else 0.0
    return cost


def _wanted(case: Any, unit: Any, t: int) -> bool | None:
    fixed = _at(case.self_schedules, unit.unit, t)
    if fixed is not None and (fixed > 0 or unit.p_min > 0):
        return fixed > 0
    reach = _at(case.availability, unit.unit, t)
    if fixed is None and reach is not None and reach < unit.p_min:
        return False
    return True if unit.must_run or (_at(case.must_run, unit.unit, t) or 0) > 0 else None


def _at(wide: Any, name: str, t: int) -> float | None:
    if name not in wide.columns or math.isnan(wide[name].iloc[t]):
        return None
    return float(wide[name].iloc[t])


def _bounds(case: Any, unit: Any, t: int, on: bool) -> tuple[float, float]:
    fixed = _at(case.self_schedules, unit.unit, t)
    if fixed is not None:
        return fixed, fixed
    if not on:
        return 0.0, 0.0
    reach = _at(case.availability, unit.unit, t)
    return unit.p_min, unit.p_max if reach is None else min(reach, unit.p_max)


def _range(
    case: Any, units: list[Any], patterns: list[Pattern]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    bounds = np.array(
        [
            [_bounds(case, unit, t, on) for t, on in enumerate(pattern)]
            for unit, pattern in zip(units, patterns, strict=True)
        ]
    )
    return bounds[:, :, 0].sum(axis=0), bounds[:, :, 1].sum(axis=0)


def _least(case: Any, units: list[Any]) -> float:
    """What energy can cost at the very least: every block with a negative price is taken."""
    offers = case.offers
    negative = offers[offers.price < 0]
    return float((negative.mw * negative.price).sum()) * case.interval_hours * case.meta.intervals


def _dispatch(
    case: Any, units: list[Any], patterns: list[Pattern], demand: npt.NDArray[np.float64]
) -> float:
    """Energy cost of the cheapest dispatch within bounds and ramps; infinite without one."""
    h, count = case.interval_hours, len(demand)
    cost: list[float] = []
    bounds: list[tuple[float, float]] = []
    columns: dict[tuple[int, int], list[int]] = {}
    for k, unit in enumerate(units):
        for t in range(count):
            rows = case.offers[case.offers.unit == unit.unit]
            stamped = rows[rows.interval_start == case.interval_starts[t]]
            rows = stamped if len(stamped) else rows[rows.interval_start.isna()]
            columns[k, t] = []
            for row in rows.itertuples():
                columns[k, t].append(len(cost))
                cost.append(row.price * h)
                bounds.append((0.0, row.mw))
            if _at(case.self_schedules, unit.unit, t) is not None:
                columns[k, t].append(len(cost))
                cost.append(0.0)
                beyond = _at(case.self_schedules, unit.unit, t) - sum(rows.mw)
                bounds.append((0.0, max(0.0, beyond)))
    upper: list[tuple[dict[int, float], float]] = []
    for k, (unit, pattern) in enumerate(zip(units, patterns, strict=True)):
        before: bool | None = None
        mw = unit.initial_mw
        if not math.isnan(unit.initial_hours):
            before = unit.initial_hours > 0
            mw = mw if before else 0.0
        elif not math.isnan(mw):
            before = mw > 0
        for t, on in enumerate(pattern):
            low, high = _bounds(case, unit, t, on)
            now = dict.fromkeys(columns[k, t], 1.0)
            upper.append((now, high))
            upper.append(({c: -1.0 for c in now}, -low))
            was = pattern[t - 1] if t else before
            set_before = t == 0 or _at(case.self_schedules, unit.unit, t - 1) is not None
            both_set = set_before and _at(case.self_schedules, unit.unit, t) is not None
            if (t > 0 or (before is not None and not math.isnan(mw))) and not both_set:
                past = dict.fromkeys(columns[k, t - 1], -1.0) if t else {}
                base = 0.0 if t else mw
                up = math.nan if not on else unit.ramp_up * h if was else unit.startup_ramp
                down = unit.ramp_down * h if on else unit.shutdown_ramp if was else math.nan
                if not math.isnan(up):
                    upper.append(({**now, **past}, up + base))
                if not math.isnan(down):
                    upper.append(({c: -v for c, v in {**now, **past}.items()}, down - base))
    rows = np.zeros((len(upper), len(cost)))
    for r, (terms, _) in enumerate(upper):
        for c, v in terms.items():
            rows[r, c] = v
    balance = np.zeros((count, len(cost)))
    for (_, t), cs in columns.items():
        balance[t, cs] = 1.0
    found = linprog(
        cost, rows, [limit for _, limit in upper], balance, demand, bounds, method="highs"
    )
    return float(found.fun) if found.status == 0 else math.inf
