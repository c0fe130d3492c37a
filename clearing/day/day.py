"""The market day as arrays: what the formulation, the prices and the result tables read.

T intervals, U units, N offer blocks, B buses, D loads. Arrays over time are (T, ...); MW and
money per MWh. Everything here follows from case and rulebook alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from cases import Case, RuleBook
from cases.must_run import must_run
from cases.price_nodes import PriceNodes
from clearing.day.custom_limits import CUSTOM_TABLES, CustomLimits
from clearing.day.extension import Extend, Extension
from clearing.day.offer_caps import check_offer_caps
from clearing.day.reserve_market import ReserveMarket
from clearing.day.schedule import Commitment
from network import Grid
from network.arrays import Flags, Floats, Positions

__all__ = ["Blocks", "Day", "LinkGuess"]

_NARROW_MW = 1e-6


@dataclass(frozen=True, eq=False)
class Blocks:
    """Offer or bid blocks of every interval, sorted by interval, owner and segment, (N,) each."""

    interval: Positions
    of: Positions
    """Position of the unit (or load) in its table."""
    segment: Positions
    mw: Floats
    price: Floats

    def __len__(self) -> int:
        return len(self.of)

    @cached_property
    def start(self) -> Floats:
        """MW at which each block begins: the widths of the blocks before it, (N,)."""
        before = np.cumsum(self.mw) - self.mw
        first = self.first
        return np.asarray(before - before[np.flatnonzero(first)][np.cumsum(first) - 1])

    @cached_property
    def first(self) -> Flags:
        """Whether a block is the first of its unit and interval, (N,)."""
        new = np.ones(len(self.of), dtype=bool)
        new[1:] = (self.of[1:] != self.of[:-1]) | (self.interval[1:] != self.interval[:-1])
        return new

    def filled(self, output: Floats) -> Floats:
        """MW of each block, (N,), when blocks are filled in order up to `output` (T, U)."""
        level = output[self.interval, self.of] - self.start
        return np.clip(level, 0.0, self.mw)

    def cost(self, output: Floats) -> Floats:
        """Money per hour, (T, U), of producing `output` (T, U)."""
        total = np.zeros_like(output)
        np.add.at(total, (self.interval, self.of), self.filled(output) * self.price)
        return total


@dataclass(frozen=True)
class LinkGuess:
    """What is taken of the flow over links that share reserve, until a solution says otherwise."""

    turned: bool = False
    """Whether it goes from the receiving zone of the first row of `reserve_sharing`."""
    segment: int | None = None
    """Segment of the losses in which it lies; None = a first guess."""


@dataclass(frozen=True, eq=False)
class Day:
    """A case, its rulebook and its grid, read as arrays once."""

    case: Case
    rulebook: RuleBook
    grid: Grid
    commitment: Commitment | None = None
    """Which units are on; None where every unit is."""
    extend: Extend | None = None
    """A function that adds to every program of the day."""
    extension: Extension | None = None
    """What it adds, read once."""
    guess: LinkGuess = field(default_factory=LinkGuess)
    """Where the flow that shared reserve starts from is taken to be."""

    @classmethod
    def of(
        cls,
        case: Case,
        rulebook: RuleBook,
        commitment: Commitment | None = None,
        extend: Extend | None = None,
    ) -> Day:
        """Read a case; InputError where an offer lies outside the rulebook's cap and floor."""
        check_offer_caps(case, rulebook.offers)
        grid = Grid.from_case(case, rulebook.network.convention)
        return cls(case, rulebook, grid, commitment).extended(extend)

    def committed(self, commitment: Commitment) -> Day:
        """Give the same day with its commitment given."""
        return replace(self, commitment=commitment)

    def with_rulebook(self, rulebook: RuleBook) -> Day:
        """Give the same day under other rules of the same network."""
        return replace(self, rulebook=rulebook)

    def extended(self, extend: Extend | None) -> Day:
        """Give the same day with what a function adds to it; InputError where it cannot be."""
        if extend is None:
            return self
        return replace(self, extend=extend, extension=Extension.read(extend, self))

    def sharing(self, other: Day) -> Day:
        """Give the same day with the extension of another one of the same units and grid."""
        if not (self.units.equals(other.units) and self.grid.buses.equals(other.grid.buses)):
            return self.extended(other.extend)
        return replace(self, extend=other.extend, extension=other.extension)

    @cached_property
    def custom(self) -> CustomLimits:
        """The user's own constraints of the case."""
        return CustomLimits.of(self)

    @cached_property
    def spoken_of(self) -> Flags:
        """Units that a custom constraint or an extension speaks of, (U,)."""
        spoken = np.zeros(len(self.units), dtype=bool)
        for name in ("output", "reserve"):
            if name in self.custom.entries:
                spoken[self.custom.entries[name].element] = True
        if self.extension is not None:
            spoken[self.extension.units("output", "on", "start", "stop")] = True
        return spoken

    def limited_alike(self, other: Day) -> bool:
        """Whether another day has the same custom constraints and the same extension."""
        tables = (self.case.tables, other.case.tables)
        same = all(tables[0][name].equals(tables[1][name]) for name in CUSTOM_TABLES)
        mine, theirs = self.extension, other.extension
        if mine is None or theirs is None or mine is theirs:
            return same and mine is theirs
        return same and mine.content == theirs.content

    @property
    def intervals(self) -> int:
        """Number of intervals T."""
        return self.case.meta.intervals

    @property
    def hours(self) -> float:
        """Length of an interval, hours."""
        return self.case.interval_hours

    @cached_property
    def units(self) -> pd.Index[str]:
        """Names of the units, (U,)."""
        names: pd.Index[str] = pd.Index(self.case.tables["units"]["unit"])
        return names

    @cached_property
    def unit_bus(self) -> Positions:
        """Bus of each unit, (U,)."""
        return self.grid.bus_positions(self.case.tables["units"]["bus"])

    @cached_property
    def unit_places(self) -> tuple[Positions, Positions, Floats]:
        """Where units inject: units, buses and shares that sum to 1 per unit, (E,) each."""
        node = self.case.tables["units"]["node"].to_numpy(dtype=object)
        plain = np.flatnonzero(node == "")
        parts = [(plain, self.unit_bus[plain], np.ones(len(plain)))]
        own = np.flatnonzero(node != "")
        if len(own):
            nodes = self.nodes
            found = nodes.names.get_indexer(pd.Index(node[own]))
            for k, place in zip(own.tolist(), found.tolist(), strict=True):
                inside = np.flatnonzero(nodes.node == place)
                parts.append((np.full(len(inside), k), nodes.bus[inside], nodes.weight[inside]))
        unit, bus, share = (np.concatenate(part) for part in zip(*parts, strict=True))
        return unit.astype(np.intp), bus.astype(np.intp), share

    @cached_property
    def nodes(self) -> PriceNodes:
        """Price nodes of the case."""
        return PriceNodes.of(self.case.tables["price_nodes"], self.grid.buses)

    def at_units(self, values: Floats) -> Floats:
        """Mean of values by bus, (T, B), where each unit injects, (T, U)."""
        unit, bus, share = self.unit_places
        total = np.zeros((len(values), len(self.units)))
        np.add.at(total.T, unit, (values[:, bus] * share).T)
        return total

    def unit_column(self, name: str) -> Floats:
        """A number column of `units`, (U,), blank as NaN."""
        return np.asarray(self.case.tables["units"][name].to_numpy(dtype=float))

    @cached_property
    def self_scheduled(self) -> Floats:
        """Output that is taken at any price, (T, U); NaN where the unit is free."""
        return self._wide("self_schedules", self.units, np.nan)

    @cached_property
    def must_run(self) -> Flags:
        """Where a unit must be on, unless it is out, (T, U)."""
        return must_run(self.case)

    @cached_property
    def low(self) -> Floats:
        """Least output, (T, U): p_min or the self-schedule while a unit is on, 0 while off."""
        least = np.where(self.on, self.unit_column("p_min"), 0.0)
        return np.where(np.isnan(self.self_scheduled), least, self.self_scheduled)

    @cached_property
    def high(self) -> Floats:
        """Most output, (T, U): what it can reach while a unit is on, 0 while it is off."""
        free = np.isnan(self.self_scheduled)
        return np.where(self.on | ~free, self.reach, 0.0)

    @cached_property
    def reach(self) -> Floats:
        """Most that a unit may be asked for, on or off, (T, U): what it can reach and offers."""
        return np.where(
            np.isnan(self.self_scheduled), np.fmin(self.available, self.offered), self.available
        )

    @cached_property
    def available(self) -> Floats:
        """Most that a unit can reach, on or off, (T, U): its capacity or the self-schedule."""
        return np.where(np.isnan(self.self_scheduled), self.capacity, self.self_scheduled)

    @cached_property
    def offered(self) -> Floats:
        """Width of all offer blocks of a unit, (T, U); inf where it offers its whole capacity."""
        blocks, width = self.offers, np.zeros_like(self.self_scheduled)
        np.add.at(width, (blocks.interval, blocks.of), blocks.mw)
        whole = width >= self.capacity - _NARROW_MW * np.maximum(1.0, self.capacity)
        return np.where(whole, np.inf, width)

    @cached_property
    def capacity(self) -> Floats:
        """Least of p_max and availability, (T, U)."""
        return np.where(np.isinf(self.limit), self.most_taken, self.limit)

    @cached_property
    def limit(self) -> Floats:
        """The same as the case says it, (T, U): inf where it says no limit."""
        most = np.broadcast_to(self.unit_column("p_max"), self.self_scheduled.shape)
        return np.fmin(most, self._wide("availability", self.units, np.inf))

    @cached_property
    def most_taken(self) -> float:
        """MW that no output of one unit exceeds: twice what all who could take any would take.

        Loads, bids, virtuals, storage and links at their largest, minimum output of other units;
        twice, so that there is room for losses.
        """
        tables = self.case.tables
        numbers: tuple[object, ...] = (
            np.maximum(self.demand, 0.0).max(axis=0, initial=0.0),
            tables["bids"]["mw"],
            tables["virtuals"]["mw"],
            tables["storage"]["charge_mw"],
            tables["links"][["min_mw", "max_mw"]].abs(),
            tables["units"]["p_min"],
        )
        return 2.0 * max(
            1.0, sum(float(np.nansum(np.asarray(values, dtype=float))) for values in numbers)
        )

    @cached_property
    def reserves(self) -> ReserveMarket:
        """Reserve products, offers and requirements."""
        return ReserveMarket(self)

    @cached_property
    def out(self) -> Flags:
        """Where a unit is available for less than its p_min: it is off, (T, U)."""
        reach = self._wide("availability", self.units, np.inf)
        short = reach < self.unit_column("p_min") - _NARROW_MW
        off: Flags = np.isnan(self.self_scheduled) & short
        return off

    @cached_property
    def on(self) -> Flags:
        """Which units are on, (T, U): the commitment, or all that are not out."""
        on: Flags = ~self.out if self.commitment is None else self.commitment.on
        return on

    @cached_property
    def was_on(self) -> Flags:
        """Which units are on in the interval before, (T, U); the first from the initial state."""
        if self.commitment is None:
            first = np.ones(len(self.units), dtype=bool)
        else:
            state = self.initial_on
            first = np.where(np.isnan(state), self.on[0], state > 0.5)
        return np.vstack([first[None, :], self.on[:-1]])

    @cached_property
    def start(self) -> Flags:
        """Which units start, (T, U)."""
        start: Flags = self.on & ~self.was_on
        return start

    @cached_property
    def stop(self) -> Flags:
        """Which units stop, (T, U)."""
        stop: Flags = ~self.on & self.was_on
        return stop

    @cached_property
    def initial_on(self) -> Floats:
        """State before the first interval, (U,): 1 on, 0 off, NaN where it is not given.

        The sign of `initial_hours`, or else whether `initial_mw` is positive.
        """
        hours, mw = self.unit_column("initial_hours"), self.unit_column("initial_mw")
        given = np.where(np.isnan(hours), mw, hours)
        return np.where(np.isnan(given), np.nan, (given > 0.0).astype(float))

    @cached_property
    def initial_output(self) -> Floats:
        """MW before the first interval, (U,); NaN where it is not given; 0 for a unit off."""
        mw = self.unit_column("initial_mw")
        return np.where(self.initial_on == 0.0, 0.0, mw) if self.commitment is not None else mw

    @cached_property
    def commitment_cost(self) -> float:
        """Money for no-load, start-up and shut-down of the commitment; 0 where none is given."""
        return 0.0 if self.commitment is None else float(self.commitment.cost.sum())

    @cached_property
    def offers(self) -> Blocks:
        """Offer blocks of every unit and interval."""
        return self._blocks("offers", "unit", self.units)

    @cached_property
    def bids(self) -> Blocks:
        """Bid blocks of price-sensitive demand."""
        return self._blocks("bids", "load", self.loads)

    @cached_property
    def loads(self) -> pd.Index[str]:
        """Names of the loads, (D,)."""
        names: pd.Index[str] = pd.Index(self.case.tables["loads"]["load"])
        return names

    @cached_property
    def load_bus(self) -> Positions:
        """Bus of each load, (D,)."""
        return self.grid.bus_positions(self.case.tables["loads"]["bus"])

    @cached_property
    def demand(self) -> Floats:
        """Demand at any price, (T, D)."""
        return self._wide("demand", self.loads, 0.0)

    @cached_property
    def bus_demand(self) -> Floats:
        """Demand at any price by bus, (T, B)."""
        total = np.zeros((self.intervals, len(self.grid.buses)))
        np.add.at(total.T, self.load_bus, self.demand.T)
        return total

    @cached_property
    def islands(self) -> int:
        """Number of islands."""
        return len(self.grid.references)

    @cached_property
    def load_shares(self) -> Floats:
        """Share of each bus in its island's demand, (T, B); even where there is none.

        A bus whose loads are negative in total (embedded generation) counts as none: beside it,
        shares of the net demand would be any size, and scaling them would move power over the grid.
        """
        islands = self.grid.islands
        demand = np.maximum(self.bus_demand, 0.0)
        total = np.zeros((self.intervals, self.islands))
        np.add.at(total.T, islands, demand.T)
        size = np.bincount(islands, minlength=self.islands)
        has = (total > 0.0)[:, islands]
        safe = np.where(total > 0.0, total, 1.0)[:, islands]
        return np.where(has, demand / safe, 1.0 / size[islands])

    @cached_property
    def reference_shares(self) -> Floats:
        """Weights of the reference (slack) of each island, (T, B), summing to 1 per island.

        The case's `reference` bus in its island; otherwise the interval's load shares.
        """
        name = self.case.meta.reference
        if not name:
            return self.load_shares
        bus = self.grid.bus_positions([name])[0]
        shares = self.load_shares.copy()
        shares[:, self.grid.islands == self.grid.islands[bus]] = 0.0
        shares[:, bus] = 1.0
        return shares

    @property
    def reference_name(self) -> str:
        """The reference in words, as every result records it."""
        return f"bus {self.case.meta.reference}" if self.case.meta.reference else "load-weighted"

    @cached_property
    def flow_limits(self) -> tuple[Floats, Floats]:
        """Least and largest base-case flow of each branch, ((L,), (L,)); inf = none."""
        high = self.grid.rating.copy()
        low = -self.grid.rating_reverse
        if self.rulebook.network.angle_limits:
            least, most = self.grid.angle_flow_limits()
            low, high = np.maximum(low, least), np.minimum(high, most)
        off = ~self.grid.in_service
        return np.where(off, -np.inf, low), np.where(off, np.inf, high)

    def _wide(self, table: str, names: pd.Index[str], missing: float) -> Floats:
        """Read a wide table as (T, N) in the order of `names`; `missing` where it has none."""
        frame = self.case.tables[table]
        values = np.full((self.intervals, len(names)), missing)
        columns = [name for name in frame.columns if name != "interval_start"]
        if len(frame) and columns:
            rows = self.case.interval_starts.get_indexer(pd.DatetimeIndex(frame["interval_start"]))
            read = frame[columns].to_numpy(dtype=float)[rows >= 0]
            values[np.ix_(rows[rows >= 0], names.get_indexer(pd.Index(columns)))] = read
        values[np.isnan(values)] = missing
        return values

    def _blocks(self, table: str, column: str, names: pd.Index[str]) -> Blocks:
        """Expand block rows to every interval; a stamped row replaces the unit's blank rows."""
        frame = self.case.tables[table]
        of = names.get_indexer(pd.Index(frame[column]))
        blank = frame["interval_start"].isna().to_numpy()
        stamps = pd.DatetimeIndex(frame["interval_start"][~blank])
        at = self.case.interval_starts.get_indexer(stamps)
        own = np.zeros((self.intervals, len(names)), dtype=bool)
        own[at, of[~blank]] = True
        always = np.flatnonzero(blank)
        interval, row = np.nonzero(~own[:, of[always]])
        rows = np.concatenate([always[row], np.flatnonzero(~blank)])
        when = np.concatenate([interval, at])
        segment = frame["segment"].to_numpy(dtype=np.intp)
        order = np.lexsort((segment[rows], of[rows], when))
        rows, when = rows[order], when[order]
        return Blocks(
            when,
            of[rows].astype(np.intp),
            segment[rows],
            frame["mw"].to_numpy(dtype=float)[rows],
            frame["price"].to_numpy(dtype=float)[rows],
        )
