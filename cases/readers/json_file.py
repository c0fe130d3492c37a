"""Reading a JSON file cell by cell, with every failure by its place in the file."""

from __future__ import annotations

import gzip
import json
import math
import re
import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cases.errors import Failure, InputError
from cases.files.convert import nearest
from cases.files.text import decoded, regular_bytes

__all__ = ["Document", "Floats", "Node", "horizon", "load_json", "start_day"]

Floats = NDArray[np.float64]
REQUIRED = math.nan
"""Default of a number that must be there."""
_DIGITS = 19
START = "2000-01-01"
"""First day of an instance whose file name does not begin with one."""


@dataclass
class Document:
    """The name of a file and the failures found in it."""

    file: str
    failures: list[Failure] = field(default_factory=list)

    def fail(self, place: str, rule: str, message: str) -> None:
        """Note a failure."""
        self.failures.append(Failure(self.file, None, place or None, rule, message))

    def stop(self) -> None:
        """Raise what was found, if anything was."""
        if self.failures:
            raise InputError(self.failures)


@dataclass(frozen=True)
class Node:
    """A JSON object and its place; null counts as absent. Wrong cells are noted and come as NaN."""

    document: Document
    place: str
    values: Mapping[str, Any]

    def at(self, key: str) -> str:
        """Place of a key in words: section/name/key."""
        return f"{self.place}/{key}" if self.place else key

    def fail(self, key: str, rule: str, message: str) -> None:
        """Note a failure at a key."""
        self.document.fail(self.at(key) if key else self.place, rule, message)

    def has(self, key: str) -> bool:
        """Whether a key is there and not null."""
        return self.values.get(key) is not None

    def missing(self, key: str) -> None:
        """Note that a key is missing."""
        self.fail(key, "missing_key", "is missing")

    def only(self, known: Iterable[str]) -> None:
        """Note every key that is not known and holds something."""
        names = list(known)
        for key in self.values:
            if key not in names and self.values[key] not in (None, [], {}):
                near = nearest(key, names) if len(names) < 40 else ""
                self.fail(key, "unknown_key", f"is not read here and must not be dropped{near}")

    def node(self, key: str, *, required: bool = False) -> Node:
        """Return the object at a key, or an empty one."""
        value = self.values.get(key)
        if value is None:
            if required:
                self.missing(key)
            value = {}
        elif not isinstance(value, dict):
            self.fail(key, "object", f"must be an object, not {_kind(value)}")
            value = {}
        return Node(self.document, self.at(key), value)

    def members(self) -> list[tuple[str, Node]]:
        """Name and object of every member."""
        return [(name, self.node(name)) for name in self.values]

    def text(self, key: str, default: str | None = None) -> str:
        """Return the text at a key; required where there is no default."""
        value = self.values.get(key)
        if value is None and default is not None:
            return default
        if value is None:
            self.missing(key)
        elif not isinstance(value, str):
            self.fail(key, "text", f"must be text, not {_kind(value)}")
        return value if isinstance(value, str) else ""

    def number(self, key: str, default: float = REQUIRED, *, ge: float | None = None) -> float:
        """Return the number at a key; required where there is no default (inf = no limit)."""
        value = self.values.get(key)
        if value is None:
            if math.isnan(default):
                self.missing(key)
            return default
        return self._number(key, value, ge)

    def flag(self, key: str, default: bool | None = None) -> bool:
        """Return a true or false; 0 and 1 are taken too. Required where there is no default."""
        value = self.values.get(key)
        if value is None:
            if default is None:
                self.missing(key)
            return bool(default)
        if value not in (0, 1):
            self.fail(key, "flag", f"must be true or false, not {_kind(value)}")
        return value is True or value == 1

    def flags(self, key: str, count: int, default: bool) -> list[bool]:
        """Return a true or false of each of `count` steps, from one or from a list of them."""
        value = self.values.get(key)
        if not isinstance(value, list):
            return [self.flag(key, default)] * count
        if len(value) != count:
            self.fail(key, "length", f"has {len(value)} values, not {count}")
        elif any(item not in (0, 1) for item in value):
            self.fail(key, "flag", "must hold true or false")
        return [item is True or item == 1 for item in value][:count] + [default] * (
            count - len(value)
        )

    def numbers(self, key: str, default: list[float] | None = None) -> list[float]:
        """Return a list of numbers, of any length from 1."""
        value = self.values.get(key)
        if value is None and default is not None:
            return default
        if value is None:
            self.missing(key)
        elif not isinstance(value, list) or not value:
            self.fail(key, "list", f"must be a list of numbers, not {_kind(value)}")
        else:
            return [self._number(f"{key}/{k + 1}", item, None) for k, item in enumerate(value)]
        return []

    def names(self, key: str, known: Collection[str], what: str) -> list[str]:
        """Return a list of names that must be known, empty by default."""
        value = self.values.get(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fail(key, "list", f"must be a list of names, not {_kind(value)}")
            return []
        for item in value:
            if item not in known:
                self.fail(key, "unknown_name", f"{what} {item} is not known{nearest(item, known)}")
        return [item for item in value if item in known]

    def series(
        self, key: str, count: int, default: float = REQUIRED, *, ge: float | None = None
    ) -> Floats:
        """Return `count` numbers, from a list of exactly that many or from one for all."""
        value = self.values.get(key)
        if not isinstance(value, list):
            return np.full(count, self.number(key, default, ge=ge))
        return self.steps(key, value, count, ge=ge)

    def steps(self, key: str, value: list[Any], count: int, *, ge: float | None = None) -> Floats:
        """Return a list of exactly `count` numbers as an array."""
        if len(value) != count:
            self.fail(key, "length", f"has {len(value)} values, not {count}")
            return np.full(count, np.nan)
        if all(type(item) in (int, float) for item in value):
            array = np.array(value, dtype=float)
            if np.isfinite(array).all() and (ge is None or (array >= ge).all()):
                return array
        return np.array([self._number(f"{key}/{k + 1}", v, ge) for k, v in enumerate(value)])

    def _number(self, key: str, value: Any, ge: float | None) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(key, "number", f"must be a number, not {_kind(value)}")
            return math.nan
        number = float(value) if abs(value) < 1e300 or value != value else math.inf
        if not math.isfinite(number):
            self.fail(key, "finite", f"must be a finite number, not {value}")
            return math.nan
        if ge is not None and number < ge:
            words = "must not be negative" if ge == 0 else f"must be at least {ge:g}"
            self.fail(key, "range", f"{words} ({number:g})")
            return math.nan
        return number


def load_json(path: Path) -> tuple[Document, Node]:
    """Read a JSON file, plain or gzipped. Raises InputError where it is not one object.

    A name that is there twice in an object is a failure: one of the two would be dropped.
    """
    document = Document(path.name)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            for name in dict.fromkeys(n for n in names if names.count(n) > 1):
                document.fail(name, "duplicate", "is there twice in one object")
        return found

    try:
        data = regular_bytes(path)
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        content = json.loads(decoded(data), object_pairs_hook=unique, parse_int=_whole)
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
        reason = str(error).strip().splitlines()[0] if str(error) else type(error).__name__
        text = f"cannot be read as JSON: {reason}"
        raise InputError.one(path.name, None, None, "unreadable", text) from error
    document.stop()
    if not isinstance(content, dict):
        text = f"must hold a JSON object, not {_kind(content)}"
        raise InputError.one(path.name, None, None, "object", text)
    return document, Node(document, "", content)


def _whole(digits: str) -> int | float:
    """Read a whole number; one of too many digits as the nearest float, which may be infinite."""
    return int(digits) if len(digits) < _DIGITS else float(digits)


def start_day(file: str) -> str:
    """Read the day that a file name begins with (2020-01-27.json), or give 2000-01-01."""
    match = re.match(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", file)
    return START if match is None else match[0]


def horizon(hours: int | None, minutes: int, intervals: int) -> int:
    """Count the intervals of the first `hours` hours, all of them where None.

    Raises InputError where `hours` is not a whole number from 1 to the length of the data.
    """
    most = intervals * minutes // 60
    if hours is None:
        return intervals
    if isinstance(hours, bool) or not isinstance(hours, int) or not 1 <= hours <= most:
        text = f"hours must be a whole number from 1 to {most}, the length of the data, not {hours}"
        raise InputError.one("", None, None, "usage", text)
    return hours * 60 // minutes


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:37] + "...")
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return {dict: "an object", type(None): "null", bool: str(value).lower()}.get(
        type(value), str(value)
    )
