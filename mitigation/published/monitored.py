"""Conduct and output gap of a published run, against the prices that the market published."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cases.rulebook.book import RuleBook
from cases.run import Run
from mitigation.conduct.run import conduct_of_run
from mitigation.indices.tested import with_tests
from mitigation.references.curves import for_intervals
from mitigation.references.levels import reference_levels
from mitigation.structure.owners import Ownership
from mitigation.structure.run import structure_tests

__all__ = ["known_levels", "monitored"]


def monitored(
    run: Run,
    rules: RuleBook,
    *,
    owners: Ownership | None = None,
    what_if: Sequence[str] = (),
    references: pd.DataFrame | None = None,
) -> Run:
    """Make a run of tests: structure, and where there are references conduct and output gap.

    Parameters
    ----------
    run
        A published run; its market is not touched.
    rules
        Whose `mitigation` section counts: how references are made, thresholds, measures.
    owners, what_if
        Control over units instead of the case's, and what it is in words.
    references
        Reference levels to use instead of the rulebook's methods.

    Returns
    -------
    Run
        Its tables with tests_structure, relief, indices, and reference_levels and tests_conduct
        of the units that have a reference. What has none is in `warnings`.
    """
    section = rules.mitigation
    levels = known_levels(run, rules) if references is None else references
    energy = levels[(levels["component"] == "energy") & levels["price"].notna()]
    blocks = None
    if len(energy):
        columns = ["unit", "interval_start", "segment", "mw", "price"]
        blocks = for_intervals(energy[columns], run.dispatch[["unit", "interval_start"]])
    found = structure_tests(run, rules=section.structure, owners=owners, reference=blocks)
    named = {**{name: run.tables[name] for name in run.tables}, "reference_levels": levels}
    notes = []
    if len(energy):
        known = levels[levels["price"].notna()]
        conduct = conduct_of_run(run, known, section, owners=owners)
        named["tests_conduct"] = conduct.tests
        notes += list(conduct.notes)
    missing = sorted(set(run.case.units["unit"]) - set(energy["unit"]))
    if missing:
        notes.append(
            f"{len(missing)} of {len(run.case.units)} units have no reference for energy, so no "
            f"conduct test and no output gap (first: {missing[0]}): give days before the first"
        )
    stated = {**run.stated, "warnings": [*run.stated.get("warnings", []), *notes]}
    grown = Run(stated, named, run.case, run.rulebook, run.events)
    tested = with_tests(grown, found, rulebook=rules, what_if=what_if)
    return Run(
        {**tested.stated, "parent": run.id},
        {name: tested.tables[name] for name in tested.tables},
        run.case,
        rules,
        tested.events,
    )


def known_levels(run: Run, rules: RuleBook, earlier: Sequence[Run] = ()) -> pd.DataFrame:
    """Reference levels of a published run by a rulebook's methods; none is required.

    A unit of which neither technology nor fuel is known has no comparable units.
    """
    method = rules.mitigation.reference.model_copy(update={"required": ()})
    levels = reference_levels(run, rules=method, earlier=earlier)
    units = run.case.units
    unknown = units.loc[(units["technology"] == "") & (units["fuel"] == ""), "unit"]
    foreign = (levels["method"] == "comparable") & levels["unit"].isin(unknown)
    return levels[~foreign].reset_index(drop=True)
