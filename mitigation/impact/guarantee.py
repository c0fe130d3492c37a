"""Impact on guarantee payments: what a unit is made whole for on a day, with offer and reference.

``G(u, d) = sum of max(0, cost - revenue)`` over the unit's commitment blocks of the day, from
:func:`settlement.market.make_whole`. Start-up and no-load move no price once the commitment
is held, so their impact is measured here (NYISO: threshold of the increase of a unit's payment
of a day).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pandas as pd

from cases.market_time import day_of
from cases.rulebook.mitigation import MitigationRules
from cases.run import Run
from mitigation.impact.price import HeldAt, judged
from settlement import make_whole

_NOTHING: Final = 1e-9
_CENT: Final = 1e-6

__all__ = ["days_of", "guarantee_impact", "payments"]


def payments(run: Run) -> pd.DataFrame:
    """Guarantee payments by unit and day: subject, day (`cases.market_time.day_of`), amount.

    A run without commitment pays no start-up and no no-load, so they move no payment in it.
    """
    paid = make_whole(run)
    frame = pd.DataFrame(
        {
            "subject": paid["unit"],
            "day": day_of(paid["interval_start"]),
            "amount": paid["amount"].astype(float),
        }
    )
    return frame.groupby(["subject", "day"], sort=True)["amount"].sum().reset_index()


def days_of(run: Run) -> pd.DataFrame:
    """Days of a run: day, and where its intervals begin and end."""
    case = run.case
    frame = pd.DataFrame(
        {
            "day": day_of(case.interval_starts),
            "interval_start": case.interval_starts,
            "interval_end": case.interval_ends,
        }
    )
    return frame.groupby("day", as_index=False).agg(
        interval_start=("interval_start", "min"), interval_end=("interval_end", "max")
    )


def guarantee_impact(
    base: pd.DataFrame,
    other: pd.DataFrame,
    units: Iterable[str],
    days: pd.DataFrame,
    held: HeldAt,
    rules: MitigationRules,
) -> pd.DataFrame:
    """Impact on the payments of units and days, as rows of ``tests_impact`` with scope ``unit``.

    Parameters
    ----------
    base, other
        :func:`payments` with offers as submitted and with references.
    units
        Units whose commitment offers or parameters failed the conduct test.
    days
        :func:`days_of` the run.
    held
        The thresholds that hold for a unit and day.
    rules
        The rulebook's section.
    """
    rows = pd.DataFrame({"subject": sorted(set(units))}).merge(days, how="cross")
    for column, paid in (("with_offer", base), ("with_reference", other)):
        named = paid.rename(columns={"amount": column})
        rows = rows.merge(named, on=["subject", "day"], how="left", sort=False)
        rows[column] = rows[column].fillna(0.0)
    rows = rows.drop(columns="day").assign(scope="unit")
    reference = rows["with_reference"]
    # A share of a payment of nothing is nothing: whatever is paid with the offer is above it.
    verdict = judged(
        rows.assign(with_reference=reference.mask(reference == 0.0, _NOTHING)), held(rows), rules
    )
    return verdict.assign(
        with_reference=reference,
        difference=rows["with_offer"] - reference,
        limit=verdict["limit"].mask(verdict["limit"] < _CENT, 0.0),
    )
