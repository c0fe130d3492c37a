"""Which keys of the rulebook the structural tests read."""

from __future__ import annotations

from typing import Final

from cases.rulebook.structure import StructureRules

__all__ = ["keys_of_margin", "keys_of_tests"]

_SECTION: Final = "mitigation.structure"
_ALWAYS: Final = ("tests", "slack", "slack_bus", "shadow_price_min")
_RELIEF: Final = ("base", "alike", "supply", "relief_tolerance_mw")
_BY_TEST: Final = {
    "three_pivotal": (*_RELIEF, "three_pivotal"),
    "two_step": (*_RELIEF, "two_step", "three_pivotal.dfax_min"),
    "competitive_path": ("supply", "competitive_path"),
    "system": ("supply.storage", "system", "three_pivotal.screen", "three_pivotal.negative_price"),
    "system_margin": ("supply.storage", "system"),
}


def keys_of_tests(rules: StructureRules) -> tuple[str, ...]:
    """Keys that :func:`mitigation.structure.run.structure_tests` reads, each with all below it."""
    keys = {*_ALWAYS, *(key for test in rules.tests for key in _BY_TEST[test])}
    return tuple(sorted(f"{_SECTION}.{key}" for key in keys))


def keys_of_margin() -> tuple[str, ...]:
    """Keys that the supply margin reads, by which the conduct test finds pivotal suppliers."""
    return tuple(f"{_SECTION}.{key}" for key in _BY_TEST["system_margin"])
