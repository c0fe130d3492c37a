"""Offers against references, and what other thresholds would have found."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from counterflow.pages.blocks import Block, Chart, Column, Note, Panel, Sheet, WhatIf
from counterflow.pages.day import Day
from counterflow.pages.text import Text, say
from counterflow.plots.conduct import conduct_points, conduct_scatter

__all__ = ["conduct_panel", "threshold_counts", "threshold_ratios", "what_if_panel"]

SCALES: Final = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)


def conduct_panel(day: Day) -> Panel:
    """Every energy offer against its reference, with the limit it was held to."""
    points = conduct_points(day.run)
    if points.empty:
        key = "note.no_references" if day.audience.kind == "monitor" else "note.not_disclosed"
        return Panel("conduct", "panel.conduct", say(key), (Note(say(key), "missing"),))
    labels = {"xaxis": "axis.reference", "yaxis": "axis.offer"}
    labels |= {f"trace:{name}": f"outcome.{key}" for name, key in _OUTCOMES.items()}
    chart = Chart("conduct", conduct_scatter(day.run), say("conduct.chart"), labels, 420)
    return Panel("conduct", "panel.conduct", _title(points), (chart,))


_OUTCOMES: Final = {
    "mitigated": "mitigated",
    "kept after failing": "kept",
    "near the limit": "near",
    "passed": "passed",
    "limit": "limit",
    "offer = reference": "equal",
}


def _title(points: pd.DataFrame) -> Text:
    above = points[points["offered"] > points["limit"]]
    if above.empty:
        return say("conduct.none", n=("count", len(points)))
    top = above.groupby("owner").size().sort_values(ascending=False, kind="stable")
    return say(
        "conduct.title",
        n=("count", len(above)),
        total=("count", len(points)),
        owner=str(top.index[0]) or "-",
        own=("count", int(top.iloc[0])),
    )


def threshold_ratios(decisions: pd.DataFrame) -> pd.DataFrame:
    """How far each offer and impact went, as multiples of the room that its limit leaves.

    Returns
    -------
    DataFrame
        unit; conduct = (offered - reference) / (limit - reference), above 1 fails; impact =
        (with offer - with reference) / impact limit, NaN where it was not measured; needs_impact;
        money_effect; replaced. Rows with a reference and a finite limit.
    """
    rows = decisions[decisions["reference"].notna() & np.isfinite(decisions["conduct_limit"])]
    rows = rows[rows["conduct_result"].isin(["pass", "fail"])]
    room = (rows["conduct_limit"] - rows["reference"]).to_numpy(dtype=float)
    above = (rows["offered"] - rows["reference"]).to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        conduct = np.where(room != 0.0, above / room, np.where(above > 0, np.inf, 0.0))
        rise = (rows["lmp_with_offer"] - rows["lmp_with_reference"]).to_numpy(dtype=float)
        impact = rise / rows["impact_limit"].to_numpy(dtype=float)
    replaced = rows["action"] == "mitigated"
    return pd.DataFrame(
        {
            "unit": rows["unit"].to_numpy(),
            "conduct": conduct,
            "impact": impact,
            "needs_impact": (rows["impact_result"] != "").to_numpy() | ~replaced.to_numpy(),
            "money_effect": rows["money_effect"].fillna(0.0).to_numpy(dtype=float),
            "replaced": replaced.to_numpy(),
        }
    )


def threshold_counts(ratios: pd.DataFrame, conduct: float, impact: float) -> dict[str, float]:
    """Count what thresholds scaled by `conduct` and `impact` would have found.

    Returns
    -------
    dict
        conduct_failed; impact_failed (of those measured); not_measured (failed conduct only at
        the lower threshold, so that no run measured their impact); replaced, units: offers and
        units that would still be replaced; money_effect of those.
    """
    failed = ratios[ratios["conduct"] > conduct + 1e-12]
    measured = failed["impact"].notna()
    beyond = failed[measured & (failed["impact"] > impact + 1e-12)]
    without = failed[~failed["needs_impact"]]
    kept = pd.concat([beyond, without])
    return {
        "conduct_failed": len(failed),
        "impact_failed": len(beyond),
        "not_measured": int((~measured & failed["needs_impact"]).sum()),
        "replaced": len(kept),
        "units": kept["unit"].nunique(),
        "money_effect": float(kept["money_effect"].sum()),
    }


def what_if_panel(day: Day) -> Panel:
    """Other thresholds, counted from what this run measured."""
    ratios = threshold_ratios(day.run.decisions)
    if ratios.empty:
        key = "note.no_references" if day.audience.kind == "monitor" else "note.not_disclosed"
        return Panel("whatif", "panel.whatif", say(key), (Note(say(key), "missing"),))
    rows = []
    for conduct in SCALES:
        found = {impact: threshold_counts(ratios, conduct, impact) for impact in SCALES}
        rows.append(
            {
                "conduct": conduct,
                "conduct_failed": found[1.0]["conduct_failed"],
                "not_measured": found[1.0]["not_measured"],
                **{f"x{impact}": found[impact]["replaced"] for impact in SCALES},
            }
        )
    columns = (
        Column("conduct", "column.conduct_scale", "factor"),
        Column("conduct_failed", "column.conduct_failed", "count"),
        Column("not_measured", "column.not_measured", "count"),
        *(Column(f"x{impact}", f"× {impact:g}", "count") for impact in SCALES),
    )
    blocks: list[Block] = [
        WhatIf(_slider_data(day, ratios)),
        Sheet("thresholds", columns, pd.DataFrame(rows), say("thresholds.caption")),
        Note(
            say(
                "whatif.rerun",
                command=f"counterflow mitigate {day.parent_folder or 'RUN'} -o NEW --set",
            )
        ),
    ]
    now = threshold_counts(ratios, 1.0, 1.0)
    wide = threshold_counts(ratios, 2.0, 1.0)
    title = say(
        "whatif.title",
        now=("count", int(now["replaced"])),
        double=("count", int(wide["replaced"])),
    )
    return Panel("whatif", "panel.whatif", title, tuple(blocks), say("whatif.lead"))


def _slider_data(day: Day, ratios: pd.DataFrame) -> dict[str, Any]:
    """Ratios of offers that are anywhere near a threshold, and the indices of every test."""
    shown = ratios[ratios["conduct"] > min(SCALES)]
    codes, _ = pd.factorize(shown["unit"])
    tests = day.run.tests_structure
    tests = tests[tests["rsi3"].notna() & (tests["constraint"] != "")]
    key = ["interval_start", "constraint", "contingency", "direction"]
    lowest = tests.groupby(key)["rsi3"].min()
    return {
        "unit": codes.tolist(),
        "conduct": [_plain(value) for value in shown["conduct"]],
        "impact": [_plain(value) for value in shown["impact"]],
        "needs": [int(value) for value in shown["needs_impact"]],
        "money": shown["money_effect"].round(2).tolist(),
        "rsi": lowest.round(6).tolist(),
    }


def _plain(value: float) -> float | str | None:
    if np.isnan(value):
        return None
    return round(float(value), 9) if np.isfinite(value) else "inf"
