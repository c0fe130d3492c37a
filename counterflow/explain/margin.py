"""The margin of a run: who is inside a block, and the equations that tie offers to prices."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from cases import Run
from counterflow.explain.limits import RAMPS, network_limits
from counterflow.explain.marginal import (
    MW_TOLERANCE,
    Resource,
    edge_units,
    marginal_bids,
    marginal_units,
    of_interval,
    together,
)
from counterflow.explain.participation import Indifference
from network import Grid

PRICE_TOLERANCE = 1e-5
"""Relative difference of an offer from the price at its bus that still counts as equal."""

Row = dict[Hashable, float]


@dataclass
class Margin:
    """Indifference equations of the intervals asked for, made one interval at a time.

    An interval's equations need only its own tables, unless a unit's ramp binds: then the
    interval before or after sets its price too, and is added.
    """

    run: Run
    starts: pd.DatetimeIndex
    grid: Grid
    system: Indifference = field(default_factory=Indifference)
    held: list[str] = field(default_factory=list)
    done: set[int] = field(default_factory=set)
    resources: dict[Hashable, tuple[int, Resource]] = field(default_factory=dict)
    same: dict[Hashable, Hashable] = field(default_factory=dict)
    present: set[tuple[int, str]] = field(default_factory=set)
    _terms_of: dict[int, tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=dict)
    _lmp_of: dict[int, dict[str, float]] = field(default_factory=dict)

    @cached_property
    def island(self) -> dict[str, int]:
        """Island number of each bus."""
        grid = self.grid
        return {str(bus): int(i) for bus, i in zip(grid.buses, grid.islands, strict=True)}

    def price_row(self, bus: str, t: int) -> Row:
        """Write the price at a bus as a combination of the energy price and the shadow prices."""
        row: Row = {("energy", self.island[bus], t): 1.0}
        terms, positions = self._terms(t)
        for position in positions.get(bus, ()):
            limit = ("limit", terms["constraint"][position], terms["contingency"][position], t)
            row[limit] = float(terms["dfax"][position])
        return row

    def place_row(self, shares: Mapping[str, float], t: int) -> Row:
        """Write the price of a place, by the weights of its buses, as such a combination."""
        return combined((self.price_row(bus, t), share) for bus, share in shares.items())

    def lmp(self, bus: str, t: int) -> float:
        """Return the published price at a bus (money per MWh)."""
        return self._lmps(t)[bus]

    def _lmps(self, t: int) -> dict[str, float]:
        if t not in self._lmp_of:
            rows = self._rows(self.run.prices, t)
            self._lmp_of[t] = dict(zip(rows["bus"], rows["lmp"], strict=True))
        return self._lmp_of[t]

    def extend_from(self, t: int) -> None:
        """Add the equations of interval `t`, and of those that binding ramps tie to it."""
        front = [t]
        while front:
            now = front.pop()
            if now in self.done or not 0 <= now < len(self.starts):
                continue
            self.done.add(now)
            into, out_of = self._ramps(now), self._ramps(now + 1)
            coupled = self._add_units(now, into, out_of)
            self._add_bids(now)
            self._add_links(now)
            self._add_penalties(now)
            self._add_shortages(now)
            if any(unit in into for unit in coupled):
                front.append(now - 1)
            if any(unit in out_of for unit in coupled):
                front.append(now + 1)

    def add_edges(self) -> list[str]:
        """Add units at the edge of a block that is worth the price at their bus; their names."""
        names = []
        for t in sorted(self.done):
            known = {name for at, name in self.present if at == t}
            apart = known | set(self._self_scheduled(t))
            dispatch, offers = (
                self._rows(table, t) for table in (self.run.dispatch, self.run.offers_used)
            )
            for unit in edge_units(dispatch, offers, self._lmps(t), PRICE_TOLERANCE, apart):
                self._add(unit, self.price_row(unit.bus, t), t)
                names.append(unit.name)
        return names

    def table(self, t: int) -> pd.DataFrame:
        """Every resource of the system, those of interval `t` first.

        Returns
        -------
        DataFrame
            label, kind, name, owner, bus, interval_start, mw, price, edge.
        """
        ordered = sorted(self.resources.items(), key=lambda item: (item[1][0] != t, item[1][0]))
        return pd.DataFrame(
            {
                "label": [label for label, _ in ordered],
                "kind": [r.kind for _, (_, r) in ordered],
                "name": [r.name for _, (_, r) in ordered],
                "owner": [r.owner for _, (_, r) in ordered],
                "bus": [r.bus for _, (_, r) in ordered],
                "interval_start": [self.starts[at] for _, (at, _) in ordered],
                "mw": [r.mw for _, (_, r) in ordered],
                "price": [r.price for _, (_, r) in ordered],
                "edge": [r.edge for _, (_, r) in ordered],
            }
        )

    def _rows(self, table: pd.DataFrame, t: int) -> pd.DataFrame:
        return table[table["interval_start"] == self.starts[t]]

    def _terms(self, t: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Columns of `price_terms` of an interval, and the positions of each bus in them."""
        if t not in self._terms_of:
            rows = self._rows(self.run.price_terms, t)
            rows = rows[(rows["dfax"] != 0) & (rows["shadow_price"] != 0)]
            columns = {c: rows[c].to_numpy() for c in ("constraint", "contingency", "dfax")}
            positions = {str(bus): at for bus, at in rows.groupby("bus").indices.items()}
            self._terms_of[t] = columns, positions
        return self._terms_of[t]

    def _ramps(self, t: int) -> dict[str, int]:
        """Units with a priced ramp limit into interval `t`: +1 rising, -1 falling."""
        if t >= len(self.starts):
            return {}
        rows = self._rows(self.run.constraints, t)
        own = rows[(rows["shadow_price"] > 0) & rows["kind"].isin(RAMPS)]
        return dict(zip(own["element"], own["kind"].map(RAMPS), strict=True))

    def _add_units(self, t: int, into: Mapping[str, int], out_of: Mapping[str, int]) -> list[str]:
        """Add units inside a block; returns those that a ramp ties to another interval."""
        found = marginal_units(
            self._rows(self.run.dispatch, t),
            self._rows(self.run.offers_used, t),
            self.run.case.units,
            self._self_scheduled(t),
        )
        coupled = []
        for unit in found:
            row = self.price_row(unit.bus, t)
            if unit.name in into:
                row[("ramp", unit.name, t)] = -float(into[unit.name])
            if unit.name in out_of:
                row[("ramp", unit.name, t + 1)] = float(out_of[unit.name])
            if unit.name in into or unit.name in out_of:
                coupled.append(unit.name)
            elif not self._indifferent(unit, t):
                self.held.append(unit.name)
                continue
            self._add(unit, row, t)
        return coupled

    def _self_scheduled(self, t: int) -> list[str]:
        table = self._rows(self.run.case.self_schedules, t).drop(columns="interval_start")
        return [unit for unit in table.columns if table[unit].notna().any()]

    def _add_bids(self, t: int) -> None:
        bids = of_interval(self.run.case.bids, self.starts[t], "load")
        for bid in marginal_bids(self._rows(self.run.load_awards, t), bids):
            if self._indifferent(bid, t):
                self._add(bid, self.price_row(bid.bus, t), t)
            else:
                self.held.append(bid.name)

    def _add_links(self, t: int) -> None:
        """Add links strictly between their limits: both ends are worth the same, less losses."""
        limits = {row["link"]: row for row in self.run.case.links.to_dict("records")}
        for flow in self._rows(self.run.link_flows, t).to_dict("records"):
            own, mw = limits[flow["link"]], flow["mw"]
            if not own["min_mw"] + MW_TOLERANCE < mw < own["max_mw"] - MW_TOLERANCE:
                continue
            if own["loss_fraction"] > 0 and abs(mw) <= MW_TOLERANCE:
                continue
            source, sink = flow["from_bus"], flow["to_bus"]
            if mw < 0:
                source, sink = sink, source
            arrives = 1.0 - own["loss_fraction"]
            row = combined([(self.price_row(source, t), -1.0), (self.price_row(sink, t), arrives)])
            self._add(Resource("link", flow["link"], "", source, mw, 0.0), row, t)

    def _add_penalties(self, t: int) -> None:
        """Add limits exceeded at a penalty: their shadow price is that penalty."""
        over = network_limits(self._rows(self.run.constraints, t))
        over = over[(over["penalty_mw"] > MW_TOLERANCE) & (over["shadow_price"] > 0)]
        for limit in over.to_dict("records"):
            name = ("limit", limit["constraint"], limit["contingency"], t)
            text = " after ".join(filter(None, (limit["constraint"], limit["contingency"])))
            penalty = Resource("penalty", text, "", "", limit["penalty_mw"], limit["shadow_price"])
            self._add(penalty, {name: 1.0}, t)

    def _add_shortages(self, t: int) -> None:
        """Add islands short of supply (or of load): their price is the penalty.

        The missing MW is spread over the island's buses in proportion to demand, so it is the
        price weighted that way that equals the penalty.
        """
        rows = self._rows(self.run.slacks, t)
        rows = rows[(rows["kind"] == "balance") & (rows["mw"] > MW_TOLERANCE)]
        for slack in rows.to_dict("records"):
            shares = self._shares(int(slack["element"]), t)
            row = combined((self.price_row(bus, t), share) for bus, share in shares.items())
            sign = 1.0 if slack["direction"] == "shortage" else -1.0
            missing = Resource(
                slack["direction"],
                slack["constraint"],
                "",
                "",
                slack["mw"],
                sign * slack["penalty"],
            )
            self._add(missing, row, t)

    def _shares(self, island: int, t: int) -> dict[str, float]:
        """Share of each bus in its island's demand; even where that is not above zero."""
        inside = {bus: 0.0 for bus, number in self.island.items() if number == island}
        demand = self._rows(self.run.case.demand, t)
        for load, bus in zip(*(self.run.case.loads[c] for c in ("load", "bus")), strict=True):
            if bus in inside:
                inside[bus] += float(demand[load].iloc[0])
        total = sum(inside.values())
        if total <= 0:
            return dict.fromkeys(inside, 1.0 / len(inside))
        return {bus: mw / total for bus, mw in inside.items() if mw}

    def _add(self, resource: Resource, row: Row, t: int) -> None:
        """Add an equation; resources that share one (equal offers, equal DFAX) are one setter."""
        self.present.add((t, resource.name))
        same = (frozenset((k, round(v, 9)) for k, v in row.items() if v), round(resource.price, 6))
        label = self.same.setdefault(same, (resource.kind, resource.name, t))
        if label in self.resources:
            self.resources[label] = (t, together(self.resources[label][1], resource))
        else:
            self.system.add(label, row, resource.price)
            self.resources[label] = (t, resource)

    def _indifferent(self, resource: Resource, t: int) -> bool:
        """Its offer is the price at its bus."""
        gap = abs(resource.price - self.lmp(resource.bus, t))
        return gap <= PRICE_TOLERANCE * max(1.0, abs(resource.price))


def combined(parts: Iterable[tuple[Mapping[Hashable, float], float]]) -> Row:
    """Sum rows times their factors."""
    out: Row = {}
    for row, factor in parts:
        for name, value in row.items():
            out[name] = out.get(name, 0.0) + factor * value
    return out
