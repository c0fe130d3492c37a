"""A DC optimal power flow over several intervals with bus angles: the engine's independent witness.

The textbook form: one angle per bus, interval and network state, one flow row per branch. After a
contingency the injections stay and a second set of angles carries them (preventive security). No
sensitivity matrix, no lazy row and no code of ``network`` or ``clearing`` is used.

Limits are soft at the engine's default penalties (money per MWh): energy balance 5000 per island,
shared over its buses in proportion to demand; branch, interface and post-contingency 2000; ramp
10000. Every unit is on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd

from tests.oracles.custom import add_custom
from tests.oracles.lp import INF, LinearProgram

BALANCE, BRANCH, INTERFACE, CONTINGENCY, RAMP = 5000.0, 2000.0, 2000.0, 2000.0, 10000.0


@dataclass(frozen=True)
class Branch:
    """One circuit in service: flow = susceptance * (theta_from - theta_to) - shift_mw, MW."""

    name: str
    from_bus: str
    to_bus: str
    susceptance: float
    shift_mw: float
    lower: float
    upper: float
    emergency: float


@dataclass(frozen=True)
class Outcome:
    """What the oracle found; frames are interval by name, prices in money per MWh."""

    objective: float
    dispatch: pd.DataFrame
    lmp: pd.DataFrame
    flows: pd.DataFrame
    bids: pd.DataFrame
    links: pd.DataFrame
    shadow_prices: dict[tuple[int, str, str, str], float]
    slacks: dict[tuple[int, str, str, str], float]
    values: npt.NDArray[np.float64]


@dataclass
class Model:
    """The program of one case and where its quantities stand in it.

    ``balance[t, bus]`` is the row supply - withdrawal - injection = demand, whose dual is the price
    of that bus; ``limits``, ``slacks`` and ``sides`` (the limited terms and the limit) are keyed
    (t, constraint, contingency, direction).
    """

    starts: list[pd.Timestamp]
    hours: float
    lp: LinearProgram = field(default_factory=LinearProgram)
    power: dict[tuple[int, str], dict[int, float]] = field(default_factory=dict)
    bids: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    links: dict[tuple[int, str], tuple[int, int]] = field(default_factory=dict)
    flows: dict[tuple[int, str], int] = field(default_factory=dict)
    balance: dict[tuple[int, str], int] = field(default_factory=dict)
    limits: dict[tuple[int, str, str, str], int] = field(default_factory=dict)
    slacks: dict[tuple[int, str, str, str], int] = field(default_factory=dict)
    sides: dict[tuple[int, str, str, str], tuple[dict[int, float], float]] = field(
        default_factory=dict
    )
    branches: list[Branch] = field(default_factory=list)
    outages: dict[str, set[str]] = field(default_factory=dict)

    def soft(
        self,
        key: tuple[int, str, str],
        terms: Mapping[int, float],
        lower: float,
        upper: float,
        penalty: float,
    ) -> None:
        """lower <= terms <= upper, each side with a slack of its own at the penalty price."""
        if upper < INF:
            slack = self.lp.column(0.0, INF, penalty * self.hours)
            self.slacks[(*key, "upper")] = slack
            self.sides[(*key, "upper")] = (dict(terms), upper)
            self.limits[(*key, "upper")] = self.lp.row(-INF, upper, {**terms, slack: -1.0})
        if lower > -INF:
            slack = self.lp.column(0.0, INF, penalty * self.hours)
            self.slacks[(*key, "lower")] = slack
            self.sides[(*key, "lower")] = (dict(terms), lower)
            self.limits[(*key, "lower")] = self.lp.row(lower, INF, {**terms, slack: 1.0})


def branches_in_service(case: Any, convention: str, angle_limits: bool) -> list[Branch]:
    """Circuits with their MW susceptance and limits, in either susceptance convention."""
    base = case.meta.base_mva
    result = []
    for row in case.branches.itertuples():
        if not row.in_service:
            continue
        if convention == "series":
            b, shift = row.x / (row.r**2 + row.x**2), 0.0
        else:
            b, shift = 1.0 / (row.x * row.tap), math.radians(row.shift_deg)
        b *= base
        rating = INF if math.isnan(row.rating_mw) else row.rating_mw
        emergency = rating if math.isnan(row.emergency_rating_mw) else row.emergency_rating_mw
        lower, upper = -rating, rating
        if angle_limits:
            ends = []
            for degrees, missing in ((row.angle_min_deg, -INF), (row.angle_max_deg, INF)):
                ends.append(missing if math.isnan(degrees) else math.radians(degrees) - shift)
            low, high = (b * end if abs(end) < INF else math.copysign(INF, b * end) for end in ends)
            low, high = min(low, high), max(low, high)
            lower, upper = max(lower, low), min(upper, high)
        result.append(
            Branch(row.branch, row.from_bus, row.to_bus, b, b * shift, lower, upper, emergency)
        )
    return result


def islands(buses: Sequence[str], branches: Sequence[Branch]) -> list[list[str]]:
    """Connected parts of the grid, each a list of buses, in the order of their first bus."""
    graph = nx.MultiGraph()
    graph.add_nodes_from(buses)
    graph.add_edges_from((b.from_bus, b.to_bus) for b in branches)
    order = {bus: k for k, bus in enumerate(buses)}
    parts = [sorted(part, key=order.__getitem__) for part in nx.connected_components(graph)]
    return sorted(parts, key=lambda part: order[part[0]])


def contingencies(case: Any, branches: Sequence[Branch]) -> dict[str, set[str]]:
    """Outages by name: the case's own table, else every single branch; islanding ones dropped."""
    names = {b.name for b in branches}
    if len(case.contingencies):
        listed: dict[str, set[str]] = {}
        for row in case.contingencies.itertuples():
            if row.kind == "branch":
                listed.setdefault(row.contingency, set()).add(row.element)
    else:
        listed = {name: {name} for name in (b.name for b in branches)}
    whole = len(islands(list(case.buses.bus), branches))
    kept = {}
    for name, out in listed.items():
        rest = [b for b in branches if b.name not in out]
        if out & names and len(islands(list(case.buses.bus), rest)) == whole:
            kept[name] = out & names
    return kept


