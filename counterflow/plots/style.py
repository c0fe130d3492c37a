"""What all figures share: colors that the color-blind can tell apart, fonts, units, times."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from cases import Run
from cases.market_time import days_in

INK = "#1b2733"
MUTED = "#5b6975"
GRID = "#e3e7eb"
LINE = "#b4bec8"
ALERT = "#d55e00"
"""Binding limits: vermilion, always with a second sign (width, dash or text)."""

SEQUENCE = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#d55e00",
    "#f0e442",
    "#7f7f7f",
)
"""Okabe and Ito's palette, its black replaced by a gray."""

DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
SCALE = "Viridis"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"


def per_mwh(run: Run) -> str:
    """Return the unit of prices, such as ``$/MWh``."""
    return f"{run.case.meta.currency}/MWh"


def interval_labels(starts: pd.DatetimeIndex) -> list[str]:
    """Write interval starts for an axis: ``17:00`` within one day, else with the date.

    Where a clock time comes twice (the end of daylight saving) its offset is added.
    """
    one_day = len(days_in(starts)) == 1
    texts = starts.strftime("%H:%M" if one_day else "%b %d %H:%M")
    repeated = texts.duplicated(keep=False)
    offsets = starts.strftime("%z")
    return [
        f"{text} {offset}" if twice else text
        for text, offset, twice in zip(texts, offsets, repeated, strict=True)
    ]


def horizon(run: Run) -> str:
    """Market day or days and the timezone of all times shown."""
    first, last = run.case.interval_starts[0], run.case.interval_starts[-1]
    days = first.strftime("%Y-%m-%d")
    if last.date() != first.date():
        days += " to " + last.strftime("%Y-%m-%d")
    return f"{run.case.meta.name}, {days}, {run.case.meta.timezone}"


def price_range(values: NDArray[Any]) -> tuple[float, float, bool]:
    """Return the range of a price color scale, and whether values lie beyond it.

    Covers all prices, unless a few extreme ones would hide the rest: then the range from the 2nd
    to the 98th percentile, stretched by a quarter of its width on either side; what lies beyond
    takes the color of that end.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 1.0, False
    low, high = float(known.min()), float(known.max())
    first, last = (float(v) for v in np.percentile(known, (2, 98)))
    margin = max(0.25 * (last - first), 1.0)
    clipped_low, clipped_high = max(low, first - margin), min(high, last + margin)
    clipped = clipped_low > low or clipped_high < high
    if clipped_high - clipped_low < 1e-6:
        return clipped_low - 0.5, clipped_high + 0.5, clipped
    return clipped_low, clipped_high, clipped


def color_bar(title: str, clipped: bool) -> dict[str, Any]:
    """Color bar with its unit; says so when values lie beyond the scale."""
    text = title + ("<br>(scale clipped)" if clipped else "")
    return {
        "title": {"text": text, "side": "top"},
        "thickness": 14,
        "outlinewidth": 0,
        "len": 0.85,
        "tickfont": {"size": 12},
    }


def dressed(figure: go.Figure, title: str, subtitle: str) -> go.Figure:
    """Give a figure the common look."""
    figure.update_layout(
        template="plotly_white",
        title={
            "text": f"<b>{title}</b>",
            "subtitle": {"text": subtitle, "font": {"size": 13, "color": MUTED}},
            "x": 0.01,
            "xanchor": "left",
            "y": 1,
            "yref": "paper",
            "yanchor": "bottom",
            "pad": {"b": 40},
            "font": {"size": 18, "color": INK},
        },
        font={"family": FONT, "size": 13, "color": INK},
        margin={"l": 70, "r": 30, "t": 96, "b": 60},
        hoverlabel={"bgcolor": "white", "font": {"family": FONT, "size": 12, "color": INK}},
        legend={"orientation": "v", "x": 1.01, "y": 1, "xanchor": "left", "yanchor": "top"},
        paper_bgcolor="white",
        plot_bgcolor="white",
    )
    axis = {
        "gridcolor": GRID,
        "zerolinecolor": LINE,
        "title_standoff": 12,
        "ticks": "outside",
        "ticklen": 5,
        "tickcolor": "rgba(0,0,0,0)",
        "automargin": True,
    }
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    return figure


def add_slider(figure: go.Figure, labels: Iterable[str], start: int = 0) -> None:
    """Add a slider over the figure's frames (named by position) and a play button."""
    texts = list(labels)
    if len(texts) < 2:
        return
    now = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}}
    jump = now | {"transition": {"duration": 0}}
    play = {
        "mode": "immediate",
        "fromcurrent": True,
        "frame": {"duration": 700, "redraw": True},
        "transition": {"duration": 0},
    }
    figure.update_layout(
        margin={"b": 130},
        sliders=[
            {
                "active": start,
                "steps": [
                    {"label": text, "method": "animate", "args": [[str(i)], jump]}
                    for i, text in enumerate(texts)
                ],
                "x": 0.1,
                "len": 0.88,
                "y": 0,
                "pad": {"t": 58, "b": 6},
                "currentvalue": {"prefix": "Interval from ", "font": {"size": 14}},
                "ticklen": 4,
                "font": {"size": 11, "color": MUTED},
            }
        ],
        updatemenus=[
            {
                "type": "buttons",
                "direction": "left",
                "showactive": False,
                "x": 0.0,
                "y": 0,
                "xanchor": "left",
                "yanchor": "top",
                "pad": {"t": 76},
                "buttons": [
                    {"label": "\u25b6", "method": "animate", "args": [None, play]},
                    {"label": "\u25a0", "method": "animate", "args": [[None], jump]},
                ],
            }
        ],
    )


def hour_table(run: Run, value: str = "lmp") -> pd.DataFrame:
    """Prices as a table: a row per bus in the case's order, a column per interval start."""
    wide = run.prices.pivot(index="bus", columns="interval_start", values=value)
    ordered: pd.DataFrame = wide.reindex(index=run.case.buses["bus"].tolist()).sort_index(axis=1)
    return ordered
