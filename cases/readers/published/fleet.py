"""Units and places of a market without a grid."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from cases.errors import InputError
from cases.readers.published.read import Offers

__all__ = ["Places", "commitment_offers", "fleet", "places_of", "without_offers"]

PARTS = ("mec", "mcc", "mlc")


@dataclass(frozen=True)
class Places:
    """Where units and prices are.

    Attributes
    ----------
    hub
        Bus of the load, and of units without a place.
    by
        "node" (units name their own), "unit" (each has a price of its own) or "hub".
    prices
        node, interval_start (clock of the market), lmp, mec, mcc, mlc of all places that count.
    zones
        Bus -> zone.
    stated
        Whether prices came with the units.
    """

    hub: str
    by: str
    prices: pd.DataFrame
    zones: dict[str, str]
    stated: bool
    notes: tuple[str, ...]

    def at(self, rows: pd.DataFrame) -> pd.Series:
        """Bus of each row of states."""
        if self.by == "hub":
            return pd.Series([self.hub] * len(rows), dtype="str")
        column = "node" if self.by == "node" else "unit"
        named = rows[column].reset_index(drop=True)
        return named.where(named != "", self.hub)

    def buses(self, used: set[str]) -> pd.DataFrame:
        """The buses: the hub, those of units, and every other node that has a price."""
        names = [self.hub, *sorted((used | set(self.prices["node"].unique())) - {self.hub})]
        zones = [self.zones.get(name, "") for name in names]
        return pd.DataFrame({"bus": names, "zone": zones})


def places_of(offers: Offers, prices: pd.DataFrame | None, zone: str) -> Places:
    """Find where units are: at the places that they name, or all at one node.

    Raises
    ------
    InputError
        No prices at all; several nodes and no zone that says which is that of the units.
    """
    states = offers.units
    own_price = states["lmp"].notna().any()
    zones: dict[str, str] = {}
    notes: list[str] = []
    if (states["node"] != "").any():
        by = "node"
    elif own_price:
        by = "unit"
        zones |= dict(zip(states["unit"], states["zone"], strict=True))
        notes.append("a bus for each unit: its LMP is in its row")
    else:
        by = "hub"
    if prices is None and not own_price:
        message = f"{offers.market} publishes offers without prices: give --prices FILES"
        raise InputError.one("", None, None, "prices", message)
    frames = []
    hub = zone or "system"
    if prices is not None:
        local = prices.assign(
            interval_start=prices["interval_start"].dt.tz_convert(offers.timezone)
        )
        frames.append(local)
        nodes = local["node"].unique()
        named = local[local["zone"] != ""]
        zones |= dict(zip(named["node"], named["zone"], strict=True))
        if by == "hub":
            if not zone and len(nodes) > 1:
                few = ", ".join(sorted(nodes)[:5])
                message = f"the prices are of {len(nodes)} nodes ({few}, ...): name that of the "
                message += "units with --zone"
                raise InputError.one("", None, None, "zone", message)
            hub = str(nodes[0])
            notes.append(f"all units are priced at {hub}: the offers name no place")
    if own_price:
        frames.append(_own_prices(states, by, {str(n) for f in frames for n in f["node"].unique()}))
    columns = ["node", "interval_start", "lmp", *PARTS]
    both = pd.concat([frame[columns] for frame in frames], ignore_index=True)
    both = both[both["lmp"].notna()]
    both = both.sort_values(["interval_start", "node"], kind="stable", ignore_index=True)
    zones.setdefault(hub, hub if by == "hub" else "")
    return Places(hub, by, both, zones, bool(own_price), tuple(notes))


def _own_prices(states: pd.DataFrame, by: str, known: set[str]) -> pd.DataFrame:
    """Prices that stand in the rows of units, once for each place and hour.

    Raises InputError where two units of one place have different prices.
    """
    column = "node" if by == "node" else "unit"
    rows = states.loc[
        states["lmp"].notna() & (states[column] != ""), [column, "interval_start", "lmp"]
    ]
    rows = rows.rename(columns={column: "node"})
    rows = rows[~rows["node"].isin(known)]
    keys = ["node", "interval_start"]
    spread = rows.groupby(keys, sort=False)["lmp"].agg(["min", "max"])
    wrong = spread[spread["max"] - spread["min"] > 0.005]
    if len(wrong):
        node, stamp = wrong.index[0]
        message = f"{node} has prices {wrong['min'].iloc[0]:g} and {wrong['max'].iloc[0]:g} at "
        message += f"{stamp.isoformat()}"
        raise InputError.one("", None, "lmp", "price", message)
    once = rows.drop_duplicates(keys)
    return once.assign(mec=np.nan, mcc=np.nan, mlc=np.nan)


def without_offers(offers: Offers) -> tuple[Offers, list[str]]:
    """Leave out the units that offer nothing in any hour; say how many and which first."""
    width = np.bincount(offers.state, weights=offers.mw, minlength=len(offers.units))
    total = pd.Series(width).groupby(offers.units["unit"]).transform("sum").to_numpy()
    keep = total > 0
    if keep.all():
        return offers, []
    names = sorted(offers.units.loc[~keep, "unit"].unique())
    number = np.cumsum(keep) - 1
    note = f"{len(names)} units without any offer were left out (first: {names[0]})"
    return replace(
        offers,
        units=offers.units[keep].reset_index(drop=True),
        state=number[offers.state],
    ), [note]


def fleet(today: Offers, places: Places) -> tuple[pd.DataFrame, list[str]]:
    """The units: least minimum and largest maximum of their hours, their owner, their bus.

    A unit without owner stands for itself: nobody else is known to decide for it.
    """
    states = today.units
    width = np.bincount(today.state, weights=today.mw, minlength=len(states))
    offered = width > 0
    stated = states["p_max"].to_numpy(dtype=np.float64)
    p_max = np.where(np.isfinite(stated), stated, width)
    least = np.minimum(np.minimum(states["p_min"].fillna(0.0), width), p_max)
    p_min = np.where(offered, least, np.nan)
    frame = states.assign(p_min=p_min, p_max=p_max, bus=places.at(states).to_numpy())
    grouped = frame.groupby("unit", sort=True)
    units = grouped.agg(
        owner=("owner", "first"),
        bus=("bus", "first"),
        technology=("technology", "first"),
        p_min=("p_min", "min"),
        p_max=("p_max", "max"),
        min_up=("min_up", "first"),
    ).reset_index()
    units["min_up"] = units["min_up"].fillna(0.0).clip(lower=0.0)
    units["p_min"] = units["p_min"].fillna(0.0)
    alone = units["owner"] == ""
    units["owner"] = units["owner"].mask(alone, units["unit"])
    notes = []
    if alone.any():
        notes.append(
            f"{int(alone.sum())} units are published without owner: each stands for itself, so "
            "that shares and pivotality by owner are lower bounds; --owners FILE joins them"
        )
    return units, notes


def commitment_offers(today: Offers) -> tuple[pd.DataFrame, list[str]]:
    """No-load and hot start costs, those of the first hour that states them.

    Files do not say after how many hours a start is no longer hot; other tiers are left out.
    """
    states = today.units
    start = states["startup_hot"].fillna(states["startup_cold"])
    parts, notes = [], []
    for component, values in (("no_load", states["no_load"]), ("startup", start)):
        rows = states[["unit"]].assign(price=values)
        rows = rows[rows["price"].notna()]
        first = rows.groupby("unit", sort=True)["price"].agg(["first", "nunique"]).reset_index()
        if (first["nunique"] > 1).any():
            count = int((first["nunique"] > 1).sum())
            notes.append(
                f"{component} of {count} units changes; the case has that of the first hour"
            )
        made = first.rename(columns={"first": "price"})[["unit", "price"]]
        parts.append(made.assign(component=component))
    found = pd.concat(parts, ignore_index=True)
    return found[["unit", "component", "price"]], notes
