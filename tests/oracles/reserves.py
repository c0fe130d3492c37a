"""Energy and reserves of units that are on, on a grid without limits: a plain linear program.

Written row by row from DESIGN.md sections 3 and 12, with nothing from ``clearing``. Requirements
are numbers, shares of load or the largest output; shortage costs the blocks of the demand curve,
the dearest without end, or 1000.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.oracles.lp import INF, LinearProgram

BALANCE, RESERVE, RAMP = 5000.0, 1000.0, 10000.0
Key = tuple[int, str, str]


@dataclass(frozen=True)
class Reserves:
    """Objective, and duals by (interval, product, zone) and by interval, money per MW and hour."""

    objective: float
    requirement: dict[Key, float]
    energy: dict[int, float]
    awards: dict[Key, float]


def solve(
    case: Any, more: Mapping[Key, float] | None = None, load: Mapping[int, float] | None = None
) -> Reserves:
    """Least cost of a day; ``more`` MW are required of some reserves, ``load`` MW of energy."""
    lp, h = LinearProgram(), case.interval_hours
    products = {row.product: row for row in case.reserve_products.itertuples()}
    zone_of_bus = dict(zip(case.buses.bus, case.buses.zone, strict=True))
    zone = {row.unit: zone_of_bus[row.bus] for row in case.units.itertuples()}
    power: dict[tuple[int, str], dict[int, float]] = {}
    award: dict[Key, int] = {}
    need: dict[Key, int] = {}
    balance: dict[int, int] = {}
    for t, start in enumerate(case.interval_starts):
        for unit in case.units.itertuples():
            blocks = case.offers[case.offers.unit == unit.unit].sort_values("segment")
            columns = [lp.column(0.0, b.mw, b.price * h) for b in blocks.itertuples()]
            terms = power[t, unit.unit] = dict.fromkeys(columns, 1.0)
            lp.row(unit.p_min, unit.p_max, terms)
            mine = case.reserve_offers[case.reserve_offers.unit == unit.unit]
            both: dict[str, list[tuple[float, int]]] = {"up": [], "down": []}
            for offer in mine.itertuples():
                product = products[offer.product]
                column = lp.column(0.0, offer.mw, offer.price * h)
                award[t, unit.unit, offer.product] = column
                both[product.direction].append((product.minutes, column))
            lp.row(-INF, unit.p_max, {**terms, **{c: 1.0 for _, c in both["up"]}})
            lp.row(unit.p_min, INF, {**terms, **{c: -1.0 for _, c in both["down"]}})
            for way, ramp in (("up", unit.ramp_up), ("down", unit.ramp_down)):
                if math.isnan(ramp):
                    continue
                for minutes, _ in both[way]:
                    fast = {c: 1.0 for m, c in both[way] if m <= minutes}
                    lp.row(-INF, ramp * minutes / 60, fast)
                    if minutes < 60 * h:
                        continue
                    slow = {c: 1.0 for m, c in both[way] if 60 * h <= m <= minutes}
                    sign = 1.0 if way == "up" else -1.0
                    change = {c: sign for c in terms}
                    known = sign * (0.0 if t else unit.initial_mw)
                    if math.isnan(known):
                        continue
                    before = {c: -sign for c in power[t - 1, unit.unit]} if t else {}
                    excess = lp.column(0.0, INF, RAMP * h)
                    most = ramp * minutes / 60 + known
                    lp.row(-INF, most, {**slow, **change, **before, excess: -1.0})
        _energy_ramps(lp, case, t, power)
        demand = case.demand.drop(columns="interval_start").iloc[t]
        short, over = (lp.column(0.0, INF, BALANCE * h) for _ in range(2))
        supply = {c: 1.0 for u in case.units.unit for c in power[t, u]}
        wanted = float(demand.sum()) + (load or {}).get(t, 0.0)
        balance[t] = lp.row(wanted, wanted, {**supply, short: 1.0, over: -1.0})
        rows = case.reserve_requirements
        rows = rows[(rows.interval_start == start) | rows.interval_start.isna()]
        rows = rows.sort_values("interval_start").drop_duplicates(["product", "zone"])
        for row in rows.itertuples():
            inside = [u for u in case.units.unit if row.zone in ("", zone[u])]
            serving = [k for k in products if row.product in _chain(products, k)]
            terms = {award[t, u, k]: 1.0 for u in inside for k in serving if (t, u, k) in award}
            mw = row.mw
            if row.rule == "largest_unit":
                largest = lp.column(0.0, INF)
                for u in inside:
                    lp.row(0.0, INF, {largest: 1.0, **{c: -1.0 for c in power[t, u]}})
                terms[largest], mw = -1.0, 0.0
            elif row.rule:
                at = dict(zip(case.loads.load, case.loads.bus, strict=True))
                here = [n for n in demand.index if row.zone in ("", zone_of_bus[at[n]])]
                mw = float(row.rule.partition(":")[2]) * float(demand[here].sum())
            for width, price in _shortage(case, row.product, row.zone):
                terms[lp.column(0.0, width, price * h)] = 1.0
            key = (t, row.product, row.zone)
            need[key] = lp.row(mw + (more or {}).get(key, 0.0), INF, terms)
    found = lp.solve()
    return Reserves(
        found.objective,
        {key: float(found.duals[row]) / h for key, row in need.items()},
        {t: float(found.duals[row]) / h for t, row in balance.items()},
        {key: float(found.values[column]) for key, column in award.items()},
    )


def _energy_ramps(lp: LinearProgram, case: Any, t: int, power: Any) -> None:
    h = case.interval_hours
    for unit in case.units.itertuples():
        for sign, ramp in ((1.0, unit.ramp_up), (-1.0, unit.ramp_down)):
            known = sign * (0.0 if t else unit.initial_mw)
            if math.isnan(ramp) or math.isnan(known):
                continue
            before = {c: -sign for c in power[t - 1, unit.unit]} if t else {}
            excess = lp.column(0.0, INF, RAMP * h)
            now = {c: sign for c in power[t, unit.unit]}
            lp.row(-INF, ramp * h + known, {**now, **before, excess: -1.0})


def _chain(products: Mapping[str, Any], name: str) -> list[str]:
    chain = [name]
    while lower := products[chain[-1]].substitutes_for:
        chain.append(lower)
    return chain


def _shortage(case: Any, product: str, zone: str) -> list[tuple[float, float]]:
    rows = case.reserve_demand
    rows = rows[(rows["product"] == product) & (rows.zone == zone)].sort_values("price")
    if not len(rows):
        return [(INF, RESERVE)]
    return [*zip(rows.mw[:-1], rows.price[:-1], strict=True), (INF, float(rows.price.iloc[-1]))]
