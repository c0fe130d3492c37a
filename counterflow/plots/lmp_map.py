"""The LMP of every bus on the grid, with the limits that bind, hour by hour."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from cases import Run
from counterflow.explain.limits import active, network_limits
from counterflow.plots.layout import bus_positions
from counterflow.plots.style import (
    ALERT,
    INK,
    LINE,
    SCALE,
    add_slider,
    color_bar,
    dressed,
    horizon,
    hour_table,
    interval_labels,
    per_mwh,
    price_range,
)

LABELED = 30
"""Up to this many buses each carries its name and price."""

WEBGL = 1500
"""Above this many buses the map is drawn by WebGL."""


def lmp_map(run: Run) -> go.Figure:
    """LMP map on the grid with a slider over the intervals, opened where prices differ most.

    Buses take the color of their LMP; a branch whose limit binds, in the base case or after an
    outage, is drawn thick. Positions are the case's coordinates, or a layout of the graph.

    Returns
    -------
    plotly.graph_objects.Figure
        Traces: branches, binding branches, buses, the middles of binding branches (to hover on);
        one frame per interval. Prices in the case's currency per MWh.
    """
    case = run.case
    xy, mapped = bus_positions(case.buses, case.branches)
    prices, energy, congestion = (hour_table(run, c) for c in ("lmp", "mec", "mcc"))
    low, high, clipped = price_range(prices.to_numpy())
    starts = pd.DatetimeIndex(prices.columns)
    geometry = _Geometry(run, xy)
    many, few = len(case.buses) > WEBGL, len(case.buses) <= LABELED
    scatter = go.Scattergl if many else go.Scatter
    frames = []
    for i, start in enumerate(starts):
        lines, middles = geometry.binding(start)
        buses = _bus_marks(prices.iloc[:, i], energy.iloc[:, i], congestion.iloc[:, i])
        frames.append((lines, buses, middles))
    grid_x, grid_y = geometry.lines(np.arange(len(geometry.ends)))
    first = _widest(prices)
    lines, buses, middles = frames[first]
    figure = go.Figure(
        [
            scatter(
                x=grid_x,
                y=grid_y,
                mode="lines",
                line={"color": LINE, "width": 0.6 if many else 1.4},
                hoverinfo="skip",
                name="branch",
            ),
            scatter(
                **lines,
                mode="lines",
                line={"color": ALERT, "width": 3 if many else 5},
                hoverinfo="skip",
                name="binding limit",
            ),
            scatter(
                x=xy[:, 0],
                y=xy[:, 1],
                mode="markers+text" if few else "markers",
                textposition=_label_sides(xy, geometry.ends) if few else None,
                marker={
                    "size": _marker_size(len(xy)),
                    "colorscale": SCALE,
                    "cmin": low,
                    "cmax": high,
                    "colorbar": color_bar(f"LMP {per_mwh(run)}", clipped),
                    "line": {"color": INK, "width": 0 if many else 0.7},
                    **buses["marker"],
                },
                **{k: v for k, v in buses.items() if k != "marker"},
                **_hover(run),
                name="bus",
                showlegend=False,
            ),
            scatter(
                **middles,
                mode="markers+text" if few else "markers",
                textposition="bottom center",
                textfont={"color": ALERT},
                marker={"symbol": "diamond", "size": 9, "color": ALERT},
                hovertemplate="%{hovertext}<extra></extra>",
                showlegend=False,
            ),
        ]
    )
    figure.frames = [
        go.Frame(name=str(i), traces=[1, 2, 3], data=[*map(_update, frame)])
        for i, frame in enumerate(frames)
    ]
    title = f"LMP map ({per_mwh(run)})"
    where = "" if mapped else "; no coordinates in the case, positions are a layout of the graph"
    dressed(figure, title, horizon(run) + where)
    add_slider(figure, interval_labels(starts), first)
    plain = {"visible": False, "showgrid": False, "zeroline": False}
    figure.update_xaxes(**plain)
    figure.update_yaxes(**plain, scaleanchor="x", scaleratio=_ratio(xy, mapped))
    figure.update_layout(
        legend={"orientation": "h", "x": 1, "y": 1.02, "xanchor": "right", "yanchor": "bottom"},
        margin={"l": 20, "r": 20},
    )
    return figure


def _update(data: dict[str, Any]) -> dict[str, Any]:
    return dict(data)


def _widest(prices: pd.DataFrame) -> int:
    """Position of the interval whose prices lie furthest apart, the first of equals."""
    spread = (prices.max() - prices.min()).fillna(-1.0).to_numpy()
    return int(spread.round(6).argmax())


def _marker_size(count: int) -> float:
    return float(np.clip(90 / np.sqrt(count), 4, 22))


def _ratio(xy: NDArray[Any], mapped: bool) -> float:
    """Degrees of latitude are longer than those of longitude, by 1 / cos(latitude)."""
    if mapped and np.abs(xy[:, 0]).max() <= 180 and np.abs(xy[:, 1]).max() <= 75:
        return float(1 / np.cos(np.radians(xy[:, 1].mean())))
    return 1.0


def _label_sides(xy: NDArray[Any], ends: NDArray[Any]) -> list[str]:
    """Side of each bus on which its label is furthest from the branches that leave it."""
    sides = {"top center": 90.0, "bottom center": -90.0, "middle right": 0.0, "middle left": 180.0}
    chosen = []
    for bus in range(len(xy)):
        at = ends[(ends == bus).any(axis=1)]
        out = xy[at[at != bus]] - xy[bus]
        angles = np.degrees(np.arctan2(out[:, 1], out[:, 0]))
        room = {
            side: float(np.abs((angles - turn + 180) % 360 - 180).min()) if len(angles) else 180.0
            for side, turn in sides.items()
        }
        chosen.append(max(room, key=room.__getitem__))
    return chosen


def _bus_marks(
    lmp: pd.Series[float], mec: pd.Series[float], mcc: pd.Series[float]
) -> dict[str, Any]:
    """What changes from frame to frame; single precision is enough to look at."""
    parts = np.column_stack([mec, mcc]).astype("float32")
    color = lmp.to_numpy().astype("float32")
    marks: dict[str, Any] = {"marker": {"color": color}, "customdata": parts}
    if len(lmp) <= LABELED:
        marks["text"] = [f" <b>{bus}</b> {p:,.2f} " for bus, p in lmp.items()]
    return marks


def _hover(run: Run) -> dict[str, Any]:
    """Name and zone of each bus, with its prices below."""
    buses = run.case.buses
    names = [
        f"<b>{bus}</b>{' (' + zone + ')' if zone else ''}"
        for bus, zone in zip(buses["bus"], buses["zone"], strict=True)
    ]
    template = (
        f"%{{hovertext}}<br>LMP %{{marker.color:,.2f}} {per_mwh(run)}"
        "<br>energy %{customdata[0]:,.2f}<br>congestion %{customdata[1]:,.2f}<extra></extra>"
    )
    return {"hovertext": names, "hovertemplate": template}


class _Geometry:
    """Branches as line segments, and which of them bind in an interval."""

    def __init__(self, run: Run, xy: NDArray[Any]) -> None:
        case = run.case
        at = {bus: i for i, bus in enumerate(case.buses["bus"])}
        live = case.branches[case.branches["in_service"]]
        self.run = run
        self.xy = xy
        self.ends = np.column_stack([live["from_bus"].map(at), live["to_bus"].map(at)])
        self.row = {branch: i for i, branch in enumerate(live["branch"])}
        self.names = live["branch"].tolist()
        self.members = case.interfaces.groupby("interface")["branch"].agg(list).to_dict()
        shown = active(network_limits(run.constraints))
        self.binding_rows = dict(list(shown.groupby("interval_start")))

    def lines(self, rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Line segments with gaps between them."""
        a, b = self.xy[self.ends[rows, 0]], self.xy[self.ends[rows, 1]]
        gap = np.full(len(rows), np.nan)
        x = np.column_stack([a[:, 0], b[:, 0], gap]).ravel()
        y = np.column_stack([a[:, 1], b[:, 1], gap]).ravel()
        return x, y

    def binding(self, start: pd.Timestamp) -> tuple[dict[str, Any], dict[str, Any]]:
        """Segments of the branches that bind in an interval, and their middles with a text."""
        texts: dict[int, list[str]] = {}
        rows = self.binding_rows.get(start)
        if rows is not None:
            for limit in rows.itertuples(index=False):
                text = self._text(limit)
                for branch in self.members.get(limit.constraint, [limit.constraint]):
                    if branch in self.row:
                        texts.setdefault(self.row[branch], []).append(text)
        chosen = np.array(sorted(texts), dtype=int)
        x, y = self.lines(chosen)
        middle = self.xy[self.ends[chosen]].mean(axis=1)
        return (
            {"x": x, "y": y},
            {
                "x": middle[:, 0],
                "y": middle[:, 1],
                "text": [self.names[int(row)] for row in chosen],
                "hovertext": ["<br>".join(texts[int(row)]) for row in chosen],
            },
        )

    def _text(self, limit: Any) -> str:
        after = f" after {limit.contingency}" if limit.contingency else ""
        over = f", exceeded by {limit.penalty_mw:,.1f} MW" if limit.penalty_mw > 0 else ""
        return (
            f"<b>{limit.constraint}</b>{after}<br>{abs(limit.flow_mw):,.1f} MW of "
            f"{limit.limit_mw:,.1f} MW{over}<br>"
            f"shadow price {limit.shadow_price:,.2f} {per_mwh(self.run)}"
        )
