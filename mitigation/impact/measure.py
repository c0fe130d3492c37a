"""The impact of replacements: the day cleared again with them, and compared.

Each function fills the slot ``impact``. Which replacements are made together is
``mitigation.impact.mode`` (joint, per owner, per unit); thresholds and areas are the rulebook's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from cases.case import Case
from cases.run import Run
from mitigation.components import is_parameter, is_reserve
from mitigation.conduct import guarantee_thresholds, no_areas, price_thresholds
from mitigation.impact.clearings import NOT_CLOSED, cleared_again
from mitigation.impact.counterfactual import Counterfactual, Mode, counterfactuals
from mitigation.impact.coupling import Coupling
from mitigation.impact.doubts import with_doubts
from mitigation.impact.exempt import without_impact_test
from mitigation.impact.guarantee import days_of, guarantee_impact, payments
from mitigation.impact.noise import unmeasured, with_noise
from mitigation.impact.price import (
    moved_intervals,
    price_impact,
    reserve_impact,
    zone_impact,
)
from mitigation.impact.second_opinion import (
    ANOTHER_SCHEDULE,
    CONTROL_SHIFT,
    NOT_MEASURABLE,
    agreed,
    same_commitment,
    within_the_gaps,
)
from mitigation.impact.verdicts import by_guarantee, by_price, by_price_or_guarantee
from mitigation.keys import KEY
from mitigation.references.substitution import split_offers, substituted, whole_day
from mitigation.slots import AssessedRun, Impact, Replacement, no_impact
from mitigation.slots.parts import among

__all__ = [
    "Measured",
    "impact_none",
    "impact_on_guarantees",
    "impact_on_prices",
    "impact_on_prices_and_guarantees",
    "measure",
]

Decide = Callable[[pd.DataFrame, pd.DataFrame, set[str]], pd.DataFrame]
"""Takes keys, rows of ``tests_impact`` and units that were withheld; gives the row that decides."""


def impact_none(_assessed: AssessedRun, replacement: Replacement) -> Impact:
    """Replace what the replacement says, without a test of its impact."""
    return Impact(replacement.keys[KEY], *no_impact())


def impact_on_prices_and_guarantees(assessed: AssessedRun, replacement: Replacement) -> Impact:
    """Replace what moved a price of its interval, or the guarantee payment of its unit.

    Energy and reserves are tested on prices at any location, in every interval that is moved with
    their own; start-up, no-load, parameters and energy on the unit's guarantee payment of the day.
    """
    return measure(assessed, replacement, by_price_or_guarantee).impact()


def impact_on_prices(assessed: AssessedRun, replacement: Replacement) -> Impact:
    """Replace what moved a price: of its own interval, or of any where it holds all day."""
    return measure(assessed, replacement, by_price, guarantees=False).impact()


def impact_on_guarantees(assessed: AssessedRun, replacement: Replacement) -> Impact:
    """Replace what raised the guarantee payment of its unit on some day."""
    return measure(assessed, replacement, by_guarantee, prices=False).impact()


class Measured:
    """The impact of replacements, rerun by rerun.

    Parameters
    ----------
    assessed
        The run that is tested.
    replacement
        What would be replaced, and by what.
    decide
        Which row of the impact decides a key.
    prices, guarantees
        What is compared.
    """

    def __init__(
        self,
        assessed: AssessedRun,
        replacement: Replacement,
        decide: Decide,
        *,
        prices: bool = True,
        guarantees: bool = True,
    ) -> None:
        self.assessed, self.replacement, self.decide = assessed, replacement, decide
        self.prices, self.guarantees = prices, guarantees
        candidates = pd.concat(
            [replacement.keys[KEY], assessed.forced[KEY]], ignore_index=True
        ).drop_duplicates(ignore_index=True)
        self.aligned = split_offers(assessed.run.case, replacement.levels, candidates)
        self.runs: list[tuple[pd.DataFrame, Run]] = []
        self.rows: list[pd.DataFrame] = []
        self.verdicts: list[pd.DataFrame] = []
        self.events: list[dict[str, Any]] = []
        self._payments: dict[int, tuple[Run, pd.DataFrame]] = {}

    def impact(self, *, result: str = "final", before: tuple[dict[str, Any], ...] = ()) -> Impact:
        """Give what failed; ``before`` are events of what went before the reruns."""
        rows, verdicts = no_impact()
        if self.verdicts:
            rows = pd.concat(self.rows, ignore_index=True)
            verdicts = pd.concat(self.verdicts, ignore_index=True)
        untested = without_impact_test(self.assessed, self.replacement.keys)
        verdicts = verdicts[~among(verdicts, untested)].reset_index(drop=True)
        failed = verdicts.loc[verdicts["result"] == "fail", KEY]
        failed = pd.concat([failed, untested], ignore_index=True).drop_duplicates(ignore_index=True)
        keys = self._with_bundles(failed) if len(failed) else self.replacement.keys[KEY].head(0)
        events = (*before, *self.events)
        if len(untested):
            events += ({"pass": "no impact test", "replaced": len(untested)},)
        return Impact(keys, rows, verdicts, tuple(self.runs), result, events)

    def take(self, counterfactual: Counterfactual, label: str) -> None:
        """Clear with the replacements of a counterfactual, and compare."""
        keys = counterfactual.keys
        replacement = self.replacement
        case = substituted(self.aligned, replacement.levels, keys, whole=replacement.whole)
        cleared = cleared_again(self.assessed, case, keys, check=False)
        parent, control, run = self.assessed.run, cleared.control, cleared.run
        self.runs.append((keys, run))
        coupling = Coupling(control, run, keys)
        grouped = keys.assign(group=coupling.group_of(keys["interval_start"]))
        withheld = self._withheld(control, keys, run)
        alike = cleared.alike or same_commitment(control, run)
        second = None if alike else self._second_opinion(case, keys, run)
        intervals = self._looked_at(keys, [(control, run), (parent, second), (parent, run)])
        parts = []
        for _, own in grouped.groupby(self.assessed.areas.alike(keys["unit"]), sort=True):
            rows = self._compared(own, control, run, intervals, held=alike)
            if second is not None:
                others = self._compared(own, parent, second, intervals, held=True)
                rows = agreed(rows, others, ANOTHER_SCHEDULE)
            shifted = self._compared(own, parent, run, intervals, held=True)
            stepped = self._compared(own, control, cleared.before or run, intervals, held=True)
            rows = with_noise(rows, shifted, stepped)
            if control is not parent:
                rows = agreed(rows, shifted, CONTROL_SHIFT)
            if not cleared.measurable:
                rows = unmeasured(rows, NOT_CLOSED)
            rows = rows.assign(counterfactual=counterfactual.name, at=rows["interval_start"])
            rows["group"] = coupling.group_of(rows["interval_start"])
            self.verdicts.append(self.decide(own, rows, withheld))
            parts.append(rows)
        rows = _tightest(parts)
        self.rows.append(rows)
        self.events.append(
            {
                "pass": "rerun",
                "name": label,
                "counterfactual": counterfactual.name,
                "commitment": cleared.commitment,
                "replaced": len(keys),
                "objective": run.objective,
                "status": run.stated.get("status"),
                "gap": run.stated.get("gap"),
                "rows_failed": int((rows["result"] == "fail").sum()),
                "rows_not_measurable": int((rows["result"] == NOT_MEASURABLE).sum()),
                "largest_control_shift": _largest(rows["control_shift"]),
                "largest_last_step": _largest(rows["last_step"]),
                **cleared.told,
            }
        )

    def _with_bundles(self, failed: pd.DataFrame) -> pd.DataFrame:
        """Keys that failed, and those that are replaced with them or not at all."""
        keys = self.replacement.keys
        if "bundle" not in keys:
            return failed
        chosen = keys.merge(failed, on=KEY, sort=False)[["unit", "bundle"]].drop_duplicates()
        together = keys.merge(chosen, on=["unit", "bundle"], sort=False)[KEY]
        both = pd.concat([failed, together], ignore_index=True)
        return both.drop_duplicates(ignore_index=True)

    def _compared(
        self,
        own: pd.DataFrame,
        base: Run,
        run: Run,
        intervals: pd.DatetimeIndex,
        *,
        held: bool,
    ) -> pd.DataFrame:
        """What moved between two runs, by the thresholds of the areas in which ``own`` lie."""
        rules, areas = self.assessed.rules, self.assessed.areas
        parts = self._priced(own, base, run, intervals) if self.prices else []
        paid_for = own["unit"][~(is_reserve(own["component"]) & self.prices)]
        if self.guarantees and len(paid_for):
            parts.append(
                guarantee_impact(
                    self._paid(base),
                    self._paid(run),
                    paid_for,
                    days_of(base),
                    lambda rows: guarantee_thresholds(rows, rules, areas),
                    rules,
                )
            )
        return with_doubts(pd.concat(parts, ignore_index=True), base, run, held=held)

    def _priced(
        self, own: pd.DataFrame, base: Run, run: Run, intervals: pd.DatetimeIndex
    ) -> list[pd.DataFrame]:
        """Impact on prices of buses, zones and reserves."""
        rules = self.assessed.rules
        areas = self.assessed.areas.of_unit(own["unit"].iloc[0])
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
        return parts

    def _second_opinion(self, case: Case, keys: pd.DataFrame, run: Run) -> Run | None:
        """The replacements with the commitment kept, where the new one is cheaper within the gaps.

        Other parameters of units may make the commitment that is there impossible: then there is
        none.
        """
        if is_parameter(keys["component"]).any():
            return None
        kept = self.assessed.rerun.held(case, check=False)
        return kept if within_the_gaps(self.assessed.run, kept, run) else None

    def _looked_at(
        self, keys: pd.DataFrame, pairs: list[tuple[Run, Run | None]]
    ) -> pd.DatetimeIndex:
        """Intervals of what was replaced, and all others in which a price of some pair moved."""
        starts = self.assessed.run.case.interval_starts
        stamped = keys.loc[~whole_day(keys["component"]), "interval_start"]
        if len(stamped) < len(keys) or stamped.isna().any():
            return starts
        found = pd.DatetimeIndex(stamped.unique())
        for one, other in pairs:
            if other is not None:
                found = found.union(moved_intervals(one, other))
        return starts[starts.isin(found)]

    def _paid(self, run: Run) -> pd.DataFrame:
        """Guarantee payments of a run, made once."""
        if id(run) not in self._payments:
            self._payments[id(run)] = run, payments(run)
        return self._payments[id(run)][1]

    def _withheld(self, control: Run, keys: pd.DataFrame, run: Run) -> set[str]:
        """Units that run in an interval only once their commitment offers are replaced."""
        units = keys.loc[whole_day(keys["component"]), "unit"].unique()
        if not len(units):
            return set()
        before, after = (
            table.loc[table["unit"].isin(units), ["unit", "interval_start", "on"]].sort_values(
                ["unit", "interval_start"], ignore_index=True
            )
            for table in (control.dispatch, run.dispatch)
        )
        withheld = ~before["on"].to_numpy(dtype=bool) & after["on"].to_numpy(dtype=bool)
        return set(before.loc[withheld, "unit"])


def measure(
    assessed: AssessedRun,
    replacement: Replacement,
    decide: Decide,
    *,
    mode: Mode | None = None,
    label: str = "impact",
    prices: bool = True,
    guarantees: bool = True,
) -> Measured:
    """Measure the impact of replacements.

    Parameters
    ----------
    assessed, replacement, decide, prices, guarantees
        As of :class:`Measured`.
    mode
        What is replaced together; ``mitigation.impact.mode`` where left out.
    label
        Name of the pass in the run's events.
    """
    measured = Measured(assessed, replacement, decide, prices=prices, guarantees=guarantees)
    mode = mode or assessed.rules.impact.mode
    owner_of = assessed.owner_of if mode == "per_owner" else {}
    for counterfactual in counterfactuals(replacement.keys, mode, owner_of):
        measured.take(counterfactual, label)
    return measured


def _tightest(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Of rows of the same place and interval that with the tightest limit."""
    rows = pd.concat(parts, ignore_index=True).drop(columns=["at", "group"])
    place = ["scope", "interval_start", "subject"]
    first = rows.sort_values("limit", kind="stable").drop_duplicates(place)
    return first.sort_index(ignore_index=True)


def _largest(values: pd.Series) -> float:
    """The largest amount, whatever its sign; 0 where there is none."""
    return float(values.abs().max()) if values.notna().any() else 0.0
