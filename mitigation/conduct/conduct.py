"""The conduct test: every component of every offer against its reference level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cases.case import Case
from cases.errors import InputError
from cases.rulebook.conduct import ConductRules
from cases.rulebook.mitigation import MitigationRules
from cases.rulebook.thresholds import Threshold
from cases.tables.schema import RUN_TABLES, empty_frame
from mitigation.components import kinds
from mitigation.conduct import components
from mitigation.conduct.areas import Areas, no_areas, rows_at
from mitigation.conduct.held import conduct_thresholds
from mitigation.conduct.parameters import judge_parameters
from mitigation.conduct.sellers import (
    STORAGE,
    general_of,
    offering,
    owners_by_name,
    with_storage,
)
from mitigation.conduct.storage import CHARGE, DISCHARGE, judge_charge, storage_pairs
from mitigation.conduct.thresholds import judge
from mitigation.keys import KEY
from mitigation.references.curves import for_intervals
from network.arrays import Booleans

__all__ = ["conduct_tests", "failing_components", "test_conduct"]


def conduct_tests(
    case: Case,
    levels: pd.DataFrame,
    rules: MitigationRules,
    *,
    offers: pd.DataFrame | None = None,
    areas: Areas | None = None,
    general: Booleans | None = None,
) -> pd.DataFrame:
    """Test every component of every offer against its reference level.

    ``fail <=> offered > limit``, the limit being the tightest of those that hold for the unit and
    interval: the general threshold and those of its constrained areas. Energy is compared block by
    block at the same MW, start-up tiers at the same hours off, other commitment costs and
    parameters once for all intervals (there an area that holds in any interval counts).

    Parameters
    ----------
    case
        The day: its commitment and reserve offers, units and intervals.
    levels
        Reference levels: unit, interval_start (NaT = every interval), component, segment, mw,
        after_hours_off, price, method. A component without one is exempt, and its note says so.
    rules
        The section ``mitigation`` of a rulebook.
    offers
        Energy offers: unit, interval_start (NaT = every interval), segment, mw, price, such as
        ``run.offers_used``; those of the case where none are given.
    areas
        Members of the constrained areas, see :func:`area_members`; none where left out.
    general
        (T, U): units and intervals for which the general thresholds hold; all where left out.

    Returns
    -------
    DataFrame
        The run table ``tests_conduct``: one row per unit, interval (NaT = all of them), component,
        segment and start-up tier, sorted by them.

    Raises
    ------
    InputError
        Reference levels of unknown parameters; ``applies_to = "pivotal"`` without ``general``.

    Source: NYISO Services Tariff 23.3.1.2; reference/mitigation.md section 1.2.
    """
    conduct = rules.conduct
    if conduct.applies_to == "pivotal" and general is None:
        raise InputError.one(
            "",
            None,
            "mitigation.conduct.applies_to",
            "pivotal",
            "is pivotal: give the units of pivotal suppliers by interval",
        )
    day = _Day(case, areas or no_areas(case), general)
    levels = _completed(levels)
    blocks = day.expanded(case.offers if offers is None else offers)
    priced = [
        components.energy(blocks, levels),
        components.commitment(case, levels),
        components.reserves(case, levels),
    ]
    if STORAGE in conduct.kinds:
        priced.append(storage_pairs(case, levels))
    if _finite(conduct.min_generation) or any(
        _finite(area.conduct.min_generation) for area in day.areas.rules.values()
    ):
        priced.append(components.min_generation(case, blocks, levels))
    parts = [day.judged(pairs, rules) for pairs in priced if len(pairs)]
    pairs = components.parameters(case, levels)
    if len(pairs):
        covered = day.general_rows(pairs)
        parts.append(pairs.join(judge_parameters(pairs, conduct, covered, rules.near_miss)))
    if not parts:
        return empty_frame(RUN_TABLES["tests_conduct"], case.meta.timezone)
    rows = pd.concat(parts, ignore_index=True)
    return day.table(_exempted(_worst(rows), case, conduct))


def failing_components(tests: pd.DataFrame, case: Case) -> pd.DataFrame:
    """What fails, as keys unit, interval_start (NaT = every interval) and component.

    Minimum generation is no component of an offer of its own: where it fails, the energy of that
    interval and the no-load are named.
    """
    failed = tests.loc[tests["result"] == "fail", KEY].drop_duplicates()
    least = failed[failed["component"] == "min_generation"]
    has_no_load = set(
        case.commitment_offers.loc[case.commitment_offers["component"] == "no_load", "unit"]
    )
    no_load = least[least["unit"].isin(has_no_load)].assign(component="no_load")
    no_load["interval_start"] = no_load["interval_start"].mask(no_load["interval_start"].notna())
    parts = [
        failed[failed["component"] != "min_generation"],
        least.assign(component="energy"),
        no_load,
    ]
    named = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return named.drop_duplicates().sort_values(KEY, ignore_index=True)


def _finite(rule: Threshold | None) -> bool:
    return rule is not None and bool(np.isfinite(min(rule.percent, rule.absolute)))


def _completed(levels: pd.DataFrame) -> pd.DataFrame:
    """Reference levels with all the columns that the test reads."""
    blank: dict[str, float | str] = {"after_hours_off": np.nan, "segment": 1, "method": ""}
    return levels.assign(**{name: value for name, value in blank.items() if name not in levels})


class _Day:
    """Units and intervals by position, and who lies in which area."""

    def __init__(self, case: Case, areas: Areas, general: Booleans | None) -> None:
        self.case, self.areas = case, with_storage(areas, case)
        self.kind = offering(case)
        self.units = self.kind.index
        self.starts = case.interval_starts
        self.general = general_of(case, general)

    def expanded(self, offers: pd.DataFrame) -> pd.DataFrame:
        """Offers of every interval; rows of an interval replace those of every interval."""
        cells = pd.DataFrame({"unit": offers["unit"].unique()}).merge(
            pd.DataFrame({"interval_start": self.starts}), how="cross"
        )
        names = ["unit", "interval_start", "segment", "mw", "price"]
        return for_intervals(offers[names], cells)

    def general_rows(self, pairs: pd.DataFrame) -> Booleans:
        """Rows for which the general thresholds hold."""
        starts = pairs["interval_start"]
        return rows_at(self.general, self.units, self.starts, pairs["unit"], starts)

    def judged(self, pairs: pd.DataFrame, rules: MitigationRules) -> pd.DataFrame:
        """Rows of one or several components with their verdicts."""
        parts = []
        kind = kinds(pairs["component"])
        for component, group in pairs.groupby(kind, sort=False):
            threshold = "energy" if component in (CHARGE, DISCHARGE) else str(component)
            held = conduct_thresholds(threshold, rules, self.areas, self.general_rows(group), group)
            judged = judge_charge if component == CHARGE else judge
            verdicts = judged(
                group["offered"].to_numpy(dtype=float),
                group["reference"].to_numpy(dtype=float),
                held,
                at_or_below_zero=rules.reference_at_or_below_zero,
                near_miss=rules.near_miss,
            )
            parts.append(group.join(verdicts.set_index(group.index)))
        return pd.concat(parts)

    def table(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows as the run table `tests_conduct`, sorted."""
        spans = pd.Series(self.case.interval_ends, index=self.starts)
        full = rows.assign(
            kind=rows["unit"].map(self.kind).astype("str"),
            owner=rows["unit"].map(owners_by_name(self.case)).astype("str"),
            interval_end=rows["interval_start"].map(spans).astype(self.starts.dtype),
        )
        order = ["unit", "interval_start", "component", "segment", "after_hours_off"]
        full = full.sort_values(order, ignore_index=True, na_position="first")
        return full[list(RUN_TABLES["tests_conduct"].names)]


