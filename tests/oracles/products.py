"""What a day-ahead market trades beside energy, for the commitment oracle.

Reserves, storage, daily energy limits and virtuals, each written as DESIGN.md sections 3 and 12
say, row by row.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from tests.oracles.dcopf import Supply, fixed_demand, shares, value_at
from tests.oracles.lp import INF

if TYPE_CHECKING:
    from tests.oracles.commitment import Model

RESERVE = 1000.0


def add_virtuals(model: Model, case: Any, t: int, supply: Supply) -> None:
    """An inc is supply at its price, a dec is demand at its price, a utc pays for congestion."""
    for row in at_interval(case.virtuals, model.starts[t], ["virtual"]).itertuples():
        price = row.price if row.kind == "inc" else -row.price
        column = model.virtuals[t, row.virtual] = model.lp.column(0.0, row.mw, price * model.hours)
        places = [(row.bus, -1.0 if row.kind == "dec" else 1.0)]
        if row.kind == "utc":
            places.append((row.sink_bus, -1.0))
        for place, sign in places:
            for bus, share in point(case, place, model.starts[t]).items():
                supply[bus][column] = supply[bus].get(column, 0.0) + sign * share


def point(case: Any, name: str, start: pd.Timestamp) -> dict[str, float]:
    """Shares of the buses of a point: a bus, a hub by its weights, or a zone by its demand."""
    if name in set(case.buses.bus):
        return {name: 1.0}
    hub = case.hubs[case.hubs.hub == name]
    if len(hub):
        return dict(zip(hub.bus, hub.weight / hub.weight.sum(), strict=True))
    inside = set(case.buses.bus[case.buses.zone == name])
    demand = {bus: mw for bus, mw in fixed_demand(case, start).items() if bus in inside}
    return shares(demand, sorted(inside))


def add_storage(model: Model, case: Any, supplies: list[Supply]) -> None:
    """stored_t = stored_(t-1) + hours * (efficiency_in * charge - discharge / efficiency_out).

    A binary says whether it may charge or discharge; at the end at least ``final_mwh`` is stored,
    and a cyclic storage ends where it began.
    """
    lp, h = model.lp, model.hours
    for row in case.storage.itertuples():
        first = row.energy_min if math.isnan(row.initial_mwh) else row.initial_mwh
        before: dict[int, float] = {}
        for t, supply in enumerate(supplies):
            charge = lp.column(0.0, row.charge_mw, -row.charge_price * h)
            discharge = lp.column(0.0, row.discharge_mw, row.discharge_price * h)
            stored = lp.column(row.energy_min, row.energy_max)
            mode = lp.binary()
            lp.row(-INF, 0.0, {charge: 1.0, mode: -row.charge_mw})
            lp.row(-INF, row.discharge_mw, {discharge: 1.0, mode: row.discharge_mw})
            known = first if t == 0 else 0.0
            change = {charge: -h * row.efficiency_in, discharge: h / row.efficiency_out}
            lp.row(known, known, {stored: 1.0, **change, **before})
            before = {stored: -1.0}
            supply[row.bus].update({charge: -1.0, discharge: 1.0})
            model.charge[t, row.storage] = charge
            model.discharge[t, row.storage] = discharge
            model.energy[t, row.storage] = stored
        if not math.isnan(row.final_mwh):
            lp.row(row.final_mwh, INF, {stored: 1.0})
        if row.cyclic:
            lp.row(first, first, {stored: 1.0})


def add_energy_limits(model: Model, case: Any) -> None:
    """Energy of a unit over the intervals that begin on a day <= max_mwh."""
    for row in case.energy_limits.itertuples():
        day = pd.Timestamp(row.day).date()
        terms: dict[int, float] = {}
        for t, start in enumerate(model.starts):
            if start.date() == day:
                terms |= {c: v * model.hours for c, v in model.power[t, row.unit].items()}
        model.budgets[row.unit, day] = model.lp.row(-INF, row.max_mwh, terms)


def add_reserves(model: Model, case: Any) -> None:
    """Awards of every unit, and by product and zone: awards that serve it + shortage >= MW.

    A product serves its own requirements and those of the products that it substitutes for, one MW
    for all of them, in its zone and in the whole case. What is short costs the demand curve's
    blocks, the last one without end, or the default penalty where there is no curve.
    """
    products = {row.product: row for row in case.reserve_products.itertuples()}
    zone_of = dict(zip(case.buses.bus, case.buses.zone, strict=True))
    for t in range(len(model.starts)):
        _awards(model, case, t, products)
        for name, zone, needed in _required(case, model.starts[t]):
            units = [u.unit for u in case.units.itertuples() if zone in ("", zone_of[u.bus])]
            terms = {
                model.awards[t, unit, other]: 1.0
                for unit in units
                for other in products
                if name in served(products, other) and (t, unit, other) in model.awards
            }
            for k, (mw, price) in enumerate(_shortage(case, name, zone)):
                short = model.lp.column(0.0, mw, price * model.hours)
                terms[short] = 1.0
                model.slacks[t, f"reserve:{name}:{zone}", "", f"block {k}"] = short
            model.requirements[t, name, zone] = model.lp.row(needed, INF, terms)


def served(products: dict[str, Any], name: str) -> list[str]:
    """A product and all that it substitutes for, one after the other."""
    chain = [name]
    while (lower := products[chain[-1]].substitutes_for) and lower not in chain:
        chain.append(lower)
    return chain


def at_interval(table: pd.DataFrame, start: pd.Timestamp, by: list[str]) -> pd.DataFrame:
    """Rows of an interval: a stamped row replaces the blank one of the same key."""
    if not len(table):
        return table
    rows = table[(table.interval_start == start) | table.interval_start.isna()]
    return rows.sort_values("interval_start").drop_duplicates(by, keep="first")


def _required(case: Any, start: pd.Timestamp) -> list[tuple[str, str, float]]:
    """Product, zone and MW; a demand curve without a requirement requires all of its blocks."""
    table = case.reserve_requirements
    rows = at_interval(table, start, ["product", "zone"])
    found = [(row.product, row.zone, row.mw) for row in rows.itertuples()]
    told = set(zip(table["product"], table["zone"], strict=True))
    for key, curve in case.reserve_demand.groupby(["product", "zone"], sort=False):
        if key not in told:
            found.append((*key, float(curve.mw.sum())))
    return found


def _shortage(case: Any, product: str, zone: str) -> list[tuple[float, float]]:
    rows = case.reserve_demand
    rows = rows[(rows["product"] == product) & (rows.zone == zone)].sort_values("price")
    curve = list(zip(rows.mw, rows.price, strict=True))
    return [*curve[:-1], (INF, curve[-1][1])] if curve else [(INF, RESERVE)]


def _awards(model: Model, case: Any, t: int, products: dict[str, Any]) -> None:
    offers = at_interval(case.reserve_offers, model.starts[t], ["unit", "product"])
    for unit in case.units.itertuples():
        available = value_at(case.availability, model.starts[t], unit.unit)
        high = unit.p_max if math.isnan(available) else min(unit.p_max, available)
        quick = 0.0
        if unit.quick_start:
            quick = high if math.isnan(unit.startup_ramp) else min(high, unit.startup_ramp)
        given: dict[str, dict[int, float]] = {"up": {}, "down": {}}
        for row in offers[offers.unit == unit.unit].itertuples():
            product = products[row.product]
            off = min(row.mw, quick) if product.offline and product.direction == "up" else 0.0
            award = model.lp.column(0.0, row.mw, row.price * model.hours)
            # award <= MW offered while on, at most what can start at once while off
            state = model.on[t, unit.unit]
            model.lp.row(-INF, off, {award: 1.0, state: off - row.mw})
            model.awards[t, unit.unit, row.product] = award
            given[product.direction][award] = product.minutes
        offline = any(
            products[name].offline for name in products if (t, unit.unit, name) in model.awards
        )
        if given["up"]:
            _headroom(model, unit, t, given["up"], high, quick if offline else 0.0)
        if given["down"]:
            power = {c: -v for c, v in model.power[t, unit.unit].items()}
            on = model.on[t, unit.unit]
            model.lp.row(-INF, 0.0, {**power, **dict.fromkeys(given["down"], 1.0), on: unit.p_min})
        _shared_ramp(model, unit, t, given["up"], unit.ramp_up, quick if offline else 0.0)
        _shared_ramp(model, unit, t, given["down"], unit.ramp_down, 0.0)
        own = [value_at(case.self_schedules, start, unit.unit) for start in model.starts]
        _ramp_with_energy(model, unit, t, given, own)


def _headroom(
    model: Model, unit: Any, t: int, given: dict[int, float], high: float, quick: float
) -> None:
    """p + awards <= what is available while on.

    Awards that respond in exactly an interval last through it: with them p keeps to startup_ramp
    where the unit starts, and to shutdown_ramp before it stops.
    """
    on, power = model.on[t, unit.unit], model.power[t, unit.unit]
    model.lp.row(-INF, quick, {**power, **dict.fromkeys(given, 1.0), on: quick - high})
    lasting = {a: 1.0 for a, minutes in given.items() if abs(minutes - 60 * model.hours) < 1e-9}
    terms = {**power, **lasting, on: -high}
    loose = sum(model.lp.upper[award] for award in lasting)
    at_start, at_stop = high - unit.startup_ramp, high - unit.shutdown_ramp
    if at_start > 0 and lasting:
        start = {model.start[t, unit.unit]: at_start + loose}
        model.lp.row(-INF, loose, {**terms, **start})
    if at_stop > 0 and lasting and t + 1 < len(model.starts):
        stop = {model.stop[t + 1, unit.unit]: at_stop + loose}
        model.lp.row(-INF, loose, {**terms, **stop})


def _shared_ramp(
    model: Model, unit: Any, t: int, given: dict[int, float], ramp: float, quick: float
) -> None:
    """All that must respond within m minutes together is at most ramp * m / 60 while on."""
    if math.isnan(ramp):
        return
    for minutes in set(given.values()):
        within = {award: 1.0 for award, own in given.items() if own <= minutes}
        reach = ramp * minutes / 60
        model.lp.row(-INF, quick, {**within, model.on[t, unit.unit]: quick - reach})


def _ramp_with_energy(
    model: Model, unit: Any, t: int, given: dict[str, dict[int, float]], own: list[float]
) -> None:
    """Change of output + awards <= ramp * m / 60 while on, startup_ramp at a start.

    For each response time m of an interval or more, with the awards of such products up to m.
    A schedule of the unit's own that moves further leaves no room for awards.
    """
    initial = 0.0 if unit.initial_hours < 0 else unit.initial_mw
    least = 60 * model.hours - 1e-9
    for direction, ramp, sign in (("up", unit.ramp_up, 1.0), ("down", unit.ramp_down, -1.0)):
        for minutes in set(given[direction].values()):
            if math.isnan(ramp) or minutes < least:
                continue
            awards = {a: 1.0 for a, own in given[direction].items() if least <= own <= minutes}
            now = {c: sign * v for c, v in model.power[t, unit.unit].items()}
            change = sign * (own[t] - (own[t - 1] if t else initial))  # NaN where not scheduled
            most, event = max(ramp * minutes / 60, change), max(unit.startup_ramp, change)
            loose = 2 * unit.p_max + sum(model.lp.upper[a] for a in awards)
            start = {model.start[t, unit.unit]: loose}
            if t > 0:
                past = {c: -sign * v for c, v in model.power[t - 1, unit.unit].items()}
                both = {model.on[t, unit.unit]: loose, model.on[t - 1, unit.unit]: loose}
                model.lp.row(-INF, most + 2 * loose, {**awards, **now, **past, **both})
                begins = {**awards, **now, **past, **start}
            elif not unit.initial_hours < 0 and unit.initial_mw > 0:
                limit = most + loose + sign * unit.initial_mw
                model.lp.row(-INF, limit, {**awards, **now, model.on[t, unit.unit]: loose})
                continue
            elif unit.initial_hours < 0 or unit.initial_mw == 0:
                begins = {**awards, **now, **start}
            else:
                continue
            if direction == "up" and not math.isnan(unit.startup_ramp):
                model.lp.row(-INF, event + loose, begins)
