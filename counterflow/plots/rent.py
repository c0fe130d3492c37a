"""Constraint rent: what each binding limit adds to the difference of payments and revenues."""

from typing import Any

import plotly.graph_objects as go

from cases import Run
from counterflow.plots.style import ALERT, SEQUENCE, dressed, horizon, per_mwh
from counterflow.tables.summary import constraint_summary

SHOWN = 20


def constraint_rent(run: Run) -> go.Figure:
    """Binding constraints by rent (shadow price x flow x hours), the largest on top.

    Returns
    -------
    plotly.graph_objects.Figure
        Bars in money over all intervals: plain in the base case, hatched after an outage.
    """
    currency = run.case.meta.currency
    rows = constraint_summary(run.constraints)
    shown = rows.head(SHOWN).iloc[::-1]
    figure = go.Figure()
    for after, name, color, pattern in (
        (False, "base case", SEQUENCE[0], ""),
        (True, "after an outage", ALERT, "/"),
    ):
        own = shown[(shown["contingency"] != "") == after]
        if own.empty:
            continue
        figure.add_bar(
            x=own["rent"],
            y=[_name(row) for row in own.itertuples(index=False)],
            orientation="h",
            width=0.62,
            name=name,
            marker={"color": color, "pattern": {"shape": pattern, "fgcolor": "white"}},
            text=[
                f"{n:,d} interval{'s' if n != 1 else ''}, mean {p:,.2f} {per_mwh(run)}"
                for n, p in zip(own["intervals"], own["shadow_price_mean"], strict=True)
            ],
            textposition="auto",
            insidetextanchor="start",
            constraintext="none",
            hovertemplate=f"%{{y}}<br>%{{x:,.0f}} {currency}<br>%{{text}}<extra></extra>",
        )
    left = len(rows) - len(shown)
    note = f"; {left} smaller ones not drawn" if left else ""
    if rows.empty:
        figure.add_annotation(text="No constraint binds.", showarrow=False, font={"size": 16})
    dressed(figure, f"Constraint rent ({currency})", horizon(run) + note)
    figure.update_xaxes(title=f"rent over all intervals ({currency})")
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=[_name(row) for row in shown.itertuples(index=False)],
        range=[len(shown) - max(len(shown), 6) - 0.5, len(shown) - 0.5],
    )
    figure.update_layout(
        legend={"orientation": "h", "x": 1, "y": 1.02, "xanchor": "right", "yanchor": "bottom"},
    )
    return figure


def _name(row: Any) -> str:
    after = f" after {row.contingency}" if row.contingency else ""
    return f"{row.constraint}{after} ({row.direction})"
