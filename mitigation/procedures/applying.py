"""What follows a procedure's tests: another clearing, payments afterwards, or a report.

Each function fills the slot ``apply``.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from cases.case import Case
from cases.run import Run
from mitigation.after_the_fact.guarantees import guarantees_at
from mitigation.components import is_parameter
from mitigation.impact.clearings import result_over
from mitigation.keys import KEY
from mitigation.references.substitution import substituted, whole_day
from mitigation.slots import Applied, AssessedRun, Impact, Replacement
from mitigation.slots.terms import terms_of

__all__ = ["pay_afterwards", "report_only", "rerun"]


def rerun(assessed: AssessedRun, replacement: Replacement, impact: Impact) -> Applied:
    """Clear the day again with what is replaced: the market result.

    Without anything to replace the tested run itself is the result; where the impact was measured
    with just these replacements, the run of that measurement.
    """
    mitigated = _with_forced(impact.keys, assessed.forced)
    run, again = _cleared(assessed, replacement, impact, mitigated)
    return Applied(run, mitigated, events=(_final(impact.result, mitigated, run, again),))


def pay_afterwards(assessed: AssessedRun, replacement: Replacement, impact: Impact) -> Applied:
    """Let prices and schedules stand, and recompute guarantee payments with what is replaced.

    What a monitor's override replaces is replaced in the market all the same. Parameters of units
    and reserve offers change no guarantee payment of a schedule that stands.

    Source: NYISO MST 23.4, guarantee payments corrected after the fact with the default bid.
    """
    nothing = impact.keys[KEY].head(0)
    forced = _with_forced(nothing, assessed.forced)
    run, again = _cleared(assessed, replacement, impact, forced)
    keys = impact.keys[KEY].drop_duplicates(ignore_index=True)
    counted = keys[_is_paid_for(keys["component"])]
    paid = guarantees_at(run, _at_replacement(run.case, assessed, replacement, counted))
    money = ["paid", "corrected", "taken_back"]
    by_unit = paid.assign(**{name: paid[name].astype(float) for name in money})
    by_unit = by_unit[by_unit["unit"].isin(counted["unit"])].groupby("unit", sort=True)[money].sum()
    rows = counted.merge(by_unit.reset_index(), on="unit", how="left", sort=False).fillna(
        dict.fromkeys(money, 0.0)
    )
    told = [
        f"the market stands; its guarantee payment of {before:.2f} is corrected to {after:.2f}"
        for before, after in zip(rows["paid"], rows["corrected"], strict=True)
    ]
    events = (
        _final(impact.result, forced, run, again),
        {
            "pass": "payment afterwards",
            "components": len(counted),
            "taken_back": by_unit["taken_back"].to_dict(),
        },
    )
    mitigated = _with_forced(counted, assessed.forced)
    terms = terms_of(rows, guarantee_paid="paid", guarantee_corrected="corrected")
    return Applied(run, mitigated, rows[KEY].assign(note=told), terms, events)


def report_only(assessed: AssessedRun, replacement: Replacement, impact: Impact) -> Applied:
    """Say what would be replaced, and replace only what a monitor's override does."""
    forced = _with_forced(impact.keys[KEY].head(0), assessed.forced)
    run, again = _cleared(assessed, replacement, impact, forced)
    would = impact.keys[KEY].drop_duplicates(ignore_index=True)
    events = (
        _final(impact.result, forced, run, again),
        {"pass": "report", "would_replace": len(would)},
    )
    return Applied(
        run, forced, would.assign(note="would be replaced: reported only"), events=events
    )


def _with_forced(keys: pd.DataFrame, forced: pd.DataFrame) -> pd.DataFrame:
    both = pd.concat([keys[KEY], forced[KEY]], ignore_index=True)
    return both.drop_duplicates().sort_values(KEY, ignore_index=True)


def _cleared(
    assessed: AssessedRun, replacement: Replacement, impact: Impact, mitigated: pd.DataFrame
) -> tuple[Run, bool]:
    """The run with exactly these keys replaced, and whether it took another clearing."""
    if mitigated.empty:
        return assessed.run, False
    wanted = set(mitigated.itertuples(index=False, name=None))
    for keys, run in impact.runs[-1:]:
        # The live model holds the last rerun: it is the result where it replaced just these.
        if set(keys[KEY].itertuples(index=False, name=None)) == wanted:
            return assessed.rerun.checked(run), False
    case = _at_replacement(assessed.run.case, assessed, replacement, mitigated)
    measured = [run for _, run in impact.runs]
    return result_over(assessed, case, mitigated, measured), True


def _at_replacement(
    case: Case, assessed: AssessedRun, replacement: Replacement, mitigated: pd.DataFrame
) -> Case:
    """The case with what is forced at its reference, and the other keys at their replacement."""
    if replacement.levels is assessed.levels and not replacement.whole:
        return substituted(case, assessed.levels, mitigated)
    index = pd.MultiIndex.from_frame(mitigated[KEY])
    by_hand = index.isin(pd.MultiIndex.from_frame(assessed.forced[KEY]))
    case = substituted(case, assessed.levels, mitigated[by_hand])
    return substituted(case, replacement.levels, mitigated[~by_hand], whole=replacement.whole)


def _final(name: str, mitigated: pd.DataFrame, run: Run, again: bool) -> dict[str, Any]:
    return {
        "pass": name,
        "replaced": len(mitigated),
        "cleared_again": again,
        "objective": run.objective,
    }


def _is_paid_for(components: pd.Series) -> pd.Series:
    """Whether a guarantee payment counts the component: energy and commitment costs."""
    costs: pd.Series = whole_day(components) & ~is_parameter(components)
    return costs | (components == "energy")
