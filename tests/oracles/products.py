"""What a day-ahead market trades beside energy, for the commitment oracle.

Reserves, storage, daily energy limits and virtuals, each written as DESIGN.md sections 3 and 12
say, row by row.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from tests.oracles.dcopf import Supply, value_at
from tests.oracles.lp import INF

if TYPE_CHECKING:
    from tests.oracles.commitment import Model

RESERVE = 1000.0


def add_virtuals(model: Model, case: Any, t: int, supply: Supply) -> None:
    """An inc is supply at its price, a dec is demand at its price, a utc pays for congestion."""
    for row in at_interval(case.virtuals, model.starts[t], ["virtual"]).itertuples():
        price = row.price if row.kind == "inc" else -row.price
        column = model.virtuals[t, row.virtual] = model.lp.column(0.0, row.mw, price * model.hours)
        supply[row.bus][column] = -1.0 if row.kind == "dec" else 1.0
        if row.kind == "utc":
            supply[row.sink_bus][column] = -1.0


def add_storage(model: Model, case: Any, supplies: list[Supply]) -> None:
    """stored_t = stored_(t-1) + hours * (efficiency_in * charge - discharge / efficiency_out).

    A binary says whether it may charge or discharge; at the end at least ``final_mwh`` is stored.
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
    """Awards within the offer, the ramp and the headroom while on; requirements by zone.

    p + upward awards <= what is available; downward awards <= p - p_min; an award is at most
    ramp * minutes / 60. What is short costs the demand curve's blocks, and the default penalty
    where there is none.
    """
    products = {row.product: row for row in case.reserve_products.itertuples()}
    zone_of = dict(zip(case.buses.bus, case.buses.zone, strict=True))
    for t in range(len(model.starts)):
        _awards(model, case, t, products)
        for row in at_interval(
            case.reserve_requirements, model.starts[t], ["product", "zone"]
        ).itertuples():
            units = [
                unit.unit for unit in case.units.itertuples() if row.zone in ("", zone_of[unit.bus])
            ]
            serving = [name for name in products if row.product in served(products, name)]
            terms = {
                model.awards[t, unit, name]: 1.0
                for unit in units
                for name in serving
                if (t, unit, name) in model.awards
            }
            for k, (mw, price) in enumerate(_shortage(case, row.product, row.zone)):
                short = model.lp.column(0.0, mw, price * model.hours)
                terms[short] = 1.0
                key = (t, f"reserve:{row.product}:{row.zone}", "", f"block {k}")
                model.slacks[key] = short
            key = (t, row.product, row.zone)
            model.requirements[key] = model.lp.row(row.mw, INF, terms)


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


def _awards(model: Model, case: Any, t: int, products: dict[str, Any]) -> None:
    lp, start = model.lp, model.starts[t]
    offers = at_interval(case.reserve_offers, start, ["unit", "product"])
    for unit in case.units.itertuples():
        on = model.on[t, unit.unit]
        up: dict[int, float] = {}
        down: dict[int, float] = {}
        for row in offers[offers.unit == unit.unit].itertuples():
            product = products[row.product]
            ramp = unit.ramp_up if product.direction == "up" else unit.ramp_down
            reach = row.mw if math.isnan(ramp) else min(row.mw, ramp * product.minutes / 60)
            award = lp.column(0.0, INF, row.price * model.hours)
            lp.row(-INF, 0.0, {award: 1.0, on: -reach})
            model.awards[t, unit.unit, row.product] = award
            (up if product.direction == "up" else down)[award] = 1.0
        available = value_at(case.availability, start, unit.unit)
        high = unit.p_max if math.isnan(available) else min(unit.p_max, available)
        power = model.power[t, unit.unit]
        if up:
            lp.row(-INF, 0.0, {**power, **up, on: -high})
        if down:
            lp.row(-INF, 0.0, {**{c: -v for c, v in power.items()}, **down, on: unit.p_min})


def _shortage(case: Any, product: str, zone: str) -> list[tuple[float, float]]:
    rows = case.reserve_demand
    rows = rows[(rows["product"] == product) & (rows.zone == zone)].sort_values("segment")
    curve = list(zip(rows.mw, rows.price, strict=True))
    return curve or [(INF, RESERVE)]
