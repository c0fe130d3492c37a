"""The reserve market of a day as arrays: products, offers, requirements, demand curves.

T intervals, U units, K products, N offers, Q requirements, Z zones (zone 0 is the whole case).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cases.reserve_rules import ReserveRule, parse_reserve_rule
from clearing.day.risks import Risks, SharingRules
from network.arrays import Flags, Floats, Positions

if TYPE_CHECKING:
    from clearing.day.day import Day

__all__ = ["Requirements", "ReserveBlocks", "ReserveMarket", "ReserveOffers"]

WHOLE = ""
"""The zone that stands for the whole case."""


@dataclass(frozen=True, eq=False)
class ReserveOffers:
    """Reserve offers of every interval, (N,) each, sorted by interval, unit and product."""

    interval: Positions
    unit: Positions
    product: Positions
    mw: Floats
    """MW of all blocks."""
    price: Floats
    """Price of an offer of one block; 0 where blocks are paid each for itself."""
    plain: Flags
    """Whether an offer is one block that is not tied to output."""

    def __len__(self) -> int:
        return len(self.unit)


@dataclass(frozen=True, eq=False)
class ReserveBlocks:
    """Blocks of reserve offers, (N,) each, sorted by interval, who offers, product and segment."""

    interval: Positions
    of: Positions
    """Position of the unit or load in its table."""
    product: Positions
    segment: Positions
    mw: Floats
    price: Floats
    share: Floats
    """Most of it per MW of output, or of accepted bids; NaN = no tie."""

    def __len__(self) -> int:
        return len(self.of)

    def alike(self, other: ReserveBlocks) -> bool:
        """Whether only prices differ."""
        names = ("interval", "of", "product", "segment", "mw", "share")
        return len(self) == len(other) and all(
            np.array_equal(getattr(self, name), getattr(other, name), equal_nan=name == "share")
            for name in names
        )


@dataclass(frozen=True, eq=False)
class Requirements:
    """Reserve requirements of every interval, (Q,) each, sorted by interval, product and zone.

    The MW required are ``mw`` plus ``largest`` times the largest output of a unit in the zone.
    """

    interval: Positions
    product: Positions
    zone: Positions
    """Position in `ReserveMarket.zones`; 0 is the whole case."""
    mw: Floats
    largest: Floats

    def __len__(self) -> int:
        return len(self.interval)


@dataclass(frozen=True, eq=False)
class ReserveMarket:
    """The reserve tables of a case, read once."""

    day: Day

    @property
    def exists(self) -> bool:
        """Whether any reserve is required, by itself or to cover a risk."""
        return len(self.requirements) > 0 or len(self.risks) > 0

    @cached_property
    def risks(self) -> Risks:
        """The risks that reserves must cover."""
        return Risks.of(self.day)

    @cached_property
    def sharing(self) -> SharingRules:
        """What zones may give to each other over links."""
        return SharingRules.of(self.day)

    @cached_property
    def products(self) -> pd.Index[str]:
        """Names of the products, (K,)."""
        names: pd.Index[str] = pd.Index(self._table("reserve_products")["product"])
        return names

    @cached_property
    def up(self) -> Flags:
        """Which products are upward, (K,)."""
        up: Flags = (self._table("reserve_products")["direction"] == "up").to_numpy(dtype=bool)
        return up

    @cached_property
    def minutes(self) -> Floats:
        """Response time of each product, (K,)."""
        return self._table("reserve_products")["minutes"].to_numpy(dtype=float)

    @cached_property
    def offline(self) -> Flags:
        """Which products a quick-start unit that is off can give, (K,)."""
        flags: Flags = self._table("reserve_products")["offline"].to_numpy(dtype=bool)
        return flags & self.up

    @cached_property
    def serves(self) -> Flags:
        """Whether product k (row) counts for requirements of product j (column), (K, K).

        A product serves its own requirement, that of the product it substitutes for, and so on.
        """
        lower = self._table("reserve_products")["substitutes_for"].tolist()
        names = self.products.tolist()
        serves = np.eye(len(self.products), dtype=bool)
        for k in range(len(lower)):
            at = k
            while lower[at]:
                at = names.index(lower[at])
                if serves[k, at]:
                    break
                serves[k, at] = True
        return serves

    @cached_property
    def zones(self) -> pd.Index[str]:
        """The whole case (blank), then the zones of the grid, (Z,)."""
        own = [zone for zone in self.day.grid.zones if zone]
        return pd.Index([WHOLE, *own], dtype="str")

    @cached_property
    def unit_zone(self) -> Positions:
        """Zone of each unit's bus, (U,); 0 where the bus has none."""
        return self.zone_of_bus[self.day.unit_bus]

    @cached_property
    def zone_of_bus(self) -> Positions:
        """Zone of each bus, (B,); 0 where it has none."""
        zone = self.day.case.tables["buses"]["zone"]
        return np.asarray(self.zones.get_indexer(pd.Index(zone)), dtype=np.intp)

    @cached_property
    def offers(self) -> ReserveOffers:
        """Offers of every unit, product and interval, their blocks together."""
        blocks = self.unit_blocks
        first, of = self.offer_of_block
        mw: Floats = np.zeros(0)
        if len(of):
            mw = np.asarray(np.bincount(of, blocks.mw, len(first)), dtype=np.float64)
        count = np.bincount(of, minlength=len(first))
        plain: Flags = (count == 1) & np.isnan(blocks.share[first])
        return ReserveOffers(
            blocks.interval[first],
            blocks.of[first],
            blocks.product[first],
            mw,
            np.where(plain, blocks.price[first], 0.0),
            plain,
        )

    @cached_property
    def offer_of_block(self) -> tuple[Positions, Positions]:
        """First block of each offer, (O,), and the offer of each block of a unit, (N,)."""
        blocks = self.unit_blocks
        new = np.ones(len(blocks), dtype=bool)
        for name in ("interval", "of", "product"):
            values = getattr(blocks, name)
            new[1:] = (values[1:] != values[:-1]) | (new[1:] if name != "interval" else False)
        return np.flatnonzero(new), np.cumsum(new) - 1

    @cached_property
    def unit_blocks(self) -> ReserveBlocks:
        """Blocks that units offer; stamped rows replace blank ones of their unit and product."""
        return self._blocks_of("unit", self.day.units)

    @cached_property
    def load_blocks(self) -> ReserveBlocks:
        """Blocks that loads offer."""
        return self._blocks_of("load", self.day.loads)

    @cached_property
    def load_zone(self) -> Positions:
        """Zone of each load's bus, (D,); 0 where the bus has none."""
        return self.zone_of_bus[self.day.load_bus]

    def _blocks_of(self, column: str, names: pd.Index[str]) -> ReserveBlocks:
        frame = self._table("reserve_offers")
        frame = frame[frame[column] != ""].reset_index(drop=True)
        row, when = self._expanded(frame, [column, "product"])
        of = names.get_indexer(pd.Index(frame[column]))[row]
        product = self.products.get_indexer(pd.Index(frame["product"]))[row]
        segment = frame["segment"].to_numpy(dtype=np.intp)[row]
        order = np.lexsort((segment, product, of, when))
        row = row[order]
        return ReserveBlocks(
            when[order],
            of[order].astype(np.intp),
            product[order].astype(np.intp),
            segment[order],
            frame["mw"].to_numpy(dtype=float)[row],
            frame["price"].to_numpy(dtype=float)[row],
            frame["share_of_output"].to_numpy(dtype=float)[row],
        )

    @cached_property
    def requirements(self) -> Requirements:
        """Requirements of every interval.

        A demand curve without a requirement requires the MW that it spans.
        """
        frame = self._table("reserve_requirements")
        row, when = self._expanded(frame, ["product", "zone"])
        rules = [
            parse_reserve_rule(rule) if rule else ReserveRule(mw)
            for rule, mw in zip(frame["rule"], frame["mw"].to_numpy(dtype=float), strict=True)
        ]
        fixed, share, largest = (
            np.array([getattr(rule, name) for rule in rules], dtype=float)[row]
            for name in ("mw", "load_share", "largest_unit")
        )
        product = self.products.get_indexer(pd.Index(frame["product"]))[row]
        zone = self.zones.get_indexer(pd.Index(frame["zone"]))[row]
        mw = fixed + share * self.demand[when, zone]
        told = set(zip(frame["product"], frame["zone"], strict=True))
        risks = self._table("risks")
        told |= set(zip(risks["product"], risks["zone"], strict=True))
        alone = [key for key in self.curves if key not in told]
        periods, count = np.arange(self.day.intervals), len(alone)
        span = np.array([self.curves[key][0].sum() for key in alone], dtype=float)
        when = np.concatenate([when, np.repeat(periods, count)])
        names = [pd.Index([key[k] for key in alone], dtype="str") for k in (0, 1)]
        product = np.concatenate(
            [product, np.tile(self.products.get_indexer(names[0]), len(periods))]
        )
        zone = np.concatenate([zone, np.tile(self.zones.get_indexer(names[1]), len(periods))])
        mw = np.concatenate([mw, np.tile(span, len(periods))])
        largest = np.concatenate([largest, np.zeros(count * len(periods))])
        order = np.lexsort((zone, product, when))
        return Requirements(
            when[order],
            product[order].astype(np.intp),
            zone[order].astype(np.intp),
            mw[order],
            largest[order],
        )

    @cached_property
    def curves(self) -> dict[tuple[str, str], tuple[Floats, Floats]]:
        """Demand curves by product and zone: widths and prices of blocks, cheapest first."""
        frame = self._table("reserve_demand").sort_values(["price", "segment"], kind="stable")
        return {
            (str(product), str(zone)): (
                rows["mw"].to_numpy(dtype=float),
                rows["price"].to_numpy(dtype=float),
            )
            for (product, zone), rows in frame.groupby(["product", "zone"], sort=False)
        }

    def shortage_blocks(self, product: int, zone: int) -> tuple[Floats, Floats]:
        """Widths and prices of what MW short of a requirement cost, cheapest first.

        The blocks of its demand curve, the dearest of them without end; without a curve one block
        at the rulebook's penalty.
        """
        key = (str(self.products[product]), str(self.zones[zone]))
        if key not in self.curves:
            return np.array([np.inf]), np.array([self.day.rulebook.penalties.reserve])
        mw, price = self.curves[key]
        return np.append(mw[:-1], np.inf), price

    @cached_property
    def demand(self) -> Floats:
        """Demand at any price by zone, MW, (T, Z); negative loads are generation, not demand."""
        day = self.day
        demand = np.maximum(day.demand, 0.0)
        total = np.zeros((day.intervals, len(self.zones)))
        np.add.at(total.T, self.zone_of_bus[day.load_bus], demand.T)
        total[:, 0] = demand.sum(axis=1)
        return total

    @property
    def alone(self) -> Flags:
        """Units that reserves keep from being merged with others like them, (U,).

        Those whose own output may set a requirement, and those that give reserves on and off: sums
        over several units, some on and some off, could not always be split back.
        """
        needs = self.requirements
        asked = np.unique(needs.zone[needs.largest > 0.0])
        alone = np.isin(self.unit_zone, asked[asked > 0]) | bool((asked == 0).any())
        given = np.unique(self.offers.unit[self.offline[self.offers.product]])
        quick = self.day.case.tables["units"]["quick_start"].to_numpy(dtype=bool)
        alone[given] |= quick[given]
        alone[self.unit_blocks.of[~np.isnan(self.unit_blocks.share)]] = True
        alone[self.risks.terms["output"].element] |= bool(len(self.risks))
        return np.asarray(alone, dtype=bool) & self.exists

    def counts(self) -> tuple[Positions, Positions]:
        """Which offers count for which requirements: pairs (requirement, offer), (E,) each.

        An offer counts in the zone of its unit's bus and in the whole case, for the requirements
        of every product that its own serves.
        """
        offers, needs = self.offers, self.requirements
        shape = (self.day.intervals, len(self.products), len(self.zones))
        place = np.full(shape, -1, dtype=np.intp)
        place[needs.interval, needs.product, needs.zone] = np.arange(len(needs))
        found = []
        zone_of_offer = self.unit_zone[offers.unit]
        local = zone_of_offer > 0
        for served in range(len(self.products)):
            fits = self.serves[offers.product, served]
            for zone, there in (
                (np.zeros(len(offers), dtype=np.intp), fits),
                (zone_of_offer, fits & local),
            ):
                offer = np.flatnonzero(there)
                need = place[offers.interval[offer], served, zone[offer]]
                found.append((need[need >= 0], offer[need >= 0]))
        if not found:
            return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
        return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])

    def load_counts(self) -> tuple[Positions, Positions]:
        """Which blocks of loads count for which requirements: pairs (requirement, block), (E,)."""
        blocks, needs = self.load_blocks, self.requirements
        shape = (self.day.intervals, len(self.products), len(self.zones))
        place = np.full(shape, -1, dtype=np.intp)
        place[needs.interval, needs.product, needs.zone] = np.arange(len(needs))
        zone = self.load_zone[blocks.of]
        none = np.zeros(0, dtype=np.intp)
        found = [(none, none)]
        for served in range(len(self.products)):
            fits = self.serves[blocks.product, served]
            for where, there in ((np.zeros_like(zone), fits), (zone, fits & (zone > 0))):
                at = np.flatnonzero(there)
                need = place[blocks.interval[at], served, where[at]]
                found.append((need[need >= 0], at[need >= 0]))
        return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])

    def prices(self, shadow: Floats, supply: Floats | None = None) -> Floats:
        """Price of one MW of each product in each zone, (T, K, Z), from shadow prices (Q,).

        The worth of all requirements that it serves: its own and those of lower products, in the
        zone and in the whole case. Zone 0 is a bus without a zone. `supply`, (T, K, Z), is what
        reserve is worth beside requirements: to cover risks, and to be sent elsewhere.
        """
        needs = self.requirements
        own = np.zeros((self.day.intervals, len(self.products), len(self.zones)))
        own[needs.interval, needs.product, needs.zone] = shadow
        own += 0.0 if supply is None else supply
        total = np.einsum("kj,tjz->tkz", self.serves.astype(float), own)
        total[:, :, 1:] += total[:, :, :1]
        return np.asarray(total)

    def alike(self, other: ReserveMarket) -> bool:
        """Whether another day's reserve market differs in offer prices only."""
        tables = (
            *("reserve_products", "reserve_requirements", "reserve_demand"),
            *("risks", "risk_terms", "reserve_sharing"),
        )
        return (
            all(self._table(name).equals(other._table(name)) for name in tables)
            and self.unit_blocks.alike(other.unit_blocks)
            and self.load_blocks.alike(other.load_blocks)
        )

    def _table(self, name: str) -> pd.DataFrame:
        return self.day.case.tables[name]

    def _expanded(self, frame: pd.DataFrame, key: list[str]) -> tuple[Positions, Positions]:
        """Rows for every interval: positions of rows and their intervals, (n,) each."""
        stamps = frame["interval_start"]
        blank = stamps.isna().to_numpy()
        at = self.day.case.interval_starts.get_indexer(pd.DatetimeIndex(stamps[~blank]))
        group = frame.groupby(key, sort=False).ngroup().to_numpy(dtype=np.intp)
        own = np.zeros((self.day.intervals, int(group.max(initial=-1)) + 1), dtype=bool)
        own[at, group[~blank]] = True
        always = np.flatnonzero(blank)
        interval, which = np.nonzero(~own[:, group[always]])
        row = np.concatenate([always[which], np.flatnonzero(~blank)])
        return row.astype(np.intp), np.concatenate([interval, at]).astype(np.intp)
