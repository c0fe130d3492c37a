"""Result tables of a cleared day, as the schema of runs names them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clearing.compiled import Compiled
from clearing.day import Blocks, Day
from clearing.limits import NetworkLimits
from clearing.live import LpSolution
from clearing.names import row_names
from clearing.prices import Prices
from clearing.ramps import RampLimits
from clearing.rows import Kind, RowSet
from network.arrays import Floats, Positions

__all__ = ["Cleared", "result_tables"]

_AT_BOUND_MW = 1e-6
_ZERO_PRICE = 1e-7


@dataclass(frozen=True, eq=False)
class Cleared:
    """A solved day with everything its tables are made from."""

    day: Day
    compiled: Compiled
    network: NetworkLimits
    ramps: RampLimits
    solution: LpSolution
    soft: RowSet
    flows: Floats
    prices: Prices
    shadow: Floats
    """Shadow prices of all soft rows, money per MWh, (N,); may come from a pricing pass."""

    def values(self, name: str) -> Floats:
        """Values of a family of variables, in the order of its index."""
        return np.asarray(self.solution.x[self.compiled.columns(name)])

    @property
    def output(self) -> Floats:
        """Output of every unit, (T, U)."""
        return np.clip(self.ramps.output(self.solution.x), self.day.low, self.day.high)

    @property
    def unserved(self) -> tuple[Floats, Floats]:
        """MW not served and MW too many, by interval and island, (T, I) each."""
        shape = (self.day.intervals, self.day.islands)
        return self.values("shortage").reshape(shape), self.values("surplus").reshape(shape)


def result_tables(cleared: Cleared) -> dict[str, pd.DataFrame]:
    """Make every table of the run."""
    day = cleared.day
    tables = {
        "prices": _prices(cleared),
        "zone_prices": _zone_prices(cleared),
        "dispatch": _dispatch(cleared),
        "constraints": _constraints(cleared),
        "flows": _flows(cleared),
        "link_flows": _link_flows(cleared),
        "load_awards": _load_awards(cleared),
        "price_terms": _price_terms(cleared),
        "marginal_units": _marginal_units(cleared),
        "slacks": _slacks(cleared),
        "offers_used": _offers_used(day),
    }
    return tables


def _stamps(day: Day, interval: Positions, end: bool = True) -> dict[str, pd.DatetimeIndex]:
    stamps = {"interval_start": day.case.interval_starts[interval]}
    if end:
        stamps["interval_end"] = day.case.interval_ends[interval]
    return stamps


def _long(day: Day, names: pd.Index[str], column: str, end: bool = True) -> dict[str, object]:
    """Keys of a table with one row per interval and name."""
    interval = np.repeat(np.arange(day.intervals), len(names))
    return {**_stamps(day, interval, end), column: _tiled(names, day.intervals)}


def _tiled(values: pd.Index[str] | pd.Series[str], times: int) -> object:
    return pd.array(values).take(np.tile(np.arange(len(values)), times))


def _prices(c: Cleared) -> pd.DataFrame:
    day, p = c.day, c.prices
    buses = day.case.tables["buses"]
    return pd.DataFrame(
        {
            **_long(day, day.grid.buses, "bus"),
            "zone": _tiled(buses["zone"], day.intervals),
            "lmp": p.lmp.ravel(),
            "mec": p.energy.ravel(),
            "mcc": p.congestion.ravel(),
            "mlc": np.where(np.isnan(p.lmp), np.nan, 0.0).ravel(),
        }
    )


def _zone_prices(c: Cleared) -> pd.DataFrame:
    """Prices of zones, weighted by demand (evenly where there is none), and of hubs."""
    day, grid = c.day, c.day.grid
    parts = []
    demand = np.maximum(day.bus_demand, 0.0)
    for zone, buses in grid.zones.items():
        if zone:
            weights = demand[:, buses]
            total = weights.sum(axis=1, keepdims=True)
            even = np.full(weights.shape, 1.0 / len(buses))
            share = np.where(total > 0.0, weights / np.where(total > 0.0, total, 1.0), even)
            parts.append((zone, "zone", buses, share))
    hubs = day.case.tables["hubs"]
    for hub, rows in hubs.groupby("hub", sort=False).indices.items():
        weight = hubs["weight"].to_numpy(dtype=float)[rows]
        buses = grid.bus_positions(hubs["bus"].iloc[rows])
        share = np.broadcast_to(weight / weight.sum(), (day.intervals, len(rows)))
        parts.append((str(hub), "hub", buses, share))
    columns = (("lmp", c.prices.lmp), ("mec", c.prices.energy), ("mcc", c.prices.congestion))
    frames = [
        pd.DataFrame(
            {
                **_stamps(day, np.arange(day.intervals)),
                "point": name,
                "kind": kind,
                **{key: (value[:, buses] * share).sum(axis=1) for key, value in columns},
                "mlc": 0.0,
            }
        )
        for name, kind, buses, share in parts
    ]
    if not frames:
        return pd.DataFrame({**_stamps(day, np.zeros(0, dtype=np.intp)), "point": [], "kind": []})
    joined = pd.concat(frames, ignore_index=True)
    return joined.sort_values("interval_start", kind="stable", ignore_index=True)


def _dispatch(c: Cleared) -> pd.DataFrame:
    day = c.day
    units, output = day.case.tables["units"], c.output
    return pd.DataFrame(
        {
            **_long(day, day.units, "unit"),
            "owner": _tiled(units["owner"], day.intervals),
            "bus": _tiled(units["bus"], day.intervals),
            "mw": output.ravel(),
            "available_mw": day.high.ravel(),
            "on": True,
            "start": False,
            "stop": False,
            "cost": (day.offers.cost(output) * day.hours).ravel(),
        }
    )


def _way(rows: RowSet) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    return np.where(rows.direction > 0, "upper", "lower")


def _constraints(c: Cleared) -> pd.DataFrame:
    """Limits that have a shadow price or are exceeded."""
    day, excess = c.day, c.solution.excess
    told = (c.shadow > _ZERO_PRICE) | (excess > c.day.rulebook.security.tolerance_mw)
    rows, shadow, over = c.soft[told], c.shadow[told], excess[told]
    order = np.lexsort((rows.direction, rows.contingency, rows.element, rows.kind, rows.interval))
    rows, shadow, over = rows[order], shadow[order], over[order]
    ramp = rows.kind == Kind.RAMP
    limit, flow = np.empty(len(rows)), np.empty(len(rows))
    limit[~ramp] = c.network.limit(rows[~ramp])
    flow[~ramp] = c.network.flow_on(rows[~ramp], c.flows)
    limit[ramp], flow[ramp] = c.ramps.limit_and_change(rows[ramp], c.output)
    constraint, contingency = row_names(c.network, rows)
    tolerance = c.day.rulebook.security.tolerance_mw
    return pd.DataFrame(
        {
            **_stamps(day, rows.interval),
            "constraint": constraint,
            "contingency": contingency,
            "direction": _way(rows),
            "limit_mw": limit,
            "flow_mw": flow,
            "shadow_price": shadow,
            "penalty_mw": np.where(over > tolerance, over, 0.0),
        }
    )


def _flows(c: Cleared) -> pd.DataFrame:
    day = c.day
    rating = np.where(np.isfinite(day.grid.rating), day.grid.rating, np.nan)
    return pd.DataFrame(
        {
            **_long(day, day.grid.branches, "branch", end=False),
            "flow_mw": c.flows.T.ravel(),
            "rating_mw": np.tile(rating, day.intervals),
        }
    )


def _link_flows(c: Cleared) -> pd.DataFrame:
    day = c.day
    links, model = day.case.tables["links"], c.compiled.market.model
    position = pd.Index(links["link"])
    sent = np.zeros((day.intervals, len(links)))
    lost = np.zeros_like(sent)
    loss = links["loss_fraction"].to_numpy(dtype=float)
    for name, sign in (("link", 1.0), ("link_back", -1.0)):
        family = getattr(model, name)
        if len(family):
            link, when = zip(*family.keys(), strict=True)
            at = (np.array(when), position.get_indexer(pd.Index(link)))
            mw = c.values(name)
            sent[at] += sign * mw
            lost[at] += np.abs(mw) * loss[at[1]]
    return pd.DataFrame(
        {
            **_long(day, position, "link"),
            "from_bus": _tiled(links["from_bus"], day.intervals),
            "to_bus": _tiled(links["to_bus"], day.intervals),
            "mw": sent.ravel(),
            "loss_mw": lost.ravel(),
        }
    )


def _load_awards(c: Cleared) -> pd.DataFrame:
    day, loads = c.day, c.day.case.tables["loads"]
    accepted = np.zeros_like(day.demand)
    np.add.at(accepted, (day.bids.interval, day.bids.of), c.values("bid"))
    return pd.DataFrame(
        {
            **_long(day, day.loads, "load"),
            "owner": _tiled(loads["owner"], day.intervals),
            "bus": _tiled(loads["bus"], day.intervals),
            "mw": (day.demand + accepted - _unserved_by_load(c)).ravel(),
            "bid_mw": accepted.ravel(),
        }
    )


def _unserved_by_load(c: Cleared) -> Floats:
    """MW of each load, (T, D), that is not served; negative where it must take a surplus."""
    day = c.day
    short, over = c.unserved
    net = (short - over)[:, day.grid.islands] * day.load_shares
    demand = day.bus_demand
    count = np.bincount(day.load_bus, minlength=len(day.grid.buses))
    even = (1.0 / np.maximum(count, 1))[day.load_bus]
    at_bus = demand[:, day.load_bus]
    share = np.where(at_bus != 0.0, day.demand / np.where(at_bus != 0.0, at_bus, 1.0), even)
    return net[:, day.load_bus] * share


def _price_terms(c: Cleared) -> pd.DataFrame:
    """Terms of every congestion component: binding constraints times buses of their island."""
    day, p = c.day, c.prices
    buses, count = len(day.grid.buses), len(p.rows)
    factors = np.empty((count, buses))
    for k in range(count):
        factors[k] = p.dfax(k)
    which, bus = np.nonzero(factors)
    constraint, contingency = row_names(c.network, p.rows)
    return pd.DataFrame(
        {
            **_stamps(day, p.rows.interval[which], end=False),
            "bus": day.grid.buses.take(bus),
            "constraint": constraint.take(which),
            "contingency": contingency.take(which),
            "dfax": factors[which, bus],
            "shadow_price": p.shadow[which],
        }
    )


def _marginal_units(c: Cleared) -> pd.DataFrame:
    """Blocks that are filled in part: one more MW would move them."""
    day = c.day
    accepted = np.zeros_like(day.demand)
    np.add.at(accepted, (day.bids.interval, day.bids.of), c.values("bid"))
    found = [
        _partly_filled(day.offers, c.output, day.units, "unit", (day.low, day.high)),
        _partly_filled(day.bids, accepted, day.loads, "bid", None),
    ]
    for name, mw in zip(("shortage", "surplus"), c.unserved, strict=True):
        when, _ = np.nonzero(mw > _AT_BOUND_MW)
        penalty = day.rulebook.penalties.balance * (1.0 if name == "shortage" else -1.0)
        found.append((when, np.full(len(when), name, dtype=object), np.full(len(when), penalty)))
    kinds = ("unit", "bid", "slack", "slack")
    when = np.concatenate([part[0] for part in found])
    order = np.argsort(when, kind="stable")
    kind = np.repeat(np.array(kinds, dtype=object), [len(part[0]) for part in found])
    return pd.DataFrame(
        {
            **_stamps(day, when[order], end=False),
            "unit": pd.Index(np.concatenate([part[1] for part in found])[order], dtype="str"),
            "price": np.concatenate([part[2] for part in found])[order],
            "kind": pd.Index(kind[order], dtype="str"),
        }
    )


def _partly_filled(
    blocks: Blocks,
    output: Floats,
    names: pd.Index[str],
    kind: str,
    bounds: tuple[Floats, Floats] | None,
) -> tuple[Positions, np.ndarray[tuple[int], np.dtype[np.object_]], Floats]:
    mw = blocks.filled(output)
    part = (mw > _AT_BOUND_MW) & (mw < blocks.mw - _AT_BOUND_MW)
    if bounds is not None:
        low, high = bounds
        inside = (output > low + _AT_BOUND_MW) & (output < high - _AT_BOUND_MW)
        part &= inside[blocks.interval, blocks.of]
    label = names.to_numpy(dtype=object)[blocks.of[part]]
    return blocks.interval[part], label, blocks.price[part]


def _slacks(c: Cleared) -> pd.DataFrame:
    """Limits that are exceeded, with what that costs."""
    day, tolerance = c.day, c.day.rulebook.security.tolerance_mw
    over = c.solution.excess > tolerance
    rows, excess = c.soft[over], c.solution.excess[over]
    constraint, contingency = row_names(c.network, rows)
    rules = day.rulebook.penalties
    penalty = np.array([rules.branch, rules.interface, rules.contingency, rules.ramp])[rows.kind]
    labels = np.array([kind.label for kind in Kind], dtype=object)
    parts = [(rows.interval, constraint, contingency, labels[rows.kind], _way(rows), excess, penalty)]
    for direction, mw in zip(("shortage", "surplus"), c.unserved, strict=True):
        when, island = np.nonzero(mw > tolerance)
        name = [f"balance:{i}" if day.islands > 1 else "balance" for i in island.tolist()]
        blank = [""] * len(when)
        kind = ["balance"] * len(when)
        way = [direction] * len(when)
        price = np.full(len(when), rules.balance)
        parts.append((when, name, blank, kind, way, mw[when, island], price))  # type: ignore[arg-type]
    columns = [np.concatenate([np.asarray(p[k], dtype=object) for p in parts]) for k in range(1, 5)]
    when = np.concatenate([p[0] for p in parts]).astype(np.intp)
    mw, price = (np.concatenate([p[k] for p in parts]).astype(float) for k in (5, 6))
    order = np.argsort(when, kind="stable")
    names = ("constraint", "contingency", "kind", "direction")
    return pd.DataFrame(
        {
            **_stamps(day, when[order]),
            **{
                name: pd.Index(column[order], dtype="str")
                for name, column in zip(names, columns, strict=True)
            },
            "mw": mw[order],
            "penalty": price[order],
            "cost": (mw * price * day.hours)[order],
        }
    )


def _offers_used(day: Day) -> pd.DataFrame:
    blocks = day.offers
    return pd.DataFrame(
        {
            "unit": day.units.take(blocks.of),
            **_stamps(day, blocks.interval, end=False),
            "segment": blocks.segment,
            "mw": blocks.mw,
            "price": blocks.price,
            "source": "submitted",
        }
    )
