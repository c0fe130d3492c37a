"""Scenarios: every combination of the values of ``[vary]``, with what it changes where."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from cases import InputError, RuleBook
from cases.errors import Failure
from counterflow.studies.file import Given, StudyFile

__all__ = ["Book", "Scenario", "scenario_count", "scenarios"]

_OWN = ("stress", "days", "clear")
_VARIED_DAYS = "owners"


@dataclass(frozen=True)
class Book:
    """A rulebook of ``[mitigate]``: what to load, what to change of it, and what that gives."""

    label: str
    settings: Mapping[str, Any]
    rules: RuleBook


@dataclass(frozen=True)
class Scenario:
    """One combination of values: the study's file with them, and the rules of each step."""

    name: str
    values: Mapping[str, Any]
    file: StudyFile
    rules: RuleBook
    """Rules of the clearing."""
    settings: Mapping[str, Any]
    """What clearing changes of its rulebook."""
    books: Mapping[str, Book] = field(default_factory=dict)
    """Rules of each mitigation, by the name that folders and tables have for its rulebook."""


def scenario_count(file: StudyFile) -> int:
    """How many scenarios a file has, without making them."""
    return math.prod(len(values) for values in file.vary.values())


def scenarios(given: Given) -> list[Scenario]:
    """Make the scenarios of a study, in the order of the file.

    Raises
    ------
    InputError
        Unknown keys and wrong values of the grid; a rulebook that does not exist; keys that no
        step reads. All of them, with file and line.
    """
    file = given.file
    keys = list(file.vary)
    failures = [f for key in keys for f in _key_failures(given, key)]
    if failures:
        raise InputError(failures)
    names = _names(file.vary)
    found: list[Scenario] = []
    rulebooks = _Rules(given)
    for name, values in zip(names, itertools.product(*file.vary.values()), strict=True):
        chosen = dict(zip(keys, values, strict=True))
        try:
            found.append(_scenario(given, rulebooks, name, chosen))
        except InputError as error:
            failures += [f for f in error.failures if f not in failures]
    if failures:
        raise InputError(failures)
    return found


def _key_failures(given: Given, key: str) -> list[Failure]:
    part, _, name = key.partition(".")
    where = f"vary.{key}"
    if part in _OWN:
        model = getattr(given.file, part)
        known = [_VARIED_DAYS] if part == "days" else list(type(model).model_fields)
        known = [k for k in known if k != "settings"]
        if name not in known:
            message = f"only {', '.join(f'{part}.{k}' for k in known)} can be varied here"
            return [given.failure(where, "unknown_key", message)]
    elif part == "mitigation" and given.file.mitigate is None:
        message = "no step reads it: there is no [mitigate]"
        return [given.failure(where, "unused_key", message)]
    return []


def _scenario(given: Given, rulebooks: _Rules, name: str, values: Mapping[str, Any]) -> Scenario:
    file = given.file
    raw = file.model_dump()
    rules: dict[str, Any] = {}
    for key, value in values.items():
        part, _, item = key.partition(".")
        if part in _OWN:
            raw[part][item] = value
        else:
            rules[key] = value
    try:
        changed = StudyFile.model_validate(raw)
    except ValidationError as error:
        told = []
        for wrong in error.errors():
            path = [str(k) for k in wrong["loc"] if k not in ("bool", "int", "float", "str")]
            key = ".".join(path)
            where = key if key in values else next(iter(values))
            message = wrong["msg"].removeprefix("Value error, ").removeprefix("Input ")
            message = f"{message} (given: {values[where]!r})"
            told.append(given.failure(f"vary.{where}", "value", message))
        raise InputError(told) from None
    cleared = {k: v for k, v in rules.items() if not k.startswith("mitigation.")}
    mitigated = {k: v for k, v in rules.items() if k.startswith("mitigation.")}
    settings = {**changed.clear.settings, **cleared}
    threads = changed.workers.solver_threads
    if settings.get("solver.threads", threads) != threads:
        message = "solver.threads is given by workers.solver_threads in a study"
        raise InputError([given.failure("clear.settings", "value", message)])
    clear = changed.clear
    if rulebooks.of("clear", clear.rulebook, clear.as_of, {}).solver.threads != threads:
        settings["solver.threads"] = threads
    ruled = rulebooks.of("clear", clear.rulebook, clear.as_of, settings)
    books: dict[str, Book] = {}
    for label in () if changed.mitigate is None else changed.mitigate.rulebooks:
        assert changed.mitigate is not None
        chosen = {**changed.mitigate.settings, **mitigated}
        others = [key for key in chosen if not key.startswith("mitigation.")]
        if others:
            message = f"only keys of the mitigation section can be set here, not {others[0]}"
            raise InputError([given.failure("mitigate.settings", "settings", message)])
        own = rulebooks.of("mitigate", label, changed.mitigate.as_of, chosen)
        short = _file_name(label)
        if short in books:
            message = f"two rulebooks have the name {short}"
            raise InputError([given.failure("mitigate.rulebooks", "duplicate", message)])
        books[short] = Book(given.path(label), chosen, rulebooks.mitigated(ruled, own))
    return Scenario(name, values, changed, ruled, settings, books)


