"""Prices on the map, by bus, by zone and by duration, before and after."""

from __future__ import annotations

import numpy as np
import pandas as pd

from counterflow.pages.blocks import Block, Chart, Column, Map, Note, Panel, Sheet
from counterflow.pages.day import Day
from counterflow.pages.panels.grid_map import map_data
from counterflow.pages.text import Text, say
from counterflow.plots.duration import price_duration
from counterflow.plots.lines import (
    before_after_duration,
    reserve_price_lines,
    zone_price_lines,
)

__all__ = ["place_prices", "prices_panel", "zones_panel"]


def place_prices(day: Day) -> pd.DataFrame:
    """Mean price of each zone and hub over all intervals, in both runs.

    Returns
    -------
    DataFrame
        point, kind, lmp_after, mcc_after; lmp_before and change where there is a parent; highest.
    """
    key = ["kind", "point"]
    own = day.run.zone_prices.groupby(key).agg(
        lmp_after=("lmp", "mean"), mcc_after=("mcc", "mean"), highest=("lmp", "max")
    )
    if day.parent is not None:
        before = day.parent.zone_prices.groupby(key)["lmp"].mean()
        own["lmp_before"] = before.reindex(own.index)
        own["change"] = own["lmp_after"] - own["lmp_before"]
    return own.reset_index()


def prices_panel(day: Day) -> Panel:
    """The map, what makes the price of a bus, the bus table, and price duration."""
    blocks: list[Block] = []
    if day.run.prices.empty:
        note = say("note.no_prices")
        return Panel("prices", "panel.prices", note, (Note(note, "missing"),))
    blocks.append(Map(map_data(day)))
    places = place_prices(day)
    if len(places):
        blocks.append(_places(day, places))
    figure = (
        price_duration(day.run)
        if day.parent is None
        else before_after_duration(day.parent, day.run)
    )
    labels = {"xaxis": "axis.share_of_prices", "yaxis": "axis.lmp"}
    blocks.append(Chart("duration", figure, say("duration.title"), labels))
    if day.mitigated and day.parent is None:
        blocks.append(Note(day.parent_note or say("note.parent_missing", id=""), "missing"))
    return Panel("prices", "panel.prices", _title(day), tuple(blocks))


def _places(day: Day, table: pd.DataFrame) -> Sheet:
    columns = [
        Column("point", "column.point", dim="zone"),
        Column("kind", "column.kind", "state"),
    ]
    if "change" in table:
        columns.append(Column("lmp_before", "column.lmp_before", "price", day.per_mwh))
    columns.append(Column("lmp_after", "column.lmp_after", "price", day.per_mwh))
    if "change" in table:
        columns.append(Column("change", "column.change", "price", day.per_mwh))
    columns.append(Column("mcc_after", "column.mcc", "price", day.per_mwh))
    columns.append(Column("highest", "column.highest", "price", day.per_mwh))
    return Sheet("places", tuple(columns), table, say("places.caption"))


def _title(day: Day) -> Text:
    prices = day.run.prices.dropna(subset=["lmp"])
    if prices.empty:
        return say("note.no_prices")
    if day.parent is not None:
        key = ["interval_start", "bus"]
        before = day.parent.prices.set_index(key)["lmp"]
        change = (prices.set_index(key)["lmp"] - before).dropna()
        if len(change) and float(change.abs().max()) > 0.005:
            largest = int(change.abs().to_numpy().argmax())
            at, bus = change.index[largest]
            return say(
                "prices.changed",
                bus=str(bus),
                at=("time", at.isoformat()),
                change=("signed_price", float(change.iloc[largest])),
                moved=("count", int((change.abs() > 0.005).groupby("bus").any().sum())),
                buses=("count", prices["bus"].nunique()),
                unit=day.per_mwh,
            )
        return say("prices.same")
    spread = prices.groupby("interval_start")["lmp"].agg(np.ptp)
    at = pd.DatetimeIndex(spread.index)[int(spread.to_numpy().argmax())]
    row = prices[prices["interval_start"] == at].sort_values("lmp").iloc[-1]
    return say(
        "prices.dearest",
        bus=str(row["bus"]),
        at=("time", at.isoformat()),
        price=("price", float(row["lmp"])),
        unit=day.per_mwh,
    )


def zones_panel(day: Day) -> Panel:
    """Zone and reserve prices through the day."""
    axes = {"xaxis": "axis.interval", "yaxis": "axis.lmp"}
    blocks: list[Block] = [Chart("zones", zone_price_lines(day.run), say("zones.chart"), axes)]
    table = day.run.reserve_prices
    table = table[table["requirement_mw"] > 0]
    if len(table):
        axes = {"xaxis": "axis.interval", "yaxis": "axis.reserve_price"}
        chart = Chart("reserves", reserve_price_lines(day.run), say("reserves.chart"), axes)
        blocks.append(chart)
        blocks.append(_reserves(day, table))
    else:
        blocks.append(Note(say("note.no_reserve")))
    dear = day.run.zone_prices
    if dear.empty or dear["lmp"].isna().all():
        return Panel("zones", "panel.zones", say("zones.title"), tuple(blocks))
    top = dear.sort_values("lmp", ascending=False, kind="stable").iloc[0]
    title = say(
        "zones.dearest",
        zone=str(top["point"]) or "-",
        at=("time", top["interval_start"].isoformat()),
        price=("price", float(top["lmp"])),
        unit=day.per_mwh,
    )
    return Panel("zones", "panel.zones", title, tuple(blocks))


def _reserves(day: Day, table: pd.DataFrame) -> Sheet:
    unit = f"{day.money}/MW·h"
    columns = (
        Column("interval_start", "column.interval_start", "time", dim="t"),
        Column("product", "column.product"),
        Column("zone", "column.zone", dim="zone"),
        Column("requirement_mw", "column.requirement_mw", "mw", "MW"),
        Column("price", "column.price", "price", unit),
        Column("shortage_mw", "column.shortage_mw", "mw", "MW"),
    )
    frame = table.reset_index(drop=True)
    return Sheet("reserve_prices", columns, frame, say("reserves.caption"), group=("product",))
