"""Every limit that the code names stands in docs/formulation.md under the same name."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
# An equation line of a docstring ends in its name: `p <= p_max          (dispatch limits)`.
NAME = re.compile(r"(?:\S {2,}|^ {30,})\(([a-z][a-z ,-]+)\)$", re.MULTILINE)


def names_in_code() -> set[str]:
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "clearing").rglob("*.py"))
    return set(NAME.findall(text))


def test_code_names_its_equations() -> None:
    expected = {"energy balance", "offer blocks", "ramp up", "state logic", "minimum down time"}
    assert expected | {"offer block limits", "capacity, started"} <= names_in_code()


def test_every_name_is_in_the_docs() -> None:
    page = (ROOT / "docs" / "formulation.md").read_text(encoding="utf-8")
    assert {name for name in names_in_code() if name not in page} == set()
