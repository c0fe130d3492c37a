"""The three screens of the claw-back: cause, competition, price."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.rulebook.after_the_fact import ClawBackRules
from cases.run import Run
from mitigation.keys import AT, TERM
from mitigation.references.curves import at_same_mw
from mitigation.structure.owners import Ownership

__all__ = ["claw_back_screens", "price_screen"]

_NOTHING = 1e-6


def claw_back_screens(
    run: Run,
    payments: pd.DataFrame,
    references: pd.DataFrame,
    owners: Ownership,
    rules: ClawBackRules | None = None,
) -> pd.DataFrame:
    """Say which of the three screens hold for each payment.

    ``cause``: a limit of the grid binds on which the unit has an effect of at least ``dfax_min`` in
    the direction in which it was moved. ``competition``: fewer than ``fewest_competitors`` other
    owners have such an effect on that limit. ``price_screen``: :func:`price_screen`.

    Parameters
    ----------
    run
        The dispatch within the limits of the grid.
    payments
        :func:`mitigation.after_the_fact.congestion.congestion_payments` of it.
    references
        Reference levels of energy.
    owners
        Who controls what.
    rules
        Default: those of the run's rulebook.

    Returns
    -------
    DataFrame
        unit, interval_start, cause, constraint (the limit; blank where there is none), competitors
        (the fewest over its limits; NaN where there is none), competition, price_screen.

    Source: IESO, local market power framework; the numbers are reconstructions.
    """
    rules = rules or run.rulebook.mitigation.after_the_fact.claw_back
    moved = payments.loc[payments["direction"] != "", [*AT, "direction"]]
    effects = _effects(run, owners, rules)
    own = moved.merge(effects, on=[*AT, "direction"], sort=False)
    found = own.sort_values([*AT, "competitors", "constraint"]).drop_duplicates(AT)
    table = payments[AT].merge(
        found[[*AT, "constraint", "competitors"]], on=AT, how="left", sort=False
    )
    table["cause"] = table["constraint"].notna()
    table["constraint"] = table["constraint"].fillna("")
    table["competition"] = table["competitors"] < rules.fewest_competitors
    table["price_screen"] = price_screen(payments, run.offers_used, references, rules).to_numpy()
    return table


def _effects(run: Run, owners: Ownership, rules: ClawBackRules) -> pd.DataFrame:
    """Units that relieve (on) or load (off) a binding limit, and how many other owners do."""
    terms = run.price_terms
    terms = terms[terms["shadow_price"] > 0]
    units = run.case.units[["unit", "bus"]]
    rows = terms.merge(units, on="bus", sort=False)
    rows = rows[rows["dfax"].abs() >= max(rules.dfax_min, _NOTHING)]
    rows["direction"] = np.where(rows["dfax"] > 0, "on", "off")
    split = owners.split(rows[[*TERM, "unit", "direction"]])
    group = [*TERM, "direction"]
    count = split.groupby(group)["owner"].transform("nunique")
    # A unit of several owners has each of them on its side.
    with_unit = split.groupby([*group, "unit"])["owner"].transform("nunique")
    return split.assign(competitors=count - with_unit).drop_duplicates([*group, "unit"])


def price_screen(
    payments: pd.DataFrame,
    offers: pd.DataFrame,
    references: pd.DataFrame,
    rules: ClawBackRules,
) -> pd.Series:
    """Whether the offer on some of the MW moved lies outside the bands: one flag per payment.

    Constrained on, an offer above ``band_percent`` over the reference and over the uniform price;
    constrained off, one below them by as much. What has no reference is judged by the price alone.
    """
    rows = payments.reset_index(drop=True)
    pieces = at_same_mw(references[references["price"].notna()], offers)
    low = rows[["market_mw", "dispatch_mw"]].min(axis=1)
    high = rows[["market_mw", "dispatch_mw"]].max(axis=1)
    joined = (
        rows[[*AT, "direction", "price"]]
        .assign(low=low, high=high, row=rows.index)
        .merge(pieces, on=AT, sort=False)
    )
    inside = np.minimum(joined["upper_mw"], joined["high"]) - np.maximum(
        joined["lower_mw"], joined["low"]
    )
    joined = joined[(inside > _NOTHING) & (joined["direction"] != "")]
    sign = np.where(joined["direction"] == "on", 1.0, -1.0)

    def outside(base: pd.Series) -> pd.Series:
        beyond: pd.Series = (joined["offered"] - base) * sign
        return beyond > base.abs() * rules.band_percent / 100

    market, history = outside(joined["price"]), outside(joined["reference"])
    history = history | joined["reference"].isna()
    wrong = market & history if rules.inconsistent_with == "both" else market | history
    flagged = joined.loc[wrong, "row"]
    return pd.Series(rows.index.isin(flagged), index=payments.index)
