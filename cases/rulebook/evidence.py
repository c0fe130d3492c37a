"""Every number of a profile has a source: how sure it is, since when, where it was read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

__all__ = ["TAG", "evidence_failures"]

TAG: Final = re.compile(r"\[[VCHMLD]\] (?:19|20)\d\d-\d\d(?:-\d\d)?: \S")
_SECTIONS: Final = ("mitigation", "offers")


def evidence_failures(values: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Find what a profile's file leaves without a source: key, rule, message.

    A profile is a file that extends another and names its procedure (`mitigation.profile`). It
    gives its own date, and an entry in `[evidence]` for every number of its sections mitigation
    and offers: of the key itself or of a section around it.
    """
    if not _is_profile(values):
        return
    if "date" not in values:
        yield "date", "missing_date", "a profile needs the date of its rules: date = 2026-01-31"
    entries = values.get("evidence", {})
    entries = entries if isinstance(entries, Mapping) else {}
    for key, text in entries.items():
        if not TAG.match(str(text)):
            message = (
                f"must say how sure it is, since when and where it was read, such as "
                f"'[H] 2026-01: tariff 23.3', not {text!r}"
            )
            yield f"evidence.{key}", "evidence", message
    for section in _SECTIONS:
        for key in _numbers(values.get(section, {}), section):
            if not _covered(key, entries):
                message = "has no evidence: give a tag, a date and a source in [evidence]"
                yield key, "missing_evidence", message


def _is_profile(values: Mapping[str, Any]) -> bool:
    section = values.get("mitigation", {})
    return "extends" in values and isinstance(section, Mapping) and "profile" in section


def _numbers(value: Any, key: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inside in value.items():
            yield from _numbers(inside, f"{key}.{name}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield key


def _covered(key: str, entries: Mapping[str, Any]) -> bool:
    while key:
        if key in entries:
            return True
        key = key.rpartition(".")[0]
    return False
