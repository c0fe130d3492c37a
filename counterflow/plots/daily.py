"""Figures of many days: a line or a bar for each."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from counterflow.plots.style import ALERT, DASHES, SEQUENCE, dressed

__all__ = ["daily_counts", "daily_prices"]


def daily_prices(days: pd.DataFrame, unit: str) -> go.Figure:
    """Load-weighted price of each day, as submitted and as mitigated.

    Parameters
    ----------
    days
        Columns day, price_after, and price_before where the runs as submitted are known.
    unit
        Of the prices, such as ``$/MWh``.
    """
    figure = go.Figure()
    for name, column, color, dash in (
        ("as submitted", "price_before", ALERT, DASHES[1]),
        ("as cleared", "price_after", SEQUENCE[0], DASHES[0]),
    ):
        if column not in days:
            continue
        figure.add_scatter(
            x=days["day"],
            y=days[column],
            mode="lines+markers",
            name=name,
            line={"color": color, "dash": dash, "width": 2},
            hovertemplate="%{x}: %{y:,.2f}<extra>%{fullData.name}</extra>",
        )
    dressed(figure, "Load-weighted price by day", unit)
    figure.update_xaxes(title="day", type="category")
    figure.update_yaxes(title=f"LMP ({unit})")
    return figure


def daily_counts(days: pd.DataFrame) -> go.Figure:
    """Offers replaced, and offers that failed conduct and were kept, of each day.

    Parameters
    ----------
    days
        Columns day, replaced, conduct_failed.
    """
    figure = go.Figure()
    kept = days["conduct_failed"] - days["replaced"]
    for name, values, color, pattern in (
        ("mitigated", days["replaced"], ALERT, ""),
        ("kept after failing", kept.clip(lower=0), "#e69f00", "/"),
    ):
        figure.add_bar(
            x=days["day"],
            y=values,
            name=name,
            marker={
                "color": color,
                "pattern": {"shape": pattern, "fillmode": "overlay", "fgcolor": "white"},
            },
            hovertemplate="%{x}: %{y:,.0f}<extra>%{fullData.name}</extra>",
        )
    dressed(figure, "Offers above a conduct limit by day", "")
    figure.update_layout(barmode="stack")
    figure.update_xaxes(title="day", type="category")
    figure.update_yaxes(title="offers")
    return figure
