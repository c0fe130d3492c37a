"""Who is pivotal for energy and for reserve: the market cleared again without an owner's offers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from cases import Case, InputError, Run
from cases.intervals import Intervals
from clearing import clear, reclear

__all__ = ["owner_pivotality", "without_owner"]

ENERGY = "energy"
"""What stands for energy among the products."""
_SHORT_MW = 1e-3
_COLUMNS = [
    *("interval_start", "owner", "product", "zone", "offered_mw", "pivotal"),
    *("short_mw", "price", "price_without"),
]


def owner_pivotality(run: Run, owners: Sequence[str] | None = None) -> pd.DataFrame:
    """Clear every interval again without each owner's offers, of energy and of every reserve.

    An owner is pivotal for energy where load that is served goes unserved without its units, for a
    reserve product where a zone is short without its offers of it. Every interval starts from the
    MW that the run has before it.

    Parameters
    ----------
    run
        A run without commitment, of one interval or sequential.
    owners
        Owners to try; by default all that own units or offer reserve.

    Returns
    -------
    DataFrame
        One row per interval, owner, product (`energy` or a reserve) and zone in which the owner
        offers: offered_mw, pivotal, short_mw (MW short without it, beyond what is short anyway),
        price and price_without (of energy the mean of the zone's buses), money per MWh or MW.

    Raises
    ------
    InputError
        A run with commitment, or an owner that is not there.
    """
    if run.settings.get("commitment"):
        message = "owners are taken out of runs without commitment"
        raise InputError.one("", None, "run", "commitment", message)
    everyone = sorted((set(run.case.units["owner"]) | set(run.case.loads["owner"])) - {""})
    chosen = everyone if owners is None else list(owners)
    for owner in chosen:
        if owner not in everyone:
            message = f"there is no owner {owner}; there are {', '.join(everyone)}"
            raise InputError.one("", None, "owners", "unknown_owner", message)
    parts = [_tested(base, chosen) for base in _interval_runs(run)]
    rows = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return rows[_COLUMNS]


def _interval_runs(run: Run) -> Iterator[Run]:
    """The run's intervals, each cleared by itself from the MW before it."""
    if run.case.meta.intervals == 1:
        yield run
        return
    intervals, output = Intervals(run.case), None
    units = pd.Index(run.case.units["unit"])
    settings = run.settings["set"]
    for t, start in enumerate(run.case.interval_starts):
        case = intervals.cut(t, output)
        yield clear(case, rulebook=run.rulebook, commitment=False, settings=settings)
        own = run.dispatch[pd.DatetimeIndex(run.dispatch["interval_start"]) == start]
        output = own.set_index("unit")["mw"].reindex(units).to_numpy(dtype=float)


def without_owner(case: Case, owner: str, product: str) -> Case:
    """The case without an owner's offers of energy (and all reserve), or of one reserve product."""
    units = case.units.loc[case.units["owner"] == owner, "unit"]
    loads = case.loads.loc[case.loads["owner"] == owner, "load"]
    tables = dict(case.tables)
    reserve = tables["reserve_offers"]
    own = reserve["unit"].isin(units) | reserve["load"].isin(loads)
    if product == ENERGY:
        own = reserve["unit"].isin(units)
        offers = tables["offers"]
        gone = offers["unit"].isin(units)
        tables["offers"] = offers.assign(mw=offers["mw"].where(~gone, 0.0))
        start = tables["units"]["initial_mw"].where(~tables["units"]["unit"].isin(units))
        tables["units"] = tables["units"].assign(initial_mw=start)
    else:
        own &= reserve["product"] == product
    tables["reserve_offers"] = reserve.assign(mw=reserve["mw"].where(~own, 0.0))
    return Case(case.meta, tables)


def _tested(base: Run, owners: list[str]) -> pd.DataFrame:
    case, rows = base.case, []
    offered = _offered(case)
    for owner in owners:
        own = offered[offered["owner"] == owner]
        for product in own["product"].drop_duplicates().tolist():
            less = reclear(base, without_owner(case, owner, product), check=False)
            for zone, mw in own.loc[own["product"] == product, ["zone", "mw"]].itertuples(False):
                before, price = _state(base, product, zone)
                after, dear = _state(less, product, zone)
                short = max(0.0, after - before)
                start = case.interval_starts[0]
                pivotal = short > _SHORT_MW
                rows.append((start, owner, product, zone, mw, pivotal, short, price, dear))
    return pd.DataFrame(rows, columns=_COLUMNS)


def _offered(case: Case) -> pd.DataFrame:
    """MW that owners offer by product and zone."""
    zone = case.buses.set_index("bus")["zone"]
    parts = []
    for table, name in ((case.units, "unit"), (case.loads, "load")):
        known = table.assign(zone=table["bus"].map(zone)).set_index(name)[["owner", "zone"]]
        offers = case.reserve_offers[case.reserve_offers[name] != ""]
        parts.append(offers.join(known, on=name)[["owner", "zone", "product", "mw"]])
        if name == "unit":
            energy = case.offers.join(known, on=name)[["owner", "zone", "mw"]]
            parts.append(energy.assign(product=ENERGY))
    total = pd.concat(parts).groupby(["owner", "product", "zone"], as_index=False)["mw"].sum()
    offered: pd.DataFrame = total[(total["mw"] > 0.0) & (total["owner"] != "")]
    return offered


def _state(run: Run, product: str, zone: str) -> tuple[float, float]:
    """MW short in a zone and its price."""
    if product != ENERGY:
        table = run.reserve_prices
        own = table[(table["product"] == product) & table["zone"].isin({zone, ""})]
        local = own[own["zone"] == zone] if (own["zone"] == zone).any() else own
        return float(local["shortage_mw"].max()), float(local["price"].max())
    buses = run.case.buses
    inside = set(buses.loc[buses["zone"] == zone, "bus"])
    bids = run.case.bids.groupby("load")["mw"].sum()
    awards = run.load_awards[run.load_awards["bus"].isin(inside)]
    asked = bids.reindex(awards["load"]).fillna(0.0).sum()
    missed = float(asked - awards["bid_mw"].sum())
    balance = run.slacks[
        (run.slacks["kind"] == "balance") & (run.slacks["direction"] == "shortage")
    ]
    price = run.prices.loc[run.prices["bus"].isin(inside), "lmp"]
    return missed + float(balance["mw"].sum()), float(np.nanmean(price))
