"""What rulebook files say on one date, and what one that extends another makes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cases.rulebook.dated import HEAD, Entry, RuleFile
from cases.rulebook.source import Source, closest

__all__ = ["Sheet", "leaves", "on_date", "over"]


@dataclass(frozen=True)
class Sheet:
    """Plain values of one date, where they come from, and the keys that have none yet.

    ``sources`` has keys and sections, ``missing`` the first date of every key without a value.
    """

    values: dict[str, Any]
    sources: dict[str, Source]
    missing: dict[str, dt.date]


def on_date(file: RuleFile, as_of: dt.date | None) -> Sheet:
    """Choose the values in force on a date; None: the newest."""
    gone = {key for key in file.tables() if not _exists(file, key, as_of)}
    sheet = Sheet({}, {}, {})
    for key, source in file.sources.items():
        if key and not any(key == table or key.startswith(f"{table}.") for table in gone):
            sheet.sources[key] = source
    head = file.sources.get("")
    if head and not _holds(head.since, as_of):
        sheet.missing["from"] = head.since or dt.date.max
    sheet.values.update(_chosen(file, file.tree, "", as_of, gone, sheet))
    return sheet


def _chosen(
    file: RuleFile,
    tree: Mapping[str, Any],
    prefix: str,
    as_of: dt.date | None,
    gone: set[str],
    sheet: Sheet,
) -> dict[str, Any]:
    """The plain values of a table; sources and what is missing go to the sheet."""
    values: dict[str, Any] = {}
    for name, inside in tree.items():
        key = prefix + name
        if isinstance(inside, Mapping):
            if key not in gone:
                values[name] = _chosen(file, inside, f"{key}.", as_of, gone, sheet)
            continue
        dates = [_begins(file, key, entry) for entry in inside]
        held = [place for place, date in enumerate(dates) if _holds(date, as_of)]
        if dates and not held:
            sheet.missing[key] = dates[0] or dt.date.max
        if not held:
            continue
        entry: Entry = inside[held[-1]]
        values[name] = entry.value
        source = entry.source or _of_the_file(file, key)
        if source is not None and (source.clause or source.since):
            sheet.sources[key] = source
    return values


def over(base: Sheet, own: Sheet, name: str) -> Sheet:
    """Lay a file over the one that it extends, each value with its own source.

    A value that the file changes without a source says that it is `name`'s.
    """
    before = dict(leaves(base.values))
    values = _merged(base.values, own.values)
    sources = {**base.sources, **own.sources}
    for key, value in leaves(own.values):
        if key not in own.sources:
            sources.pop(key, None)
        wanted = closest(own.sources, key)
        known = closest(base.sources, key)
        if wanted is None and known is not None:
            wanted = known if before.get(key) == value else Source(clause=name)
        if wanted is not None and closest(sources, key) != wanted:
            sources[key] = wanted
    given = {key for key, _ in leaves(own.values)}
    kept = {key: date for key, date in base.missing.items() if key not in given}
    return Sheet(values, sources, {**kept, **own.missing})


def leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every key of nested values that is no table, with its value."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _of_the_file(file: RuleFile, key: str) -> Source | None:
    """What the top of the file says of a value of which nothing closer is said."""
    head = file.sources.get("")
    if head is None or not head.clause or key in HEAD or closest(file.sources, key):
        return None
    return head.model_copy(update={"since": None})


def _begins(file: RuleFile, key: str, entry: Entry) -> dt.date | None:
    source = entry.source or closest(file.sources, key)
    return source.since if source is not None else None


def _holds(begins: dt.date | None, as_of: dt.date | None) -> bool:
    return begins is None or as_of is None or begins <= as_of


def _exists(file: RuleFile, table: str, as_of: dt.date | None) -> bool:
    """Whether a named table is there on a date: not before its `from`, not from its `until` on."""
    source, until = file.sources.get(table), file.until.get(table)
    ended = until is not None and (as_of is None or as_of >= until)
    return not ended and _holds(source.since if source else None, as_of)


def _merged(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            value = _merged(old, value)
        result[key] = value
    return result
