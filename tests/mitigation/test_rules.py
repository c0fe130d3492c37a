"""The structure section of a rulebook: set from text, and a tag and a source for every number."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from cases.errors import InputError
from cases.rulebook.book import RuleBook
from cases.rulebook.structure import StructureRules


def test_lists_can_be_set_from_a_command_line() -> None:
    rules = (
        RuleBook.load("default")
        .with_settings(
            {
                "mitigation.structure.tests": "two_step, system",
                "mitigation.structure.measures.output_gap_fractions": "1,0.5",
                "mitigation.structure.peak.weekdays": "5,6",
            }
        )
        .mitigation.structure
    )
    assert rules.tests == ("two_step", "system")
    assert rules.measures.output_gap_fractions == (1.0, 0.5)
    assert rules.peak.weekdays == (5, 6)


def test_an_unknown_test_is_refused() -> None:
    with pytest.raises(InputError, match=r"mitigation\.structure\.tests"):
        RuleBook.load("default").with_settings({"mitigation.structure.tests": "four_pivotal"})


def numbers(model: type[BaseModel], prefix: str = "") -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= numbers(field.annotation, f"{prefix}{name}.")
        elif isinstance(field.default, (int, float)) and not isinstance(field.default, bool):
            found[prefix + name] = dict(field.json_schema_extra or {})  # type: ignore[arg-type]
    return found


def test_every_number_says_how_sure_it_is_and_where_it_comes_from() -> None:
    tagged = numbers(StructureRules)
    assert len(tagged) > 15
    assert all(extra.get("evidence") in set("VHMLD") for extra in tagged.values())
    assert all(extra.get("source") for extra in tagged.values())
    assert tagged["three_pivotal.screen"]["evidence"] == "V"
