"""Reserve covers the largest risk: of units, groups, links, or a fixed amount."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cases import InputError
from clearing.day.custom_limits import Entries
from clearing.day.day import Day
from clearing.formulation.custom import quantity
from clearing.formulation.links import fixed_link_loss, link_chords
from clearing.formulation.market import Market
from clearing.formulation.order import family
from clearing.formulation.terms import Terms
from network.arrays import Floats, Positions

__all__ = ["RiskRows", "define_risks"]


@dataclass(frozen=True, eq=False)
class RiskRows:
    """Where the risks of a day stand in a market, (R,) each."""

    risk: Terms
    """factor * (terms + offset), MW."""
    received: Terms
    """Received reserve that counts for each, MW."""
    shortage: Positions
    """Risk place (interval, product, zone) of each member of `risk_shortage`, (S,)."""
    place: Positions
    """Risk place of each risk; -1 where it has a penalty of its own."""
    own: Positions
    """Risk of each member of `risk_uncovered`, (O,)."""
    price: Floats
    """Money per MW and hour of each member of `risk_shortage`, (S,)."""


@family(needs=("reserves", "shortage", "links", "storage", "nodal_flows", "sharing"))
def define_risks(market: Market) -> None:
    """Cover every risk r of product j and zone z in interval t.

        reserve_supply[j,z,t] + received[j,z,t] + sum over s of risk_shortage[j,z,t,s]
            + risk_uncovered[r,j,z,t] >= factor * (sum of terms + offset)               (risk)
        0 <= risk_shortage[j,z,t,s] <= width of block s, at the price of block s  (demand curve)

    Received reserve counts where the risk says so (`define_sharing`). What is not covered costs the
    demand curve of product and zone, once for all its risks, or the risk's own penalty. The duals
    of the rows of a product and zone sum to what reserve there is worth to cover risks (e.g.
    Chakrabarti, Philpott et al., on the co-optimization of energy and reserve in New Zealand).
    """
    day, reserves = market.day, market.day.reserves
    risks = reserves.risks
    if not len(risks):
        return
    _check(day)
    supply = market.supply
    assert supply is not None
    zones, products = len(reserves.zones), len(reserves.products)
    body = _terms(market, risks.terms, len(risks)) + Terms.constants(risks.offset)
    risk = body * risks.factor
    at = (risks.interval, risks.product, risks.zone)
    cover = Terms.of(supply.variable[at])
    received = _received(market)
    row = np.where(risks.shared, np.ravel_multi_index(at, (day.intervals, products, zones)), -1)
    counted = received[np.maximum(row, 0)] * (row >= 0).astype(float)
    names = [n.to_numpy(dtype=object) for n in (reserves.products, reserves.zones)]
    keys = list(
        zip(
            risks.names,
            names[0][risks.product].tolist(),
            names[1][risks.zone].tolist(),
            risks.interval.tolist(),
            strict=True,
        )
    )
    by_curve = np.isnan(risks.penalty)
    flat = np.ravel_multi_index(at, (day.intervals, products, zones))
    places, of = np.unique(flat[by_curve], return_inverse=True)
    place = np.full(len(risks), -1, dtype=np.intp)
    place[by_curve] = of.reshape(-1)
    when, product, zone = np.unravel_index(places, (day.intervals, products, zones))
    blocks = [
        reserves.shortage_blocks(k, z) for k, z in zip(product.tolist(), zone.tolist(), strict=True)
    ]
    block_of = np.repeat(np.arange(len(places)), [len(width) for width, _ in blocks])
    none = [np.zeros(0)]
    width, price = (np.concatenate(none + [block[k] for block in blocks]) for k in (0, 1))
    number = [s for wide, _ in blocks for s in range(len(wide))]
    short = market.define_slack(
        "risk_shortage",
        [
            (names[0][product[k]], names[1][zone[k]], int(when[k]), s)
            for k, s in zip(block_of.tolist(), number, strict=True)
        ],
        "reserve",
        width=width,
        price=price,
    )
    own = np.flatnonzero(~by_curve)
    uncovered = market.define_slack(
        "risk_uncovered", [keys[k] for k in own.tolist()], "reserve", price=risks.penalty[own]
    )
    per_place = Terms.build(len(places), block_of, short.at, 1.0)
    each = per_place[np.maximum(place, 0)] * by_curve.astype(float) if len(places) else None
    total = cover + counted - risk + Terms.build(len(risks), own, uncovered.at, 1.0)
    total = total if each is None else total + each
    market.constrain("risk_cover", keys, total, 0.0, np.inf)
    market.risks = RiskRows(risk, counted, flat_places(places, block_of), place, own, price)


def _check(day: Day) -> None:
    """Refuse a product and zone that has a requirement of its own and risks."""
    tables = day.case.tables
    asked = tables["reserve_requirements"]
    both = asked.merge(tables["risks"], on=["product", "zone"])
    if len(both):
        row = both.iloc[0]
        message = (
            f"{row['product']} in {row['zone'] or 'the whole case'} has a requirement and risks; "
            "write the requirement as a risk without terms, its MW as offset_mw"
        )
        raise InputError.one("risks", None, "product", "requirement_and_risk", message)


def flat_places(places: Positions, block_of: Positions) -> Positions:
    """Place of each block of shortage, as a flat number of interval, product and zone."""
    return np.asarray(places[block_of], dtype=np.intp)


def _received(market: Market) -> Terms:
    """Received reserve by interval, product and zone, one row each, (T * K * Z,)."""
    day, reserves = market.day, market.day.reserves
    shape = (day.intervals, len(reserves.products), len(reserves.zones))
    count = int(np.prod(shape))
    if market.sharing is None:
        return Terms.zeros(count)
    rules = reserves.sharing
    row = np.ravel_multi_index((rules.interval, rules.product, rules.sink), shape)
    return Terms.build(count, row, market.sharing.received, 1.0)


def _terms(market: Market, terms: dict[str, Entries], count: int) -> Terms:
    """Sum the terms of every risk, (count,)."""
    total = Terms.zeros(count)
    for name, own in terms.items():
        if not len(own.row):
            continue
        if name == "flow":
            each = _flows(market, own)
        elif name == "link":
            each = _arrives(market)[
                own.interval * len(market.day.case.tables["links"]) + own.element
            ]
        elif name == "load_reserve":
            each = _given_by_loads(market, own)
        else:
            each = quantity(market, name, own)
        total = total + (each * own.coefficient).summed(own.row, count)
    return total


def _flows(market: Market, own: Entries) -> Terms:
    if market.nodal is None:
        message = "risk terms on branch flows need losses.method = chords"
        raise InputError.one("risk_terms", None, "kind", "not_available", message)
    return market.nodal.flow[own.interval * len(market.day.grid.branches) + own.element]


def _given_by_loads(market: Market, own: Entries) -> Terms:
    """Awards of loads in products, one row each."""
    day, blocks = market.day, market.day.reserves.load_blocks
    shape = (day.intervals, len(day.loads), len(day.reserves.products))
    row = np.ravel_multi_index((blocks.interval, blocks.of, blocks.product), shape)
    given = Terms.build(int(np.prod(shape)), row, market.families["load_reserve"].at, 1.0)
    return given[np.ravel_multi_index((own.interval, own.element, own.product), shape)]


def _arrives(market: Market) -> Terms:
    """What arrives at the to bus less what arrives at the from bus, by interval and link."""
    day: Day = market.day
    links = day.case.tables["links"]
    place = {name: k for k, name in enumerate(links["link"].tolist())}
    loss, count = links["loss_fraction"].to_numpy(dtype=float), len(links)
    total = Terms.constants(np.tile(-0.5 * fixed_link_loss(day), day.intervals))
    for way, sign, chords in zip(("link", "link_back"), (1.0, -1.0), link_chords(day), strict=True):
        for name in (way, f"{way}_segment"):
            own = market.families.get(name)
            if own is None or not len(own):
                continue
            index = [member.index() for member in own.members]
            link = np.array([place[key[0]] for key in index], dtype=np.intp)
            when = np.array([key[1] for key in index], dtype=np.intp)
            if name == way:
                each = sign * (1.0 - loss[link])
            else:
                slope = {
                    (int(k), int(s)): float(v)
                    for k, s, v in zip(chords.of, chords.number, chords.slope, strict=True)
                }
                each = -sign * np.array(
                    [slope[k, key[2]] for k, key in zip(link.tolist(), index, strict=True)]
                )
            total = total + Terms.build(len(total), when * count + link, own.at, each)
    return total
