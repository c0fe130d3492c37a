"""Prices through the day: zones, reserves, and one run over another."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cases import InputError, Run
from counterflow.plots.style import (
    ALERT,
    DASHES,
    SEQUENCE,
    dressed,
    horizon,
    interval_labels,
    per_mwh,
)
from counterflow.tables.money import system_price

__all__ = ["before_after_duration", "reserve_price_lines", "zone_price_lines"]

ZONES: Final = 10
_POINTS: Final = 1_000


def zone_price_lines(run: Run) -> go.Figure:
    """LMP of zones and hubs by interval; the load-weighted system price where there are none.

    Returns
    -------
    plotly.graph_objects.Figure
        A step line per place, told apart by colour and dash; the dearest places where many.
    """
    table = run.zone_prices
    wide = table.pivot_table(index="interval_start", columns="point", values="lmp", dropna=False)
    if wide.empty:
        wide = system_price(run).to_frame("system")
    order = wide.mean().sort_values(ascending=False, kind="stable").index
    return _lines(run, wide[order[:ZONES]], "Prices of zones", f"LMP ({per_mwh(run)})")


def reserve_price_lines(run: Run) -> go.Figure:
    """Prices of reserve products by interval, in each zone that has a requirement.

    Raises
    ------
    InputError
        The run has no reserve.
    """
    table = run.reserve_prices
    table = table[table["requirement_mw"] > 0]
    if table.empty:
        raise InputError.one("", None, None, "tables", "the run has no reserve requirement")
    zone = table["zone"].where(table["zone"] == "", " in " + table["zone"])
    rows = table.assign(name=table["product"] + zone)
    wide = rows.pivot_table(index="interval_start", columns="name", values="price", dropna=False)
    order = wide.mean().sort_values(ascending=False, kind="stable").index
    unit = f"{run.case.meta.currency}/MW and h"
    return _lines(run, wide[order[:ZONES]], "Prices of reserves", f"price ({unit})")


def _lines(run: Run, wide: pd.DataFrame, title: str, axis: str) -> go.Figure:
    labels = interval_labels(pd.DatetimeIndex(wide.index))
    figure = go.Figure()
    for i, name in enumerate(wide.columns):
        figure.add_scatter(
            x=labels,
            y=wide[name],
            mode="lines",
            name=str(name),
            line={
                "shape": "hvh",
                "width": 2,
                "color": SEQUENCE[i % len(SEQUENCE)],
                "dash": DASHES[i % len(DASHES)],
            },
            hovertemplate="%{x}: %{y:,.2f}<extra>%{fullData.name}</extra>",
        )
    dressed(figure, title, horizon(run))
    figure.update_xaxes(title=f"interval start ({run.case.meta.timezone})", type="category")
    figure.update_yaxes(title=axis)
    return figure


def before_after_duration(before: Run, after: Run) -> go.Figure:
    """Price duration of every bus and interval in two runs, one over the other.

    Returns
    -------
    plotly.graph_objects.Figure
        Two step lines, prices falling, against percent of bus-intervals.
    """
    figure = go.Figure()
    looks = (("as submitted", ALERT, "dash"), ("as mitigated", SEQUENCE[0], "solid"))
    for run, (name, color, dash) in zip((before, after), looks, strict=True):
        prices = np.sort(run.prices["lmp"].dropna().to_numpy(dtype=float))[::-1]
        if len(prices) > _POINTS:
            prices = np.quantile(prices, np.linspace(1, 0, _POINTS + 1))
        if not len(prices):
            continue
        figure.add_scatter(
            x=np.arange(len(prices) + 1) * 100.0 / len(prices),
            y=np.append(prices, prices[-1]),
            mode="lines",
            line={"shape": "hv", "color": color, "dash": dash, "width": 2},
            name=name,
            hovertemplate="%{x:.1f} %: %{y:,.2f}<extra>%{fullData.name}</extra>",
        )
    dressed(figure, f"Price duration ({per_mwh(after)})", horizon(after))
    figure.update_xaxes(title="share of buses and intervals with at least this price (%)")
    figure.update_yaxes(title=f"LMP ({per_mwh(after)})")
    return figure
