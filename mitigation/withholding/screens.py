"""Screens of units, and of all units of an owner together, for MW held back."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.rulebook.withholding import WithholdingRules
from cases.run import Run
from mitigation.conduct.thresholds import ROUNDING
from mitigation.structure.owners import Ownership
from mitigation.withholding.quantities import COLUMNS, held_back

__all__ = ["screen_withholding"]

#: Screens that count the same MW of an owner once each: a portfolio's limit holds per screen.
GROUP = ["interval_start", "owner", "kind"]
KIND = {"outage": "availability", "derating": "availability"}


def screen_withholding(
    run: Run,
    levels: pd.DataFrame,
    owners: Ownership,
    *,
    rules: WithholdingRules | None = None,
    excused: pd.DataFrame | None = None,
    actual: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Screen every unit and interval for physical withholding.

    A unit fails where the economic MW that it holds back exceed the lower of ``unit_percent`` of
    its reference and ``unit_mw``, or where those of all units of its owner together exceed the
    lower of ``portfolio_percent`` and ``portfolio_mw`` and it adds to them.

    Parameters
    ----------
    run, levels, excused, actual
        As of :func:`mitigation.withholding.quantities.held_back`.
    owners
        Who controls what; a unit with several owners counts for each by share.
    rules
        Default: ``mitigation.withholding`` of the run's rulebook.

    Returns
    -------
    DataFrame
        Columns of ``held_back``, and limit_mw, portfolio_mw, portfolio_limit_mw, result (pass,
        fail, exempt), why (unit, portfolio, both, blank).

    Source: NYISO Services Tariff 23.3.1.1.
    """
    rules = rules or run.rulebook.mitigation.withholding
    found = held_back(run, levels, excused=excused, actual=actual)
    amounts = ["reference_mw", "actual_mw", "excused_mw", "withheld_mw", "economic_mw"]
    rows = owners.split(found, *amounts)
    rows = rows.assign(kind=rows["screen"].replace(KIND))
    technology = rows["unit"].map(run.case.units.set_index("unit")["technology"])
    exempt = technology.str.casefold().isin([name.casefold() for name in rules.exempt_technologies])
    counted = rows["economic_mw"].where(~exempt, 0.0)
    whole = rows["reference_mw"].where(~exempt, 0.0)
    keys = [rows[name] for name in GROUP]
    limit = _limit(rows["reference_mw"], rules.unit_percent, rules.unit_mw)
    portfolio = counted.groupby(keys).transform("sum")
    portfolio_limit = _limit(
        whole.groupby(keys).transform("sum"), rules.portfolio_percent, rules.portfolio_mw
    )
    alone = _over(counted, limit)
    together = _over(portfolio, portfolio_limit) & (counted > ROUNDING)
    why = np.select([alone & together, alone, together], ["both", "unit", "portfolio"], "")
    result = np.where(exempt, "exempt", np.where(why == "", "pass", "fail"))
    return rows[COLUMNS].assign(
        limit_mw=limit,
        portfolio_mw=portfolio,
        portfolio_limit_mw=portfolio_limit,
        result=result,
        why=why,
    )


def _limit(reference: pd.Series, percent: float, most: float) -> pd.Series:
    share = (
        reference * percent / 100 if np.isfinite(percent) else pd.Series(np.inf, reference.index)
    )
    return share.clip(upper=most)


def _over(amount: pd.Series, limit: pd.Series) -> pd.Series:
    return amount > limit + ROUNDING * np.maximum(1.0, amount.abs())
