"""A run's tables as arrays, in the order of the case: what every check reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from cases.case import Case
from cases.points import Points
from cases.price_nodes import PriceNodes
from cases.rulebook.book import RuleBook
from cases.run import Run
from cases.tables.columns import DECIMALS
from clearing.day.chords import Chords
from clearing.validation.blocks import Blocks
from network import Grid

__all__ = ["NETWORK", "SUBJECTS", "Facts", "Floats", "Ints"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Made = TypeVar("Made")

LIMIT_TOLERANCE_MW = 1e-3
"""MW by which a recomputed balance, flow or limit may be off; the rulebook may ask for more."""
PRICE_TOLERANCE = 1e-4
"""Money per MWh by which a recomputed price may be off, at penalty prices up to 10000."""
USUAL_PENALTY = 1e4
MONEY_TOLERANCE = 1e-7
"""Share by which recomputed money may be off."""
MW_STEP = 10.0 ** -DECIMALS["MW"]
MONEY_STEP = 10.0 ** -DECIMALS["money"]
"""Last decimals that tables keep: stated MW and money may be off by half of them."""

NETWORK = ("branch", "interface", "contingency")
"""Kinds of `constraints` that are limits of the grid."""

SUBJECTS = {
    "dispatch": ("unit", "units"),
    "load_awards": ("load", "loads"),
    "link_flows": ("link", "links"),
    "flows": ("branch", "branches"),
    "prices": ("bus", "buses"),
    "storage_schedule": ("storage", "storage"),
}
"""Run tables with one row per subject and interval: their name column and the case's table."""


