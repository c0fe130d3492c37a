"""Reserve awards and what one MW of them is paid."""

from __future__ import annotations

import pandas as pd

from cases.market_time import hours_of
from cases.run import Run
from settlement.market.positions import NO_OWNER

__all__ = ["reserve_awards", "reserve_deviations", "with_day_ahead", "with_reserve_prices"]

COLUMNS = ["owner", "subject", "product", "interval_start", "hours", "mw", "price"]


def reserve_awards(run: Run) -> pd.DataFrame:
    """Reserve awards with their price.

    Columns owner, subject (the unit), product, interval_start, hours, mw, price.
    """
    awards = run.reserves[run.reserves["mw"] != 0]
    owners = awards["unit"].map(run.case.units.set_index("unit")["owner"])
    table = awards.assign(owner=owners.replace("", NO_OWNER), subject=awards["unit"])
    return with_reserve_prices(table[["owner", "subject", "product", "interval_start", "mw"]], run)


def with_reserve_prices(table: pd.DataFrame, run: Run) -> pd.DataFrame:
    """A table of MW by subject (a unit), product and interval_start, with hours and price.

    A unit is paid the price of its product in the zone of its bus, which `reserve_prices` gives:
    it holds what every requirement that the award serves is worth, in the zone and the whole case,
    those of lower products included. Where the zone has no price of its own, that of the whole case
    is paid. NaN where the product has no price at all.
    """
    if table.empty:
        blank = table.assign(hours=0.0, price=0.0)
        return blank[COLUMNS]
    prices = run.reserve_prices
    units = run.case.units.set_index("unit")["bus"]
    zones = run.case.buses.set_index("bus")["zone"]
    spans = prices.drop_duplicates("interval_start").set_index("interval_start", drop=False)
    table = table.assign(
        zone=table["subject"].map(units).map(zones).astype("str"),
        hours=table["interval_start"].map(hours_of(spans)).astype(float),
    )
    key = ["interval_start", "product", "zone"]
    local = prices.set_index(key)["price"].astype(float)
    whole = prices[prices["zone"] == ""].set_index(key[:2])["price"].astype(float)
    table = table.join(local.rename("local"), on=key).join(whole.rename("whole"), on=key[:2])
    table["price"] = table["local"].fillna(table["whole"])
    return table[COLUMNS].reset_index(drop=True)


def on_intervals(day_ahead: pd.DataFrame, interval: pd.Series) -> pd.DataFrame:
    """Day-ahead awards on real-time intervals.

    `interval` gives the day-ahead interval of each real-time one (`day_ahead_interval`).
    """
    finer = pd.DataFrame({"at": interval.index, "interval_start": interval.to_numpy()})
    spread = day_ahead.merge(finer, on="interval_start").drop(columns="interval_start")
    return spread.rename(columns={"at": "interval_start"})


def reserve_deviations(
    awards: pd.DataFrame, day_ahead: pd.DataFrame, interval: pd.Series, run: Run
) -> pd.DataFrame:
    """Real-time awards less day-ahead awards, with the real-time prices of `run`.

    A product that real time does not trade has no deviations: its day-ahead awards stand.
    """
    before = on_intervals(day_ahead, interval)
    key = ["owner", "subject", "product", "interval_start"]
    both = pd.concat([awards[[*key, "mw"]], before[[*key, "mw"]].assign(mw=-before["mw"])])
    both = both[both["product"].isin(run.reserve_prices["product"])]
    table = both.groupby(key, sort=True)["mw"].sum().reset_index()
    return with_reserve_prices(table[table["mw"].abs() > 1e-9], run)


def with_day_ahead(
    awards: pd.DataFrame, day_ahead: pd.DataFrame, interval: pd.Series, run: Run
) -> pd.DataFrame:
    """Day-ahead awards at day-ahead prices, and the deviations from them at real-time prices."""
    before = on_intervals(day_ahead, interval)
    lengths = run.prices.drop_duplicates("interval_start").set_index("interval_start", drop=False)
    before["hours"] = before["interval_start"].map(hours_of(lengths)).astype(float)
    moved = reserve_deviations(awards, day_ahead, interval, run)
    return pd.concat([before[COLUMNS], moved], ignore_index=True)
