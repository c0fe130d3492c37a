"""Profit from conduct that is given up after the fact, and a penalty on top."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import numpy as np
import pandas as pd

from cases.errors import InputError
from cases.rulebook.after_the_fact import ForfeitRules
from cases.run import Run
from mitigation.keys import AT
from mitigation.references.curves import for_intervals
from settlement.ledger.money import exact, round_to

__all__ = ["energy_profit", "profit_forfeit"]

COLUMNS = ["owner", "profit", "competitive_profit", "excess", "forfeit", "penalty"]


def energy_profit(run: Run, levels: pd.DataFrame) -> pd.Series:
    """Profit of owners on energy over all intervals: output at the LMP less reference cost.

    Parameters
    ----------
    run
        A cleared run.
    levels
        Reference levels of energy; beyond its last block a curve goes on at its last price.

    Raises
    ------
    InputError
        Units that produced and have no reference.
    """
    energy = levels[(levels["component"] == "energy") & levels["price"].notna()]
    rows = run.dispatch.loc[run.dispatch["mw"].abs() > 0, [*AT, "owner", "bus", "mw"]]
    blocks = for_intervals(energy[[*AT, "segment", "mw", "price"]], rows)
    missing = sorted(set(rows["unit"]) - set(blocks["unit"]))
    if missing:
        message = f"no reference is given for {', '.join(missing)}"
        raise InputError.one("reference_levels", None, "unit", "missing_reference", message)
    blocks = blocks.sort_values([*AT, "segment"], ignore_index=True)
    upper = blocks.groupby(AT)["mw"].cumsum()
    lower = upper - blocks["mw"]
    upper = upper.where(blocks.duplicated(AT, keep="last"), np.inf)
    output = blocks[AT].merge(rows[[*AT, "mw"]], on=AT, how="left", sort=False)["mw"]
    filled = np.maximum(0.0, np.minimum(output, upper) - lower)
    cost = (filled * blocks["price"]).groupby([blocks[name] for name in AT]).sum()
    lmp = run.prices.set_index(["interval_start", "bus"])["lmp"]
    price = rows.join(lmp, on=["interval_start", "bus"])["lmp"]
    spent = rows.join(cost.rename("cost"), on=AT)["cost"]
    profit = (rows["mw"] * price - spent) * run.case.interval_hours
    found: pd.Series = profit.groupby(rows["owner"]).sum()
    return found


def profit_forfeit(
    run: Run,
    competitive: Run,
    levels: pd.DataFrame,
    owners: Iterable[str],
    rules: ForfeitRules | None = None,
) -> pd.DataFrame:
    """Profit of owners in a run against that in a competitive run of the same day.

    What it exceeds the competitive profit by is given up to the share of the rules; a penalty comes
    on top. An owner whose conduct lost money gives up nothing and is paid nothing.

    Parameters
    ----------
    run
        The run that was settled.
    competitive
        The same day with references, such as a mitigated run.
    levels
        Reference levels of energy: what output truly costs in both runs.
    owners
        Owners found to have abused market power.
    rules
        Default: ``mitigation.after_the_fact.forfeit`` of the run's rulebook.

    Returns
    -------
    DataFrame
        owner, profit, competitive_profit, excess, forfeit, penalty: exact Decimals.
    """
    rules = rules or run.rulebook.mitigation.after_the_fact.forfeit
    unit = exact(run.rulebook.settlement.smallest_unit)
    profits = [energy_profit(each, levels).to_dict() for each in (run, competitive)]
    rows = []
    for owner in sorted(set(owners)):
        own, fair = (round_to(exact(profit.get(owner, 0.0)), unit) for profit in profits)
        excess = max(Decimal(0), own - fair)
        forfeit, penalty = (
            round_to(excess * exact(part), unit) for part in (rules.share, rules.penalty)
        )
        rows.append((owner, own, fair, excess, forfeit, penalty))
    return pd.DataFrame(rows, columns=COLUMNS)
