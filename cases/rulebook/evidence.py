"""Every number of a profile has a source: how sure it is, since when, where it was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cases.rulebook.dated import RuleFile

__all__ = ["evidence_failures"]

_SECTIONS: Final = ("mitigation.", "offers.")


def evidence_failures(own: Mapping[str, Any], file: RuleFile) -> Iterator[tuple[str, str, str]]:
    """Find what a profile's file leaves without a source: key, rule, message.

    A profile is a file that extends another and names its procedure (`mitigation.profile`). It
    gives its own date, and a clause, how sure it is and a date for every number of its sections
    mitigation and offers: beside the number, in its table or a table around it.
    """
    section = own.get("mitigation", {})
    if "extends" not in own or not isinstance(section, Mapping) or "profile" not in section:
        return
    if "date" not in own:
        yield "date", "missing_date", "a profile needs the date of its rules: date = 2026-01-31"
    for key, entries in file.values():
        if not key.startswith(_SECTIONS):
            continue
        for entry in entries:
            number = isinstance(entry.value, int | float) and not isinstance(entry.value, bool)
            source = file.source_of(key, entry)
            if number and (source is None or not source.complete):
                yield key, "missing_evidence", f"has no evidence: {_wanted(source)}"
                break


def _wanted(source: Any) -> str:
    lacks = [
        f'{name} = "{example}"'
        for name, example in (("clause", "Services Tariff 23.3"), ("sure", "H"))
        if not getattr(source, name, "")
    ]
    if not getattr(source, "read", "") and not getattr(source, "since", None):
        lacks.append('read = "2026-01" or from = 2026-01-31')
    return f"give {', '.join(lacks)} beside it or in its table"
