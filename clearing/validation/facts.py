"""A run's tables as arrays, in the order of the case: what every check reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from cases.case import Case
from cases.rulebook import RuleBook
from cases.run import Run
from network import Grid

__all__ = ["Facts", "Floats", "Ints", "by_interval_and_name", "effective_blocks"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

LIMIT_TOLERANCE_MW = 1e-3
"""MW by which a recomputed balance, flow or limit may be off; the rulebook may ask for more."""
PRICE_TOLERANCE = 1e-4
"""Money per MWh by which a recomputed price may be off."""
MONEY_TOLERANCE = 1e-7
"""Share by which recomputed money may be off."""


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

    @cached_property
    def grid(self) -> Grid:
        """The grid in the rulebook's susceptance convention."""
        return Grid.from_case(self.case, convention=self.rulebook.network.convention)

    @property
    def starts(self) -> pd.DatetimeIndex:
        """Interval starts."""
        return self.case.interval_starts

    @property
    def hours(self) -> float:
        """Length of an interval, hours."""
        return self.case.interval_hours

    @property
    def tolerance(self) -> float:
        """MW within which a limit counts as kept."""
        return max(LIMIT_TOLERANCE_MW, float(self.rulebook.security.tolerance_mw))

    @property
    def commitment(self) -> bool:
        """Whether units were committed; otherwise all are on and only energy is paid."""
        return bool(self.run.settings["commitment"])

    @property
    def security(self) -> str:
        """Security setting of the run: none or n-1."""
        return str(self.run.settings["security"])

    @cached_property
    def bus_index(self) -> pd.Index[str]:
        """Names of the buses."""
        index: pd.Index[str] = pd.Index(self.case.buses["bus"])
        return index

    def by_name(self, table: str, name: str, column: str, names: pd.Series[str]) -> Floats:
        """Read a column of a run table as (T, N); NaN where the table has no row."""
        frame = getattr(self.run, table)
        return by_interval_and_name(frame, name, column, self.starts, pd.Index(names))

    @cached_property
    def dispatch(self) -> Floats:
        """Output (T, U), MW."""
        return self.by_name("dispatch", "unit", "mw", self.case.units["unit"])

    @cached_property
    def on(self) -> npt.NDArray[np.bool_]:
        """Whether each unit is on (T, U)."""
        on: npt.NDArray[np.bool_] = (
            self.by_name("dispatch", "unit", "on", self.case.units["unit"]) == 1.0
        )
        return on

    @cached_property
    def available(self) -> Floats:
        """What each unit can reach (T, U): p_max, or less by the availability table."""
        units = self.case.units
        reach = np.tile(units["p_max"].to_numpy(dtype=np.float64), (len(self.starts), 1))
        limit = wide(self.case.availability, self.starts, units["unit"])
        least: Floats = np.fmin(reach, limit)
        return least

    @cached_property
    def self_scheduled(self) -> Floats:
        """Must-take output (T, U); NaN where the unit is free."""
        return wide(self.case.self_schedules, self.starts, self.case.units["unit"])

    @cached_property
    def demand(self) -> Floats:
        """Demand at any price (T, D), MW."""
        return wide(self.case.demand, self.starts, self.case.loads["load"])

    @cached_property
    def bid_mw(self) -> Floats:
        """Accepted price-sensitive demand (T, D), MW."""
        return self.by_name("load_awards", "load", "bid_mw", self.case.loads["load"])

    @cached_property
    def served(self) -> Floats:
        """Withdrawal of each load (T, D), MW, bids included."""
        return self.by_name("load_awards", "load", "mw", self.case.loads["load"])

    @cached_property
    def link_mw(self) -> Floats:
        """Flow sent on each link (T, K), positive from -> to, MW."""
        return self.by_name("link_flows", "link", "mw", self.case.links["link"])

    @cached_property
    def lmp(self) -> Floats:
        """Price of each bus (T, B), money per MWh."""
        return self.by_name("prices", "bus", "lmp", self.case.buses["bus"])

    @cached_property
    def flow(self) -> Floats:
        """Base-case branch flows of the ``flows`` table (T, L), MW."""
        return self.by_name("flows", "branch", "flow_mw", self.case.branches["branch"])

    def slack(self, kind: str, names: pd.Index[str], direction: str, prefix: str = "") -> Floats:
        """MW reported in ``slacks`` for limits of one kind and direction (T, N), 0 where none."""
        slacks = self.run.slacks
        rows = slacks[(slacks["kind"] == kind) & (slacks["direction"] == direction)]
        found = by_interval_and_name(rows, "constraint", "mw", self.starts, prefix + names)
        return np.nan_to_num(found)

    def bus_of(self, table: str, column: str = "bus") -> Ints:
        """Bus positions of a case table's rows."""
        return np.asarray(self.bus_index.get_indexer(pd.Index(self.case.tables[table][column])))

    def at_bus(self, values: Floats, positions: Ints) -> Floats:
        """Sum columns of (T, N) by bus: (T, B)."""
        total = np.zeros((len(self.starts), len(self.bus_index)))
        np.add.at(total.T, positions, values.T)
        return total

    @cached_property
    def shares(self) -> Floats:
        """How an island's missing MW spreads over its buses (T, B), sum 1 per island.

        In proportion to demand; evenly where the island has no positive demand in total.
        """
        demand = self.at_bus(self.demand, self.bus_of("loads"))
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
        slacks = self.run.slacks
        rows = slacks[slacks["kind"] == "balance"]
        number = rows["constraint"].str.removeprefix("balance").str.lstrip(":").replace("", "0")
        island = pd.to_numeric(number, errors="coerce").fillna(-1).to_numpy(dtype=np.intp)
        t = self.starts.get_indexer(pd.DatetimeIndex(rows["interval_start"]))
        sign = np.where(rows["direction"] == "shortage", 1.0, -1.0)
        known = (t >= 0) & (island >= 0) & (island < islands)
        mw = sign * rows["mw"].to_numpy(dtype=np.float64)
        np.add.at(result, (t[known], island[known]), mw[known])
        return result

    @cached_property
    def injections(self) -> Floats:
        """Net injection of each bus (T, B), MW: what the grid must carry."""
        total = self.at_bus(self.dispatch, self.bus_of("units"))
        total -= self.at_bus(self.demand + self.bid_mw, self.bus_of("loads"))
        total += self.shares * self.unserved[:, self.grid.islands]
        sent = self.link_mw
        loss = np.abs(sent) * self.case.links["loss_fraction"].to_numpy(dtype=np.float64)
        total -= self.at_bus(sent + np.where(sent < 0, loss, 0.0), self.bus_of("links", "from_bus"))
        total += self.at_bus(sent - np.where(sent > 0, loss, 0.0), self.bus_of("links", "to_bus"))
        total += self._virtuals()
        if len(self.case.storage):
            names = self.case.storage["storage"]
            net = self.by_name("storage_schedule", "storage", "discharge_mw", names)
            net = net - self.by_name("storage_schedule", "storage", "charge_mw", names)
            total += self.at_bus(np.nan_to_num(net), self.bus_of("storage"))
        return total

    def _virtuals(self) -> Floats:
        """Injection of accepted virtuals (T, B): inc and utc source in, dec and utc sink out."""
        total = np.zeros((len(self.starts), len(self.bus_index)))
        awards = self.run.virtual_awards
        if len(awards):
            t = self.starts.get_indexer(pd.DatetimeIndex(awards["interval_start"]))
            mw = awards["mw"].to_numpy(dtype=np.float64)
            sign = np.where(awards["kind"] == "dec", -1.0, 1.0)
            np.add.at(total, (t, self.bus_index.get_indexer(pd.Index(awards["bus"]))), sign * mw)
            sink = self.bus_index.get_indexer(pd.Index(awards["sink_bus"]))
            utc = (awards["kind"] == "utc").to_numpy()
            np.add.at(total, (t[utc], sink[utc]), -mw[utc])
        return total

    @cached_property
    def network_constraints(self) -> pd.DataFrame:
        """Rows of ``constraints`` that are limits of the grid, not of a unit's ramp."""
        table = self.run.constraints
        is_ramp = table["constraint"].str.startswith(("ramp_up:", "ramp_down:"))
        return table[~is_ramp].reset_index(drop=True)

    @cached_property
    def computed_flow(self) -> Floats:
        """Branch flows that the injections cause (T, L), MW."""
        return np.asarray(self.grid.flows(self.injections.T), dtype=np.float64).T


