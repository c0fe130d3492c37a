"""Slots that belong to no single market: everybody, or an area; the reference level."""

from __future__ import annotations

import numpy as np

from mitigation.keys import KEY
from mitigation.references.substitution import whole_day
from mitigation.slots import AssessedRun, Replacement, Subjects

__all__ = ["everyone", "in_an_area", "reference_level"]


def everyone(assessed: AssessedRun) -> Subjects:
    """Every component that failed the conduct test."""
    return Subjects(assessed.failing[KEY])


def in_an_area(assessed: AssessedRun) -> Subjects:
    """Components of units in a constrained area, while it holds.

    What holds all day counts where the area holds in any interval.
    """
    failing, areas = assessed.failing[KEY], assessed.areas
    inside = np.zeros(len(failing), dtype=bool)
    starts = failing["interval_start"].mask(whole_day(failing["component"]))
    for name in areas.rules:
        inside |= areas.has_units(name, failing["unit"], starts)
    outside = failing.loc[~inside].assign(note="in no constrained area while it holds: not tested")
    here = {
        "pass": "areas",
        "areas": sorted(areas.rules),
        "units": sorted(failing.loc[inside, "unit"].unique()),
    }
    return Subjects(failing[inside].reset_index(drop=True), details=outside, events=(here,))


def reference_level(assessed: AssessedRun, subjects: Subjects) -> Replacement:
    """Replace each component by the lower of offer and reference at the same MW.

    Source: NYISO MST 23.4: the default bid fixes a maximum for one or more components.
    """
    return Replacement(subjects.keys[KEY], assessed.levels)
