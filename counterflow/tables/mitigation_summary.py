"""What mitigation did to a market day: the funnel of the tests, and money before and after."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cases import Run
from counterflow.tables.money import average_price, run_money, uplift_total

__all__ = ["decision_rows", "mitigation_cards", "near_misses"]


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


def _pair(item: str, before: float, after: float) -> dict[str, Any]:
    percent = (after - before) / abs(before) * 100 if before else float("nan")
    return {
        "item": item,
        "before": before,
        "after": after,
        "change": after - before,
        "change_percent": percent,
    }
