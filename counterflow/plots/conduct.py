"""Offers against their references, with the limit that each was held to."""

from __future__ import annotations

from typing import Final

import pandas as pd
import plotly.graph_objects as go

from cases import InputError, Run
from counterflow.plots.style import ALERT, LINE, MUTED, SEQUENCE, dressed, horizon, per_mwh

__all__ = ["conduct_points", "conduct_scatter"]

POINTS: Final = 4_000
"""Points drawn at most: those furthest above, or closest below, their limits."""
_LOOK: Final = {
    "mitigated": (ALERT, "x"),
    "kept after failing": ("#e69f00", "triangle-up"),
    "near the limit": (SEQUENCE[0], "diamond"),
    "passed": (MUTED, "circle"),
}


def conduct_points(run: Run) -> pd.DataFrame:
    """Energy offers with a reference, one row per unit and interval.

    Returns
    -------
    DataFrame
        unit, owner, interval_start, mw, reference, offered, limit (money per MWh), outcome:
        mitigated, kept after failing, near the limit or passed.
    """
    rows = run.decisions
    rows = rows[(rows["component"] == "energy") & rows["reference"].notna()]
    outcome = pd.Series("passed", index=rows.index)
    outcome[rows["near"].astype(bool)] = "near the limit"
    outcome[rows["conduct_result"] == "fail"] = "kept after failing"
    outcome[rows["action"] == "mitigated"] = "mitigated"
    out = rows[["unit", "owner", "interval_start", "mw", "reference", "offered", "conduct_limit"]]
    return out.rename(columns={"conduct_limit": "limit"}).assign(outcome=outcome)


def conduct_scatter(run: Run) -> go.Figure:
    """Offer against reference of every energy offer, and the limits as short lines.

    Colour and shape tell the outcome; the size of a mark its MW.

    Returns
    -------
    plotly.graph_objects.Figure
        A trace per outcome, one of limits, and the line offer = reference; money per MWh.

    Raises
    ------
    InputError
        The run holds no energy offer with a reference.
    """
    points = conduct_points(run)
    if points.empty:
        message = "the run has no energy offer with a reference: mitigate it first"
        raise InputError.one("", None, None, "tests", message)
    over = points["offered"] - points["limit"]
    points = points.loc[over.sort_values(ascending=False, kind="stable").index[:POINTS]]
    figure = go.Figure()
    limits = points[["reference", "limit"]].drop_duplicates().sort_values("reference")
    figure.add_scatter(
        x=limits["reference"],
        y=limits["limit"],
        mode="markers",
        marker={"symbol": "line-ew-open", "size": 9, "color": ALERT, "line": {"width": 1.5}},
        name="limit",
        hovertemplate="limit %{y:,.2f} at reference %{x:,.2f}<extra></extra>",
    )
    top = float(points[["reference", "offered"]].max().max())
    low = min(0.0, float(points[["reference", "offered"]].min().min()))
    figure.add_scatter(
        x=[low, top],
        y=[low, top],
        mode="lines",
        line={"color": LINE, "dash": "dot"},
        name="offer = reference",
        hoverinfo="skip",
    )
    largest = max(float(points["mw"].max()), 1e-9)
    for outcome in reversed(_LOOK):
        own = points[points["outcome"] == outcome]
        if own.empty:
            continue
        color, symbol = _LOOK[outcome]
        told = own.assign(
            at=own["interval_start"].map(lambda t: "" if pd.isna(t) else f"{t:%H:%M}")
        )
        figure.add_scatter(
            x=own["reference"],
            y=own["offered"],
            mode="markers",
            marker={
                "color": color,
                "symbol": symbol,
                "size": 6 + 12 * (own["mw"].fillna(0.0) / largest) ** 0.5,
                "opacity": 0.35 if outcome == "passed" else 0.9,
                "line": {"width": 0},
            },
            name=outcome,
            customdata=told[["unit", "owner", "at", "mw", "limit"]],
            hovertemplate="%{customdata[0]} (%{customdata[1]}) %{customdata[2]}<br>"
            "offer %{y:,.2f}, reference %{x:,.2f}, limit %{customdata[4]:,.2f}"
            "<br>%{customdata[3]:,.1f} MW<extra>%{fullData.name}</extra>",
        )
    dressed(figure, "Offers against references", horizon(run))
    figure.update_xaxes(title=f"reference ({per_mwh(run)})")
    figure.update_yaxes(title=f"offer ({per_mwh(run)})")
    return figure
