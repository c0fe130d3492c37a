"""Merit order: offers by price, what was taken of each, and where the market cleared."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cases import Run
from cases.errors import InputError
from counterflow.plots.style import (
    ALERT,
    INK,
    SEQUENCE,
    add_slider,
    dressed,
    horizon,
    interval_labels,
    per_mwh,
)
from counterflow.tables.money import system_price

BARS = 25_000
"""Bars in a figure at most; above, the slider is left out and the peak interval is drawn."""


def merit_order(run: Run, at: pd.Timestamp | None = None) -> go.Figure:
    """Offer blocks in order of price: solid where dispatched, pale where not, one color a fuel.

    Left of the cleared line a pale block was held down, right of it a solid one was brought on,
    by the network or by a unit's own limits.

    Parameters
    ----------
    run
        A cleared run.
    at
        An interval start; without it a slider goes over all intervals (in a large case: the
        interval with the most output).

    Returns
    -------
    plotly.graph_objects.Figure
        Bars (width MW, height money per MWh), the cleared MW, the load-weighted LMP.
    """
    starts = run.case.interval_starts
    if at is not None and at not in starts:
        raise InputError.one("", None, None, "no such interval", f"no interval starts at {at}")
    total = run.dispatch.groupby("interval_start")["mw"].sum()
    chosen = [at] if at is not None else list(starts)
    if at is None and 2 * len(run.offers_used) > BARS:
        chosen = [starts[int(total.reindex(starts).fillna(0.0).to_numpy().argmax())]]
    peak = int(np.argmax([float(total.get(start, 0.0)) for start in chosen]))
    blocks = [offer_stack(run, start) for start in chosen]
    fuels = _fuels(blocks)
    cap = _price_cap(blocks)
    price = system_price(run)
    frames = [
        [*_bars(own, fuels, run), *_lines(own, float(price.get(start, np.nan)), cap, run)]
        for own, start in zip(blocks, chosen, strict=True)
    ]
    figure = go.Figure(frames[peak])
    if len(frames) > 1:
        figure.frames = [go.Frame(name=str(i), data=data) for i, data in enumerate(frames)]
    labels = interval_labels(pd.DatetimeIndex(chosen))
    when = horizon(run) if len(chosen) > 1 else f"{horizon(run)}, interval from {labels[0]}"
    key = "; solid: dispatched, pale: offered and not taken"
    dressed(figure, f"Merit order ({per_mwh(run)})", when + key)
    add_slider(figure, labels, peak)
    width = max(float(own["to"].max()) if len(own) else 1.0 for own in blocks)
    floor = min(0.0, *(float(own["price"].min()) if len(own) else 0.0 for own in blocks))
    figure.update_xaxes(title="offered output, cumulative (MW)", range=[0, width * 1.01])
    figure.update_yaxes(
        title=f"offer ({per_mwh(run)})", range=[floor * 1.05, cap * 1.05], zeroline=True
    )
    figure.update_layout(barmode="overlay", bargap=0)
    return figure


def offer_stack(run: Run, start: pd.Timestamp) -> pd.DataFrame:
    """Offer blocks of an interval in order of price, cut at what each unit could reach.

    Returns
    -------
    DataFrame
        unit, fuel, segment, price, mw (width), taken (MW dispatched), from and to (cumulative
        MW). Output without an offer (self-schedules) comes first, at price 0.
    """
    offers = run.offers_used[run.offers_used["interval_start"] == start]
    now = run.dispatch[run.dispatch["interval_start"] == start].set_index("unit")
    fuel = run.case.units.set_index("unit")["fuel"]
    rows = offers.sort_values(["unit", "segment"], kind="stable")
    above = rows.groupby("unit")["mw"].cumsum().to_numpy()
    below = above - rows["mw"].to_numpy()
    reach = rows["unit"].map(now["available_mw"]).fillna(0.0).to_numpy(dtype=float)
    mw = rows["unit"].map(now["mw"]).fillna(0.0).to_numpy(dtype=float)
    out = pd.DataFrame(
        {
            "unit": rows["unit"].to_numpy(),
            "segment": rows["segment"].to_numpy(),
            "price": rows["price"].to_numpy(dtype=float),
            "mw": np.clip(np.maximum(reach, mw) - below, 0.0, above - below),
            "taken": np.clip(mw - below, 0.0, above - below),
        }
    )
    offered = rows.groupby("unit")["mw"].sum().reindex(now.index).fillna(0.0)
    bare = (now["mw"] - offered).clip(lower=0.0)
    bare = bare[bare > 1e-6]
    unpriced = pd.DataFrame(
        {"unit": bare.index, "segment": 0, "price": 0.0, "mw": bare.values, "taken": bare.values}
    )
    out = pd.concat([unpriced, out], ignore_index=True) if len(bare) else out
    out = out[out["mw"] > 1e-9]
    out = out.sort_values(["price", "unit", "segment"], kind="stable", ignore_index=True)
    out["fuel"] = out["unit"].map(fuel).fillna("").replace("", "not given")
    out["to"] = out["mw"].cumsum()
    out["from"] = out["to"] - out["mw"]
    return out


def _fuels(blocks: list[pd.DataFrame]) -> dict[str, str]:
    """Color of each fuel; the smallest ones beyond the palette share its gray."""
    everything = pd.concat(blocks, ignore_index=True)
    size = everything.groupby("fuel")["mw"].sum().sort_values(ascending=False)
    return {str(f): SEQUENCE[min(i, len(SEQUENCE) - 1)] for i, f in enumerate(size.index)}


def _price_cap(blocks: list[pd.DataFrame]) -> float:
    """Top of the price axis: the 98th percentile by MW, so that a few offers do not flatten it."""
    everything = pd.concat(blocks, ignore_index=True).sort_values("price")
    if everything.empty:
        return 1.0
    share = everything["mw"].cumsum() / everything["mw"].sum()
    high = float(everything["price"].to_numpy()[int(np.searchsorted(share, 0.98))])
    top = float(everything["price"].max())
    return max(top if top <= 2 * high else 1.5 * high, 1.0)


def _bars(own: pd.DataFrame, fuels: dict[str, str], run: Run) -> list[go.Bar]:
    """Two traces per fuel: the part taken, and behind it the part offered."""
    traces = []
    for fuel, color in fuels.items():
        rows = own[own["fuel"] == fuel]
        for part in ("offered", "taken"):
            solid = part == "taken"
            if solid:
                # A bar of width 0 would be drawn as wide as there is room; a fuel of which
                # nothing is taken keeps one bar too thin to see, for its place in the legend.
                rows = rows[rows["taken"] > 0] if (rows["taken"] > 0).any() else rows.head(1)
            width = rows["taken"].clip(lower=1e-9) if solid else rows["mw"]
            text = [
                f"<b>{unit}</b> block {segment}<br>{price:,.2f} {per_mwh(run)}"
                f"<br>{taken:,.1f} of {mw:,.1f} MW taken"
                for unit, segment, price, mw, taken in zip(
                    rows["unit"],
                    rows["segment"],
                    rows["price"],
                    rows["mw"],
                    rows["taken"],
                    strict=True,
                )
            ]
            traces.append(
                go.Bar(
                    x=rows["from"],
                    y=rows["price"],
                    width=width,
                    offset=0,
                    marker={
                        "color": color,
                        "opacity": 1.0 if solid else 0.3,
                        "line": {"color": "white", "width": 0.4 if len(own) < 200 else 0},
                    },
                    name=fuel,
                    legendgroup=fuel,
                    showlegend=solid,
                    hovertext=text,
                    hovertemplate="%{hovertext}<extra>" + fuel + "</extra>",
                )
            )
    return traces


def _lines(own: pd.DataFrame, price: float, cap: float, run: Run) -> list[go.Scatter]:
    """Draw the cleared output as a vertical line, the load-weighted LMP as a level one."""
    cleared = float(own["taken"].sum())
    end = float(own["to"].max()) if len(own) else 0.0
    look: dict[str, Any] = {"mode": "lines", "hoverinfo": "name"}
    return [
        go.Scatter(
            x=[cleared, cleared],
            y=[min(0.0, float(own["price"].min()) if len(own) else 0.0), cap * 1.05],
            line={"color": INK, "width": 2.5},
            name=f"cleared {cleared:,.0f} MW",
            **look,
        ),
        go.Scatter(
            x=[0, end],
            y=[price, price],
            line={"color": ALERT, "width": 2, "dash": "dash"},
            name=f"load-weighted LMP {price:,.2f} {per_mwh(run)}",
            **look,
        ),
    ]
