"""Tables of reserves: who gives them, what they are worth, what is short."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from clearing.formulation.reserve_families import ReserveFamilies
from clearing.session.cleared import Cleared
from clearing.tables.frames import stamps
from clearing.tables.risks import risk_slacks, risks_covered
from network.arrays import Floats

__all__ = ["reserve_prices", "reserve_slacks", "reserves", "supply_worth"]

_AWARDED_MW = 1e-7
_TIGHT_MW = 1e-6


def reserves(c: Cleared) -> pd.DataFrame:
    """Reserve awards, their price, their offer and the energy profit that they forgo."""
    day, own = c.day, c.compiled.market.reserves
    offers = day.reserves.offers
    mw = np.zeros(len(offers))
    if own is not None:
        mw[own.offer] = c.values("reserve")
    at = np.flatnonzero(mw > _AWARDED_MW)
    when, unit, product = offers.interval[at], offers.unit[at], offers.product[at]
    paid = day.reserves.prices(_shadow(c), supply_worth(c))
    price = paid[when, product, day.reserves.unit_zone[unit]]
    upward, downward = _forgone(c, mw)
    forgone = np.where(day.reserves.up[product], upward[when, unit], downward[when, unit])
    units = pd.DataFrame(
        {
            **stamps(day, when),
            "unit": day.units.take(unit),
            "product": day.reserves.products.take(product),
            "mw": mw[at],
            "price": price,
            "offer_price": _offer_prices(c, mw)[at],
            "opportunity_cost": forgone,
            "kind": "unit",
        }
    )
    loads = _of_loads(c, paid)
    if not len(loads):
        return units
    joined = pd.concat([units, loads] if len(units) else [loads], ignore_index=True)
    return joined.sort_values("interval_start", kind="stable", ignore_index=True)


def _offer_prices(c: Cleared, mw: Floats) -> Floats:
    """What a MW of each offer costs on average, (O,): that of the blocks that were taken."""
    real, market = c.day.reserves, c.compiled.market
    price = real.offers.price.copy()
    taken = market.reserve_blocks
    if len(taken):
        given = np.maximum(c.values("reserve_block"), 0.0)
        of = real.offer_of_block[1][taken]
        total = np.bincount(of, weights=given * real.unit_blocks.price[taken], minlength=len(price))
        cut = ~real.offers.plain
        price[cut] = (total / np.where(mw > 0.0, mw, 1.0))[cut]
    return price


def _of_loads(c: Cleared, paid: Floats) -> pd.DataFrame:
    """Awards of loads."""
    day, blocks = c.day, c.day.reserves.load_blocks
    if not len(blocks) or c.compiled.market.reserves is None:
        return pd.DataFrame()
    frame = pd.DataFrame(
        {
            "when": blocks.interval,
            "of": blocks.of,
            "product": blocks.product,
            "mw": np.maximum(c.values("load_reserve"), 0.0),
        }
    )
    frame["cost"] = frame["mw"] * blocks.price
    total = frame.groupby(["when", "of", "product"], as_index=False).sum()
    total = total[total["mw"] > _AWARDED_MW]
    when, of, product = (total[name].to_numpy(dtype=np.intp) for name in ("when", "of", "product"))
    return pd.DataFrame(
        {
            **stamps(day, when),
            "unit": day.loads.take(of),
            "product": day.reserves.products.take(product),
            "mw": total["mw"].to_numpy(),
            "price": paid[when, product, day.reserves.load_zone[of]],
            "offer_price": (total["cost"] / total["mw"]).to_numpy(),
            "opportunity_cost": 0.0,
            "kind": "load",
        }
    )


def supply_worth(c: Cleared) -> Floats:
    """What reserve is worth beside requirements, money per MW and hour, (T, K, Z)."""
    day, supply = c.day, c.compiled.market.supply
    shape = (day.intervals, len(day.reserves.products), len(day.reserves.zones))
    worth = np.zeros(shape)
    if supply is not None:
        rows = c.compiled.rows(c.compiled.market.model.reserve_supply_definition)
        worth[supply.interval, supply.product, supply.zone] = np.maximum(
            -c.row_dual[rows] / day.hours, 0.0
        )
    return worth


def reserve_prices(c: Cleared) -> pd.DataFrame:
    """Price of every product in the whole case, and in each zone that requires it or a lower one.

    The price in a zone is what a unit there is paid: the shadow prices of all requirements that
    the product serves, in the zone and in the whole case, its own and those of lower products.
    """
    day, real = c.day, c.day.reserves
    needs, shadow = real.requirements, _shadow(c)
    shape = (day.intervals, len(real.products), len(real.zones))
    place = (needs.interval, needs.product, needs.zone)
    required, short, worth = (np.zeros(shape) for _ in range(3))
    own = c.compiled.market.reserves
    largest = np.zeros((day.intervals, len(real.zones)))
    for zone in np.unique(needs.zone[needs.largest > 0.0]).tolist():
        inside = np.ones(len(day.units), dtype=bool) if zone == 0 else real.unit_zone == zone
        largest[:, zone] = c.output[:, inside].max(axis=1, initial=0.0)
    required[place] = needs.mw + needs.largest * largest[needs.interval, needs.zone]
    worth[place] = shadow
    risky = np.zeros(shape, dtype=bool)
    if own is not None and len(own.requirement):
        missing = np.bincount(own.block_of, weights=_blocks_short(c), minlength=len(needs))
        short[place] = np.where(missing > day.rulebook.security.tolerance_mw, missing, 0.0)
    extra = supply_worth(c)
    table = risks_covered(c)
    if len(table):
        at = (
            day.case.interval_starts.get_indexer(pd.DatetimeIndex(table["interval_start"])),
            real.products.get_indexer(pd.Index(table["product"])),
            real.zones.get_indexer(pd.Index(table["zone"])),
        )
        risky[at] = True
        np.maximum.at(required, at, table["risk_mw"].to_numpy(dtype=float))
        np.maximum.at(short, at, table["short_mw"].to_numpy(dtype=float))
        np.add.at(worth, at, table["shadow_price"].to_numpy(dtype=float))
    asked = np.zeros(shape[1:], dtype=bool)
    asked[needs.product, needs.zone] = True
    asked |= risky.any(axis=0)
    shown = (real.serves.astype(int) @ asked.astype(int)) > 0
    shown[:, 0] |= shown.any(axis=1)
    when, product, zone = np.nonzero(np.broadcast_to(shown, shape))
    at = (when, product, zone)
    return pd.DataFrame(
        {
            **stamps(day, when),
            "product": real.products.take(product),
            "zone": real.zones.take(zone),
            "price": real.prices(shadow, extra)[at],
            "shadow_price": worth[at],
            "requirement_mw": required[at],
            "shortage_mw": short[at],
        }
    )


def reserve_slacks(c: Cleared) -> Iterator[pd.DataFrame]:
    """Requirements that are short and ramps exceeded, as rows of the table of slacks.

    With the position of their interval; the penalty is what a MW costs on average.
    """
    day, own = c.day, c.compiled.market.reserves
    if own is None:
        return
    real, needs = day.reserves, day.reserves.requirements
    tolerance = day.rulebook.security.tolerance_mw
    yield from risk_slacks(c)
    mw = _blocks_short(c)
    total, cost = np.zeros(len(needs)), np.zeros(len(needs))
    np.add.at(total, own.block_of, mw)
    np.add.at(cost, own.block_of, mw * own.block_price)
    short = np.flatnonzero(total > tolerance)
    product, zone = real.products.take(needs.product[short]), real.zones.take(needs.zone[short])
    yield pd.DataFrame(
        {
            "interval": needs.interval[short],
            "constraint": [
                f"{name}:{place}" if place else name
                for name, place in zip(product, zone, strict=True)
            ],
            "contingency": "",
            "kind": "reserve",
            "direction": "shortage",
            "element": product,
            "zone": zone,
            "minutes": np.nan,
            "mw": total[short],
            "penalty": cost[short] / total[short],
        }
    )
    if "reserve_ramp_excess" not in c.compiled.market.families:
        return
    over = c.values("reserve_ramp_excess")
    keys: list[Any] = list(c.compiled.market.model.reserve_ramp_excess)
    at = np.flatnonzero(over > tolerance).tolist()
    rows = [keys[k] for k in at]
    yield pd.DataFrame(
        {
            "interval": np.array([t for _, t, _, _ in rows], dtype=np.intp),
            "constraint": [f"reserve_ramp_{way}_{m:g}:{unit}" for unit, _, way, m in rows],
            "contingency": "",
            "kind": "ramp",
            "direction": ["upper" if way == "up" else "lower" for _, _, way, _ in rows],
            "element": [str(unit) for unit, _, _, _ in rows],
            "zone": "",
            "minutes": [float(m) for _, _, _, m in rows],
            "mw": over[at],
            "penalty": day.rulebook.penalties.ramp,
        }
    )


def _shadow(c: Cleared) -> Floats:
    """Shadow price of each requirement, money per MW and hour, (Q,)."""
    shadow = np.zeros(len(c.day.reserves.requirements))
    own: ReserveFamilies | None = c.compiled.market.reserves
    if own is not None and len(own.requirement):
        rows = c.compiled.rows(c.compiled.market.model.reserve_requirement)
        shadow[own.requirement] = np.maximum(c.row_dual[rows] / c.day.hours, 0.0)
    return shadow


def _blocks_short(c: Cleared) -> Floats:
    if "reserve_shortage" not in c.compiled.market.families:
        return np.zeros(0)
    return np.maximum(c.values("reserve_shortage"), 0.0)


def _forgone(c: Cleared, mw: Floats) -> tuple[Floats, Floats]:
    """Energy profit that one MW of upward and of downward awards forgoes, (T, U) each, >= 0.

    Upward: LMP less the offer of the next MW, of units whose output and awards take all that they
    can reach. Downward: the offer of the last MW less LMP, of units that their awards hold up.
    Units at an output of their own choice (self-schedules) forgo nothing.
    """
    day, offers, blocks = c.day, c.day.reserves.offers, c.day.offers
    output = c.output
    filled, at = blocks.filled(output), (blocks.interval, blocks.of)
    following, last = np.full(output.shape, np.inf), np.full(output.shape, -np.inf)
    room, used = filled < blocks.mw - _TIGHT_MW, filled > _TIGHT_MW
    np.minimum.at(following, (at[0][room], at[1][room]), blocks.price[room])
    np.maximum.at(last, (at[0][used], at[1][used]), blocks.price[used])
    awarded = np.zeros((2, *output.shape))
    up = day.reserves.up[offers.product]
    place = (np.where(up, 0, 1), offers.interval, offers.unit)
    if day.rulebook.reserves.capacity == "each":
        np.maximum.at(awarded, place, mw)
    else:
        np.add.at(awarded, place, mw)
    lmp = day.at_units(np.nan_to_num(c.prices.lmp))
    free = np.isnan(day.self_scheduled) & day.on
    full = free & (output + awarded[0] >= day.high - _TIGHT_MW)
    held = free & (output - awarded[1] <= day.low + _TIGHT_MW)
    return (
        np.where(full, np.maximum(lmp - following, 0.0), 0.0),
        np.where(held, np.maximum(last - lmp, 0.0), 0.0),
    )
