"""Adders for units whose offers are capped in a large share of the hours that they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cases.case import Case
from cases.rulebook.references import FrequentTier, ReferenceRules
from cases.run import Run
from mitigation.references.history import final_runs

__all__ = [
    "associated_units",
    "capped_run_hours",
    "frequent_adder",
    "frequent_tier",
    "frequent_tiers",
    "with_frequent_adders",
]


def capped_run_hours(runs: Sequence[Run]) -> pd.DataFrame:
    """Hours that each unit ran, and how many of them with a mitigated offer.

    A unit runs in an interval where it is on and produces; its offer is mitigated there where some
    component of it was. Of a run and its mitigated child only the child counts.

    Returns
    -------
    DataFrame
        unit, run_hours, capped_hours, percent (NaN for a unit that did not run), sorted by unit.

    Raises
    ------
    InputError
        An interval is in two of the runs.
    """
    parts = []
    at = ["unit", "interval_start"]
    for run in final_runs(runs):
        ran = run.dispatch.loc[run.dispatch["on"] & (run.dispatch["mw"] > 0), at]
        decided = run.decisions.loc[run.decisions["action"] == "mitigated", at]
        replaced = run.offers_used.loc[run.offers_used["source"] == "reference", at]
        capped = pd.MultiIndex.from_frame(pd.concat([decided, replaced]).drop_duplicates())
        length = run.case.interval_hours
        inside = pd.MultiIndex.from_frame(ran).isin(capped)
        hours = ran.assign(run_hours=length, capped_hours=inside * length)
        idle = run.case.units[["unit"]].assign(run_hours=0.0, capped_hours=0.0)
        parts += [hours[["unit", "run_hours", "capped_hours"]], idle]
    if not parts:
        return pd.DataFrame({"unit": [], "run_hours": [], "capped_hours": [], "percent": []})
    total = pd.concat(parts).groupby("unit", sort=True).sum().reset_index()
    percent = 100 * total["capped_hours"] / total["run_hours"].where(total["run_hours"] > 0)
    return total.assign(percent=percent)


def frequent_tier(percent: float, tiers: Mapping[str, FrequentTier]) -> str:
    """Name of the highest tier whose share of run hours is reached; "" = none."""
    reached = [
        (tier.from_percent, name) for name, tier in tiers.items() if percent >= tier.from_percent
    ]
    return max(reached)[1] if reached else ""


def frequent_adder(tier: FrequentTier, cost: float) -> float:
    """Adder on a cost, money per MWh: ``max(min(percent of cost, percent_cap), absolute)``.

    Source: PJM Operating Agreement, schedule 1, 6.4.2: 60 to 70 percent of run hours, the higher
    of 10 percent of cost and 20; 70 to 80, of 15 percent (at most 40) and 30; from 80 on, 40.
    """
    return max(min(tier.percent / 100 * cost, tier.percent_cap), tier.absolute)


def frequent_tiers(
    runs: Sequence[Run],
    tiers: Mapping[str, FrequentTier],
    *,
    associated: Sequence[Sequence[str]] = (),
) -> pd.DataFrame:
    """The tier of each unit: :func:`capped_run_hours` with a column ``tier``.

    ``associated`` are groups of units of one site and one economics: each has the highest tier of
    its group.
    """
    counted = capped_run_hours(runs)
    tier = {
        unit: frequent_tier(percent, tiers)
        for unit, percent in zip(counted["unit"], counted["percent"], strict=True)
    }
    rank = {"": -1.0} | {name: each.from_percent for name, each in tiers.items()}
    for group in associated:
        best = max((tier.get(unit, "") for unit in group), key=lambda name: rank[name], default="")
        tier |= dict.fromkeys((unit for unit in group if unit in tier), best)
    return counted.assign(tier=counted["unit"].map(tier).astype("str"))


def associated_units(case: Case) -> list[list[str]]:
    """Units of one site and one economics: same owner, bus, technology and fuel."""
    units = case.tables["units"]
    named = units[units["technology"] != ""]
    groups = named.groupby(["owner", "bus", "technology", "fuel"], sort=False)["unit"].agg(list)
    return [list(each) for each in groups if len(each) > 1]


def with_frequent_adders(
    levels: pd.DataFrame, case: Case, rules: ReferenceRules, earlier: Sequence[Run]
) -> pd.DataFrame:
    """Give reference levels with the adders of units that are capped often.

    The adder takes the place of the general one (``adder``) on energy blocks whose level is cost:
    ``cost + max(min(percent of cost, percent_cap), absolute)``, never below the level as it was.
    Without tiers, or without earlier runs to count in, levels stay as they are.

    Parameters
    ----------
    levels
        Reference levels with their ``method``.
    case
        The day, for units associated with those that are capped often.
    rules
        The section ``mitigation.reference``.
    earlier
        Runs of earlier days, in which hours are counted.

    Source: PJM Operating Agreement, schedule 1, 6.4.2.
    """
    if not rules.frequent or not earlier:
        return levels
    found = frequent_tiers(earlier, rules.frequent, associated=associated_units(case))
    tier = found.loc[found["tier"] != ""].set_index("unit")["tier"]
    own = levels["unit"].isin(tier.index) & (levels["component"] == "energy")
    own &= levels["method"] == "cost"
    if not own.any():
        return levels
    price, note = levels["price"].copy(), levels["note"].astype(object).copy()
    for row in np.flatnonzero(own.to_numpy()).tolist():
        name = str(tier[levels["unit"].iloc[row]])
        cost = float(levels["price"].iloc[row]) / (1.0 + rules.adder)
        raised = cost + frequent_adder(rules.frequent[name], cost)
        price.iloc[row] = max(float(price.iloc[row]), raised)
        told = f"adder of frequently mitigated units, {name}"
        note.iloc[row] = f"{note.iloc[row]}; {told}" if note.iloc[row] else told
    return levels.assign(price=price, note=note.astype("str"))
