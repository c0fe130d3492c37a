"""LMP by bus and interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cases import Run
from counterflow.plots.style import (
    SCALE,
    color_bar,
    dressed,
    horizon,
    hour_table,
    interval_labels,
    per_mwh,
    price_range,
)

NAMED = 60
"""Up to this many buses each row carries its name; above, rows are named by zone only."""


def lmp_heat_map(run: Run) -> go.Figure:
    """Heat map of LMP, buses (by zone, dearest on top) against intervals.

    Returns
    -------
    plotly.graph_objects.Figure
        One heat map trace; z in the case's currency per MWh, NaN cells stay blank.
    """
    table = hour_table(run)
    zone = run.case.buses.set_index("bus")["zone"]
    order = pd.DataFrame({"zone": zone, "mean": table.mean(axis=1)}, index=table.index)
    order["zone_mean"] = order.groupby("zone")["mean"].transform("mean")
    order = order.sort_values(["zone_mean", "zone", "mean"], kind="stable")
    table = table.loc[order.index]
    low, high, clipped = price_range(table.to_numpy())
    labels = interval_labels(pd.DatetimeIndex(table.columns))
    rows = np.arange(len(table))
    named = [f"{bus} ({z})" if z else bus for bus, z in order["zone"].items()]
    figure = go.Figure(
        go.Heatmap(
            z=table.to_numpy(),
            x=labels,
            y=rows,
            customdata=np.repeat(np.array(named, dtype=object)[:, None], len(labels), axis=1),
            colorscale=SCALE,
            zmin=low,
            zmax=high,
            colorbar=color_bar(f"LMP {per_mwh(run)}", clipped),
            hovertemplate=f"%{{customdata}}<br>%{{x}}<br>%{{z:,.2f}} {per_mwh(run)}<extra></extra>",
            xgap=1 if len(table) <= NAMED else 0,
            ygap=1 if len(table) <= NAMED else 0,
        )
    )
    dressed(figure, f"LMP by bus and interval ({per_mwh(run)})", horizon(run))
    figure.update_xaxes(title=f"interval start ({run.case.meta.timezone})", showgrid=False)
    figure.update_xaxes(type="category", tickangle=0 if len(labels) <= 24 else -60)
    ticks, texts = (rows, named) if len(table) <= NAMED else _zone_ticks(order["zone"])
    title = "bus" if len(table) <= NAMED else f"{len(table):,d} buses, by zone"
    figure.update_yaxes(tickvals=ticks, ticktext=texts, title=title, showgrid=False, zeroline=False)
    if 18 * len(table) > 500 and len(table) <= NAMED:
        figure.update_layout(height=160 + 18 * len(table))
    return figure


def _zone_ticks(zones: pd.Series[str]) -> tuple[list[float], list[str]]:
    """Middle row of each zone, for zones that fill enough of the picture to be named."""
    values = zones.to_numpy()
    middles, names = [], []
    for zone in dict.fromkeys(values):
        at = np.flatnonzero(values == zone)
        if zone and len(at) >= len(values) / 60:
            middles.append(float(at.mean()))
            names.append(str(zone))
    return middles, names
