"""Rulebook files: a shipped name or a path, what it extends, and where each key stands."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from cases.errors import Failure, InputError
from cases.files.convert import nearest
from cases.files.text import NotText, decoded, regular_bytes
from cases.files.toml_lines import key_lines, line_of
from cases.rulebook.dated import HEAD, RuleFile, parsed
from cases.rulebook.evidence import evidence_failures
from cases.rulebook.keys import REMOVED
from cases.rulebook.section import Section
from cases.rulebook.sheet import Sheet, leaves, on_date, over

__all__ = ["Given", "RulesRead", "as_date", "placed", "read_rules", "rulebook_names", "rules_file"]

_LINE: Final = re.compile(r"at line (\d+)")


class Given(Section):
    """Where a user gave a key: file and line, or a setting of a command (no file)."""

    file: str = ""
    row: int | None = None


@dataclass(frozen=True)
class RulesRead:
    """A rulebook as its files have it on a date, with everything that is wrong so far."""

    label: str
    text: str
    sheet: Sheet
    given: dict[str, Given] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)


def rulebook_names() -> list[str]:
    """List the names of the shipped rulebooks."""
    folder = resources.files("cases") / "rulebooks"
    names = (item.name for item in folder.iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def as_date(value: str | dt.date | None) -> dt.date | None:
    """Take a date, or its text; InputError where it is none."""
    if value is None or (isinstance(value, dt.date) and not isinstance(value, dt.datetime)):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        message = f"must be a date such as 2026-01-31, not {value!r}"
        raise InputError.one("", None, "as_of", "value", message) from None


def rules_file(name_or_path: str | Path) -> RuleFile:
    """Read one rulebook file for itself, with all its dated values.

    Raises InputError: an unknown name, no TOML, wrong dates or sources.
    """
    label, text, own = _content(name_or_path)
    file = parsed({key: value for key, value in own.items() if key != "extends"})
    if file.failures:
        raise InputError(placed(file.failures, label, text))
    return file


def read_rules(
    name_or_path: str | Path, as_of: dt.date | None, seen: tuple[str, ...] = ()
) -> RulesRead:
    """Read a rulebook file and those that it extends, on a date.

    Raises InputError: an unknown name, no TOML, files that extend each other in a circle.
    """
    label, text, own = _content(name_or_path)
    record = own.get("given")
    file = parsed({key: value for key, value in own.items() if key not in ("extends", "given")})
    failures = [*file.failures, *_removed(file)]
    failures += [Failure("", None, *found) for found in evidence_failures(own, file)]
    sheet = on_date(file, as_of)
    base = own.get("extends")
    if base is not None:
        if not isinstance(base, str) or base in seen or base == str(name_or_path):
            message = "must name another rulebook, and not in a circle"
            line = line_of(key_lines(text), "extends")
            raise InputError.one(label, line, "extends", "extends", message)
        under = read_rules(base, as_of, (*seen, str(name_or_path)))
        sheet = over(under.sheet, sheet, Path(label).name)
        failures += [f for f in under.failures if f.rule in ("removed_key", "dates")]
    given: dict[str, Given] = {}
    if record is not None:
        given = _recorded(record, label, text)
    elif str(name_or_path) not in rulebook_names():
        lines = key_lines(text)
        keys = (key for key, _ in leaves(on_date(file, None).values) if key not in HEAD)
        given = {key: Given(file=label, row=line_of(lines, key)) for key in keys}
    return RulesRead(label, text, sheet, given, placed(failures, label, text))


def placed(failures: Iterable[Failure], label: str, text: str) -> list[Failure]:
    """Failures with the file, and the line of their key in it, where they have none yet."""
    lines = key_lines(text)
    return [
        failure
        if failure.file and failure.file != label
        else replace(failure, file=label, row=line_of(lines, failure.column))
        for failure in failures
    ]


def _recorded(record: Any, label: str, text: str) -> dict[str, Given]:
    """The keys that the user gave, as the record of a run has them."""
    try:
        return {key: Given.model_validate(where) for key, where in record.items()}
    except (AttributeError, ValidationError):
        message = "is the record of a run: key = { file, row }; leave it out of a file of your own"
        line = line_of(key_lines(text), "given")
        raise InputError.one(label, line, "given", "value", message) from None


def _removed(file: RuleFile) -> list[Failure]:
    """Keys that are gone; they are taken out, so that each is told once."""
    found = []
    for key, _ in list(file.values()):
        if key in REMOVED:
            found.append(Failure("", None, key, "removed_key", REMOVED[key]))
            *path, last = key.split(".")
            table: Any = file.tree
            for part in path:
                table = table[part]
            del table[last]
    return found


def _content(name_or_path: str | Path) -> tuple[str, str, dict[str, Any]]:
    """Label, text and content of a rulebook file."""
    name = str(name_or_path)
    if name in rulebook_names():
        label = f"{name}.toml"
        data = (resources.files("cases") / "rulebooks" / label).read_bytes()
    elif Path(name).is_file():
        label = name
        data = regular_bytes(Path(name))
    else:
        known = rulebook_names()
        message = f"no rulebook {name}: give a TOML file or one of {', '.join(known)}"
        raise InputError.one("", None, None, "unknown_rulebook", message + nearest(name, known))
    try:
        text = decoded(data)
        return label, text, tomllib.loads(text)
    except NotText as error:
        raise InputError.one(label, error.line, None, error.rule, str(error)) from None
    except tomllib.TOMLDecodeError as error:
        place = _LINE.search(str(error))
        line = int(place[1]) if place else None
        raise InputError.one(label, line, None, "toml", f"not valid TOML: {error}") from None
