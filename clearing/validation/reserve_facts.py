"""The reserve tables of a case and a run as arrays, expanded from the tables alone.

T intervals, U units, K products, Q requirements: one per product, zone and rule of the case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cases.reserve_rules import ReserveRule, parse_reserve_rule
from clearing.validation.facts import Facts, Floats

__all__ = ["Requirement", "ReserveFacts", "reserve_facts"]

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Requirement:
    """What is required of a product in a zone (blank = whole case), and who gives it."""

    product: str
    zone: str
    mw: Floats
    """MW required (T,); NaN where nothing is."""
    supply: Floats
    """Awards that count: of this product and those that substitute for it, in the zone (T,)."""
    curve: tuple[tuple[float, float], ...]
    """MW and price of the blocks of shortage, the cheapest first; the last has no end."""
    largest: Floats
    """Share of the largest output of a unit in the zone that is required (T,)."""

    def shortage_cost(self, mw: Floats) -> Floats:
        """Money per hour (T,) of so many MW short."""
        cost, left = np.zeros_like(mw), np.maximum(mw, 0.0)
        for k, (width, price) in enumerate(self.curve):
            part = left if k == len(self.curve) - 1 else np.minimum(left, width)
            cost += part * price
            left = left - part
        return cost

    def price_range(self, short: Floats, tolerance: float) -> tuple[Floats, Floats]:
        """Least and most that the requirement can be worth at so many MW short (T,) each."""
        low, high = np.zeros_like(short), np.full_like(short, self.curve[-1][1])
        begin = 0.0
        for k, (width, price) in enumerate(self.curve):
            low = np.where(short > begin + tolerance, price, low)
            end = np.inf if k == len(self.curve) - 1 else begin + width
            inside = (short >= begin - tolerance) & (short < end - tolerance)
            high = np.where(inside, np.minimum(high, price), high)
            begin = end
        return low, high


@dataclass(frozen=True)
class ReserveFacts:
    """Reserves of one run."""

    products: pd.Index[str]
    up: Flags
    """Upward products (K,)."""
    minutes: Floats
    """Response times (K,)."""
    offline: Flags
    """Products that a quick-start unit can give while it is off (K,)."""
    offered: Floats
    """MW offered (T, U, K); NaN where nothing is."""
    price: Floats
    """Offer prices (T, U, K)."""
    award: Floats
    """Awards (T, U, K)."""
    requirements: tuple[Requirement, ...]
    unit_zone: npt.NDArray[np.object_]
    """Zone of each unit's bus (U,)."""
    serves: dict[str, list[str]]
    """Products that each product counts for: itself and those it substitutes for."""
    blocks: Flags
    """Offers of several blocks, or tied to output (T, U, K)."""
    load_offered: Floats
    """MW that loads offer, no more than their tie allows (T, D, K)."""
    load_price: Floats
    """What a MW of a load's award costs on average (T, D, K)."""
    load_award: Floats
    """Awards of loads (T, D, K)."""
    load_zone: npt.NDArray[np.object_]
    """Zone of each load's bus (D,)."""
    each: bool
    """Whether each upward product shares the capacity of a unit with energy for itself."""

    @property
    def upward(self) -> Floats:
        """Upward awards that energy shares the capacity of each unit with (T, U).

        Their sum, or the largest product where each keeps within the capacity for itself.
        """
        given = self.award[:, :, self.up]
        total: Floats = given.max(axis=2, initial=0.0) if self.each else given.sum(axis=2)
        return total

    def supply(self, product: str, zone: str) -> Floats:
        """Awards of units and loads that count for a product in a zone (T,)."""
        counted = np.array([product in self.serves[str(name)] for name in self.products])
        total = np.zeros(len(self.award))
        for award, own in ((self.award, self.unit_zone), (self.load_award, self.load_zone)):
            inside = np.ones(len(own), dtype=bool) if zone == "" else own == zone
            total += award[:, inside][:, :, counted].sum(axis=(1, 2))
        return total

    @property
    def downward(self) -> Floats:
        """Sum of downward awards of each unit (T, U)."""
        total: Floats = self.award[:, :, ~self.up].sum(axis=2)
        return total


