"""Dispatch with storage, daily energy limits and virtuals, row by row: the engine's witness.

The network and the units are those of ``dcopf``; what is added here is written once more from the
definitions, with a binary for the direction of each storage. Nothing of the engine is used.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from tests.oracles import dcopf
from tests.oracles.lp import INF
from tests.oracles.mixed import MixedProgram


def objective(case: Any) -> float:
    """Least cost of a case in which every unit is on."""
    lp = MixedProgram()
    model = dcopf.Model(list(case.interval_starts), case.interval_hours, lp)
    branches = dcopf.branches_in_service(case, "matpower", angle_limits=True)
    parts = dcopf.islands(list(case.buses.bus), branches)
    stored = {row.storage: first_level(lp, row) for row in case.storage.itertuples()}
    began = dict(stored)
    for t, start in enumerate(model.starts):
        supply: dict[str, dict[int, float]] = {bus: {} for bus in case.buses.bus}
        demand = dcopf.fixed_demand(case, start)
        dcopf.add_units(model, case, t, supply)
        dcopf.add_bids(model, case, t, supply)
        dcopf.add_links(model, case, t, supply)
        dcopf.add_balance_slack(model, t, parts, demand, supply)
        add_storage(model, case, stored, supply)
        add_virtuals(model, case, start, demand, supply)
        injection = {bus: lp.column(-INF, INF) for bus in supply}
        for bus, terms in supply.items():
            needed = demand.get(bus, 0.0)
            lp.row(needed, needed, {**terms, injection[bus]: -1.0})
        flow = dcopf.add_network(lp, branches, parts, injection)
        for b in branches:
            model.soft((t, b.name, ""), {flow[b.name]: 1.0}, b.lower, b.upper, dcopf.BRANCH)
        dcopf.add_interfaces(model, case, t, flow)
    for row in case.storage.itertuples():
        if row.cyclic:
            lp.row(0.0, 0.0, {stored[row.storage]: 1.0, began[row.storage]: -1.0})
        elif not math.isnan(row.final_mwh):
            lp.row(row.final_mwh, INF, {stored[row.storage]: 1.0})
    add_energy_limits(model, case)
    return lp.solve().objective


def first_level(lp: MixedProgram, row: Any) -> int:
    """Energy before the first interval: given, the least, or to be decided."""
    if row.cyclic and math.isnan(row.initial_mwh):
        return lp.column(row.energy_min, row.energy_max)
    level = row.energy_min if math.isnan(row.initial_mwh) else row.initial_mwh
    return lp.column(level, level)


def add_storage(
    model: dcopf.Model, case: Any, stored: dict[str, int], supply: dcopf.Supply
) -> None:
    """One interval of every storage; `stored` has the columns of the energy so far."""
    lp, hours = model.lp, model.hours
    assert isinstance(lp, MixedProgram)
    for row in case.storage.itertuples():
        into = lp.column(0.0, row.charge_mw, -row.charge_price * hours)
        out = lp.column(0.0, row.discharge_mw, row.discharge_price * hours)
        charging = lp.binary()
        lp.row(-INF, 0.0, {into: 1.0, charging: -row.charge_mw})
        lp.row(-INF, row.discharge_mw, {out: 1.0, charging: row.discharge_mw})
        level = lp.column(row.energy_min, row.energy_max)
        terms = {level: 1.0, stored[row.storage]: -1.0, into: -hours * row.efficiency_in}
        lp.row(0.0, 0.0, terms | {out: hours / row.efficiency_out})
        stored[row.storage] = level
        supply[row.bus][into] = -1.0
        supply[row.bus][out] = 1.0


def point(case: Any, name: str, demand: dict[str, float]) -> dict[str, float]:
    """Weights of the buses of a bus, hub or zone."""
    if name in set(case.buses.bus):
        return {name: 1.0}
    rows = case.hubs[case.hubs.hub == name]
    if len(rows):
        return dict(zip(rows.bus, rows.weight / rows.weight.sum(), strict=True))
    return dcopf.shares(demand, list(case.buses.bus[case.buses.zone == name]))


def add_virtuals(
    model: dcopf.Model,
    case: Any,
    start: pd.Timestamp,
    demand: dict[str, float],
    supply: dcopf.Supply,
) -> None:
    """Virtuals of one interval."""
    for _, rows in case.virtuals.groupby("virtual", sort=False):
        stamped = rows[rows.interval_start == start]
        rows = stamped if len(stamped) else rows[rows.interval_start.isna()]
        for row in rows.itertuples():
            sign = 1.0 if row.kind == "inc" else -1.0
            column = model.lp.column(0.0, row.mw, sign * row.price * model.hours)
            ends = [(row.bus, -1.0 if row.kind == "dec" else 1.0)]
            if row.kind == "utc":
                ends.append((row.sink_bus, -1.0))
            for name, injected in ends:
                for bus, weight in point(case, name, demand).items():
                    before = supply[bus].get(column, 0.0)
                    supply[bus][column] = before + injected * weight


def add_energy_limits(model: dcopf.Model, case: Any) -> None:
    """Energy of a unit in a day of the case's timezone."""
    for row in case.energy_limits.itertuples():
        terms: dict[int, float] = {}
        for t, start in enumerate(model.starts):
            if start.date() == row.day.date():
                terms |= {column: model.hours for column in model.power[t, row.unit]}
        model.lp.row(-INF, row.max_mwh, terms)
