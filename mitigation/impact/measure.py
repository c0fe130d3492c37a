"""Conduct and impact: replace what failed the conduct test, and keep what moved something.

The procedure of the profiles ``default``, ``isone``, ``miso`` and ``spp``; which
thresholds, areas, counterfactual and commitment they use is written in their rulebooks.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from cases.case import Case
from cases.run import Run
from mitigation.conduct import guarantee_thresholds, no_areas, price_thresholds
from mitigation.impact.counterfactual import Counterfactual, Mode, counterfactuals
from mitigation.impact.doubts import with_doubts
from mitigation.impact.guarantee import days_of, guarantee_impact, payments
from mitigation.impact.price import price_impact, reserve_impact, zone_impact
from mitigation.impact.subject import Outcome, Subject, registered
from mitigation.keys import KEY
from mitigation.references.substitution import COMMITMENT, split_offers, substituted, whole_day

__all__ = ["Measured", "conduct_and_impact", "final_run", "measure"]

DECIDED: Final = [
    "scope",
    "subject",
    "counterfactual",
    "with_offer",
    "with_reference",
    "difference",
    "limit",
    "result",
    "near",
    "gap_bound",
    "rule_id",
    "note",
]


@registered("default", "isone", "miso", "spp")
def conduct_and_impact(subject: Subject) -> Outcome:
    """Measure the impact by the rulebook's counterfactual and clear with what failed both tests."""
    measured = measure(subject, subject.rules.impact.mode)
    return finished(subject, measured, measured.mitigated)


class Measured:
    """The impact of what failed the conduct test, rerun by rerun."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.aligned = split_offers(subject.run.case, subject.levels, subject.candidates)
        self.runs: list[tuple[pd.DataFrame, Run]] = []
        self.impact: list[pd.DataFrame] = []
        self.verdicts: list[pd.DataFrame] = []
        self.events: list[dict[str, Any]] = []

    @property
    def mitigated(self) -> pd.DataFrame:
        """Keys that failed both tests."""
        if not self.verdicts:
            return self.subject.failing[KEY].head(0)
        rows = pd.concat(self.verdicts, ignore_index=True)
        return rows.loc[rows["result"] == "fail", KEY].reset_index(drop=True)

    def take(self, counterfactual: Counterfactual, label: str) -> None:
        """Clear with references in place of the counterfactual's offers, and compare."""
        keys = counterfactual.keys
        case = substituted(self.aligned, self.subject.levels, keys)
        run, held = cleared_again(self.subject, case, keys, check=False)
        self.runs.append((keys, run))
        rows = self._compared(keys, run, held=held).assign(counterfactual=counterfactual.name)
        self.impact.append(rows)
        self.verdicts.append(_verdicts(keys, rows, self._withheld(keys, run)))
        self.events.append(
            {
                "pass": "rerun",
                "name": label,
                "counterfactual": counterfactual.name,
                "commitment": "held" if held else "reoptimized",
                "replaced": len(keys),
                "objective": run.objective,
                "status": run.stated.get("status"),
                "gap": run.stated.get("gap"),
                "rows_failed": int((rows["result"] == "fail").sum()),
            }
        )

    def _compared(self, keys: pd.DataFrame, run: Run, *, held: bool) -> pd.DataFrame:
        base, rules, areas = self.subject.run, self.subject.rules, self.subject.areas
        stamped = keys.loc[~whole_day(keys["component"]), "interval_start"]
        intervals = pd.DatetimeIndex(stamped.unique())
        all_day = keys[whole_day(keys["component"])]
        if len(all_day) or stamped.isna().any():
            # What holds all day is looked for in every interval.
            intervals = base.case.interval_starts
        nowhere = no_areas(base.case)
        parts = [
            price_impact(
                base, run, intervals, lambda rows: price_thresholds(rows, rules, areas), rules
            )
        ]
        for measure_of in (zone_impact, reserve_impact):
            rows = measure_of(
                base, run, intervals, lambda rows: price_thresholds(rows, rules, nowhere), rules
            )
            if len(rows):
                parts.append(rows)
        if len(all_day):
            parts.append(
                guarantee_impact(
                    self._paid,
                    payments(run),
                    all_day["unit"],
                    days_of(base),
                    lambda rows: guarantee_thresholds(rows, rules, areas),
                    rules,
                )
            )
        return with_doubts(pd.concat(parts, ignore_index=True), base, run, held=held)

    @property
    def _paid(self) -> pd.DataFrame:
        if not hasattr(self, "_payments"):
            self._payments = payments(self.subject.run)
        return self._payments

    def _withheld(self, keys: pd.DataFrame, run: Run) -> set[str]:
        """Units that run in an interval only once their commitment offers are replaced."""
        own = keys.loc[whole_day(keys["component"]), "unit"].unique()
        if not len(own):
            return set()
        before, after = (
            table.loc[table["unit"].isin(own), ["unit", "interval_start", "on"]].sort_values(
                ["unit", "interval_start"], ignore_index=True
            )
            for table in (self.subject.run.dispatch, run.dispatch)
        )
        withheld = ~before["on"].to_numpy(dtype=bool) & after["on"].to_numpy(dtype=bool)
        return set(before.loc[withheld, "unit"])


