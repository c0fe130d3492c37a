"""Reserve requirements against what all offers can give: a warning, as of demand."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.checks.context import Context
from cases.reserve_rules import ReserveRule, parse_reserve_rule

__all__ = ["check_reserve_supply"]

Floats = NDArray[np.float64]

TOLERANCE_MW = 1e-6


def check_reserve_supply(context: Context) -> None:
    """Warn of every requirement that all offers together cannot meet and no demand curve prices.

    An offer gives at most its MW, what the unit ramps in the response time and what it can reach.
    Whatever is left of a requirement by then is short for certain. Runs on tables that passed all
    other checks.
    """
    requirements = context.tables["reserve_requirements"]
    if context.meta is None or not len(requirements):
        return
    tables, starts = context.tables, context.meta.interval_starts()
    curve = tables["reserve_demand"]
    curves = set(zip(curve["product"], curve["zone"], strict=True))
    given, reach = _given(context, starts), _reach(context, starts)
    zone_of = dict(zip(tables["buses"]["bus"], tables["buses"]["zone"], strict=True))
    unit_zone = np.array([zone_of[bus] for bus in tables["units"]["bus"]], dtype=object)
    demand = _demand(tables, starts, zone_of)
    serving = _serving(tables["reserve_products"])
    rows = _by_interval(requirements, starts, ["product", "zone"])
    for (product, zone), own in rows.groupby(["product", "zone"], sort=False):
        if (product, zone) in curves:
            continue
        inside = np.ones(len(unit_zone), dtype=bool) if zone == "" else unit_zone == zone
        offered = np.zeros_like(reach)
        for name in serving[str(product)]:
            offered += given.get(name, 0.0)
        total = np.minimum(offered, reach)[:, inside].sum(axis=1)
        t = own["t"].to_numpy(dtype=np.intp)
        rules = [parse_reserve_rule(rule) if rule else ReserveRule() for rule in own["rule"]]
        share = np.array([rule.load_share for rule in rules])
        fixed = np.array([rule.mw for rule in rules]) + own["mw"].fillna(0.0).to_numpy()
        need = fixed + share * demand[str(zone)][t]
        short = np.flatnonzero(need > total[t] + TOLERANCE_MW)
        if not len(short):
            continue
        first = short[np.argmin(t[short])]
        where = f" in zone {zone}" if zone else ""
        count = f" (and {len(short) - 1} more)" if len(short) > 1 else ""
        message = (
            f"{need[first]:g} MW of {product} are required{where} at "
            f"{starts[t[first]].isoformat()}{count}, but at most {total[t[first]]:g} MW can be "
            f"given: {need[first] - total[t[first]]:g} MW will be short"
        )
        source = context.sources["reserve_requirements"]
        position = own["row"].tolist()[first]
        context.warnings.append(source.failure(position, "mw", "reserve_scarcity", message))


def _by_interval(table: pd.DataFrame, starts: pd.DatetimeIndex, key: list[str]) -> pd.DataFrame:
    """Rows of every interval with its number `t` and their `row`; stamped ones replace blank."""
    table = table.assign(row=np.arange(len(table)))
    stamped = table[table["interval_start"].notna()]
    stamped = stamped.assign(t=starts.get_indexer(pd.DatetimeIndex(stamped["interval_start"])))
    blank = table[table["interval_start"].isna()]
    repeated = blank.loc[np.repeat(blank.index.to_numpy(), len(starts))]
    repeated = repeated.assign(t=np.tile(np.arange(len(starts)), len(blank)))
    both = pd.concat([stamped, repeated])
    return both.drop_duplicates([*key, "t"], ignore_index=True)


def _reach(context: Context, starts: pd.DatetimeIndex) -> Floats:
    """What each unit can reach (T, U), MW."""
    units, available = context.tables["units"], context.tables["availability"]
    reach = np.tile(units["p_max"].to_numpy(dtype=np.float64), (len(starts), 1))
    if len(available):
        at = pd.Index(units["unit"]).get_indexer(available.columns[1:])
        reach[:, at] = np.fmin(reach[:, at], available.iloc[:, 1:].to_numpy(dtype=np.float64))
    return reach


def _given(context: Context, starts: pd.DatetimeIndex) -> dict[str, Floats]:
    """Most that each unit can give of each product that is offered (T, U), MW."""
    tables = context.tables
    units, products = tables["units"], tables["reserve_products"].set_index("product")
    offers = _by_interval(tables["reserve_offers"], starts, ["unit", "product"])
    place = pd.Index(units["unit"])
    given: dict[str, Floats] = {}
    for product, own in offers.groupby("product", sort=False):
        kind = products.loc[product]
        ramp = units["ramp_up" if kind["direction"] == "up" else "ramp_down"].fillna(np.inf)
        rise = ramp.to_numpy(dtype=np.float64) * kind["minutes"] / 60.0
        if kind["offline"] and kind["direction"] == "up":
            rise = np.where(units["quick_start"], np.inf, rise)
        mw = np.zeros((len(starts), len(units)))
        at = place.get_indexer(pd.Index(own["unit"]))
        mw[own["t"].to_numpy(dtype=np.intp), at] = own["mw"].to_numpy(dtype=np.float64)
        given[str(product)] = np.minimum(mw, rise)
    return given


def _demand(
    tables: dict[str, pd.DataFrame], starts: pd.DatetimeIndex, zone_of: dict[str, str]
) -> dict[str, Floats]:
    """Demand of each zone and of the whole case (blank) (T,), MW; negative loads are none."""
    loads = tables["loads"]
    series = tables["demand"][loads["load"].tolist()].to_numpy(dtype=np.float64)
    block = np.maximum(series, 0.0)
    zones = np.array([zone_of[bus] for bus in loads["bus"]], dtype=object)
    demand = {zone: block[:, zones == zone].sum(axis=1) for zone in {"", *zone_of.values()}}
    demand[""] = block.sum(axis=1)
    return demand


def _serving(products: pd.DataFrame) -> dict[str, list[str]]:
    """Products that count for each product: itself and all that substitute for it, step by step."""
    lower = dict(zip(products["product"], products["substitutes_for"], strict=True))
    serving: dict[str, list[str]] = {name: [] for name in lower}
    for name in lower:
        step = name
        while step:
            serving[step].append(name)
            step = lower[step]
    return serving