def _worst(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per segment or tier: the piece that fails, or else has the tightest limit."""
    key = [*KEY, "segment", "after_hours_off"]
    ranked = rows.assign(passes=rows["result"] != "fail", room=rows["limit"] - rows["offered"])
    ranked = ranked.sort_values([*key, "passes", "room", "mw"], kind="stable")
    first = ranked.drop_duplicates(key)
    return first.drop(columns=["passes", "room"])


def _exempted(rows: pd.DataFrame, case: Case, conduct: ConductRules) -> pd.DataFrame:
    """Rows of units and technologies that the rulebook exempts are exempt."""
    technology = rows["unit"].map(case.units.set_index("unit")["technology"])
    checks: Sequence[tuple[pd.Series, str]] = (
        (rows["unit"].isin(conduct.exempt_units), "mitigation.conduct.exempt_units"),
        (technology.isin(conduct.exempt_technologies), "mitigation.conduct.exempt_technologies"),
    )
    for spared, key in checks:
        rows = rows.assign(
            result=rows["result"].mask(spared, "exempt"),
            near=rows["near"] & ~spared,
            rule_id=rows["rule_id"].mask(spared, key),
            note=rows["note"].mask(spared, "exempt by the rulebook"),
        )
    return rows


test_conduct = conduct_tests
"""The former name, which test collectors take for a test."""
test_conduct.__test__ = False  # type: ignore[attr-defined]