@dataclass
class _Rules:
    """Rulebooks of a study, each made once however many scenarios have it."""

    given: Given
    made: dict[tuple[Any, ...], RuleBook] = field(default_factory=dict)

    def of(self, part: str, name: str, as_of: Any, settings: Mapping[str, Any]) -> RuleBook:
        """The rulebook of a part of the file with the settings of a scenario."""
        key = "rulebook" if part == "clear" else "rulebooks"
        book = self._once((name, as_of), lambda: _loaded(self.given, f"{part}.{key}", name, as_of))
        chosen = tuple((k, type(v).__name__, v) for k, v in settings.items())
        return self._once(
            (name, as_of, chosen), lambda: _set(self.given, f"{part}.settings", book, settings)
        )

    def mitigated(self, ruled: RuleBook, own: RuleBook) -> RuleBook:
        """The rules of a clearing with the mitigation of another rulebook."""
        return self._once((id(ruled), id(own)), lambda: ruled.with_mitigation_of(own))

    def _once(self, key: tuple[Any, ...], make: Callable[[], RuleBook]) -> RuleBook:
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]


def _loaded(given: Given, key: str, name: str, as_of: Any) -> RuleBook:
    try:
        return RuleBook.load(given.path(name), as_of=as_of)
    except InputError as error:
        if any(failure.file for failure in error.failures):
            raise  # the rulebook's own file is wrong, and says where
        told = [given.failure(key, f.rule, f.message) for f in error.failures]
        raise InputError(told) from None


def _set(given: Given, key: str, book: RuleBook, settings: Mapping[str, Any]) -> RuleBook:
    try:
        return book.with_settings(settings)
    except InputError as error:
        told = []
        for failure in error.failures:
            name = failure.column or ""
            where = f"vary.{name}" if name in given.file.vary else f"{key}.{name}"
            told.append(given.failure(where, failure.rule, failure.message))
        raise InputError(told) from None


def _names(grid: Mapping[str, tuple[Any, ...]]) -> list[str]:
    """Names of folders: the last word of each key with its value; whole keys where words clash."""
    if not grid:
        return ["base"]
    words = [key.rpartition(".")[2] for key in grid]
    if len(set(words)) < len(words):
        words = list(grid)
    names = [
        "_".join(f"{word}-{_file_name(str(v))}" for word, v in zip(words, values, strict=True))
        for values in itertools.product(*grid.values())
    ]
    if len(set(names)) < len(names) or max(map(len, names)) > 150:
        return [f"scenario-{number:04d}" for number in range(1, len(names) + 1)]
    return names


def _file_name(text: str) -> str:
    name = text.rpartition("/")[2].removesuffix(".toml")
    return re.sub(r"[^A-Za-z0-9._-]", "-", name) or "-"
