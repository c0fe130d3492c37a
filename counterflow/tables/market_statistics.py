"""Statistics of a market by month: supply and demand, shares, concentration, cover, congestion.

What a trading institution publishes beside its indices, each as a table with a column `month`
(local, YYYY-MM). Runs are those of the day-ahead market, each interval once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cases import InputError, Run
from cases.files.folders import new_folder
from cases.files.sheets import write_sheet
from cases.market_time import day_of, hours_of
from cases.place_prices import PlacePrices
from mitigation.indices.concentration import concentration, shares
from mitigation.structure.owners import ownership
from settlement.disclosure import Viewer
from settlement.incentive import net_positions
from settlement.market.positions import NO_OWNER

__all__ = ["TABLES", "MarketStatistics", "market_statistics", "shown_to"]

TABLES = ("supply_demand", "shares", "concentration", "contract_cover", "congestion", "prices")
_LARGEST = 4
"""Owners whose joint share is given."""
_QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p95": 0.95}


@dataclass(frozen=True)
class MarketStatistics:
    """Tables by month.

    Attributes
    ----------
    supply_demand
        month, available_mwh, demand_mwh (taken by loads), ratio of the two, lowest ratio of an
        interval, and at which it was.
    shares
        month, owner (affiliates as one), generation_mwh, share, available_mwh, available_share.
    concentration
        month, of (generation, available), hhi (0 to 10000), largest (share of the four largest),
        owners with a share.
    contract_cover
        month, owner, generation_mwh, load_mwh, contract_mwh (sold less bought), futures_mwh,
        net_mwh, covered (part of generation that load, contracts and futures cover).
    congestion
        month, constraint, contingency, direction, hours (in which it bound), price (mean shadow
        price of those), rent (shadow price x flow x hours, money).
    prices
        month, place (blank: the market), hours, mean (of the hours), weighted (by what the place
        takes), lowest, p05, p25, p50, p75, p95, highest, deviation, negative (hours below zero).
    """

    supply_demand: pd.DataFrame
    shares: pd.DataFrame
    concentration: pd.DataFrame
    contract_cover: pd.DataFrame
    congestion: pd.DataFrame
    prices: pd.DataFrame

    def write(self, folder: str | Path) -> None:
        """Write every table as CSV into a new folder, whole or not at all."""
        with new_folder(folder) as part:
            for name in TABLES:
                write_sheet(getattr(self, name), part / f"{name}.csv")


def market_statistics(
    runs: Run | Sequence[Run],
    *,
    contracts: pd.DataFrame | None = None,
    contract_curves: pd.DataFrame | None = None,
    frozen_curves: pd.DataFrame | None = None,
    futures: pd.DataFrame | None = None,
) -> MarketStatistics:
    """Statistics of the months that runs reach.

    Parameters
    ----------
    runs
        Cleared runs, each interval once.
    contracts, contract_curves, frozen_curves, futures
        For the cover, as in `settle`; those of the cases where None.

    Raises
    ------
    InputError
        No runs, or an interval that two of them hold.
    """
    listed = [runs] if isinstance(runs, Run) else list(runs)
    _check(listed)
    given = {"contracts": contracts, "contract_curves": contract_curves,
             "frozen_curves": frozen_curves, "futures": futures}  # fmt: skip
    supply = pd.concat([_supply(run) for run in listed], ignore_index=True)
    owned = _shares(supply)
    return MarketStatistics(
        _supply_demand(supply, pd.concat([_demand(run) for run in listed], ignore_index=True)),
        owned,
        _concentration(owned),
        _cover(pd.concat([_covered(run, given) for run in listed], ignore_index=True)),
        _congestion(pd.concat([_binding(run) for run in listed], ignore_index=True)),
        _prices(pd.concat([_place_prices(run) for run in listed], ignore_index=True)),
    )


def shown_to(
    statistics: MarketStatistics, viewer: Viewer, days: float, timezone: str
) -> MarketStatistics:
    """Statistics of the months that are over for so many days; the cover of others is dropped.

    The cover of each owner is known to itself and to the monitor.
    """
    tables = {}
    for name in TABLES:
        table: pd.DataFrame = getattr(statistics, name)
        free = [viewer.after(month, days, timezone) for month in table["month"]]
        tables[name] = table[free].reset_index(drop=True)
    cover = tables["contract_cover"]
    own = cover["owner"].map(viewer.sees).astype(bool)
    tables["contract_cover"] = cover[own].reset_index(drop=True)
    return MarketStatistics(**tables)


def _check(runs: Sequence[Run]) -> None:
    if not runs:
        raise InputError.one("", None, None, "runs", "no runs to make statistics of")
    utc = [pd.Series(run.case.interval_starts.tz_convert("UTC")) for run in runs]
    starts = pd.concat(utc, ignore_index=True)
    twice = starts[starts.duplicated()]
    if len(twice):
        at = twice.iloc[0].tz_convert(runs[0].case.meta.timezone).isoformat()
        raise InputError.one("", None, None, "runs", f"two runs hold the interval {at}")


def _month(starts: pd.Series, run: Run) -> pd.Series:
    return pd.Series(starts.dt.tz_convert(run.case.meta.timezone).dt.strftime("%Y-%m"), dtype="str")


def _supply(run: Run) -> pd.DataFrame:
    """month, interval_start, owner, generation_mwh, available_mwh."""
    table = run.dispatch[["interval_start", "interval_end", "unit", "owner", "mw", "available_mw"]]
    table = table.assign(hours=hours_of(table))
    units = run.case.units
    if (units["owner"] != "").all():
        days = pd.DatetimeIndex(day_of(table["interval_start"]).unique())
        table = ownership(units, run.case.owners, days).split(table, "mw", "available_mw")
    table["owner"] = table["owner"].where(table["owner"] != "", NO_OWNER)
    return pd.DataFrame(
        {
            "month": _month(table["interval_start"], run),
            "interval_start": table["interval_start"].dt.tz_convert("UTC"),
            "owner": table["owner"],
            "generation_mwh": table["mw"] * table["hours"],
            "available_mwh": table["available_mw"] * table["hours"],
        }
    )


def _demand(run: Run) -> pd.DataFrame:
    loads = run.load_awards
    hours = hours_of(loads)
    return pd.DataFrame(
        {
            "month": _month(loads["interval_start"], run),
            "interval_start": loads["interval_start"].dt.tz_convert("UTC"),
            "demand_mwh": loads["mw"].clip(lower=0.0) * hours,
            "timezone": run.case.meta.timezone,
        }
    )


def _supply_demand(supply: pd.DataFrame, demand: pd.DataFrame) -> pd.DataFrame:
    keys = ["month", "interval_start"]
    both = pd.concat(
        [supply.groupby(keys)["available_mwh"].sum(), demand.groupby(keys)["demand_mwh"].sum()],
        axis=1,
    ).reset_index()
    both["ratio"] = both["available_mwh"] / both["demand_mwh"].where(both["demand_mwh"] > 0)
    zone = demand["timezone"].iloc[0] if len(demand) else "UTC"
    rows = []
    for month, own in both.groupby("month"):
        available, taken = own["available_mwh"].sum(), own["demand_mwh"].sum()
        known = own[own["ratio"].notna()]
        least = known.iloc[int(known["ratio"].to_numpy().argmin())] if len(known) else None
        rows.append(
            (
                month,
                available,
                taken,
                available / taken if taken > 0 else np.nan,
                np.nan if least is None else least["ratio"],
                "" if least is None else least["interval_start"].tz_convert(zone).isoformat(),
            )
        )
    columns = ["month", "available_mwh", "demand_mwh", "ratio", "lowest_ratio", "lowest_at"]
    return pd.DataFrame(rows, columns=columns)


def _shares(supply: pd.DataFrame) -> pd.DataFrame:
    made = shares(supply, ["month"], "generation_mwh")
    could = shares(supply, ["month"], "available_mwh")
    both = made.merge(
        could.rename(columns={"share": "available_share"}), on=["month", "owner"], how="outer"
    )
    order = ["month", "owner", "generation_mwh", "share", "available_mwh", "available_share"]
    return both[order].sort_values(
        ["month", "generation_mwh", "owner"], ascending=[True, False, True], ignore_index=True
    )


def _concentration(owned: pd.DataFrame) -> pd.DataFrame:
    parts = []
    for of, column in (("generation", "share"), ("available", "available_share")):
        own = owned[["month", "owner", column]].rename(columns={column: "share"})
        index = concentration(own, ["month"])
        groups = own.groupby("month")["share"]
        largest = groups.apply(lambda s: s.nlargest(_LARGEST).sum())
        count = groups.apply(lambda s: int((s > 0).sum()))
        parts.append(
            index.assign(
                of=of, largest=index["month"].map(largest), owners=index["month"].map(count)
            )
        )
    table = pd.concat(parts, ignore_index=True)
    return table[["month", "of", "hhi", "largest", "owners"]].sort_values(
        ["month", "of"], ascending=[True, False], ignore_index=True
    )


def _covered(run: Run, given: dict[str, pd.DataFrame | None]) -> pd.DataFrame:
    table = net_positions(run, **given)
    spans = run.prices.drop_duplicates("interval_start").set_index("interval_start", drop=False)
    hours = table["interval_start"].map(hours_of(spans))
    names = ["generation_mw", "load_mw", "contract_mw", "futures_mw", "net_mw"]
    energy = table[names].mul(hours, axis=0).rename(columns=lambda name: f"{name}h")
    return energy.assign(owner=table["owner"], month=_month(table["interval_start"], run))


def _cover(table: pd.DataFrame) -> pd.DataFrame:
    names = ["generation_mwh", "load_mwh", "contract_mwh", "futures_mwh", "net_mwh"]
    sums = table.groupby(["month", "owner"], as_index=False)[names].sum()
    cover = sums["load_mwh"] + sums["contract_mwh"] + sums["futures_mwh"]
    sums["covered"] = (cover / sums["generation_mwh"]).where(sums["generation_mwh"] > 0)
    return sums


def _binding(run: Run) -> pd.DataFrame:
    table = run.constraints[run.constraints["shadow_price"] > 0]
    network = table[table["kind"].isin(["branch", "interface", "contingency", "link"])]
    hours = hours_of(network)
    return pd.DataFrame(
        {
            "month": _month(network["interval_start"], run),
            **{name: network[name] for name in ("constraint", "contingency", "direction")},
            "hours": hours,
            "price": network["shadow_price"] * hours,
            "rent": network["shadow_price"] * network["flow_mw"].abs() * hours,
        }
    )


def _congestion(table: pd.DataFrame) -> pd.DataFrame:
    keys = ["month", "constraint", "contingency", "direction"]
    sums = table.groupby(keys, as_index=False)[["hours", "price", "rent"]].sum()
    sums["price"] = sums["price"] / sums["hours"]
    return sums.sort_values(
        ["month", "rent", "constraint"], ascending=[True, False, True], ignore_index=True
    )


def _place_prices(run: Run) -> pd.DataFrame:
    prices = PlacePrices(run)
    zones = sorted({str(zone) for zone in run.case.buses["zone"] if zone})
    starts = pd.Series(run.case.interval_starts)
    frames = []
    for place in ("", *(f"zone:{zone}" for zone in zones)):
        point = prices.points[place] if place else prices.points.market()
        frames.append(
            pd.DataFrame(
                {
                    "month": _month(starts, run),
                    "place": place,
                    "hours": run.case.interval_hours,
                    "price": prices.at(point).to_numpy(),
                    "taken": prices.taken(point) * run.case.interval_hours,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def _prices(table: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for (month, place), all_of in table.groupby(["month", "place"]):
        own = all_of[all_of["price"].notna()].sort_values("price", kind="stable")
        hours, price = own["hours"].to_numpy(), own["price"].to_numpy()
        if not hours.sum():
            continue
        mean = float((price * hours).sum() / hours.sum())
        taken = own["taken"].to_numpy()
        weighted = float((price * taken).sum() / taken.sum()) if taken.sum() > 0 else np.nan
        share = np.cumsum(hours) / hours.sum()
        quantiles = {
            name: float(price[np.searchsorted(share, level - 1e-12)])
            for name, level in _QUANTILES.items()
        }
        spread = float(np.sqrt(((price - mean) ** 2 * hours).sum() / hours.sum()))
        rows.append(
            {
                "month": month,
                "place": place,
                "hours": float(hours.sum()),
                "mean": mean,
                "weighted": weighted,
                "lowest": float(price[0]),
                **quantiles,
                "highest": float(price[-1]),
                "deviation": spread,
                "negative": float(hours[price < 0].sum()),
            }
        )
    return pd.DataFrame(rows)
