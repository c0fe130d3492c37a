"""The form of a rulebook file: a value carries its date and its clause beside it.

A value is plain (`percent = 300.0`), or a table with `value` and what is known of it, or a list of
such tables where it changed::

    [mitigation.conduct.energy]
    clause = "Services Tariff 23.3.1.2.1"
    sure = "H"
    percent = 300.0
    exempt_below = { value = 25.0, sure = "M" }
    absolute = [{ value = 50.0 }, { from = 2017-01-01, value = 100.0 }]

`clause`, `sure`, `read` and `from` of a table hold for the values in it and below it. An entry
that names its own clause takes over nothing but `read`. At the top of the file they hold for all
values of that file, and `from` is the day from which the file holds at all. Named tables (areas,
tiers) with `from` and `until` exist between the two days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from cases.errors import Failure
from cases.files.convert import nearest
from cases.rulebook.source import SURE, Source, closest, of_evidence

__all__ = ["HEAD", "Entry", "RuleFile", "parsed"]

HEAD: Final = ("name", "version", "date", "title")
SAID: Final = ("clause", "sure", "read", "from")
NAMED: Final = ("mitigation.areas", "mitigation.reference.frequent")
"""Sections whose tables the user names; each may begin and end."""


@dataclass(frozen=True)
class Entry:
    """A value and what its file says of it in the same place; None: nothing."""

    value: Any
    source: Source | None = None


@dataclass
class RuleFile:
    """What a rulebook file says: its values with their dates, and the sources of its sections.

    ``tree`` holds tables as dicts and every value as a tuple of entries, the earliest first;
    ``sources`` those of tables ("" for the whole file) and of keys in the old `[evidence]`;
    ``until`` the day on which a named table ends.
    """

    tree: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    until: dict[str, dt.date] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    def values(self) -> Iterator[tuple[str, tuple[Entry, ...]]]:
        """Every key with its dated values."""
        return _walk(self.tree, "")

    def tables(self) -> Iterator[str]:
        """Every named table."""
        for section in NAMED:
            inside: Any = self.tree
            for part in section.split("."):
                inside = inside.get(part, {}) if isinstance(inside, Mapping) else {}
            if isinstance(inside, Mapping):
                yield from (f"{section}.{name}" for name in inside)

    def source_of(self, key: str, entry: Entry) -> Source | None:
        """Tell where a value of this file comes from; None where the file does not say."""
        return entry.source or closest(self.sources, key) or self.sources.get("")

    def fail(self, key: str, rule: str, message: str) -> None:
        """Keep a failure of a key; file and line are added where the file is known."""
        self.failures.append(Failure("", None, key, rule, message))


def parsed(own: Mapping[str, Any]) -> RuleFile:
    """Take apart the content of one rulebook file (`extends` left out).

    What is wrong with dates and sources is in ``failures`` of the result.
    """
    file = RuleFile()
    evidence = own.get("evidence", {})
    if not isinstance(evidence, Mapping):
        file.fail("evidence", "evidence", "must be a table: key = '[H] 2026-01: tariff 23.3'")
        evidence = {}
    for key, text in evidence.items():
        source = of_evidence(str(text))
        if source is None:
            message = (
                f"must say how sure it is, since when and where it was read, such as "
                f"'[H] 2026-01: tariff 23.3', not {text!r}"
            )
            file.fail(f"evidence.{key}", "evidence", message)
            source = Source(clause=str(text))
        file.sources[key] = source
    file.tree = _table(file, {k: v for k, v in own.items() if k != "evidence"}, "", None)
    return file


def _table(
    file: RuleFile, table: Mapping[str, Any], key: str, around: Source | None
) -> dict[str, Any]:
    """A table without what it says of its values; that goes to the sources of the file."""
    here = file.sources.get(key) if key else None
    said = _said(file, table, key, here or around)
    if said is not None:
        file.sources[key] = said
    named = key.rpartition(".")[0] in NAMED
    until = table.get("until") if named else None
    if until is not None:
        if isinstance(until, dt.date) and not isinstance(until, dt.datetime):
            file.until[key] = until
        else:
            file.fail(f"{key}.until", "value", f"must be a date such as 2026-01-31, not {until!r}")
    inside = said or here or around
    result: dict[str, Any] = {}
    for name, value in table.items():
        if name in SAID or (named and name == "until"):
            continue
        inner = f"{key}.{name}" if key else name
        if _is_dated(value):
            result[name] = (_entry(file, value, inner, inside),)
        elif isinstance(value, Mapping):
            result[name] = _table(file, value, inner, inside)
        elif isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
            result[name] = _entries(file, value, inner, inside)
        else:
            result[name] = (Entry(value, file.sources.get(inner)),)
    return result


def _is_dated(value: Any) -> bool:
    return isinstance(value, Mapping) and "value" in value


def _entries(
    file: RuleFile, listed: list[Any], key: str, around: Source | None
) -> tuple[Entry, ...]:
    """The values of a key that changed, the earliest first."""
    if any("value" not in each for each in listed):
        file.fail(key, "missing_key", "every dated value needs its value")
    found = [_entry(file, each, key, around) for each in listed if "value" in each]
    dates = [entry.source.since if entry.source else None for entry in found]
    begins = [date or dt.date.min for date in dates]
    for place, date in enumerate(begins):
        if date in begins[:place]:
            told = f"from {dates[place]}" if dates[place] else "without a date (from)"
            file.fail(key, "dates", f"has two values {told}")
    order = sorted(range(len(found)), key=lambda place: begins[place])
    return tuple(found[place] for place in order)


def _entry(file: RuleFile, table: Mapping[str, Any], key: str, around: Source | None) -> Entry:
    for name in table:
        if name not in (*SAID, "value"):
            known = ("value", *SAID)
            message = f"a dated value has {', '.join(known)}, not {name}{nearest(name, known)}"
            file.fail(key, "unknown_key", message)
    said = _said(file, table, key, file.sources.get(key) or around)
    return Entry(table["value"], said or file.sources.get(key))


def _said(
    file: RuleFile, table: Mapping[str, Any], key: str, around: Source | None
) -> Source | None:
    """What a table or a dated value says of itself, with what it takes over from around it."""
    own = {name: table[name] for name in SAID if name in table and not _is_dated(table[name])}
    if not own:
        return None
    since = own.pop("from", None)
    if since is not None and (not isinstance(since, dt.date) or isinstance(since, dt.datetime)):
        place = f"{key}.from" if key else "from"
        file.fail(place, "value", f"must be a date such as 2026-01-31, not {since!r}")
        since = None
    taken = around.model_dump() if around is not None else {}
    if "clause" in own:
        taken = {"read": taken.get("read", "")}
    if since is not None:
        own["since"] = since
    if isinstance(own.get("read"), dt.date):
        own["read"] = own["read"].isoformat()
    try:
        return Source.model_validate({**taken, **own})
    except ValidationError as error:
        for item in error.errors():
            name = str(item["loc"][0])
            expected = {
                "sure": f"must be one of {', '.join(SURE)}",
                "read": "must be a month or a day, such as 2026-01",
            }.get(name, "must be text")
            place = f"{key}.{name}" if key else name
            file.fail(place, "evidence", f"{expected}, not {item['input']!r}")
        return around


def _walk(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, tuple[Entry, ...]]]:
    for name, value in tree.items():
        if isinstance(value, tuple):
            yield prefix + name, value
        else:
            yield from _walk(value, f"{prefix}{name}.")