def blocks_of(
    table: pd.DataFrame, start: pd.Timestamp, by: str
) -> dict[str, list[tuple[float, float]]]:
    """Blocks (MW, price) by unit or load in an interval: stamped rows replace the blank ones."""
    blocks: dict[str, list[tuple[float, float]]] = {}
    for name, rows in table.groupby(by, sort=False):
        stamped = rows[rows.interval_start == start]
        rows = stamped if len(stamped) else rows[rows.interval_start.isna()]
        rows = rows.sort_values("segment")
        blocks[str(name)] = list(zip(rows.mw, rows.price, strict=True))
    return blocks


def shares(demand: Mapping[str, float], part: Sequence[str]) -> dict[str, float]:
    """How an island's missing MW spreads: by positive demand of buses, or evenly without any."""
    total = sum(max(demand.get(bus, 0.0), 0.0) for bus in part)
    if total > 0:
        return {bus: max(demand.get(bus, 0.0), 0.0) / total for bus in part}
    return {bus: 1.0 / len(part) for bus in part}


def solve(case: Any, **options: Any) -> Outcome:
    """Least-cost dispatch of a case with its prices; the options are those of ``build``."""
    return read(build(case, **options))


def build(
    case: Any, *, convention: str = "matpower", angle_limits: bool = True, security: str = "none"
) -> Model:
    """Write the program of a case; ``security`` "n-1" adds one set of angles per outage."""
    model = Model(list(case.interval_starts), case.interval_hours)
    branches = branches_in_service(case, convention, angle_limits)
    parts = islands(list(case.buses.bus), branches)
    outages = contingencies(case, branches) if security == "n-1" else {}
    model.branches, model.outages = branches, outages
    for t in range(len(model.starts)):
        supply: dict[str, dict[int, float]] = {bus: {} for bus in case.buses.bus}
        demand = fixed_demand(case, model.starts[t])
        add_units(model, case, t, supply)
        add_bids(model, case, t, supply)
        add_links(model, case, t, supply)
        add_balance_slack(model, t, parts, demand, supply)
        injection = {bus: model.lp.column(-INF, INF) for bus in supply}
        for bus, terms in supply.items():
            needed = demand.get(bus, 0.0)
            row = model.lp.row(needed, needed, {**terms, injection[bus]: -1.0})
            model.balance[t, bus] = row
        flow = add_network(model.lp, branches, parts, injection)
        model.flows.update({(t, name): column for name, column in flow.items()})
        for b in branches:
            model.soft((t, b.name, ""), {flow[b.name]: 1.0}, b.lower, b.upper, BRANCH)
        add_interfaces(model, case, t, flow)
        for name, out in outages.items():
            left = [b for b in branches if b.name not in out]
            after = add_network(model.lp, left, parts, injection)
            for b in left:
                terms = {after[b.name]: 1.0}
                model.soft((t, b.name, name), terms, -b.emergency, b.emergency, CONTINGENCY)
    add_custom(model, case)
    return model


