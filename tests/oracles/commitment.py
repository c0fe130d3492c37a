"""Unit commitment over several intervals with bus angles: the engine's independent witness.

The plain textbook form: one on-binary per unit and interval; start and stop follow from it; minimum
times hold by one row per pair of intervals; a start is paid by listing every spell that a unit
can be off; ramps, reserves, storage, daily energy and virtuals as DESIGN.md section 12 states them.
The network is that of ``dcopf``: one angle per bus, interval and network state. No tightening, no
lazy row and no code of ``network`` or ``clearing`` is used.

Limits are hard where that leaves a schedule; otherwise they are soft at the default penalties. With
a commitment given they are soft, and the duals of the bus balances are the prices.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tests.oracles import dcopf
from tests.oracles.custom import add_custom
from tests.oracles.dcopf import RAMP, Outcome, Supply, blocks_of, value_at
from tests.oracles.lp import INF
from tests.oracles.mixed import MixedProgram
from tests.oracles.products import add_energy_limits, add_reserves, add_storage, add_virtuals

ROUND = 1e-9
Floats = npt.NDArray[np.float64]


@dataclass
class Model(dcopf.Model):
    """The program of a day; ``on``, ``start`` and ``stop`` are columns keyed (t, unit)."""

    lp: MixedProgram = field(default_factory=MixedProgram)
    on: dict[tuple[int, str], int] = field(default_factory=dict)
    start: dict[tuple[int, str], int] = field(default_factory=dict)
    stop: dict[tuple[int, str], int] = field(default_factory=dict)
    awards: dict[tuple[int, str, str], int] = field(default_factory=dict)
    """Reserve awards keyed (t, unit, product)."""
    requirements: dict[tuple[int, str, str], int] = field(default_factory=dict)
    """Rows awards + shortage >= requirement, keyed (t, product, zone)."""
    charge: dict[tuple[int, str], int] = field(default_factory=dict)
    discharge: dict[tuple[int, str], int] = field(default_factory=dict)
    energy: dict[tuple[int, str], int] = field(default_factory=dict)
    budgets: dict[tuple[str, Any], int] = field(default_factory=dict)
    virtuals: dict[tuple[int, str], int] = field(default_factory=dict)
    priced: set[str] = field(default_factory=set)
    """Custom constraints with a penalty of their own: they may be bought at it."""

    def give(self, on: pd.DataFrame) -> None:
        """Hold the commitment at what is given; what is left is a linear program."""
        for (t, unit), column in self.on.items():
            self.lp.fix(column, float(on[unit].iloc[t]))
        self.lp.integers.clear()

    def hold(self, values: Floats) -> None:
        """Hold every integer at its value in a solution."""
        for column in list(self.lp.integers):
            self.lp.fix(column, float(round(values[column])))

    def harden(self) -> None:
        """Let no limit be bought that has no price of its own."""
        for key, column in self.slacks.items():
            if key[1] not in self.priced:
                self.lp.upper[column] = 0.0


@dataclass(frozen=True)
class Schedule:
    """A commitment and the dispatch, prices and cost that follow from it."""

    on: pd.DataFrame
    outcome: Outcome
    model: Model

    @property
    def objective(self) -> float:
        return self.outcome.objective

    def series(self, columns: dict[Any, int]) -> dict[Any, float]:
        """Values of some columns."""
        return {key: float(self.outcome.values[column]) for key, column in columns.items()}

    def duals(self, rows: dict[Any, int]) -> dict[Any, float]:
        """Duals of some rows, money per MW and hour (or per MWh)."""
        duals = self.model.lp.solve().duals / self.model.hours
        return {key: float(duals[row]) for key, row in rows.items()}


def solve(case: Any, **options: Any) -> Schedule:
    """Least-cost commitment of a case; the options are those of ``build``."""
    model = build(case, **options)
    soft = list(model.lp.upper)
    model.harden()
    try:
        best = model.lp.solve()
    except RuntimeError:
        model.lp.upper[:] = soft
        best = model.lp.solve()
    on = _frame(model, best.values).round().astype(bool)
    model.lp.upper[:] = soft
    model.hold(best.values)
    return Schedule(on, dcopf.read(model), model)


def given(case: Any, on: pd.DataFrame, **options: Any) -> Schedule:
    """Dispatch and prices of a commitment: interval by unit, True where on.

    A storage may charge and discharge at once here, where prices below zero make that pay.
    """
    model = build(case, **options)
    model.give(on)
    return Schedule(on, dcopf.read(model), model)


def relaxed(case: Any, **options: Any) -> Schedule:
    """The same program with every integrality dropped: prices of the integer relaxation."""
    model = build(case, **options)
    model.lp.integers.clear()
    outcome = dcopf.read(model)
    return Schedule(_frame(model, outcome.values), outcome, model)


def _frame(model: Model, values: Floats) -> pd.DataFrame:
    units = list(dict.fromkeys(unit for _, unit in model.on))
    shares = [[float(values[model.on[t, u]]) for u in units] for t in range(len(model.starts))]
    return pd.DataFrame(shares, index=pd.DatetimeIndex(model.starts), columns=units)


def build(
    case: Any, *, convention: str = "matpower", angle_limits: bool = True, security: str = "none"
) -> Model:
    """Write the program of a day; ``security`` "n-1" adds one set of angles per outage."""
    model = Model(list(case.interval_starts), case.interval_hours)
    branches = dcopf.branches_in_service(case, convention, angle_limits)
    parts = dcopf.islands(list(case.buses.bus), branches)
    outages = dcopf.contingencies(case, branches) if security == "n-1" else {}
    model.branches, model.outages = branches, outages
    supplies: list[Supply] = [{bus: {} for bus in case.buses.bus} for _ in model.starts]
    _states(model, case)
    for t, supply in enumerate(supplies):
        _outputs(model, case, t, supply)
        dcopf.add_bids(model, case, t, supply)
        dcopf.add_links(model, case, t, supply)
        add_virtuals(model, case, t, supply)
        demand = dcopf.fixed_demand(case, model.starts[t])
        dcopf.add_balance_slack(model, t, parts, demand, supply)
    _ramps(model, case)
    add_storage(model, case, supplies)
    add_reserves(model, case)
    add_energy_limits(model, case)
    for t, supply in enumerate(supplies):
        demand = dcopf.fixed_demand(case, model.starts[t])
        injection = {bus: model.lp.column(-INF, INF) for bus in supply}
        for bus, terms in supply.items():
            needed = demand.get(bus, 0.0)
            row = model.lp.row(needed, needed, {**terms, injection[bus]: -1.0})
            model.balance[t, bus] = row
        flow = dcopf.add_network(model.lp, branches, parts, injection)
        model.flows.update({(t, name): column for name, column in flow.items()})
        for b in branches:
            model.soft((t, b.name, ""), {flow[b.name]: 1.0}, b.lower, b.upper, dcopf.BRANCH)
        dcopf.add_interfaces(model, case, t, flow)
        for name, out in outages.items():
            left = [b for b in branches if b.name not in out]
            after = dcopf.add_network(model.lp, left, parts, injection)
            for b in left:
                terms = {after[b.name]: 1.0}
                limit = b.emergency
                model.soft((t, b.name, name), terms, -limit, limit, dcopf.CONTINGENCY)
    model.priced = add_custom(model, case)
    return model


def was_on(unit: Any) -> bool | None:
    """State before the day: by the hours, else by the output; None = not known, free."""
    if not math.isnan(unit.initial_hours):
        return bool(unit.initial_hours > 0)
    return None if math.isnan(unit.initial_mw) else bool(unit.initial_mw > 0)


def intervals_of(hours: float, length: float) -> int:
    """Number of whole intervals that cover so many hours."""
    return max(0, math.ceil(hours / length - ROUND))


def limits(case: Any, unit: Any, start: pd.Timestamp) -> tuple[float, float]:
    """Least and largest output while on, MW."""
    fixed = value_at(case.self_schedules, start, unit.unit)
    if not math.isnan(fixed):
        return fixed, fixed
    available = value_at(case.availability, start, unit.unit)
    return unit.p_min, unit.p_max if math.isnan(available) else min(unit.p_max, available)


def forced(case: Any, unit: Any, start: pd.Timestamp) -> bool | None:
    """State that the data leave no choice about; None where there is one."""
    fixed = value_at(case.self_schedules, start, unit.unit)
    if fixed > 0:
        return True
    reach = value_at(case.availability, start, unit.unit)
    if unit.p_min > 0 and (fixed == 0 or (reach < unit.p_min and math.isnan(fixed))):
        return False
    return True if unit.must_run or value_at(case.must_run, start, unit.unit) > 0 else None


def start_cost(tiers: list[tuple[float, float]], hours_off: float) -> float:
    """Price of the tier with the largest after_hours_off <= hours off, else of the first tier."""
    reached = [price for after, price in tiers if after <= hours_off + ROUND]
    return reached[-1] if reached else tiers[0][1]


def components(case: Any, unit: str, component: str) -> list[tuple[float, float]]:
    """(after_hours_off, price) of a commitment offer, by rising hours."""
    rows = case.commitment_offers
    rows = rows[(rows.unit == unit) & (rows.component == component)]
    return sorted(zip(rows.after_hours_off, rows.price, strict=True))


def _states(model: Model, case: Any) -> None:
    """On, start and stop of every unit, what they cost, and minimum times."""
    lp, h, count = model.lp, model.hours, len(model.starts)
    for unit in case.units.itertuples():
        name, before = unit.unit, was_on(unit)
        no_load = sum(price for _, price in components(case, name, "no_load"))
        shutdown = sum(price for _, price in components(case, name, "shutdown"))
        for t, start in enumerate(model.starts):
            model.on[t, name] = lp.binary(no_load * h)
            model.start[t, name] = lp.column(0.0, 1.0)
            model.stop[t, name] = lp.column(0.0, 1.0, shutdown)
            state = forced(case, unit, start)
            if state is not None:
                lp.fix(model.on[t, name], float(state))
        on = [model.on[t, name] for t in range(count)]
        for t in range(count):
            begin, end = model.start[t, name], model.stop[t, name]
            if t == 0 and before is None:
                lp.fix(begin, 0.0)
                lp.fix(end, 0.0)
                continue
            # on_t - on_(t-1) = start - stop; a start finds the unit off, a stop finds it on
            past = {on[t - 1]: -1.0} if t else {}
            known = 0.0 if t else float(bool(before))
            lp.row(known, known, {on[t]: 1.0, **past, begin: -1.0, end: 1.0})
            lp.row(-INF, 0.0, {begin: 1.0, on[t]: -1.0})
            lp.row(-INF, 1.0 - known, {begin: 1.0, **{c: -v for c, v in past.items()}})
        _minimum_times(model, unit, on)
        _start_costs(model, case, unit, on)


def _minimum_times(model: Model, unit: Any, on: list[int]) -> None:
    """on_k >= on_t - on_(t-1) and on_k <= 1 - (on_(t-1) - on_t) while the minimum lasts."""
    lp, h = model.lp, model.hours
    before = was_on(unit)
    up, down = intervals_of(unit.min_up, h), intervals_of(unit.min_down, h)
    for t in range(len(on)):
        if t == 0 and before is None:
            continue
        past = {on[t - 1]: 1.0} if t else {}
        known = 0.0 if t else float(bool(before))
        for k in range(t + 1, min(t + up, len(on))):
            lp.row(-known, INF, {on[k]: 1.0, on[t]: -1.0, **past})
        for k in range(t + 1, min(t + down, len(on))):
            lp.row(-INF, 1.0 - known, {on[k]: 1.0, **past, on[t]: -1.0})
    if math.isnan(unit.initial_hours):
        return
    least = unit.min_up if before else unit.min_down
    rest = intervals_of(least - abs(unit.initial_hours), h)
    for column in on[:rest]:
        lp.row(float(bool(before)), float(bool(before)), {column: 1.0})


def _start_costs(model: Model, case: Any, unit: Any, on: list[int]) -> None:
    """Every start ends one spell off; spell[s, t] is off in s, ..., t - 1, on before and after.

    A spell that began before the day lasts its initial hours longer; not given, it is the longest.
    """
    tiers = components(case, unit.unit, "startup")
    if not tiers:
        return
    lp, h = model.lp, model.hours
    before = was_on(unit)
    earlier = math.inf if math.isnan(unit.initial_hours) else -unit.initial_hours
    for t in range(len(on)):
        spells = {}
        for s in range(t + 1):
            off_before = s == 0 and not before
            if s == t and not (off_before and before is False):
                continue  # no time off; where the state before is free, no start either
            hours_off = (t - s) * h + (earlier if off_before else 0.0)
            spell = lp.column(0.0, 1.0, start_cost(tiers, hours_off))
            spells[spell] = 1.0
            for k in range(s, t):
                lp.row(-INF, 1.0, {spell: 1.0, on[k]: 1.0})
            if s > 0:
                lp.row(-INF, 0.0, {spell: 1.0, on[s - 1]: -1.0})
        lp.row(0.0, 0.0, {**spells, model.start[t, unit.unit]: -1.0})


def _outputs(model: Model, case: Any, t: int, supply: Supply) -> None:
    """Offer blocks; p_min * on <= p <= available * on; self-schedules as they are."""
    lp, start = model.lp, model.starts[t]
    blocks = blocks_of(case.offers, start, "unit")
    for unit in case.units.itertuples():
        offered = blocks.get(unit.unit, [])
        columns = {lp.column(0.0, mw, price * model.hours): 1.0 for mw, price in offered}
        low, high = limits(case, unit, start)
        if not math.isnan(value_at(case.self_schedules, start, unit.unit)):
            # What is scheduled beyond all offers is free.
            beyond = max(0.0, low - sum(mw for mw, _ in offered))
            columns[lp.column(0.0, beyond, 0.0)] = 1.0
            lp.row(low, high, columns)
        else:
            lp.row(0.0, INF, {**columns, model.on[t, unit.unit]: -low})
            lp.row(-INF, 0.0, {**columns, model.on[t, unit.unit]: -high})
        model.power[t, unit.unit] = columns
        supply[unit.bus].update(columns)


def _ramps(model: Model, case: Any) -> None:
    """p_t - p_(t-1) <= ramp_up * hours * on_(t-1) + startup_ramp * start_t; falls likewise.

    A blank limit is the unit's p_max, more than it can ever move.
    """
    for unit in case.units.itertuples():
        for t, before, known in _steps(model, case, unit):
            rise, fall = unit.ramp_up * model.hours, unit.ramp_down * model.hours
            now = model.power[t, unit.unit]
            change = {**now, **{c: -v for c, v in before.items()}}
            was, known_on = (
                ({model.on[t - 1, unit.unit]: 1.0}, 0.0) if t else ({}, float(was_on(unit)))
            )
            is_on = {model.on[t, unit.unit]: 1.0}
            for ramp, event_ramp, stays, constant, event, sign, direction in (
                (rise, unit.startup_ramp, was, known_on, model.start, 1.0, "upper"),
                (fall, unit.shutdown_ramp, is_on, 0.0, model.stop, -1.0, "lower"),
            ):
                if math.isnan(ramp) and math.isnan(event_ramp):
                    continue
                ramp = unit.p_max if math.isnan(ramp) else ramp
                event_ramp = unit.p_max if math.isnan(event_ramp) else event_ramp
                key = (t, f"ramp:{unit.unit}", "", direction)
                slack = model.slacks[key] = model.lp.column(0.0, INF, RAMP * model.hours)
                terms = {c: sign * v for c, v in change.items()}
                terms |= {c: -ramp * v for c, v in stays.items()}
                terms |= {event[t, unit.unit]: -event_ramp, slack: -1.0}
                model.limits[key] = model.lp.row(-INF, ramp * constant + sign * known, terms)


def _steps(model: Model, case: Any, unit: Any) -> Iterator[tuple[int, dict[int, float], float]]:
    """Intervals with a known output before them: its columns, or its MW before the day."""
    schedule = [value_at(case.self_schedules, start, unit.unit) for start in model.starts]
    for t in range(len(model.starts)):
        constant = t == 0 or not math.isnan(schedule[t - 1])
        if constant and not math.isnan(schedule[t]):
            continue  # two constants: nothing to decide
        if t > 0:
            yield t, model.power[t - 1, unit.unit], 0.0
        elif was_on(unit) is False:
            yield t, {}, 0.0
        elif was_on(unit) and not math.isnan(unit.initial_mw):
            yield t, {}, unit.initial_mw
