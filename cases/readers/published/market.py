"""A market without a grid: published offers, prices and loads as a checked case.

Every place that has a price is a bus; they are joined by branches without a limit, so that a
clearing of the case is the merit order. Congestion stays what the market published.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.case import Case, assemble
from cases.errors import Failure, InputError
from cases.files.convert import Source
from cases.readers.published.days import horizon_of
from cases.readers.published.fleet import (
    Places,
    commitment_offers,
    fleet,
    places_of,
    without_offers,
)
from cases.readers.published.history import history_of, taken_mw
from cases.readers.published.markets import layouts
from cases.readers.published.read import (
    Offers,
    names_of,
    read_loads,
    read_offers,
    read_prices,
)
from cases.readers.published.source import Given

__all__ = ["FORMATS", "market_of", "read_market"]

Floats = NDArray[np.float64]
FORMATS = {
    "pjm-offers": "PJM",
    "isone-offers": "ISO-NE",
    "nyiso-offers": "NYISO",
    "miso-offers": "MISO",
    "ercot-offers": "ERCOT",
    "caiso-offers": "CAISO",
}
"""Names of the formats, and their markets."""
SYSTEM = "system"
"""Bus of the load where the units have places of their own."""


def read_market(
    format: str,
    files: Iterable[Given],
    *,
    prices: Iterable[Given] = (),
    loads: Iterable[Given] = (),
    zone: str = "",
    date: str | date | None = None,
    days: int | None = None,
    market: str = "da",
    segments: int = 1,
) -> Case:
    """Read what a market published into a case without a grid.

    Parameters
    ----------
    format
        pjm-offers, isone-offers, nyiso-offers, miso-offers, ercot-offers or caiso-offers.
    files, prices, loads
        Files, zips, folders or frames: offers, LMP, load; in any order, of any hours.
    zone
        The node whose price is that of units without a place; the only node that is kept.
    date, days
        First day and number of days of the case; what lies before is its look-back
        (`offer_history`, `price_history`). Default: all days of the offers.
    market
        "da" or "rt", where a file holds both.
    segments
        Blocks for each sloping line of an offer.

    Raises
    ------
    InputError
        Everything that is wrong with the files; hours without offers or prices; no prices; several
        nodes and no zone.
    """
    if format not in FORMATS:
        known = ", ".join(FORMATS)
        raise InputError.one("", None, None, "usage", f"there is no format {format}: {known}")
    files, prices, loads = list(files), list(prices), list(loads)
    name = FORMATS[format]
    offers = read_offers(files, name, version=market, pieces=segments)
    published = read_prices(prices, name, zone=zone) if prices else None
    taken = read_loads(loads, name, zone=zone) if loads else None
    record = {
        "source": names_of(files),
        "format": format,
        "options": {"market": market, "zone": zone, "segments": segments},
        "prices": names_of(prices),
        "loads": names_of(loads),
    }
    return market_of(offers, published, taken, zone=zone, first=date, days=days, record=record)


def market_of(
    offers: Offers,
    prices: pd.DataFrame | None = None,
    loads: pd.DataFrame | None = None,
    *,
    zone: str = "",
    first: str | date | None = None,
    days: int | None = None,
    record: dict[str, Any] | None = None,
) -> Case:
    """Make a case of what was read; as `read_market`."""
    horizon = horizon_of(offers, first, days)
    places = places_of(offers, prices, zone)
    today = offers.between(horizon.start, horizon.end)
    today, silent = without_offers(today)
    units, masked = fleet(today, places)
    lmp = places.prices
    now = lmp[(lmp["interval_start"] >= horizon.start) & (lmp["interval_start"] < horizon.end)]
    _priced(now, units, horizon.starts, places.stated)
    notes = [*horizon.notes, *places.notes, *silent, *masked]
    demand, load_notes = _demand(today, now, places.at(today.units), loads, horizon.starts, places)
    notes += load_notes
    now, hub_notes = _hub_price(today, now, places)
    notes += hub_notes
    commitment, commitment_notes = commitment_offers(today)
    notes += commitment_notes
    used = set(units["bus"]) | set(demand.bus)
    buses = places.buses(used)
    wide = _wide(today, units, horizon.starts)
    tables: dict[str, pd.DataFrame] = {
        "buses": buses,
        "branches": _plate(buses["bus"].tolist(), places.hub),
        "units": units,
        "offers": today.offers,
        "commitment_offers": commitment,
        "loads": pd.DataFrame({"load": demand.load, "bus": demand.bus}),
        "demand": demand.table,
        "published_prices": now.rename(columns={"lmp": "price"}),
        "published_units": _published_units(today),
        **wide,
        **_reserve_tables(today, units),
        **_bids(today, units, demand),
    }
    tables |= history_of(offers, lmp, units, places, horizon.start)
    tables = {name: table for name, table in tables.items() if len(table)}
    meta = {
        "name": f"{offers.market.lower().replace('-', '')}-offers-{horizon.start.date()}",
        "timezone": offers.timezone,
        "start": horizon.start.to_pydatetime(),
        "interval_minutes": 60,
        "intervals": len(horizon.starts),
        "reference": places.hub,
        "imported": {
            **(record or {}),
            "market": offers.market,
            "demand": demand.basis,
            "notes": notes,
        },
    }
    origin = offers.files[0] if len(offers.files) == 1 else f"{len(offers.files)} files"
    sources = {name: Source(f"{origin} -> {name}") for name in tables}
    return assemble(meta, tables, sources)


def _priced(
    prices: pd.DataFrame, units: pd.DataFrame, starts: pd.DatetimeIndex, stated: bool
) -> None:
    """Every bus of a unit needs a price in every hour, unless prices come with the units."""
    if stated:
        return
    failures = []
    for bus in units["bus"].unique():
        have = pd.DatetimeIndex(prices.loc[prices["node"] == bus, "interval_start"])
        missing = starts[~starts.isin(have)]
        if len(missing):
            message = f"{bus} has no price in {len(missing)} of {len(starts)} hours, first "
            message += missing[0].isoformat()
            failures.append(Failure("prices", None, "node", "missing_hour", message))
    if failures:
        raise InputError(failures)


def _hub_price(
    today: Offers, prices: pd.DataFrame, places: Places
) -> tuple[pd.DataFrame, list[str]]:
    """Price the hub, where no file does, at the average of the units, weighed by cleared MW."""
    if (prices["node"] == places.hub).any():
        return prices, []
    states = today.units
    weight = states["cleared_mw"].clip(lower=0.0).where(states["lmp"].notna(), 0.0).fillna(0.0)
    paid = (weight * states["lmp"].fillna(0.0)).groupby(states["interval_start"]).sum()
    total = weight.groupby(states["interval_start"]).sum()
    average = (paid / total.where(total > 0)).dropna()
    made = pd.DataFrame(
        {"node": places.hub, "interval_start": average.index, "lmp": average.to_numpy()}
    ).assign(mec=np.nan, mcc=np.nan, mlc=np.nan)
    both = pd.concat([prices, made], ignore_index=True)
    ordered = both.sort_values(["interval_start", "node"], kind="stable", ignore_index=True)
    note = f"{places.hub} is priced at the LMP of the units, weighed by what cleared of them"
    return ordered, [note]


@dataclass(frozen=True)
class Demand:
    """Loads, their buses, the wide table of their MW, and what they follow from.

    `basis`: published (loads), cleared (MW of units) or price (MW that the price pays for).
    """

    basis: str
    load: list[str]
    bus: list[str]
    table: pd.DataFrame


def _demand(
    today: Offers,
    prices: pd.DataFrame,
    bus: pd.Series,
    loads: pd.DataFrame | None,
    starts: pd.DatetimeIndex,
    places: Places,
) -> tuple[Demand, list[str]]:
    """Demand from published loads, else from what cleared, else from what the price pays for."""
    hub = places.hub
    if loads is not None:
        wide = loads.pivot(index="interval_start", columns="load", values="mw")
        wide.index = pd.DatetimeIndex(wide.index).tz_convert(today.timezone)
        wide = wide.reindex(starts)
        missing = wide.isna().any(axis=1)
        if missing.any():
            moment = starts[int(np.argmax(missing.to_numpy()))].isoformat()
            message = f"no load in {int(missing.sum())} of {len(starts)} hours, first {moment}"
            raise InputError.one("loads", None, None, "missing_hour", message)
        table = wide.rename_axis(columns=None).rename_axis("interval_start").reset_index()
        names = [str(name) for name in wide.columns]
        note = "demand is the published load; imports and exports are not in the offers"
        return Demand("published", names, [hub] * len(names), table), [note]
    cleared = today.units["cleared_mw"]
    if cleared.notna().any():
        mw, basis = cleared.fillna(0.0), "cleared"
        note = "demand is the MW that cleared of the units of the files"
    else:
        mw, basis = pd.Series(taken_mw(today, prices, bus)), "price"
        note = (
            "demand is the MW that the published price pays for, since neither loads nor cleared MW"
            " are published here: a backcast needs --loads"
        )
    total = mw.groupby(today.units["interval_start"]).sum().reindex(starts, fill_value=0.0)
    table = pd.DataFrame({"interval_start": starts, SYSTEM: total.to_numpy()})
    return Demand(basis, [SYSTEM], [hub], table), [note]


def _plate(buses: list[str], hub: str) -> pd.DataFrame:
    """Branches without a limit from every bus to the hub."""
    others = [bus for bus in buses if bus != hub]
    return pd.DataFrame(
        {
            "branch": [f"plate:{bus}" for bus in others],
            "from_bus": others,
            "to_bus": [hub] * len(others),
            "x": [0.01] * len(others),
        }
    )


def _published_units(today: Offers) -> pd.DataFrame:
    columns = [
        *("unit", "interval_start", "p_min", "p_max", "must_take_mw", "status", "cleared_mw"),
    ]
    rows = today.units[columns]
    return rows.assign(p_min=rows["p_min"].fillna(0.0))


def _wide(today: Offers, units: pd.DataFrame, starts: pd.DatetimeIndex) -> dict[str, pd.DataFrame]:
    """Availability and must-run of every unit and hour; a unit without an offer is not there."""
    row = starts.get_indexer(pd.DatetimeIndex(today.units["interval_start"]))
    column = pd.Index(units["unit"]).get_indexer(pd.Index(today.units["unit"]))
    width = np.bincount(today.state, weights=today.mw, minlength=len(today.units))
    p_max = today.units["p_max"].to_numpy()
    reach = np.where(np.isfinite(p_max), np.minimum(p_max, width), width)
    status = today.units["status"]
    must = ((status == "must_run") | (today.units["must_take_mw"] > 0)).to_numpy() & (reach > 0)
    made = {}
    for name, values in (("availability", reach), ("must_run", must.astype(float))):
        block = np.zeros((len(starts), len(units)))
        block[row, column] = values
        if name == "must_run" and not block.any():
            continue
        frame = pd.DataFrame(block, columns=units["unit"].tolist())
        frame.insert(0, "interval_start", starts)
        made[name] = frame
    return made


def _reserve_tables(today: Offers, units: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Reserve offers of units that offer energy too, and their products."""
    rows = today.reserve_offers
    rows = rows[rows["unit"].isin(units["unit"])]
    if rows.empty:
        return {}
    names = sorted(rows["product"].unique())
    down = ["down" if "down" in name.lower() else "up" for name in names]
    known = {p: m for one in layouts("reserves", today.market) for p, m in one.minutes.items()}
    minutes = [known.get(name, np.nan) for name in names]
    products = pd.DataFrame({"product": names, "direction": down, "minutes": minutes})
    columns = ["unit", "interval_start", "product", "segment", "mw", "price"]
    return {"reserve_products": products, "reserve_offers": rows[columns]}


def _bids(today: Offers, units: pd.DataFrame, demand: Demand) -> dict[str, pd.DataFrame]:
    """Charging of storage as bids of a load beside the unit."""
    rows = today.bids[today.bids["unit"].isin(units["unit"])]
    if rows.empty:
        return {}
    names = sorted(rows["unit"].unique())
    bus = units.set_index("unit")["bus"]
    demand.load.extend(f"{name} charging" for name in names)
    demand.bus.extend(str(bus[name]) for name in names)
    for name in names:
        demand.table[f"{name} charging"] = 0.0
    made = rows.assign(load=rows["unit"] + " charging").drop(columns="unit")
    loads = pd.DataFrame({"load": demand.load, "bus": demand.bus})
    return {"bids": made, "loads": loads, "demand": demand.table}
