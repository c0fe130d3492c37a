"""States of the units: on, starts and stops, minimum times, what starts cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clearing.day.fleet import Fleet
from clearing.formulation.market import Market
from clearing.formulation.order import family
from clearing.formulation.terms import Terms
from network.arrays import Positions

__all__ = ["States", "define_minimum_times", "define_starts", "define_states"]


@dataclass(frozen=True, eq=False)
class States:
    """Positions of the state variables, (T, C) each."""

    fleet: Fleet
    on: Positions
    start: Positions
    stop: Positions

    def keys(self) -> list[tuple[str, int]]:
        """Name and interval of each row of the flattened arrays."""
        names = self.fleet.day.units.to_numpy(dtype=object)[self.fleet.first].tolist()
        return [(name, t) for t in range(len(self.on)) for name in names]


@family()
def define_states(market: Market, fleet: Fleet, *, soft_ramps: bool = False) -> States:
    """Define how many units of each cluster are on, start and stop, whole numbers.

        on[g,t] - on[g,t-1] = start[g,t] - stop[g,t]                               (state logic)

    with on[g,-1] the initial state; where that is not given, the first interval's state is its
    own and nobody starts. Bounds hold must-run, outages, own schedules and the minimum times that
    began before the day; nothing starts (stops) whose minimum output lies above its start-up
    (shut-down) ramp, but for a stop that an outage forces, unless ramps may be exceeded (Garver
    1962; Ostrowski, Anjos and Vannelli, "Tight mixed integer linear programming formulations for
    the unit commitment problem", IEEE Trans. Power Systems 27(1), 2012).
    """
    day, count = fleet.day, fleet.count.astype(float)
    shape = (day.intervals, len(count))
    names = day.units.to_numpy(dtype=object)[fleet.first].tolist()
    keys = [(name, t) for t in range(day.intervals) for name in names]
    low, high = fleet.bounds
    most = np.broadcast_to(count, shape).copy()
    unknown = np.isnan(fleet.initial)
    most[0, unknown] = 0.0
    starting, stopping = most.copy(), most.copy()
    stopping[0] = np.where(fleet.stuck[fleet.first] & ~(high[0] < 0.5), 0.0, stopping[0])
    if not soft_ramps:
        out = high < 0.5
        forced = out & (np.cumsum(out, axis=0) == 1) & (np.nan_to_num(fleet.initial) > 0.0)
        starting[:, fleet.too_high_to_start] = 0.0
        stopping[fleet.too_high_to_stop & ~forced] = 0.0
    none = np.zeros(len(keys))
    on, start, stop = (
        market.define(name, keys, least, top.ravel(), integer=True, of_unit=True).at.reshape(shape)
        for name, least, top in (
            ("on", low.ravel(), high),
            ("start", none, starting),
            ("stop", none, stopping),
        )
    )
    before = np.vstack([np.full((1, shape[1]), -1), on[:-1]])
    initial = np.zeros(shape)
    initial[0] = np.nan_to_num(fleet.initial)
    terms = Terms.of(on.ravel()) - Terms.of(before.ravel()) - Terms.constants(initial)
    terms = terms - Terms.of(start.ravel()) + Terms.of(stop.ravel())
    known = np.flatnonzero(~np.concatenate([unknown, np.zeros(len(keys) - len(unknown), bool)]))
    inside = [keys[k] for k in known]
    market.constrain("state_logic", inside, terms[known], 0.0, 0.0, definition=True, coupled=True)
    market.charge(on.ravel(), np.tile(fleet.starts.no_load[fleet.first] * day.hours, shape[0]))
    market.charge(stop.ravel(), np.tile(fleet.starts.shutdown[fleet.first], shape[0]))
    return States(fleet, on, start, stop)


@family(needs=("states",))
def define_minimum_times(market: Market, states: States) -> None:
    """Hold minimum up and down times.

        sum of start[g,i] over the last min_up intervals <= on[g,t]             (minimum up time)
        sum of stop[g,i] over the last min_down intervals <= count - on[g,t]  (minimum down time)

    Facets of the minimum-time polytope (Rajan and Takriti, "Minimum up/down polytopes of the unit
    commitment problem with start-up costs", IBM Research Report RC23628, 2005). They also hold for
    clusters of identical units, whose longest running member is the first to stop.
    """
    fleet, keys = states.fleet, states.keys()
    on = Terms.of(states.on.ravel())
    count = np.tile(fleet.count.astype(float), len(states.on))
    for name, event, times, side in (
        ("minimum_up", states.start, fleet.up, on),
        ("minimum_down", states.stop, fleet.down, Terms.constants(count) - on),
    ):
        recent = _recent(event, times[fleet.first])
        market.constrain(name, keys, recent - side, -np.inf, 0.0)


def _recent(event: Positions, window: Positions) -> Terms:
    """Sum of an event over the last `window` intervals of each cluster, rows (T * C,)."""
    periods, clusters = event.shape
    rows, variables = [], []
    for back in range(min(int(window.max(initial=1)), periods)):
        row = np.arange(periods * clusters).reshape(periods, clusters)[back:]
        used = np.broadcast_to(window > back, row.shape)
        rows.append(row[used])
        variables.append(event[: periods - back][used])
    return Terms.build(periods * clusters, np.concatenate(rows), np.concatenate(variables), 1.0)


@family(needs=("states",))
def define_starts(market: Market, states: States) -> None:
    """Charge starts by hours off: matches of a stop with a later start make it cheaper.

        sum over stops i of match[g,i,t] <= start[g,t]                             (start matched)
        sum over starts t of match[g,i,t] <= stop[g,i]                              (stop matched)

    A start pays the coldest tier less what its match saves; stops before the day count with the
    hours off that are given. The tightest known form of start-up costs (Knueven, Ostrowski and
    Watson, "A novel matching formulation for startup costs in unit commitment", Mathematical
    Programming Computation 12, 2020); it is exact for clusters, where a start takes any unit.
    """
    fleet, day = states.fleet, states.fleet.day
    coldest = fleet.starts.coldest[fleet.first]
    market.charge(states.start.ravel(), np.tile(coldest, day.intervals))
    off = np.where(day.initial_on == 0.0, -day.unit_column("initial_hours"), np.nan)
    keys: list[tuple[str, int, int]] = []
    start_of, stop_of, saving, most = [], [], [], []
    before_day = 0
    for g, members in enumerate(fleet.clusters):
        unit = int(members[0])
        if len(fleet.starts.tiers[unit][0]) < 2:
            continue
        name = str(day.units[unit])
        for hours in off[members][~np.isnan(off[members])].tolist():
            before_day -= 1
            since = hours + np.arange(day.intervals) * day.hours
            saved = coldest[g] - fleet.starts.price(unit, since)
            for t in np.flatnonzero(saved > 0.0).tolist():
                keys.append((name, before_day, t))
                start_of.append(states.start[t, g])
                stop_of.append(before_day)
                saving.append(float(saved[t]))
                most.append(1.0)
        gap = np.arange(day.intervals)
        price = coldest[g] - fleet.starts.price(unit, np.asarray(gap * day.hours, dtype=float))
        for apart in np.flatnonzero((price > 0.0) & (gap >= fleet.down[unit])).tolist():
            for t in range(apart, day.intervals):
                keys.append((name, t - apart, t))
                start_of.append(states.start[t, g])
                stop_of.append(states.stop[t - apart, g])
                saving.append(float(price[apart]))
                most.append(float(fleet.count[g]))
    if not keys:
        return
    match = market.define("match", keys, np.zeros(len(keys)), np.array(most), of_unit=True)
    market.charge(match.at, -np.array(saving))
    for name, of in (("start_matched", start_of), ("stop_matched", stop_of)):
        event, row = np.unique(np.array(of), return_inverse=True)
        inside = Terms.build(len(event), row.reshape(-1), match.at, 1.0)
        limit = Terms.of(np.maximum(event, -1)) + Terms.constants((event < 0).astype(float))
        market.constrain(name, event.tolist(), inside - limit, -np.inf, 0.0)
