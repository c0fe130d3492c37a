"""Verdicts that two measurements must share, and what is said where they do not.

Where the units that run are chosen anew, two schedules whose costs differ by less than the solver
may leave open can have quite different prices. If the new schedule is cheaper than the one that is
there by no more than the open gaps, its impact is compared with that of keeping the schedule: what
fails in both fails, what passes in both passes, anything else is not measurable.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from cases.run import Run
from mitigation.again.reopen import gap_money
from mitigation.keys import AT

__all__ = [
    "ANOTHER_SCHEDULE",
    "CONTROL_SHIFT",
    "NOT_MEASURABLE",
    "agreed",
    "same_commitment",
    "within_the_gaps",
]

NOT_MEASURABLE: Final = "not measurable"
ANOTHER_SCHEDULE: Final = (
    "the new commitment saves no more than the open gaps, and with the one that is there the "
    "verdict is another"
)
CONTROL_SHIFT: Final = (
    "the verdict is one against the control and another against the run itself: what a better "
    "schedule of the same offers moves is as large as the impact"
)
_ROUNDING: Final = 1e-9


def same_commitment(base: Run, other: Run) -> bool:
    """Whether the same units run in the same intervals."""
    before, after = (run.dispatch[[*AT, "on"]] for run in (base, other))
    both = before.merge(after, on=AT, suffixes=("", "_after"))
    return bool((both["on"] == both["on_after"]).all())


def within_the_gaps(base: Run, kept: Run, anew: Run) -> bool:
    """Whether a new commitment is cheaper than the one that is there by no more than the gaps.

    Parameters
    ----------
    base
        The run with offers as submitted.
    kept, anew
        The same replacements with its commitment, and with one chosen anew.
    """
    saved = kept.objective - anew.objective
    left = gap_money(base) + gap_money(anew)
    return saved <= left + _ROUNDING * max(1.0, abs(kept.objective))


def agreed(rows: pd.DataFrame, others: pd.DataFrame, why: str) -> pd.DataFrame:
    """Rows of ``tests_impact`` with the verdict that both measurements give; ``why`` where not.

    A row that the other measurement lacks passes in it: its price did not move.
    """
    place = ["scope", "interval_start", "subject"]
    named = others[[*place, "result"]].rename(columns={"result": "other"})
    other = rows[place].merge(named, on=place, how="left", sort=False)["other"].fillna("pass")
    differ = (rows["result"] != other.to_numpy()).to_numpy()
    note = rows["note"].astype(object).to_numpy()
    told = np.where(note == "", why, note + "; " + why)
    return rows.assign(
        result=np.where(differ, NOT_MEASURABLE, rows["result"]),
        near=rows["near"] & ~differ,
        note=np.where(differ, told, note),
    )
