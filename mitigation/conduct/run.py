"""The conduct test of a run: its areas, its pivotal suppliers, its offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from cases.rulebook.mitigation import MitigationRules
from cases.run import Run
from mitigation.conduct.area_counts import counted_areas
from mitigation.conduct.areas import Areas, area_members
from mitigation.conduct.conduct import conduct_tests
from mitigation.conduct.formulas import area_thresholds
from mitigation.conduct.sellers import with_storage
from mitigation.structure.owners import Ownership, owners_of
from mitigation.structure.stored_supply import with_stored_supply
from mitigation.structure.system_margin import margin_tests
from network.arrays import Booleans

__all__ = ["ConductTests", "conduct_of_run", "pivotal_units"]


@dataclass(frozen=True, eq=False)
class ConductTests:
    """The conduct test of a run and the constrained areas it was made with."""

    tests: pd.DataFrame
    """The run table ``tests_conduct``."""
    areas: Areas
    notes: tuple[str, ...]
    """What a reader must know: empty areas, thresholds that could not be counted."""


def conduct_of_run(
    run: Run,
    levels: pd.DataFrame,
    rules: MitigationRules | None = None,
    *,
    counted: Mapping[str, tuple[float, float]] | None = None,
    earlier: Sequence[Run] = (),
    owners: Ownership | None = None,
) -> ConductTests:
    """Test the conduct of every offer of a run, see :func:`conduct_tests`.

    Parameters
    ----------
    run
        A cleared run: its offers, binding constraints and prices.
    levels
        Reference levels.
    rules
        Rules to use instead of those of the run's rulebook.
    counted
        Area -> (average price, constrained hours of a year), for areas whose threshold follows
        from them and that do not state them; counted in ``earlier`` where left out.
    earlier
        Earlier runs: constrained hours and average prices, and for areas whose constraints must
        have bound often enough.
    owners
        Control over units instead of the case's, for what-ifs.

    Raises
    ------
    InputError
        As :func:`conduct_tests`; where only pivotal suppliers are tested, owners that are unknown.
    """
    rules = rules or run.rulebook.mitigation
    areas = with_storage(area_members(run.case, rules.areas, run=run, earlier=earlier), run.case)
    formulas = {
        name: area
        for name, area in rules.areas.items()
        if area.formula.kind != "none" and areas.units[name].any()
    }
    if counted is None:
        counted = counted_areas(earlier, formulas, until=run.case.interval_starts[0])
    money, notes = area_thresholds(formulas, counted)
    areas = replace(areas, money=money)
    general = pivotal_units(run, rules, owners) if rules.conduct.applies_to == "pivotal" else None
    tests = conduct_tests(
        run.case, levels, rules, offers=run.offers_used, areas=areas, general=general
    )
    return ConductTests(tests, areas, (*areas.notes, *notes))


def pivotal_units(run: Run, rules: MitigationRules, owners: Ownership | None = None) -> Booleans:
    """Units of suppliers that have more than the supply margin of an interval, (T, U).

    Source: ISO-NE Market Rule 1, appendix A, pivotal supplier test.
    """
    units = pd.Index(run.case.units["unit"])
    if rules.structure.supply.storage:
        run = with_stored_supply(run)
    owners = owners or owners_of(run)
    tested = margin_tests(run, owners, rules.structure)
    pivotal = tested.loc[
        (tested["rule_id"] == "system_margin") & ~tested["passed"], ["interval_start", "owner"]
    ]
    of_unit = owners.split(run.dispatch[["interval_start", "unit"]])
    rows = of_unit.merge(pivotal, on=["interval_start", "owner"], sort=False)
    starts = run.case.interval_starts
    rows = rows[rows["unit"].isin(units)]
    found = np.zeros((len(starts), len(units)), dtype=bool)
    at = starts.get_indexer(pd.DatetimeIndex(rows["interval_start"]))
    found[at, units.get_indexer(pd.Index(rows["unit"]))] = True
    return found
