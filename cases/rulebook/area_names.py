"""Names that the areas of a rulebook speak of, against those that a case has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from cases.case import Case
from cases.errors import Failure, InputError
from cases.files.convert import nearest

if TYPE_CHECKING:
    from cases.rulebook.book import RuleBook

__all__ = ["refuse_unknown_names"]

_AREAS = "mitigation.areas."
_CONSTRAINTS = (
    ("branches", "branch"),
    ("links", "link"),
    ("interfaces", "interface"),
    ("custom_constraints", "constraint"),
)


def refuse_unknown_names(rulebook: RuleBook, case: Case) -> None:
    """Raise InputError for every name in an area of the user that the case does not have.

    What a shipped rulebook names exists in its own market; on another grid its areas are empty.
    """
    known: Mapping[str, set[str]] = {
        "zones": _names(case, [("buses", "zone")]),
        "buses": _names(case, [("buses", "bus")]),
        "units": _names(case, [("units", "unit")]),
        "constraints": _names(case, _CONSTRAINTS),
    }
    failures = []
    for key, given in rulebook.given.items():
        area, _, field = key.removeprefix(_AREAS).rpartition(".")
        if not key.startswith(_AREAS) or field not in known:
            continue
        for name in getattr(rulebook.mitigation.areas[area], field):
            if name not in known[field]:
                what = {"buses": "bus"}.get(field, field[:-1])
                message = f"the case has no {what} {name}{nearest(name, sorted(known[field]))}"
                failures.append(Failure(given.file, given.row, key, "unknown_name", message))
    if failures:
        raise InputError(failures)


def _names(case: Case, columns: Iterable[tuple[str, str]]) -> set[str]:
    return {str(name) for table, column in columns for name in case.tables[table][column]} - {""}
