"""Reserves: awards that share capacity and ramps with energy, and what they are required for.

Sums over products are over those of one direction. The families hold whether the units that are
on are data or decisions. Sources: Knueven, Ostrowski and Watson, "On mixed-integer programming
formulations for the unit commitment problem", INFORMS J. Computing 32(4), 2020 (capacity and ramps
with reserve); Wang and Hobbs, "Real-time markets for flexiramp", IEEE Trans. Power Systems 31(2),
2016 (ramp shared by response times); Hogan, "Electricity scarcity pricing through operating
reserves", Economics of Energy & Environmental Policy 2(2), 2013 (demand curves).
"""

from __future__ import annotations

import numpy as np

from clearing.formulation.market import Market
from clearing.formulation.order import family
from clearing.formulation.reserve_blocks import define_load_reserves, define_reserve_blocks
from clearing.formulation.reserve_families import ReserveFamilies, Supply
from clearing.formulation.reserve_limits import define_reserve_limits, reserve_caps
from clearing.formulation.terms import Terms
from network.arrays import Positions

__all__ = ["define_reserves"]


@family(needs=("output", "bids"))
def define_reserves(market: Market) -> None:
    """Define awards ``reserve[u,k,t]``, their limits and the requirements that they serve.

        0 <= reserve[u,k,t] <= least of MW offered, ramp * minutes / 60, capacity - p_min   (award)

    An award costs its offer price, one of several blocks or tied to output that of its blocks. A
    case without requirements and risks has none of this.
    """
    day = market.day
    reserves = day.reserves
    if not reserves.exists:
        return
    offers = reserves.offers
    caps = reserve_caps(market)
    possible = np.flatnonzero(caps.most > 0.0)
    unit, product = offers.unit[possible], offers.product[possible]
    keys = list(
        zip(
            day.units.to_numpy(dtype=object)[unit].tolist(),
            reserves.products.to_numpy(dtype=object)[product].tolist(),
            offers.interval[possible].tolist(),
            strict=True,
        )
    )
    award = market.define("reserve", keys, np.zeros(len(keys)), caps.most[possible], of_unit=True)
    market.pay(award.at, offers.price[possible])
    variable = np.full(len(offers), -1, dtype=np.intp)
    variable[possible] = award.at
    define_reserve_limits(market, Terms.of(variable), caps)
    define_reserve_blocks(market, Terms.of(variable))
    loads = define_load_reserves(market)
    define_requirements(market, Terms.of(variable), loads, possible)
    define_supply(market, Terms.of(variable), loads)


def define_requirements(
    market: Market, awards: Terms, loads: Positions, possible: Positions
) -> None:
    """Require reserves, by product j, zone z and interval t, soft by the demand curve.

        sum of reserve[u,k,t] over k that serve j and u in z
            + sum over s of reserve_shortage[j,z,t,s]
            - share * largest_unit[z,t] >= MW                                        (requirement)
        0 <= reserve_shortage[j,z,t,s] <= width of block s, at the price of block s (demand curve)

    The dual of a requirement is what one more MW of it is worth.
    """
    reserves = market.day.reserves
    needs = reserves.requirements
    none = np.zeros(0, dtype=np.intp)
    market.reserves = ReserveFamilies(possible, none, none, np.zeros(0))
    used = np.flatnonzero((needs.mw > 0.0) | (needs.largest > 0.0))
    if not len(used):
        return
    row = np.full(len(needs), -1, dtype=np.intp)
    row[used] = np.arange(len(used))
    zones = reserves.zones.to_numpy(dtype=object)[needs.zone[used]].tolist()
    products = reserves.products.to_numpy(dtype=object)[needs.product[used]].tolist()
    keys = list(zip(products, zones, needs.interval[used].tolist(), strict=True))
    blocks = [
        reserves.shortage_blocks(k, z)
        for k, z in zip(needs.product[used].tolist(), needs.zone[used].tolist(), strict=True)
    ]
    of = np.repeat(np.arange(len(used)), [len(width) for width, _ in blocks])
    number = np.concatenate([np.arange(len(width)) for width, _ in blocks]).tolist()
    width, price = (np.concatenate([block[k] for block in blocks]) for k in (0, 1))
    short = market.define_slack(
        "reserve_shortage",
        [(*keys[k], s) for k, s in zip(of.tolist(), number, strict=True)],
        "reserve",
        width=width,
        price=price,
    )
    need, offer = reserves.counts()
    each = awards[offer]
    supply = each.summed(row[need], len(used))
    need, block = reserves.load_counts()
    supply = supply + Terms.of(loads[block]).summed(row[need], len(used))
    total = supply + Terms.build(len(used), of, short.at, 1.0)
    place = needs.interval[used] * len(reserves.zones) + needs.zone[used]
    total = total - largest_units(market)[place] * needs.largest[used]
    market.constrain("reserve_requirement", keys, total, needs.mw[used], np.full(len(used), np.inf))
    market.reserves = ReserveFamilies(possible, used, used[of], price)


