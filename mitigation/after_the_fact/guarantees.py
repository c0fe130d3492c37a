"""Guarantee payments recomputed with references, prices and schedules staying as they were."""

from __future__ import annotations

import pandas as pd

from cases.case import Case
from cases.run import Run
from clearing.validation.commitment_cost import commitment_cost
from clearing.validation.facts import Facts
from mitigation.references.curves import for_intervals
from mitigation.references.substitution import substituted
from settlement import make_whole

__all__ = ["guarantees_at", "recomputed_guarantees"]

BLOCK = ["unit", "owner", "interval_start", "interval_end"]


def recomputed_guarantees(
    run: Run, levels: pd.DataFrame, keys: pd.DataFrame, *, day_ahead: Run | None = None
) -> pd.DataFrame:
    """Guarantee payments as made, and with components at the lower of offer and reference.

    Parameters
    ----------
    run
        A cleared run.
    levels
        Reference levels, as the run table ``reference_levels``.
    keys
        unit, interval_start (NaT = every interval), component (energy, no_load, startup,
        shutdown): what is corrected.
    day_ahead
        As of :func:`settlement.market.make_whole`.

    Returns
    -------
    DataFrame
        unit, owner, interval_start, interval_end of each block that was paid, paid, corrected,
        taken_back (paid less corrected, never below zero, never above paid); exact Decimals.

    Raises
    ------
    InputError
        A component without a reference level.

    Source: NYISO MST 23.4: guarantee payments corrected after the fact with the default bid.
    """
    return guarantees_at(run, substituted(run.case, levels, keys), day_ahead=day_ahead)


def guarantees_at(run: Run, case: Case, *, day_ahead: Run | None = None) -> pd.DataFrame:
    """Guarantee payments as made, and with the offers of another case at the same schedule.

    Returns
    -------
    DataFrame
        As of :func:`recomputed_guarantees`.
    """
    paid = make_whole(run, day_ahead=day_ahead)
    fair = make_whole(_at_offers(run, case), day_ahead=day_ahead)
    joined = (
        paid[[*BLOCK, "amount"]]
        .rename(columns={"amount": "paid"})
        .merge(
            fair[[*BLOCK, "amount"]].rename(columns={"amount": "corrected"}),
            on=BLOCK,
            how="left",
            sort=False,
        )
    )
    joined["corrected"] = joined["corrected"].where(joined["corrected"].notna(), joined["paid"] * 0)
    return joined.assign(taken_back=joined["paid"] - joined["corrected"])


def _at_offers(run: Run, case: Case) -> Run:
    """Give the same dispatch and prices at the costs of the corrected offers."""
    cells = run.dispatch[["unit", "interval_start"]]
    blocks = for_intervals(case.offers, cells).assign(source="reference")
    facts = Facts(Run(run.manifest, {**run.tables, "offers_used": blocks}, case, run.rulebook))
    cost = facts.offers_used.cost(facts.dispatch) * facts.hours + commitment_cost(facts)
    at = facts.starts.get_indexer(pd.DatetimeIndex(run.dispatch["interval_start"]))
    unit = facts.names("units").get_indexer(pd.Index(run.dispatch["unit"]))
    dispatch = run.dispatch.assign(cost=cost[at, unit])
    return Run(run.manifest, {**run.tables, "dispatch": dispatch}, run.case, run.rulebook)