def read(model: Model) -> Outcome:
    """Solve a program and read its tables."""
    best = model.lp.solve()
    x, duals = best.values, best.duals / model.hours

    def frame(values: Mapping[tuple[int, str], float]) -> pd.DataFrame:
        rows: list[dict[str, float]] = [{} for _ in model.starts]
        for (t, name), value in values.items():
            rows[t][name] = float(value)
        return pd.DataFrame(rows, index=pd.DatetimeIndex(model.starts), dtype=np.float64)

    return Outcome(
        objective=best.objective,
        dispatch=frame({k: sum(x[c] for c in terms) for k, terms in model.power.items()}),
        lmp=frame({k: duals[row] for k, row in model.balance.items()}),
        flows=frame({k: x[c] for k, c in model.flows.items()}),
        bids=frame({k: sum(x[c] for c in columns) for k, columns in model.bids.items()}),
        links=frame({k: x[forth] - x[back] for k, (forth, back) in model.links.items()}),
        shadow_prices={k: abs(duals[r]) for k, r in model.limits.items() if abs(duals[r]) > 1e-7},
        slacks={k: x[column] for k, column in model.slacks.items() if x[column] > 1e-7},
        values=x,
    )


Supply = dict[str, dict[int, float]]


def fixed_demand(case: Any, start: pd.Timestamp) -> dict[str, float]:
    """Fixed demand of each bus that has a load, MW."""
    row = case.demand[case.demand.interval_start == start].iloc[0]
    demand: dict[str, float] = {}
    for load in case.loads.itertuples():
        demand[load.bus] = demand.get(load.bus, 0.0) + float(row[load.load])
    return demand


def add_units(model: Model, case: Any, t: int, supply: Supply) -> None:
    """Offer blocks, p_min <= p <= min(p_max, available), self-schedules and ramps."""
    lp, start = model.lp, model.starts[t]
    blocks = blocks_of(case.offers, start, "unit")
    for row in case.units.itertuples():
        columns = {
            lp.column(0.0, mw, price * model.hours): 1.0 for mw, price in blocks.get(row.unit, [])
        }
        available = value_at(case.availability, start, row.unit)
        upper = row.p_max if math.isnan(available) else min(row.p_max, available)
        lower = min(row.p_min, upper)
        fixed = value_at(case.self_schedules, start, row.unit)
        if not math.isnan(fixed):
            lower = upper = fixed
            # What is scheduled beyond all offers is free.
            offered = sum(mw for mw, _ in blocks.get(row.unit, []))
            columns[lp.column(0.0, max(0.0, fixed - offered), 0.0)] = 1.0
        lp.row(lower, upper, columns)
        model.power[t, row.unit] = columns
        supply[row.bus].update(columns)
        known_before = not math.isnan(
            value_at(case.self_schedules, model.starts[t - 1], row.unit) if t else row.initial_mw
        )
        if not math.isnan(fixed) and known_before:
            continue  # two constants: no ramp to decide on
        if t > 0 or known_before:
            before = model.power[t - 1, row.unit] if t > 0 else {}
            base = 0.0 if t > 0 else row.initial_mw
            change = {**columns, **{c: -1.0 for c in before}}
            up = INF if math.isnan(row.ramp_up) else row.ramp_up * model.hours + base
            down = -INF if math.isnan(row.ramp_down) else base - row.ramp_down * model.hours
            model.soft((t, f"ramp:{row.unit}", ""), change, down, up, RAMP)