def define_supply(market: Market, awards: Terms, loads: Positions) -> None:
    """Define the reserve of a product in a zone where it covers risks or is shared.

        reserve_supply[j,z,t] = sum of reserve[u,k,t] and load_reserve[l,k,t,s] over k that serve j
            and u, l in z                                                       (reserve supply)

    Its dual is what one more MW of it is worth there.
    """
    reserves = market.day.reserves
    risks, rules = reserves.risks, reserves.sharing
    if not len(risks) and not len(rules):
        return
    zones, products = len(reserves.zones), len(reserves.products)
    shape = (market.day.intervals, products, zones)
    asked = np.zeros(shape, dtype=bool)
    asked[risks.interval, risks.product, risks.zone] = True
    asked[rules.interval, rules.product, rules.source] = True
    asked &= reserves.up[None, :, None]
    when, product, zone = np.nonzero(asked)
    place = np.full(shape, -1, dtype=np.intp)
    place[when, product, zone] = np.arange(len(when))
    total = Terms.zeros(len(when))
    for terms, blocks, own_zone in (
        (awards, reserves.offers, reserves.unit_zone[reserves.offers.unit]),
        (Terms.of(loads), reserves.load_blocks, reserves.load_zone[reserves.load_blocks.of]),
    ):
        for served in range(products):
            fits = reserves.serves[blocks.product, served]
            for z, there in (
                (np.zeros(len(blocks), dtype=np.intp), fits),
                (own_zone, fits & (own_zone > 0)),
            ):
                at = np.flatnonzero(there)
                row = place[blocks.interval[at], served, z[at]]
                total = total + terms[at].summed(row, len(when))
    names = [n.to_numpy(dtype=object) for n in (reserves.products, reserves.zones)]
    keys = list(
        zip(names[0][product].tolist(), names[1][zone].tolist(), when.tolist(), strict=True)
    )
    supply = market.define("reserve_supply", keys, np.zeros(len(keys)), np.full(len(keys), np.inf))
    body = Terms.of(supply.at) - total
    market.constrain("reserve_supply_definition", keys, body, 0.0, 0.0, definition=True)
    variable = np.full(shape, -1, dtype=np.intp)
    variable[when, product, zone] = supply.at
    market.supply = Supply(when, product, zone, variable)


def largest_units(market: Market) -> Terms:
    """Define the largest output of a unit on line, ``largest_unit[z,t]``, where a rule asks for it.

        largest_unit[z,t] >= p[u,t] for every unit u in zone z                      (largest unit)

    Rows by interval and zone, (T * Z,).
    """
    day, reserves = market.day, market.day.reserves
    needs, zones = reserves.requirements, len(reserves.zones)
    asked = np.zeros(day.intervals * zones, dtype=bool)
    asked[(needs.interval * zones + needs.zone)[needs.largest > 0.0]] = True
    at = np.flatnonzero(asked)
    place = np.full(len(asked), -1, dtype=np.intp)
    if not len(at):
        return Terms.of(place)
    names = reserves.zones.to_numpy(dtype=object)[at % zones].tolist()
    keys = list(zip(names, (at // zones).tolist(), strict=True))
    largest = market.define("largest_unit", keys, np.zeros(len(at)), np.full(len(at), np.inf))
    place[at] = largest.at
    inside = (at % zones == 0)[:, None] | (reserves.unit_zone[None, :] == (at % zones)[:, None])
    which, unit = np.nonzero(inside)
    output = market.output[(at // zones)[which] * len(day.units) + unit]
    rows = Terms.of(largest.at[which]) - output
    names = day.units.to_numpy(dtype=object)[unit].tolist()
    market.constrain(
        "largest_unit_limit",
        [(*keys[k], name) for k, name in zip(which.tolist(), names, strict=True)],
        rows,
        np.zeros(len(rows)),
        np.full(len(rows), np.inf),
    )
    return Terms.of(place)
