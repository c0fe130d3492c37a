"""Tables of prices: buses, zones and hubs, the terms of congestion, who is marginal."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.points import Points
from cases.storage_prices import storage_prices
from cases.tables.rounding import kept
from cases.tables.schema import RUN_TABLES
from clearing.day.day import Blocks
from clearing.formulation.virtuals import offered
from clearing.limits.names import row_names
from clearing.session.cleared import Cleared
from clearing.session.prices import Prices
from clearing.tables.frames import long, stamps, tiled
from clearing.tables.storage import storage_schedule
from network.arrays import Floats, Positions

__all__ = ["marginal_units", "price_terms", "prices", "zone_prices"]

_AT_BOUND_MW = 1e-6


def prices(c: Cleared) -> pd.DataFrame:
    """LMP of every bus and interval with its components."""
    day, p = c.day, c.prices
    buses = day.case.tables["buses"]
    return pd.DataFrame(
        {
            **long(day, day.grid.buses, "bus"),
            "zone": tiled(buses["zone"], day.intervals),
            "lmp": p.lmp.ravel(),
            "mec": p.energy.ravel(),
            "mcc": p.congestion.ravel(),
            "mlc": p.loss.ravel(),
            "unique": _yes_no(_unique(p)),
        }
    )


def zone_prices(c: Cleared) -> pd.DataFrame:
    """Prices of zones, weighted by demand (evenly where there is none), and of hubs."""
    day, points = c.day, Points(c.day.case)
    parts = [*map(points.zone, points.zones), *map(points.hub, points.hubs)]
    p = c.prices
    unique = _unique(p)
    columns = (("lmp", p.lmp), ("mec", p.energy), ("mcc", p.congestion), ("mlc", p.loss))
    frames = [
        pd.DataFrame(
            {
                **stamps(day, np.arange(day.intervals)),
                "point": point.name,
                "kind": point.kind,
                **{key: _average(value[:, point.buses], point.weights) for key, value in columns},
                "unique": _yes_no(_all_unique(unique[:, point.buses], point.weights)),
            }
        )
        for point in parts
    ]
    if not frames:
        return pd.DataFrame({**stamps(day, np.zeros(0, dtype=np.intp)), "point": [], "kind": []})
    joined = pd.concat(frames, ignore_index=True)
    return joined.sort_values("interval_start", kind="stable", ignore_index=True)


def _unique(p: Prices) -> Floats:
    """1 where a price is unique, 0 where it is not, NaN where there is none or nothing was tested.

    By interval and bus, (T, B).
    """
    tested = np.full(p.lmp.shape, np.nan) if p.unique is None else p.unique.astype(float)
    return np.where(np.isnan(p.lmp), np.nan, tested)


def _average(values: Floats, weights: Floats) -> Floats:
    """Mean by weights, (T, n) each: (T,); NaN where a bus that counts has no price."""
    mean: Floats = (np.where(weights == 0.0, 0.0, values) * weights).sum(axis=1)
    return mean


def _all_unique(unique: Floats, weights: Floats) -> Floats:
    """The same for a place whose price is that of buses by weights, (T, n) each: (T,)."""
    counted = np.where(weights == 0.0, 1.0, unique)
    known: Floats = counted.min(axis=1, initial=1.0)
    return known


def _yes_no(values: Floats) -> pd.Series[bool]:
    flat = pd.Series(values.ravel())
    return flat.map({1.0: True, 0.0: False}).astype("boolean")


def price_terms(c: Cleared) -> pd.DataFrame:
    """Terms of every congestion component: binding constraints times buses of their island."""
    day, p = c.day, c.prices
    buses, count = len(day.grid.buses), len(p.rows)
    factors = np.empty((count + len(p.custom), buses))
    decimals = RUN_TABLES["price_terms"].column("dfax").kept_decimals
    for k in range(count):
        factors[k] = p.dfax(k)
    for k in range(len(p.custom)):
        factors[count + k] = p.custom_dfax(k)
    if decimals is not None:
        for row in factors:
            row[:] = kept(row, decimals)
    which, bus = np.nonzero(factors)
    constraint, contingency = row_names(c.network, p.rows)
    constraint = constraint.append(pd.Index(p.custom.names, dtype="str"))
    contingency = contingency.append(pd.Index([""] * len(p.custom), dtype="str"))
    interval = np.concatenate([p.rows.interval, p.custom.interval])
    shadow = np.concatenate([p.shadow, p.custom.shadow])
    return pd.DataFrame(
        {
            **stamps(day, interval[which], end=False),
            "bus": day.grid.buses.take(bus),
            "constraint": constraint.take(which),
            "contingency": contingency.take(which),
            "dfax": factors[which, bus],
            "shadow_price": shadow[which],
        }
    )


def marginal_units(c: Cleared) -> pd.DataFrame:
    """Blocks that are filled in part: one more MW would move them."""
    day = c.day
    accepted = np.zeros_like(day.demand)
    np.add.at(accepted, (day.bids.interval, day.bids.of), c.values("bid"))
    found = [
        _partly_filled(day.offers, c.output, day.units, "unit", (day.low, day.high)),
        _partly_filled(day.bids, accepted, day.loads, "bid", None),
    ]
    for name, mw in zip(("shortage", "surplus"), c.unserved, strict=True):
        when = np.unique(np.nonzero(mw > _AT_BOUND_MW)[0])
        penalty = day.rulebook.penalties.balance * (1.0 if name == "shortage" else -1.0)
        found.append((when, np.full(len(when), name, dtype=object), np.full(len(when), penalty)))
    found += [_marginal_virtuals(c), _marginal_storage(c)]
    kinds = ("unit", "bid", "slack", "slack", "virtual", "storage")
    when = np.concatenate([part[0] for part in found])
    order = np.argsort(when, kind="stable")
    kind = np.repeat(np.array(kinds, dtype=object), [len(part[0]) for part in found])
    return pd.DataFrame(
        {
            **stamps(day, when[order], end=False),
            "unit": pd.Index(np.concatenate([part[1] for part in found])[order], dtype="str"),
            "price": np.concatenate([part[2] for part in found])[order],
            "kind": pd.Index(kind[order], dtype="str"),
        }
    )


Marginal = tuple[Positions, np.ndarray[tuple[int], np.dtype[np.object_]], Floats]
"""Intervals, names and prices of what is partly filled, (N,) each."""


def _marginal_virtuals(c: Cleared) -> Marginal:
    which = offered(c.day)
    if not len(which.row):
        return which.interval, np.zeros(0, dtype=object), np.zeros(0)
    table = c.day.case.tables["virtuals"].iloc[which.row]
    mw, most = c.values("virtual"), table["mw"].to_numpy(dtype=float)
    part = (mw > _AT_BOUND_MW) & (mw < most - _AT_BOUND_MW)
    price = table["price"].to_numpy(dtype=float)
    return which.interval[part], table["virtual"].to_numpy(dtype=object)[part], price[part]


def _marginal_storage(c: Cleared) -> Marginal:
    """Storage that could charge or discharge more and less; what stored energy is worth counts."""
    schedule, table = storage_schedule(c), c.day.case.tables["storage"]
    each = {
        name: np.tile(table[name].to_numpy(dtype=float), c.day.intervals)
        for name in table.columns
        if table[name].dtype == float
    }
    each |= {name: price.ravel() for name, price in storage_prices(c.day.case).items()}
    worth = schedule["energy_value"].to_numpy(dtype=float)
    interval = np.repeat(np.arange(c.day.intervals), len(table))
    label = schedule["storage"].to_numpy(dtype=object)
    price = np.full(len(schedule), np.nan)
    for way, value in (
        ("charge", each["charge_price"] + worth * each["efficiency_in"]),
        ("discharge", each["discharge_price"] + worth / each["efficiency_out"]),
    ):
        mw = schedule[f"{way}_mw"].to_numpy(dtype=float)
        part = (mw > _AT_BOUND_MW) & (mw < each[f"{way}_mw"] - _AT_BOUND_MW)
        price[part] = value[part]
    part = ~np.isnan(price)
    return interval[part], label[part], price[part]


def _partly_filled(
    blocks: Blocks,
    output: Floats,
    names: pd.Index[str],
    kind: str,
    bounds: tuple[Floats, Floats] | None,
) -> Marginal:
    mw = blocks.filled(output)
    part = (mw > _AT_BOUND_MW) & (mw < blocks.mw - _AT_BOUND_MW)
    if bounds is not None:
        low, high = bounds
        inside = (output > low + _AT_BOUND_MW) & (output < high - _AT_BOUND_MW)
        part &= inside[blocks.interval, blocks.of]
    label = names.to_numpy(dtype=object)[blocks.of[part]]
    return blocks.interval[part], label, blocks.price[part]