def reserve_facts(facts: Facts) -> ReserveFacts:
    """Expand offers, awards and requirements; a stamped row replaces the blank one of its key."""
    table = facts.case.tables["reserve_products"]
    products = pd.Index(table["product"])
    up = (table["direction"] == "up").to_numpy(dtype=bool)
    zone = facts.case.tables["buses"]["zone"].to_numpy(dtype=object)[facts.bus_of("units")]
    award = _awards(facts, "unit", "units", products)
    load_award = _awards(facts, "load", "loads", products)
    offered, price, cut = _offered(facts, "unit", "units", products, award, facts.dispatch)
    accepted = facts.bid_mw if len(facts.names("loads")) else np.zeros((len(facts.starts), 0))
    of_loads = _offered(facts, "load", "loads", products, load_award, np.nan_to_num(accepted))
    serving = _serving(table)
    return ReserveFacts(
        products,
        up,
        table["minutes"].to_numpy(dtype=np.float64),
        table["offline"].to_numpy(dtype=bool) & up,
        offered,
        price,
        award,
        tuple(_requirements(facts, products, award, load_award, zone)),
        zone,
        {
            str(name): [lower for lower, given in serving.items() if name in given]
            for name in products
        },
        cut,
        of_loads[0],
        of_loads[1],
        load_award,
        facts.case.tables["buses"]["zone"].to_numpy(dtype=object)[facts.bus_of("loads")],
        facts.rulebook.reserves.capacity == "each",
    )


def _awards(facts: Facts, kind: str, table: str, products: pd.Index[str]) -> Floats:
    """Awards of units or loads (T, N, K)."""
    names, given = facts.names(table), facts.table("reserves")
    given = given[given["kind"] == kind]
    award = np.zeros((len(facts.starts), len(names), len(products)))
    where = (
        facts.interval_of(given),
        names.get_indexer(pd.Index(given["unit"])),
        products.get_indexer(pd.Index(given["product"])),
    )
    known = np.all([part >= 0 for part in where], axis=0)
    mw = np.nan_to_num(given["mw"].to_numpy(dtype=np.float64))
    np.add.at(award, tuple(part[known] for part in where), mw[known])
    return award


def _offered(
    facts: Facts, column: str, table: str, products: pd.Index[str], award: Floats, output: Floats
) -> tuple[Floats, Floats, Flags]:
    """What can be given, what a MW of the award costs, and which offers are cut into blocks.

    (T, N, K) each, NaN where nothing is offered. Blocks are taken in the order of their prices,
    each no more than its share of the output (T, N), of a load of its accepted bids.
    """
    frame, names = facts.case.tables["reserve_offers"], facts.names(table)
    rows, t = _in_force(facts, frame[frame[column] != ""], [column, "product"], ["segment"])
    offered, price = np.full(award.shape, np.nan), np.full(award.shape, np.nan)
    cost, left, count = np.zeros(award.shape), award.copy(), np.zeros(award.shape, dtype=int)
    tied = np.zeros(award.shape, dtype=bool)
    at = (
        t,
        np.asarray(names.get_indexer(pd.Index(rows[column])), dtype=np.intp),
        np.asarray(products.get_indexer(pd.Index(rows["product"])), dtype=np.intp),
    )
    share = rows["share_of_output"].to_numpy(dtype=np.float64)
    tie = np.where(np.isnan(share), np.inf, share * np.maximum(output[at[0], at[1]], 0.0))
    mw = np.minimum(rows["mw"].to_numpy(dtype=np.float64), tie)
    asked = rows["price"].to_numpy(dtype=np.float64)
    # The n-th cheapest offer of every unit or load and product, n = 1, 2, ...: each place once.
    order = np.argsort(asked, kind="stable")
    for k in _ranked(order, np.ravel_multi_index(at, award.shape, mode="wrap")):
        place = tuple(part[k] for part in at)
        offered[place] = np.nan_to_num(offered[place]) + mw[k]
        taken = np.minimum(mw[k], left[place])
        left[place] -= taken
        cost[place] += taken * asked[k]
        price[place] = asked[k]
        count[place] += 1
        tied[place] |= np.isfinite(tie[k])
    cut = (count > 1) | tied
    price = np.where(cut & (award > 0.0), cost / np.where(award > 0.0, award, 1.0), price)
    return offered, price, cut


def _ranked(
    order: npt.NDArray[np.intp], place: npt.NDArray[np.intp]
) -> Iterator[npt.NDArray[np.intp]]:
    """Split an order of rows: first the first row of every place, then the second ones, ..."""
    by_place = np.argsort(place[order], kind="stable")
    sorted_place = place[order][by_place]
    new = np.r_[True, sorted_place[1:] != sorted_place[:-1]][: len(order)]
    begin = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))
    rank = np.empty(len(order), dtype=np.intp)
    rank[by_place] = np.arange(len(order)) - begin
    for k in range(int(rank.max(initial=-1)) + 1):
        yield order[rank == k]


