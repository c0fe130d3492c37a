"""Price duration: for what share of the time a price is reached."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cases import Run
from counterflow.plots.style import (
    DASHES,
    MUTED,
    SEQUENCE,
    dressed,
    horizon,
    per_mwh,
)
from counterflow.tables.money import system_price

ZONES = 8
"""Zones drawn at most: those whose mean price is furthest from the system's."""


def price_duration(run: Run) -> go.Figure:
    """Price duration curves: load-weighted system price, zones, and every bus-interval.

    Returns
    -------
    plotly.graph_objects.Figure
        Step lines, prices falling, against percent of intervals (of bus-intervals for the last).
    """
    system = system_price(run).dropna()
    zones = run.zone_prices[run.zone_prices["kind"] == "zone"]
    by_zone = {str(z): rows["lmp"].dropna().to_numpy() for z, rows in zones.groupby("point")}
    mean = float(system.mean()) if len(system) else 0.0
    furthest = sorted(
        (z for z in by_zone if z and len(by_zone[z])),
        key=lambda z: -abs(float(by_zone[z].mean()) - mean),
    )
    chosen = sorted(furthest[:ZONES]) if len(furthest) > 1 else []
    curves = [(f"zone {zone}", by_zone[zone]) for zone in chosen]
    figure = go.Figure()
    every = run.prices["lmp"].dropna().to_numpy(dtype=float)
    _add(figure, "every bus and interval", every, {"color": MUTED, "width": 1.5, "dash": "dot"})
    wide = {"color": "rgba(27, 39, 51, 0.35)", "width": 7}
    _add(figure, "system, load-weighted", system.to_numpy(dtype=float), wide)
    for i, (name, values) in enumerate(curves):
        look = {"color": SEQUENCE[i % len(SEQUENCE)], "width": 2, "dash": DASHES[i % len(DASHES)]}
        _add(figure, name, values, look)
    note = f"; {len(furthest) - len(chosen)} more zones not drawn" if len(furthest) > ZONES else ""
    dressed(figure, f"Price duration ({per_mwh(run)})", horizon(run) + note)
    figure.update_xaxes(title="share of intervals with at least this price (%)", range=[0, 100])
    figure.update_yaxes(title=f"LMP ({per_mwh(run)})")
    return figure


def _add(
    figure: go.Figure,
    name: str,
    values: NDArray[Any],
    line: dict[str, object],
) -> None:
    if not len(values):
        return
    falling = np.sort(values)[::-1]
    if len(falling) > 4000:
        falling = np.quantile(falling, np.linspace(1, 0, 2001))
    share = np.arange(len(falling) + 1) * 100.0 / len(falling)
    figure.add_scatter(
        x=share,
        y=np.append(falling, falling[-1]),
        mode="lines",
        line={"shape": "hv", **line},
        name=name,
        hovertemplate="%{x:.1f} %: %{y:,.2f}<extra>" + name + "</extra>",
    )
