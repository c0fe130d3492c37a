"""Reserve tables: substitution, rules and demand curves."""

from __future__ import annotations

from typing import Any

import pytest

import cases
from cases import InputError
from cases.reserve_rules import ReserveRule, parse_reserve_rule
from tests.clearing.reserve_days import reserve_day

UNITS = {"G": {"p_max": 100.0, "price": 20.0}}
OFFERS = [("G", "a", 40.0, 0.0)]


def day(**changes: Any) -> cases.Case:
    given: dict[str, Any] = {"products": {"a": {}, "b": {}}, "required": [], "curve": ()}
    given.update(changes)
    return reserve_day(UNITS, [50.0], given["products"], given["required"], OFFERS, given["curve"])


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("load_share:0.03", ReserveRule(load_share=0.03)),
        ("largest_unit", ReserveRule(largest_unit=1.0)),
        (" largest_unit:0.5 + 40+load_share: 0.01", ReserveRule(40.0, 0.01, 0.5)),
        ("12.5", ReserveRule(12.5)),
    ],
)
def test_rules(text: str, rule: ReserveRule) -> None:
    assert parse_reserve_rule(text) == rule


@pytest.mark.parametrize(
    "text", ["", "load_share", "largest_unit:", "n-1", "load_share:-1", "mw:3", "nan", "3++4"]
)
def test_rules_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError, match="expected MW, load_share"):
        parse_reserve_rule(text)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"products": {"a": {"substitutes_for": "b"}, "b": {"substitutes_for": "a"}}},
            ["circle", "circle"],
        ),
        ({"products": {"a": {"substitutes_for": "b"}, "b": {"direction": "down"}}}, ["direction"]),
        ({"products": {"a": {"direction": "down", "offline": True}}}, ["offline_down"]),
        ({"required": [("a", "", "half of it")]}, ["rule"]),
        ({"curve": [("a", "", 1, 10.0, -5.0)]}, ["negative_price"]),
    ],
)
def test_reserves_that_make_no_sense(changes: dict[str, Any], expected: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        day(**changes)
    assert [failure.rule for failure in caught.value.failures] == expected
