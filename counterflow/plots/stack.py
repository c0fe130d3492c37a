"""Generation by fuel through the day, stacked."""

from __future__ import annotations

from typing import Final

import pandas as pd
import plotly.graph_objects as go

from cases import Run
from counterflow.plots.style import SEQUENCE, dressed, horizon, interval_labels

__all__ = ["generation_by_fuel", "generation_stack"]

FUELS: Final = len(SEQUENCE) - 1
_PATTERNS: Final = ("", "/", "\\", ".", "x", "-", "|", "+")


def generation_by_fuel(run: Run) -> pd.DataFrame:
    """MW by interval start and fuel (technology where there is none), most energy first."""
    units = run.case.units.set_index("unit")
    fuel = units["fuel"].fillna("").astype(str)
    fuel = fuel.where(fuel != "", units["technology"].fillna("").astype(str)).replace("", "other")
    table = run.dispatch
    rows = table.assign(fuel=table["unit"].map(fuel).fillna("other"))
    wide = rows.pivot_table(
        index="interval_start", columns="fuel", values="mw", aggfunc="sum", fill_value=0.0
    )
    order = wide.sum().sort_values(ascending=False, kind="stable").index
    wide = wide[order]
    if len(order) > FUELS:
        rest = wide.iloc[:, FUELS - 1 :].sum(axis=1)
        wide = wide.iloc[:, : FUELS - 1].assign(**{"all others": rest})
    return wide


def generation_stack(run: Run) -> go.Figure:
    """Stacked areas of MW by fuel over the intervals; colour and hatching tell them apart.

    Returns
    -------
    plotly.graph_objects.Figure
        A trace per fuel, the one with most energy at the bottom.
    """
    wide = generation_by_fuel(run)
    labels = interval_labels(pd.DatetimeIndex(wide.index))
    figure = go.Figure()
    for i, fuel in enumerate(wide.columns):
        figure.add_bar(
            x=labels,
            y=wide[fuel],
            name=str(fuel),
            marker={
                "color": SEQUENCE[i % len(SEQUENCE)],
                "pattern": {
                    "shape": _PATTERNS[i % len(_PATTERNS)],
                    "fillmode": "overlay",
                    "fgcolor": "white",
                    "fgopacity": 0.45,
                    "size": 6,
                },
                "line": {"width": 0},
            },
            hovertemplate="%{x}: %{y:,.0f} MW<extra>%{fullData.name}</extra>",
        )
    dressed(figure, "Generation by fuel (MW)", horizon(run))
    figure.update_layout(barmode="relative", bargap=0.06)
    figure.update_xaxes(title=f"interval start ({run.case.meta.timezone})", type="category")
    figure.update_yaxes(title="MW")
    return figure
