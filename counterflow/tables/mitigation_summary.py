"""What mitigation did to a market day: the funnel of the tests, and money before and after."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cases import Run
from counterflow.tables.money import average_price, run_money, uplift_total

__all__ = ["decision_rows", "grouped_decisions", "mitigation_cards", "near_misses"]


def mitigation_cards(before: Run, after: Run) -> pd.DataFrame:
    """Return the verdict cards of a mitigated run: item, value, before, after, change.

    Counts have a ``value``; prices and money a ``before`` and an ``after``. The load-weighted LMP
    is that of the whole day; ``largest_bus_change`` is the largest change of one LMP.
    """
    funnel = dict(after.manifest["mitigation"]["funnel"])
    rows: list[dict[str, Any]] = [{"item": name, "value": count} for name, count in funnel.items()]
    money = [run_money(run) | {"uplift": uplift_total(run)} for run in (before, after)]
    rows.append(_pair("load_weighted_lmp", *(average_price(run) for run in (before, after))))
    for item in ("load_payment", "generation_revenue", "uplift", "production_cost", "objective"):
        rows.append(_pair(item, *(part[item] for part in money)))
    change = (after.prices["lmp"] - before.prices["lmp"]).to_numpy(dtype=float)
    if len(change) and not np.isnan(change).all():
        at = int(np.nanargmax(np.abs(change)))
        lmp = [float(run.prices["lmp"].iloc[at]) for run in (before, after)]
        rows.append(_pair(f"largest_bus_change ({before.prices['bus'].iloc[at]})", *lmp))
    columns = ["item", "value", "before", "after", "change", "change_percent"]
    return pd.DataFrame(rows).reindex(columns=columns)


def decision_rows(run: Run) -> pd.DataFrame:
    """Return what was replaced, or failed conduct and was kept; largest money first."""
    table = run.decisions
    shown = table[
        (table["action"] == "mitigated")
        | (table["conduct_result"] == "fail")
        | (table["override_by"] != "")
    ]
    order = np.argsort(-shown["money_effect"].abs().fillna(-1).to_numpy(), kind="stable")
    return shown.iloc[order].reset_index(drop=True)


def near_misses(run: Run) -> pd.DataFrame:
    """Return decisions that kept an offer within the near-miss share of a limit."""
    table = run.decisions
    return table[table["near"]].reset_index(drop=True)


def grouped_decisions(rows: pd.DataFrame) -> pd.DataFrame:
    """Decisions folded: one row for the hours in a row in which a unit had the same outcome.

    Parameters
    ----------
    rows
        Rows of the run table ``decisions``.

    Returns
    -------
    DataFrame
        unit, owner, component, action, impact_result, hours, from, to (start of the first and end
        of the last interval; blank = the whole day), worst (the interval furthest above its
        conduct limit) with its offered, reference, conduct_limit, impact_subject, impact,
        impact_limit and offer_used, and money_effect of all of them; largest money first.
    """
    same = ["unit", "component", "action", "impact_result", "override_by"]
    columns = ["unit", "owner", "component", "action", "impact_result", "hours", "from", "to"]
    columns += ["worst", "offered", "reference", "conduct_limit", "impact_subject", "impact"]
    columns += ["impact_limit", "offer_used", "money_effect"]
    if rows.empty:
        return pd.DataFrame(columns=columns)
    ordered = rows.sort_values([*same, "interval_start"], kind="stable", ignore_index=True)
    start, end = ordered["interval_start"], ordered["interval_end"]
    again = ordered[same].eq(ordered[same].shift()).all(axis=1) & start.eq(end.shift())
    length = (end - start).dt.total_seconds() / 3600.0
    ordered = ordered.assign(
        run=(~again).cumsum(),
        hours=length,
        impact=ordered["lmp_with_offer"] - ordered["lmp_with_reference"],
        above=(ordered["offered"] - ordered["conduct_limit"]).fillna(-np.inf),
    )
    worst = ordered.sort_values(["run", "above"], ascending=[True, False], kind="stable")
    worst = worst.drop_duplicates("run").set_index("run")
    by_run = ordered.groupby("run")
    table = worst.assign(
        hours=by_run["hours"].sum(min_count=1),
        worst=worst["interval_start"],
        money_effect=by_run["money_effect"].sum(min_count=1),
        **{"from": by_run["interval_start"].min(), "to": by_run["interval_end"].max()},
    )
    order = np.argsort(-table["money_effect"].abs().fillna(-1).to_numpy(), kind="stable")
    return table.iloc[order][columns].reset_index(drop=True)


def _pair(item: str, before: float, after: float) -> dict[str, Any]:
    percent = (after - before) / abs(before) * 100 if before else float("nan")
    return {
        "item": item,
        "before": before,
        "after": after,
        "change": after - before,
        "change_percent": percent,
    }