def add_bids(model: Model, case: Any, t: int, supply: Supply) -> None:
    """Price-sensitive demand on top of the fixed one."""
    bus = dict(zip(case.loads.load, case.loads.bus, strict=True))
    for load, blocks in blocks_of(case.bids, model.starts[t], "load").items():
        model.bids[t, load] = [
            model.lp.column(0.0, mw, -price * model.hours) for mw, price in blocks
        ]
        supply[bus[load]].update(dict.fromkeys(model.bids[t, load], -1.0))


def add_links(model: Model, case: Any, t: int, supply: Supply) -> None:
    """DC lines: what leaves one end reaches the other less the loss, in either direction."""
    for row in case.links.itertuples():
        forth = model.lp.column(max(row.min_mw, 0.0), max(row.max_mw, 0.0))
        back = model.lp.column(max(-row.max_mw, 0.0), max(-row.min_mw, 0.0))
        model.links[t, row.link] = (forth, back)
        arrives = 1.0 - row.loss_fraction
        supply[row.from_bus].update({forth: -1.0, back: arrives})
        supply[row.to_bus].update({forth: arrives, back: -1.0})


def add_balance_slack(
    model: Model,
    t: int,
    parts: Sequence[Sequence[str]],
    demand: Mapping[str, float],
    supply: Supply,
) -> None:
    """Load that is not served, or withdrawal too much, spread over an island by its demand."""
    for number, part in enumerate(parts):
        weight = shares(demand, part)
        for direction, sign in (("shortage", 1.0), ("surplus", -1.0)):
            column = model.lp.column(0.0, INF, BALANCE * model.hours)
            model.slacks[t, f"balance:{number}", "", direction] = column
            for bus in part:
                supply[bus][column] = sign * weight[bus]


def add_interfaces(model: Model, case: Any, t: int, flow: Mapping[str, int]) -> None:
    """min <= weighted sum of branch flows <= max."""
    for limit in case.interface_limits.itertuples():
        rows = case.interfaces[case.interfaces.interface == limit.interface]
        terms = {flow[r.branch]: r.weight for r in rows.itertuples() if r.branch in flow}
        low = -INF if math.isnan(limit.min_mw) else limit.min_mw
        high = INF if math.isnan(limit.max_mw) else limit.max_mw
        model.soft((t, limit.interface, ""), terms, low, high, INTERFACE)


def add_network(
    lp: LinearProgram,
    branches: Sequence[Branch],
    parts: Sequence[Sequence[str]],
    injection: Mapping[str, int],
) -> dict[str, int]:
    """One set of angles and flows that carries the injections; return the flow columns by name."""
    angle = {bus: lp.column(-INF, INF) for bus in injection}
    for part in parts:
        lp.lower[angle[part[0]]] = lp.upper[angle[part[0]]] = 0.0
    net: dict[str, dict[int, float]] = {bus: {column: 1.0} for bus, column in injection.items()}
    flow = {}
    for b in branches:
        column = flow[b.name] = lp.column(-INF, INF)
        terms = {column: 1.0, angle[b.from_bus]: -b.susceptance, angle[b.to_bus]: b.susceptance}
        lp.row(-b.shift_mw, -b.shift_mw, terms)
        net[b.from_bus][column] = -1.0
        net[b.to_bus][column] = 1.0
    for terms in net.values():
        lp.row(0.0, 0.0, terms)
    return flow


def value_at(wide: pd.DataFrame, start: pd.Timestamp, name: str) -> float:
    """One value of a wide table; NaN where the table has no such column or row."""
    if name not in wide.columns:
        return math.nan
    found = wide.loc[wide.interval_start == start, name]
    return float(found.iloc[0]) if len(found) else math.nan
