"""Conduct: offers against reference levels, by component, segment and constrained area."""

from mitigation.conduct.areas import Areas, area_members, no_areas
from mitigation.conduct.caps import verified_offers
from mitigation.conduct.conduct import conduct_tests, failing_components, test_conduct
from mitigation.conduct.formulas import area_thresholds, formula_threshold
from mitigation.conduct.held import conduct_thresholds, guarantee_thresholds, price_thresholds
from mitigation.conduct.run import ConductTests, conduct_of_run, pivotal_units

__all__ = [
    "Areas",
    "ConductTests",
    "area_members",
    "area_thresholds",
    "conduct_of_run",
    "conduct_tests",
    "conduct_thresholds",
    "failing_components",
    "formula_threshold",
    "guarantee_thresholds",
    "no_areas",
    "pivotal_units",
    "price_thresholds",
    "test_conduct",
    "verified_offers",
]