@dataclass(frozen=True)
class Facts:
    """Tables of one run as arrays: T intervals, U units, D loads, B buses, L branches, K links."""

    run: Run

    @property
    def case(self) -> Case:
        """The case that was cleared."""
        return self.run.case

    @property
    def rulebook(self) -> RuleBook:
        """The rules it was cleared by."""
        return self.run.rulebook

    @property
    def priced_otherwise(self) -> bool:
        """Whether another program than the schedule's own made the prices."""
        rules, settings = self.rulebook.pricing, self.run.settings
        return settings.get("pricing", rules.method) != "fixed" or rules.penalty_factor != 1.0

    @cached_property
    def grid(self) -> Grid:
        """The grid in the rulebook's susceptance convention."""
        return Grid.from_case(self.case, convention=self.rulebook.network.convention)

    @cached_property
    def starts(self) -> pd.DatetimeIndex:
        """Interval starts, made once: they keep what they are looked up by."""
        return self.case.interval_starts

    @cached_property
    def hours(self) -> float:
        """Length of an interval, hours."""
        return self.case.interval_hours

    @property
    def tolerance(self) -> float:
        """MW within which a limit counts as kept."""
        return max(LIMIT_TOLERANCE_MW, float(self.rulebook.security.tolerance_mw))

    @property
    def price_tolerance(self) -> float:
        """Money per MWh within which prices agree; it grows with the dearest penalty price."""
        dearest = max(float(value) for _, value in self.rulebook.penalties)
        return PRICE_TOLERANCE * max(1.0, dearest / USUAL_PENALTY)

    @property
    def commitment(self) -> bool:
        """Whether units were committed; otherwise all are on and only energy is paid."""
        return bool(self.run.settings["commitment"])

    @property
    def rolling(self) -> bool:
        """Whether each interval is the first of a window of its own (real time)."""
        return self.run.settings.get("market") == "rt"

    @property
    def security(self) -> str:
        """Security setting of the run: none or n-1."""
        return str(self.run.settings["security"])

    @cached_property
    def _made(self) -> dict[Callable[[Facts], Any], Any]:
        return {}

    def once(self, make: Callable[[Facts], Made]) -> Made:
        """Give the result of a recomputation that several checks share."""
        if make not in self._made:
            self._made[make] = make(self)
        made: Made = self._made[make]
        return made

    @cached_property
    def _tables(self) -> dict[str, pd.DataFrame]:
        return {}

    def table(self, name: str) -> pd.DataFrame:
        """A table of the run, asked for once."""
        if name not in self._tables:
            self._tables[name] = getattr(self.run, name)
        return self._tables[name]

    @cached_property
    def _names(self) -> dict[str, pd.Index[str]]:
        return {}

    def names(self, table: str) -> pd.Index[str]:
        """Names in a table of the case, in its order: units, loads, buses, ..."""
        if table not in self._names:
            self._names[table] = pd.Index(self.case.tables[table].iloc[:, 0])
        return self._names[table]

    @cached_property
    def _places(self) -> dict[str, tuple[Ints, Ints]]:
        return {}

    def place(self, table: str) -> tuple[Ints, Ints]:
        """Interval and subject of every row of a run table, (N,) each; -1 where unknown."""
        if table not in self._places:
            name, source = SUBJECTS[table]
            frame = self.table(table)
            self._places[table] = (
                self.interval_of(frame),
                np.asarray(self.names(source).get_indexer(pd.Index(frame[name])), dtype=np.intp),
            )
        return self._places[table]

    def interval_of(self, frame: pd.DataFrame) -> Ints:
        """Interval of every row (N,); -1 where it is none of the case's."""
        if not len(frame):
            return np.zeros(0, dtype=np.intp)
        stamps = pd.DatetimeIndex(frame["interval_start"])
        return np.asarray(self.starts.get_indexer(stamps), dtype=np.intp)

    def by_name(self, table: str, column: str) -> Floats:
        """Read a column of a run table as (T, N); NaN where the table has no row."""
        t, n = self.place(table)
        result = np.full((len(self.starts), len(self.names(SUBJECTS[table][1]))), np.nan)
        known = (t >= 0) & (n >= 0)
        values = self.table(table)[column].to_numpy(dtype=np.float64, na_value=np.nan)
        result[t[known], n[known]] = values[known]
        return result

    @cached_property
    def dispatch(self) -> Floats:
        """Output (T, U), MW."""
        return self.by_name("dispatch", "mw")

    @cached_property
    def on(self) -> npt.NDArray[np.bool_]:
        """Whether each unit is on (T, U)."""
        on: npt.NDArray[np.bool_] = self.by_name("dispatch", "on") == 1.0
        return on

    @cached_property
    def available(self) -> Floats:
        """What each unit can reach (T, U): p_max, or less by availability; inf = no limit."""
        most = self.case.tables["units"]["p_max"].to_numpy(dtype=np.float64)
        reach = np.tile(most, (len(self.starts), 1))
        least = np.fmin(reach, self._wide("availability", "units"))
        return np.where(np.isnan(least), np.inf, least)

    @cached_property
    def must_run(self) -> npt.NDArray[np.bool_]:
        """Where a unit must be on, unless it is out (T, U)."""
        always = self.case.tables["units"]["must_run"].to_numpy(dtype=bool)
        must: npt.NDArray[np.bool_] = always | (self._wide("must_run", "units") > 0.0)
        return must

    @cached_property
    def self_scheduled(self) -> Floats:
        """Must-take output (T, U); NaN where the unit is free."""
        return self._wide("self_schedules", "units")

    @cached_property
    def demand(self) -> Floats:
        """Demand at any price (T, D), MW."""
        return self._wide("demand", "loads")

    def _wide(self, table: str, of: str) -> Floats:
        """Read a wide case table as (T, N); NaN where it has none."""
        frame = self.case.tables[table]
        names = self.names(of)
        if len(frame) == 0:
            return np.full((len(self.starts), len(names)), np.nan)
        rows = frame.set_index("interval_start").reindex(index=self.starts, columns=names)
        return rows.to_numpy(dtype=np.float64)

    @cached_property
    def offers_used(self) -> Blocks:
        """Offer blocks of the run."""
        return Blocks.stated(self.table("offers_used"), "unit", self.starts, self.names("units"))

    @cached_property
    def bids(self) -> Blocks:
        """Bid blocks of the case, prices negated."""
        bids = self.case.tables["bids"]
        return Blocks.in_force(bids, "load", self.starts, self.names("loads"), sign=-1.0)

    @cached_property
    def bid_mw(self) -> Floats:
        """Accepted price-sensitive demand (T, D), MW."""
        return self.by_name("load_awards", "bid_mw")

    @cached_property
    def link_mw(self) -> Floats:
        """Flow sent on each link (T, K), positive from -> to, MW."""
        return self.by_name("link_flows", "mw")

    @cached_property
    def lmp(self) -> Floats:
        """Price of each bus (T, B), money per MWh."""
        return self.by_name("prices", "lmp")

    def limit_rows(self, frame: pd.DataFrame, column: str, names: pd.Index[str]) -> Floats:
        """Spread rows by what they limit, their ``element``, to (T, N), 0 where there is none."""
        result = np.zeros((len(self.starts), len(names)))
        if len(frame):
            n = names.get_indexer(pd.Index(frame["element"]))
            t = self.interval_of(frame)
            known = (t >= 0) & (n >= 0)
            result[t[known], n[known]] = frame[column].to_numpy(dtype=np.float64)[known]
        return result

    def slack(
        self, kind: str, names: pd.Index[str], direction: str, minutes: float | None = None
    ) -> Floats:
        """MW reported in ``slacks`` for limits of one kind and direction (T, N), 0 where none.

        Ramps that reserves share are told from those of energy alone by their response time.
        """
        slacks = self.table("slacks")
        if len(slacks):
            alike = slacks["minutes"].isna() if minutes is None else slacks["minutes"] == minutes
            same_way = slacks["direction"] == direction
            slacks = slacks[(slacks["kind"] == kind) & same_way & alike]
        return self.limit_rows(slacks, "mw", names)

    def bus_of(self, table: str, column: str = "bus") -> Ints:
        """Bus positions of a case table's rows."""
        found = self.names("buses").get_indexer(pd.Index(self.case.tables[table][column]))
        return np.asarray(found, dtype=np.intp)

    @cached_property
    def nodes(self) -> PriceNodes:
        """Price nodes of the case."""
        return PriceNodes.of(self.case.tables["price_nodes"], self.names("buses"))

    @cached_property
    def unit_places(self) -> tuple[Ints, Ints, Floats]:
        """Where units inject: units, buses and shares (E,); at its bus or by its node."""
        node, bus = self.case.tables["units"]["node"], self.bus_of("units")
        rows = [
            (unit, at, 1.0)
            for unit, (at, name) in enumerate(zip(bus, node, strict=True))
            if not name
        ]
        place = {str(name): k for k, name in enumerate(self.nodes.names)}
        for unit in np.flatnonzero((node != "").to_numpy()).tolist():
            own = np.flatnonzero(self.nodes.node == place[node.iloc[unit]])
            rows += [(unit, self.nodes.bus[k], self.nodes.weight[k]) for k in own.tolist()]
        units, buses, shares = (np.array(part) for part in zip(*rows, strict=True))
        return units.astype(np.intp), buses.astype(np.intp), shares.astype(np.float64)

    @cached_property
    def unit_lmp(self) -> Floats:
        """Price where each unit injects (T, U), money per MWh."""
        unit, bus, share = self.unit_places
        total = np.zeros((len(self.starts), len(self.names("units"))))
        np.add.at(total.T, unit, (self.lmp[:, bus] * share).T)
        return total

    def at_bus(self, values: Floats, positions: Ints) -> Floats:
        """Sum columns of (T, N) by bus: (T, B)."""
        total = np.zeros((len(self.starts), len(self.names("buses"))))
        np.add.at(total.T, positions, values.T)
        return total

    @cached_property
    def shares(self) -> Floats:
        """How an island's missing MW spreads over its buses (T, B), sum 1 per island.

        In proportion to positive demand; evenly where the island has none.
        """
        demand = np.maximum(self.at_bus(self.demand, self.bus_of("loads")), 0.0)
        result = np.zeros_like(demand)
        for island in range(int(self.grid.islands.max()) + 1):
            inside = np.flatnonzero(self.grid.islands == island)
            total = demand[:, inside].sum(axis=1, keepdims=True)
            even = np.full((len(self.starts), len(inside)), 1.0 / len(inside))
            safe = np.where(total > 0, total, 1.0)
            result[:, inside] = np.where(total > 0, demand[:, inside] / safe, even)
        return result

    @cached_property
    def unserved(self) -> Floats:
        """Shortage less surplus of each island (T, I), MW, from the ``slacks`` table."""
        islands = int(self.grid.islands.max()) + 1
        result = np.zeros((len(self.starts), islands))
        slacks = self.table("slacks")
        rows = slacks[slacks["kind"] == "balance"]
        if rows.empty:
            return result
        numbered = pd.Index([str(k) for k in range(islands)], dtype="str")
        island = numbered.get_indexer(pd.Index(rows["element"]))
        t = self.interval_of(rows)
        sign = np.where(rows["direction"] == "shortage", 1.0, -1.0)
        known = (t >= 0) & (island >= 0) & (island < islands)
        mw = sign * rows["mw"].to_numpy(dtype=np.float64)
        np.add.at(result, (t[known], island[known]), mw[known])
        return result

    @cached_property
    def injections(self) -> Floats:
        """Net injection of each bus (T, B), MW: what the grid must carry."""
        total = np.zeros((len(self.starts), len(self.names("buses"))))
        unit, bus, share = self.unit_places
        np.add.at(total.T, bus, (self.dispatch[:, unit] * share).T)
        total -= self.at_bus(self.demand + self.bid_mw, self.bus_of("loads"))
        total += self.shares * self.unserved[:, self.grid.islands]
        if len(self.case.tables["links"]):
            sent, loss = self.link_mw, self.link_loss
            out, back = sent + np.where(sent < 0, loss, 0.0), sent - np.where(sent > 0, loss, 0.0)
            total += self.at_bus(back, self.bus_of("links", "to_bus"))
            total -= self.at_bus(out, self.bus_of("links", "from_bus"))
            fixed = np.broadcast_to(0.5 * self.fixed_link_loss, sent.shape)
            for end in ("from_bus", "to_bus"):
                total -= self.at_bus(fixed, self.bus_of("links", end))
        total += self._virtuals()
        if len(self.case.tables["storage"]):
            net = self.by_name("storage_schedule", "discharge_mw")
            net = net - self.by_name("storage_schedule", "charge_mw")
            total += self.at_bus(np.nan_to_num(net), self.bus_of("storage"))
        return total

    def _virtuals(self) -> Floats:
        """Injection of accepted virtuals (T, B): inc and utc source in, dec and utc sink out."""
        total = np.zeros((len(self.starts), len(self.names("buses"))))
        awards = self.table("virtual_awards")
        mw = awards["mw"].to_numpy(dtype=np.float64)
        t = self.interval_of(awards)
        utc = (awards["kind"] == "utc").to_numpy()
        sign = np.where(awards["kind"] == "dec", -1.0, 1.0)
        for column, injected in (("bus", sign * mw), ("sink_bus", np.where(utc, -mw, 0.0))):
            name = awards[column].to_numpy(dtype=object)
            for point in set(name[injected != 0.0].tolist()):
                own = np.flatnonzero((name == point) & (injected != 0.0))
                np.add.at(total, t[own], injected[own, None] * self.point(point)[t[own]])
        return total

    def point(self, name: str) -> Floats:
        """Weights of the buses of a bus, hub or zone (T, B), rows sum to 1."""
        weights = np.zeros((len(self.starts), len(self.names("buses"))))
        try:
            point = self.points[name]
        except KeyError:  # an award that no offer of the case has: `virtuals.awards` names it
            return weights
        np.add.at(weights.T, point.buses, point.weights.T)
        return weights

    @cached_property
    def points(self) -> Points:
        """The points of the case."""
        return Points(self.case)

    @cached_property
    def network_constraints(self) -> pd.DataFrame:
        """Rows of ``constraints`` that are limits of the grid, not of a unit's ramp."""
        table = self.table("constraints")
        return table[table["kind"].isin(NETWORK)].reset_index(drop=True)

    @cached_property
    def custom_constraints(self) -> pd.DataFrame:
        """Rows of ``constraints`` that are the user's own: of the case or of an extension."""
        table = self.table("constraints")
        return table[self.is_custom(table)].reset_index(drop=True)

    @cached_property
    def custom_terms(self) -> pd.DataFrame:
        """Rows of ``price_terms`` that are the user's own."""
        if self.custom_constraints.empty:
            return self.custom_constraints.assign(bus="", dfax=0.0)
        terms = self.table("price_terms")
        return terms[self.is_custom(terms)].reset_index(drop=True)

    def is_custom(self, table: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Which rows are of a custom constraint, by their kind or (``price_terms``) by its name."""
        if "kind" in table:
            return table["kind"].eq("custom").to_numpy(dtype=bool)
        named = self.custom_constraints["constraint"].unique()
        return table["constraint"].isin(named).to_numpy(dtype=bool)

    @cached_property
    def lossy(self) -> bool:
        """Whether the grid has losses."""
        return self.rulebook.losses.method == "marginal" and bool(self.resistance.any())

    @cached_property
    def chords(self) -> tuple[Chords, Chords] | None:
        """Segments of the branches, forward and back; None unless losses are by chords."""
        if self.rulebook.losses.method != "chords":
            return None
        table, rules = self.case.tables["branches"], self.rulebook.losses
        count = np.where(self.grid.in_service, table["loss_segments"], 0).astype(np.intp)
        rating = table["rating_mw"].to_numpy(dtype=np.float64)
        back = table["rating_reverse_mw"].fillna(table["rating_mw"]).to_numpy(dtype=np.float64)
        base = self.case.meta.base_mva
        r = self.resistance
        return (
            Chords.of_lines(rules, count, r, np.nan_to_num(rating), base),
            Chords.of_lines(rules, count, r, np.nan_to_num(back), base),
        )

    @cached_property
    def link_chords(self) -> tuple[Chords, Chords]:
        """Segments of the links, forward and back; without any unless losses are by chords."""
        table, rules = self.case.tables["links"], self.rulebook.losses
        count = table["loss_segments"].to_numpy(dtype=np.intp) * (rules.method == "chords")
        r = table["r"].to_numpy(dtype=np.float64)
        ends = (table["max_mw"], -table["min_mw"])
        most = [np.maximum(end.to_numpy(dtype=np.float64), 0.0) for end in ends]
        base = self.case.meta.base_mva
        ways = [Chords.of_lines(rules, np.where(m > 0.0, count, 0), r, m, base) for m in most]
        return ways[0], ways[1]

    @cached_property
    def fixed_link_loss(self) -> Floats:
        """MW lost on each link at any flow (K,)."""
        table = self.case.tables["links"]
        counted = (table["loss_segments"] > 0) & (self.rulebook.losses.method == "chords")
        fixed = table["fixed_loss_mw"].to_numpy(dtype=np.float64)
        return np.where(counted.to_numpy(dtype=bool), fixed, 0.0)

    @cached_property
    def link_loss(self) -> Floats:
        """MW lost on each link with its flow (T, K), the fixed part left out."""
        sent = self.link_mw
        fraction = self.case.tables["links"]["loss_fraction"].to_numpy(dtype=np.float64)
        forward, back = self.link_chords
        lost: Floats = np.abs(sent) * fraction + forward.losses(sent) + back.losses(-sent)
        return lost

    def chord_losses(self, flow: Floats) -> Floats:
        """MW withdrawn at buses for losses by chords (T, B) at flows (T, L)."""
        assert self.chords is not None
        table, total = self.case.tables["branches"], np.zeros((len(flow), len(self.names("buses"))))
        fixed = 0.5 * np.where(
            self.grid.in_service & (table["loss_segments"] > 0), table["fixed_loss_mw"], 0.0
        )
        ends = [self.bus_of("branches", end) for end in ("from_bus", "to_bus")]
        forward, back = self.chords
        np.add.at(total.T, ends[1], forward.losses(flow).T + fixed[:, None])
        np.add.at(total.T, ends[0], back.losses(-flow).T + fixed[:, None])
        return total

    @cached_property
    def resistance(self) -> Floats:
        """Resistance of the branches (L,), per unit; 0 where out of service."""
        r = self.case.tables["branches"]["r"].to_numpy(dtype=np.float64)
        return np.where(self.grid.in_service, r, 0.0)

    @cached_property
    def computed_flow(self) -> Floats:
        """Branch flows that the injections cause (T, L), MW; with losses drawn at branch ends."""
        flow = np.asarray(self.grid.flows(self.injections.T), dtype=np.float64)
        if self.chords is not None:
            for _ in range(200):
                before = flow
                lost = self.chord_losses(flow.T)
                flow = np.asarray(self.grid.flows((self.injections - lost).T), dtype=np.float64)
                if np.abs(flow - before).max(initial=0.0) <= 1e-9:
                    break
            return flow.T
        if not self.lossy:
            return flow.T
        ends = abs(self.grid.incidence).T
        half = 0.5 * self.resistance[:, None] / self.case.meta.base_mva
        for _ in range(200):
            before = flow
            flow = np.asarray(self.grid.flows(self.injections.T - ends @ (half * before**2)))
            if np.abs(flow - before).max(initial=0.0) <= 1e-9:
                break
        return flow.T