def _in_force(
    facts: Facts, table: pd.DataFrame, key: list[str], parts: list[str] | None = None
) -> tuple[pd.DataFrame, npt.NDArray[np.intp]]:
    """Rows for every interval and their intervals; stamped rows replace blank ones of their key.

    A key may have several rows, told apart by `parts`.
    """
    stamped = table[table["interval_start"].notna()]
    stamped = stamped.assign(t=facts.interval_of(stamped))
    blank = table[table["interval_start"].isna()]
    everywhere = blank.loc[np.repeat(blank.index.to_numpy(), len(facts.starts))]
    everywhere = everywhere.assign(t=np.tile(np.arange(len(facts.starts)), len(blank)))
    rows = pd.concat([stamped[stamped["t"] >= 0], everywhere])
    if len(stamped) and len(blank):
        at = [*key, "t"]
        own = rows[rows["interval_start"].notna()][at].drop_duplicates().assign(own=True)
        replaced = rows[at].merge(own, on=at, how="left")["own"].eq(True).to_numpy()
        rows = rows[~(replaced & rows["interval_start"].isna().to_numpy())]
    rows = rows.drop_duplicates([*key, *(parts or []), "t"], ignore_index=True)
    return rows, rows["t"].to_numpy(dtype=np.intp)


def _requirements(
    facts: Facts,
    products: pd.Index[str],
    award: Floats,
    load_award: Floats,
    unit_zone: npt.NDArray[np.object_],
) -> list[Requirement]:
    tables = facts.case.tables
    rows, _ = _in_force(facts, tables["reserve_requirements"], ["product", "zone"])
    curves = {
        (str(product), str(zone)): tuple(
            zip(own["mw"].tolist(), own["price"].tolist(), strict=True)
        )
        for (product, zone), own in tables["reserve_demand"]
        .sort_values(["price", "segment"], kind="stable")
        .groupby(["product", "zone"], sort=False)
    }
    keys = {
        (str(product), str(zone)): own
        for (product, zone), own in rows.groupby(["product", "zone"], sort=False)
    }
    load_zone = tables["buses"]["zone"].to_numpy(dtype=object)[facts.bus_of("loads")]
    serving = _serving(tables["reserve_products"])
    found = []
    risky = set(zip(tables["risks"]["product"], tables["risks"]["zone"], strict=True))
    alone = [key for key in curves if key not in risky]
    for product, zone in dict.fromkeys([*keys, *alone]):
        units = np.ones(len(unit_zone), dtype=bool) if zone == "" else unit_zone == zone
        loads = np.ones(len(load_zone), dtype=bool) if zone == "" else load_zone == zone
        fixed, share, largest = (np.full(len(facts.starts), np.nan) for _ in range(3))
        if (product, zone) in keys:
            own = keys[product, zone]
            for when, rule, mw in zip(own["t"], own["rule"], own["mw"], strict=True):
                told = parse_reserve_rule(rule) if rule else ReserveRule(float(mw))
                fixed[when], share[when], largest[when] = (
                    told.mw,
                    told.load_share,
                    told.largest_unit,
                )
        else:
            fixed[:] = sum(width for width, _ in curves[product, zone])
            share[:], largest[:] = 0.0, 0.0
        demand = np.maximum(facts.demand[:, loads], 0.0).sum(axis=1)
        most = facts.dispatch[:, units].max(axis=1, initial=0.0)
        counted = np.isin(products, serving[product])
        found.append(
            Requirement(
                product,
                zone,
                fixed + share * demand + largest * most,
                award[:, units][:, :, counted].sum(axis=(1, 2))
                + load_award[:, loads][:, :, counted].sum(axis=(1, 2)),
                curves.get((product, zone), ((np.inf, facts.rulebook.penalties.reserve),)),
                largest,
            )
        )
    return found


def _serving(products: pd.DataFrame) -> dict[str, list[str]]:
    """Products that count for each product: itself and all that substitute for it, step by step."""
    lower = dict(zip(products["product"], products["substitutes_for"], strict=True))
    serving: dict[str, list[str]] = {name: [] for name in lower}
    for name in lower:
        step, seen = name, set[str]()
        while step and step not in seen:
            seen.add(step)
            serving[step].append(name)
            step = lower[step]
    return serving