def measure(subject: Subject, mode: Mode, *, label: str = "impact") -> Measured:
    """Measure the impact of what failed, with the counterfactuals of a mode."""
    measured = Measured(subject)
    for counterfactual in counterfactuals(subject.failing, mode, subject.owner_of):
        measured.take(counterfactual, label)
    return measured


def cleared_again(
    subject: Subject, case: Case, keys: pd.DataFrame, *, check: bool = True
) -> tuple[Run, bool]:
    """Clear the day with other offers; tell whether the commitment was held.

    Parameters of units change the program itself: they need a new clearing in any case.
    """
    committed = bool(subject.run.settings.get("commitment"))
    anew = committed and subject.rules.rerun.commitment == "reoptimized"
    if anew or bool(keys["component"].str.startswith("param:").any()):
        return subject.rerun.reoptimized(case), not committed
    return subject.rerun.held(case, check=check), True


def finished(
    subject: Subject, measured: Measured, failed_both: pd.DataFrame, *, label: str = "final"
) -> Outcome:
    """Clear with what failed both tests and what is forced at reference: the market result."""
    mitigated = pd.concat([failed_both[KEY], subject.forced[KEY]], ignore_index=True)
    mitigated = mitigated.drop_duplicates().sort_values(KEY, ignore_index=True)
    run, again = final_run(subject, measured, mitigated)
    verdicts = pd.concat(measured.verdicts, ignore_index=True) if measured.verdicts else None
    impact = pd.concat(measured.impact, ignore_index=True) if measured.impact else None
    final = {
        "pass": label,
        "replaced": len(mitigated),
        "cleared_again": again,
        "objective": run.objective,
    }
    return Outcome(
        run,
        mitigated,
        pd.DataFrame(columns=["scope", *DECIDED[1:]]) if impact is None else impact,
        pd.DataFrame(columns=[*KEY, *DECIDED]) if verdicts is None else verdicts,
        [*measured.events, final],
    )


def final_run(subject: Subject, measured: Measured, mitigated: pd.DataFrame) -> tuple[Run, bool]:
    """The run with exactly these keys at reference, and whether it took another clearing."""
    if mitigated.empty:
        return subject.run, False
    wanted = set(mitigated.itertuples(index=False, name=None))
    for keys, run in measured.runs[-1:]:
        # The live model holds the last rerun: it is the result where it replaced just these.
        if set(keys[KEY].itertuples(index=False, name=None)) == wanted:
            return subject.rerun.checked(run), False
    case = substituted(subject.run.case, subject.levels, mitigated)
    return cleared_again(subject, case, mitigated)[0], True


def _verdicts(keys: pd.DataFrame, impact: pd.DataFrame, withheld: set[str]) -> pd.DataFrame:
    """For each key the row of the impact that decides it: the one furthest above its limit.

    Energy and reserves are decided by prices of their own interval (buses and reserve products;
    zones are averages of buses and are shown only). Commitment offers are decided by the unit's
    guarantee payment of any day; parameters, and commitment offers that kept a unit from running,
    by prices of any interval as well.
    """
    room = impact["difference"] - impact["limit"]
    with np.errstate(invalid="ignore"):
        ranked = impact.assign(
            failed=impact["result"] == "fail", room=room.where(np.isfinite(room), -np.inf)
        )
    order = ["failed", "room", "difference"]
    ranked = ranked.sort_values(order, ascending=False, kind="stable")
    priced = ranked[ranked["scope"].isin(["bus", "reserve"])]
    of_interval = priced.drop_duplicates("interval_start")[["interval_start", *DECIDED]]
    of_unit = ranked[ranked["scope"] == "unit"].drop_duplicates("subject")[DECIDED]
    stamped = keys[~whole_day(keys["component"])]
    parts = [stamped[KEY].merge(of_interval, on="interval_start", how="left", sort=False)]
    all_day = keys[whole_day(keys["component"])][KEY]
    if len(all_day):
        rows = all_day.assign(subject=all_day["unit"]).merge(
            of_unit, on="subject", how="left", sort=False
        )
        by_price = priced.head(1)
        prices_count = ~all_day["component"].isin(COMMITMENT) | all_day["unit"].isin(withheld)
        if len(by_price) and bool(by_price["failed"].iloc[0]):
            swap = (prices_count.to_numpy()) & (rows["result"] != "fail").to_numpy()
            for column in DECIDED:
                rows[column] = rows[column].mask(swap, by_price[column].iloc[0])
        parts.append(rows)
    filled = [part[[*KEY, *DECIDED]] for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True)
