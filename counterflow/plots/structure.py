"""Who was pivotal: heat map of constraints and hours, relief supply curve, duration curves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cases import InputError, Run
from cases.market_time import instants
from counterflow.plots.style import (
    ALERT,
    DASHES,
    INK,
    MUTED,
    SCALE,
    SEQUENCE,
    color_bar,
    dressed,
    horizon,
    interval_labels,
    per_mwh,
)
from mitigation.report.market import duration_curve

RULE = "three_pivotal"
NAMED_OWNERS = len(SEQUENCE) - 1
"""Owners with a color of their own in the relief supply curve: the largest; others share a gray."""


def pivotal_heat_map(run: Run) -> go.Figure:
    """Heat map of the lowest three-supplier index, constraints against intervals.

    From `run.tests_structure`. Constraints with most failures are on top; a cell in which an owner
    failed carries a cross; where nobody can give relief the index is 0.

    Returns
    -------
    plotly.graph_objects.Figure
        One heat map trace, z the lowest RSI3 of the owners (colors end at 2), blank where the
        constraint was not tested.

    Raises
    ------
    InputError
        The run holds no three-pivotal-supplier tests.
    """
    tests = run.tests_structure
    tests = tests[(tests["rule_id"] == RULE) & (tests["need_mw"] > 0)]
    if tests.empty:
        message = "the run has no three-pivotal-supplier tests: nothing binds, or mitigate it first"
        raise InputError.one("", None, None, "tests", message)
    tests = tests.assign(name=constraint_names(tests), failed=~tests["passed"])
    cells = tests.groupby(["name", "interval_start"]).agg(
        index=("rsi3", "min"),
        failed=("failed", "any"),
        failing=("failed", "sum"),
        owners=("owner", lambda owners: int((owners != "").sum())),
    )
    cells["index"] = cells["index"].fillna(0.0)
    order = cells.groupby("name")["failed"].sum().sort_values(kind="stable").index
    starts = run.case.interval_starts
    wide = {
        name: cells[name].unstack("interval_start").reindex(index=order, columns=starts)
        for name in cells.columns
    }
    labels = interval_labels(starts)
    told = np.dstack([wide["failing"].to_numpy(dtype=float), wide["owners"].to_numpy(dtype=float)])
    crosses = np.where(wide["failed"].eq(True), "✕", "")
    figure = go.Figure(
        go.Heatmap(
            z=wide["index"].to_numpy(dtype=float),
            x=labels,
            y=list(order),
            text=crosses,
            texttemplate="%{text}",
            textfont={"color": "white", "size": 12},
            customdata=told,
            colorscale=SCALE,
            zmin=0.0,
            zmax=2.0,
            colorbar=color_bar("lowest RSI3", bool((wide["index"] > 2).any(axis=None))),
            hovertemplate="%{y}<br>%{x}<br>lowest RSI3 %{z:.2f}"
            "<br>%{customdata[0]:.0f} of %{customdata[1]:.0f} owners fail<extra></extra>",
            xgap=1,
            ygap=1,
        )
    )
    dressed(figure, "Three pivotal suppliers: lowest index (✕ = an owner failed)", horizon(run))
    figure.update_xaxes(
        title=f"interval start ({run.case.meta.timezone})", type="category", showgrid=False
    )
    figure.update_yaxes(title="constraint", type="category", showgrid=False)
    figure.update_layout(height=max(360, 180 + 22 * len(order)))
    return figure


def relief_supply_curve(run: Run, constraint: str = "", start: str | None = None) -> go.Figure:
    """Supply curve of relief for one constraint in one interval, with need, price and screen.

    Parameters
    ----------
    run
        A run with its `tests_structure` and `relief`.
    constraint
        Constraint, alone or as `constraint (contingency)`; the one of the largest shadow price
        when none is named.
    start
        Start of the interval; the one of the largest shadow price when none is given.

    Returns
    -------
    plotly.graph_objects.Figure
        Bars of effective MW by effective price, a color per owner; segments outside the screen are
        hatched.

    Raises
    ------
    InputError
        The constraint was not tested in that interval.
    """
    first = _tested(run, constraint, start)
    at, relief = first["interval_start"], run.relief
    limit = ["constraint", "contingency", "direction"]
    same = (relief[limit] == first[limit]).all(axis=1) & (relief["interval_start"] == at)
    curve = relief[same].sort_values(["effective_price", "unit", "segment"])
    upper = curve["effective_mw"].cumsum()
    curve = curve.assign(start=upper - curve["effective_mw"])
    figure = go.Figure()
    largest = curve.groupby("owner")["effective_mw"].sum().sort_values(ascending=False).index
    for i, owner in enumerate(largest):
        _add_owner(figure, curve[curve["owner"] == owner], str(owner), i)
    need, price = float(first["need_mw"]), float(first["relevant_price"])
    figure.add_vline(x=need, line={"color": ALERT, "width": 2}, annotation_text=f"need {need:,.1f}")
    if np.isfinite(price):
        text = f"clears at {price:,.2f}"
        figure.add_hline(y=price, line={"color": INK, "dash": "dash"}, annotation_text=text)
    else:
        figure.add_annotation(text="supply is short of the need", x=need, y=0, showarrow=True)
    dressed(figure, f"Relief for {first['name']}", f"{at:%Y-%m-%d %H:%M}, {horizon(run)}")
    figure.update_layout(legend_title_text="owner", bargap=0)
    figure.update_xaxes(title="effective MW, cumulative")
    figure.update_yaxes(title=f"effective price ({per_mwh(run)} of relief)")
    return figure


def _tested(run: Run, constraint: str, start: str | None) -> pd.Series:
    """Return the first row of the test that is asked for, with the `name` of its constraint."""
    tests = run.tests_structure
    tests = tests[(tests["rule_id"] == RULE) & (tests["need_mw"] > 0)]
    tests = tests.assign(name=constraint_names(tests)).reset_index(drop=True)
    then = pd.Series(True, index=tests.index)
    if start is not None:
        at = pd.Timestamp(start)
        moments = [at] if at.tzinfo is not None else instants(at, run.case.meta.timezone)
        then = tests["interval_start"].isin(moments)
    named = (tests["name"] == constraint) | (tests["constraint"] == constraint)
    rows = tests[then & named] if constraint else tests[then]
    if rows.empty:
        known = ", ".join(sorted(set(tests.loc[then, "name"]))) or "none"
        asked = repr(constraint) if constraint else "any constraint"
        when = f"at {start}; tested then" if start is not None else "in the run; tested"
        raise InputError.one("", None, None, "constraint", f"no test of {asked} {when}: {known}")
    return rows.sort_values("shadow_price", ascending=False, kind="stable").iloc[0]


def _add_owner(figure: go.Figure, curve: pd.DataFrame, owner: str, rank: int) -> None:
    color = SEQUENCE[rank] if rank < NAMED_OWNERS else SEQUENCE[-1]
    outside = ~curve["relevant"].astype(bool)
    figure.add_bar(
        x=curve["start"],
        y=curve["effective_price"],
        width=curve["effective_mw"],
        offset=0,
        name=owner,
        marker={
            "color": color,
            "line": {"color": "white", "width": 1},
            "opacity": np.where(outside, 0.45, 1.0),
            "pattern": {"shape": np.where(outside, "/", "")},
        },
        customdata=curve[["unit", "price", "mw", "dfax", "effective_mw"]],
        hovertemplate="%{customdata[0]}: %{customdata[2]:,.1f} MW at %{customdata[1]:,.2f}"
        "<br>DFAX %{customdata[3]:.4f}, %{customdata[4]:,.2f} effective MW at %{y:,.2f}"
        f"<extra>{owner}</extra>",
    )


def structure_duration(run: Run, indices: Sequence[str] = ("rsi1", "rsi2", "rsi3")) -> go.Figure:
    """Duration curves of indices of the market, such as `rsi1`, `rsi3` or `hhi.cleared`.

    From `run.indices`; with several owners the most pivotal one of each interval counts.

    Returns
    -------
    plotly.graph_objects.Figure
        A step line per index, values falling, against percent of hours.

    Raises
    ------
    InputError
        An index that the run does not hold.
    """
    figure = go.Figure()
    for i, name in enumerate(indices):
        curve = duration_curve(run.indices, name)
        value = curve["value"].to_numpy(dtype=float)
        figure.add_scatter(
            x=np.append(0.0, 100.0 * curve["share_of_hours"]),
            y=np.append(value, value[-1]),
            mode="lines",
            line={
                "shape": "hv",
                "color": SEQUENCE[i % len(SEQUENCE)],
                "dash": DASHES[i % len(DASHES)],
            },
            name=name,
            hovertemplate="%{x:.1f} %: %{y:.3f}<extra>" + name + "</extra>",
        )
    measured = run.indices.drop_duplicates("index").set_index("index")["measure"]
    kinds = [str(measured.get(name, name)) for name in indices]
    if set(kinds) <= {"rsi1", "rsi2", "rsi3"}:
        rule = run.rulebook.mitigation.structure.concentration.rsi
        text = f"guideline {rule:g}"
        line = {"color": MUTED, "dash": "dot"}
        figure.add_hline(y=rule, line=line, annotation_text=text)
    dressed(figure, f"Duration of {', '.join(indices)}", horizon(run))
    figure.update_xaxes(title="share of hours with at least this value (%)", range=[0, 100])
    figure.update_yaxes(title="HHI" if kinds[0] == "hhi" else "index")
    return figure


def constraint_names(tests: pd.DataFrame) -> pd.Series[str]:
    """Constraint with its contingency in parentheses and an arrow for a lower limit."""
    after = tests["contingency"].where(
        tests["contingency"] == "", " (" + tests["contingency"] + ")"
    )
    way = tests["direction"].map({"lower": " ←"}).fillna("")
    names: pd.Series[str] = tests["constraint"] + after + way
    return names