def by_interval_and_name(
    frame: pd.DataFrame, name: str, column: str, starts: pd.DatetimeIndex, names: pd.Index[str]
) -> Floats:
    """Spread a long table to (T, N); NaN where there is no row. Unknown rows are left out."""
    result = np.full((len(starts), len(names)), np.nan)
    if len(frame):
        t = starts.get_indexer(pd.DatetimeIndex(frame["interval_start"]))
        n = names.get_indexer(pd.Index(frame[name]))
        known = (t >= 0) & (n >= 0)
        result[t[known], n[known]] = frame[column].to_numpy(dtype=np.float64)[known]
    return result


def wide(frame: pd.DataFrame, starts: pd.DatetimeIndex, names: pd.Series[str]) -> Floats:
    """Rows and columns of a wide case table as (T, N); NaN where it has none."""
    table = frame.set_index("interval_start").reindex(index=starts, columns=names)
    return table.to_numpy(dtype=np.float64)


def effective_blocks(table: pd.DataFrame, by: str, starts: pd.DatetimeIndex) -> pd.DataFrame:
    """Blocks in force in every interval: rows with a stamp replace that subject's blank ones.

    Returns
    -------
    DataFrame
        ``by``, interval_start, segment, mw, price: one row per subject, interval and block.
    """
    columns = [by, "interval_start", "segment", "mw", "price"]
    stamped = table.loc[table["interval_start"].notna(), columns]
    blank = table.loc[table["interval_start"].isna(), columns].drop(columns="interval_start")
    everywhere = blank.merge(pd.DataFrame({"interval_start": starts}), how="cross")
    own = pd.MultiIndex.from_frame(stamped[[by, "interval_start"]])
    general = pd.MultiIndex.from_frame(everywhere[[by, "interval_start"]])
    kept = everywhere.loc[~general.isin(own), columns]
    return pd.concat([stamped, kept], ignore_index=True)
