"""The rulebook: every threshold, penalty price and choice of a market, as versioned data."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cases.errors import Failure, InputError
from cases.files.convert import nearest
from cases.files.text import NotText, decoded
from cases.files.toml import to_toml
from cases.files.toml_lines import key_lines, line_of
from cases.rulebook.areas import AreaRules
from cases.rulebook.clearing import (
    LossRules,
    NetworkRules,
    OfferRules,
    PenaltyRules,
    PricingRules,
    RealTimeRules,
    SecurityRules,
    SolverRules,
    UpliftRules,
)
from cases.rulebook.contradictions import contradictions
from cases.rulebook.evidence import evidence_failures
from cases.rulebook.mitigation import MitigationRules
from cases.rulebook.settlement import SettlementRules

__all__ = ["RuleBook", "rulebook_names"]

_FREE = "mitigation.own."
_LINE = re.compile(r"at line (\d+)")


class RuleBook(BaseModel):
    """All rules of a market; `RuleBook.load` reads a shipped one by name or a TOML file.

    A file that says `extends = NAME` takes over every key that it does not give itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="name of the rulebook")
    version: str = Field(min_length=1, description="version of the rules")
    date: dt.date = Field(description="date of the rules")
    title: str = Field(description="what it is, in one line")
    penalties: PenaltyRules
    network: NetworkRules
    security: SecurityRules
    pricing: PricingRules
    solver: SolverRules
    losses: LossRules
    offers: OfferRules
    uplift: UpliftRules
    realtime: RealTimeRules = Field(default_factory=RealTimeRules)
    settlement: SettlementRules = Field(default_factory=SettlementRules)
    mitigation: MitigationRules
    evidence: dict[str, str] = Field(
        default_factory=dict, description="key or section -> where its numbers come from"
    )

    @classmethod
    def load(cls, name_or_path: str | Path | RuleBook = "default") -> RuleBook:
        """Read a shipped rulebook by name, or a TOML file; a RuleBook is returned as it is.

        Raises InputError, with the line of each key where the file has it: unknown name, unreadable
        file, unknown or missing keys, wrong values, contradictions; in a file that extends another
        and names its procedure also a missing date, and numbers without evidence.
        """
        if isinstance(name_or_path, RuleBook):
            return name_or_path
        label, text, own, values = _read(name_or_path, ())
        try:
            book = cls.model_validate(values)
        except ValidationError as error:
            raise InputError(_placed(_failures(label, error, values), text)) from None
        failures = book._contradictions(label)
        failures += [Failure(label, None, *found) for found in evidence_failures(own)]
        if failures:
            raise InputError(_placed(failures, text))
        return book

    def with_penalties(self, change: Callable[[float], float]) -> RuleBook:
        """Give the same rulebook with every penalty changed."""
        changed = {f"penalties.{name}": change(value) for name, value in self.penalties}
        return self.with_settings(changed)

    def with_settings(self, settings: Mapping[str, Any]) -> RuleBook:
        """Give the same rulebook with other values, keys written like `pricing.method`.

        Values may be text, as on a command line. Raises InputError with every unknown key (and
        the nearest known ones) and every value of the wrong kind (and what was expected).
        """
        if not settings:
            return self
        names = {"mitigation.areas": tuple(self.mitigation.areas)}
        known = dict(_leaves(type(self), named=names))
        failures = [
            Failure("", None, key, "unknown_setting", _unknown_setting(key, known))
            for key in settings
            if key not in known and not key.startswith(_FREE)
        ]
        values = self.model_dump()
        for key, value in settings.items():
            if key in known or key.startswith(_FREE):
                *path, last = key.split(".")
                section = values
                for part in path:
                    if section.get(part) is None:
                        section[part] = {}
                    section = section[part]
                section[last] = _free(value) if key.startswith(_FREE) else value
        try:
            changed = type(self).model_validate(values)
        except ValidationError as error:
            failures += _failures("", error, values)
        else:
            failures += changed._contradictions("")
        if failures:
            raise InputError(failures)
        return changed

    def _contradictions(self, file: str) -> list[Failure]:
        found = [*contradictions(self.mitigation)]
        if self.offers.floor > self.offers.cap:
            message = f"{self.offers.floor:g} lies above the cap of {self.offers.cap:g}"
            found.append(("offers.floor", message))
        if self.offers.cap < self.offers.soft_cap < float("inf"):
            message = f"{self.offers.soft_cap:g} lies above the cap of {self.offers.cap:g}"
            found.append(("offers.soft_cap", message))
        return [Failure(file, None, key, "contradiction", text) for key, text in found]

    @cached_property
    def hash(self) -> str:
        """SHA-256 of all values."""
        text = json.dumps(self.model_dump(mode="python"), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def evidence_for(self, key: str) -> str:
        """Tell where a number comes from: the entry of its key or of the closest section around.

        Entries read `[H] 2026-01: source`, the letter saying how sure it is; "" where there is
        none.
        """
        while key and key not in self.evidence:
            key = key.rpartition(".")[0]
        return self.evidence.get(key, "")

    def to_toml(self) -> str:
        """Give the whole rulebook as TOML; loading it gives an equal rulebook."""
        return to_toml(self.model_dump())


def _free(value: Any) -> Any:
    """A value of a free key as TOML reads it; text that is no TOML value stays text."""
    if not isinstance(value, str):
        return value
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except (tomllib.TOMLDecodeError, KeyError):
        return value


def rulebook_names() -> list[str]:
    """List the names of the shipped rulebooks."""
    folder = resources.files("cases") / "rulebooks"
    names = (item.name for item in folder.iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def rulebook_keys() -> dict[str, str]:
    """Every key that can be set, with what it means."""
    return {key: field.description or "" for key, field in _leaves(RuleBook)}


def area_keys() -> dict[str, str]:
    """Every key of a constrained area, `mitigation.areas.NAME.key`, with what it means."""
    return {key: field.description or "" for key, field in _leaves(AreaRules)}


def _read(
    name_or_path: str | Path, seen: tuple[str, ...]
) -> tuple[str, str, dict[str, Any], dict[str, Any]]:
    """A rulebook file: its label, text, own values, and those with what it extends."""
    text = str(name_or_path)
    if text in rulebook_names():
        label = f"{text}.toml"
        data = (resources.files("cases") / "rulebooks" / label).read_bytes()
    elif Path(text).is_file():
        label = text
        data = Path(text).read_bytes()
    else:
        raise InputError.one(
            "",
            None,
            None,
            "unknown_rulebook",
            f"no rulebook {text}: give a TOML file or one of {', '.join(rulebook_names())}",
        )
    try:
        content = decoded(data)
        own = tomllib.loads(content)
    except (tomllib.TOMLDecodeError, NotText) as error:
        place = _LINE.search(str(error))
        line = int(place[1]) if place else None
        raise InputError.one(label, line, None, "toml", f"not valid TOML: {error}") from None
    values = {key: value for key, value in own.items() if key != "extends"}
    base = own.get("extends")
    if base is None:
        return label, content, own, values
    if not isinstance(base, str) or base in seen or base == text:
        message = "must name another rulebook, and not in a circle"
        line = line_of(key_lines(content), "extends")
        raise InputError.one(label, line, "extends", "extends", message)
    return label, content, own, _merged(_read(base, (*seen, text))[3], values)


def _placed(failures: Iterable[Failure], text: str) -> list[Failure]:
    """Failures with the line of their key in the file."""
    lines = key_lines(text)
    return [replace(failure, row=line_of(lines, failure.column)) for failure in failures]


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            value = _merged(old, value)
        result[key] = value
    return result


def _leaves(
    model: type[BaseModel], prefix: str = "", named: Mapping[str, Iterable[str]] | None = None
) -> Iterator[tuple[str, Any]]:
    """Every key and its field; inside tables of named sections those of the names given."""
    for name, field in model.model_fields.items():
        section = _section(field.annotation)
        if section is not None:
            yield from _leaves(section, f"{prefix}{name}.", named)
            continue
        yield prefix + name, field
        for each in (named or {}).get(prefix + name, ()):
            inner = _section(get_args(field.annotation)[1])
            if inner is not None:
                yield from _leaves(inner, f"{prefix}{name}.{each}.", named)


def _section(annotation: Any) -> type[BaseModel] | None:
    """The model of a section, also of one that may be left out."""
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return None if get_origin(annotation) is dict else kind
    return None


def _unknown_setting(key: str, known: Mapping[str, Any]) -> str:
    inside = [name for name in known if name.startswith(f"{key}.")]
    if inside:
        return f"is a section; set one of {', '.join(inside)}"
    same_end = [name for name in known if name.rpartition(".")[2] == key.rpartition(".")[2]]
    hint = nearest(key, known)
    if not hint and same_end:
        hint = f"; did you mean {' or '.join(same_end[:3])}?"
    return f"there is no such setting{hint}"


def _failures(file: str, error: ValidationError, values: Mapping[str, Any]) -> list[Failure]:
    areas = values.get("mitigation", {})
    areas = areas.get("areas", {}) if isinstance(areas, Mapping) else {}
    named = {"mitigation.areas": tuple(areas) if isinstance(areas, Mapping) else ()}
    failures = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"])
        if item["type"] == "missing":
            rule, message = "missing_key", "the key is missing"
        elif item["type"] == "extra_forbidden":
            known = [name for name, _ in _leaves(RuleBook, named=named)]
            rule, message = "unknown_key", f"there is no such key{nearest(key, known)}"
        else:
            message = item["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
            message = (
                message.replace("a valid i", "an i")
                .replace("a valid ", "a ")
                .partition(", unable")[0]
            )
            rule, message = "value", f"must be {message}, not {item['input']!r}"
        failures.append(Failure(file, None, key, rule, message))
    return failures
