"""Conduct: offers against reference levels, by component, segment and constrained area."""

from mitigation.conduct.areas import Areas, area_members, no_areas
from mitigation.conduct.conduct import failing_components, held_thresholds, test_conduct

__all__ = [
    "Areas",
    "area_members",
    "failing_components",
    "held_thresholds",
    "no_areas",
    "test_conduct",
]
