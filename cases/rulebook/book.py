"""The rulebook: every threshold, penalty price and choice of a market, as versioned data."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cases.errors import Failure, InputError
from cases.rulebook.areas import AreaRules
from cases.rulebook.clearing import (
    ClearingRules,
    LossRules,
    NetworkRules,
    OfferRules,
    PenaltyRules,
    PricingRules,
    RealTimeRules,
    ReserveRules,
    SecurityRules,
    SolverRules,
    UpliftRules,
)
from cases.rulebook.contradictions import contradictions
from cases.rulebook.dated import parsed
from cases.rulebook.files import Given, as_date, placed, read_rules, rulebook_names
from cases.rulebook.keys import FREE, failures_of, keys_of, schema_source, unknown_setting
from cases.rulebook.mitigation import MitigationRules
from cases.rulebook.settlement import SettlementRules
from cases.rulebook.sheet import on_date
from cases.rulebook.source import Source, closest
from cases.rulebook.written import written

__all__ = ["RuleBook", "rulebook_names"]

_RECORD: Final = ("as_of", "sources", "given")
_SETTING: Final = Source(clause="given for this run")
_SECTION: Final = "mitigation"


class RuleBook(BaseModel):
    """All rules of a market; `RuleBook.load` reads a shipped one by name or a TOML file.

    A file that says `extends = NAME` takes over every key that it does not give itself. Values are
    plain, those in force on one date, and `model_dump` gives them; `source_of` tells the clause and
    date of each. Two rulebooks are equal where their values and sources are.
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
    clearing: ClearingRules = Field(default_factory=ClearingRules)
    reserves: ReserveRules = Field(default_factory=ReserveRules)
    settlement: SettlementRules = Field(default_factory=SettlementRules)
    mitigation: MitigationRules
    as_of: dt.date | None = Field(
        default=None, exclude=True, description="date whose values these are; none = the newest"
    )
    sources: dict[str, Source] = Field(
        default_factory=dict,
        repr=False,
        exclude=True,
        description="key or section -> where it comes from",
    )
    given: dict[str, Given] = Field(
        default_factory=dict,
        repr=False,
        exclude=True,
        description="keys that the user gave, and where",
    )

    @model_validator(mode="before")
    @classmethod
    def _of_a_file(cls, values: Any) -> Any:
        """Take the newest of dated values, and the sources beside values, as a file has them."""
        if not isinstance(values, Mapping) or "sources" in values:
            return values
        given = {key: values[key] for key in ("given", "as_of") if key in values}
        file = parsed({key: value for key, value in values.items() if key not in given})
        if file.failures:
            raise ValueError("; ".join(str(failure) for failure in file.failures))
        sheet = on_date(file, None)
        return {**sheet.values, "sources": sheet.sources, **given}

    @classmethod
    def load(
        cls,
        name_or_path: str | Path | RuleBook = "default",
        *,
        as_of: dt.date | str | None = None,
    ) -> RuleBook:
        """Read a shipped rulebook by name, or a TOML file; a RuleBook is returned as it is.

        `as_of` chooses the values in force on a date; None is the newest of each.

        Raises InputError, with the line of each key where the file has it: unknown name, unreadable
        file, unknown or missing keys, wrong values, contradictions; keys without a value on the
        date, with their first one; in a file that extends another and names its procedure also a
        missing date, and numbers without evidence.
        """
        date = as_date(as_of)
        if isinstance(name_or_path, RuleBook):
            return name_or_path._settled(date)
        read = read_rules(name_or_path, date)
        values = dict(read.sheet.values)
        failures = [
            Failure("", None, key, "as_of", _no_value(read.label, key, date, first))
            for key, first in read.sheet.missing.items()
        ]
        if failures:
            raise InputError([*placed(failures, read.label, read.text), *read.failures])
        record = values.pop("as_of", None)
        if date is None:
            date = as_date(record)
        elif record is not None and as_date(record) != date:
            raise InputError.one(read.label, None, "as_of", "as_of", _settled_text(record))
        try:
            book = cls.model_validate(
                {**values, "as_of": date, "sources": read.sheet.sources, "given": read.given}
            )
        except ValidationError as error:
            found = failures_of(cls, read.label, error, values)
            raise InputError([*placed(found, read.label, read.text), *read.failures]) from None
        found = placed(book._contradictions(read.label), read.label, read.text)
        if found or read.failures:
            raise InputError([*found, *read.failures])
        return book

    def with_penalties(self, change: Callable[[float], float]) -> RuleBook:
        """Give the same rulebook with every penalty changed, as clearing itself does in a step."""
        changed = {name: change(value) for name, value in self.penalties}
        return self._with({**self.model_dump(), "penalties": changed})

    def with_reruns(self, commitment: str) -> RuleBook:
        """Give the same rulebook with another commitment of its reruns, as a comparison treats all.

        Unlike a setting it counts as given by nobody: procedures that never rerun may ignore it.
        """
        values = self.model_dump()
        values["mitigation"]["rerun"]["commitment"] = commitment
        return self._with(values)

    def with_settings(self, settings: Mapping[str, Any]) -> RuleBook:
        """Give the same rulebook with other values, keys written like `pricing.method`.

        Values may be text, as on a command line. Raises InputError with every unknown key (and
        the nearest known ones) and every value of the wrong kind (and what was expected).
        """
        if not settings:
            return self
        names = {"mitigation.areas": tuple(self.mitigation.areas)}
        known = {
            key: field
            for key, field in keys_of(type(self), named=names)
            if not key.startswith(_RECORD)
        }
        failures = [
            Failure("", None, key, "unknown_setting", unknown_setting(key, known))
            for key in settings
            if key not in known and not key.startswith(FREE)
        ]
        values = self.model_dump()
        for key, value in settings.items():
            if key in known or key.startswith(FREE):
                *path, last = key.split(".")
                section = values
                for part in path:
                    if section.get(part) is None:
                        section[part] = {}
                    section = section[part]
                section[last] = _free(value) if key.startswith(FREE) else value
        try:
            changed = type(self).model_validate(values)
        except ValidationError as error:
            failures += failures_of(type(self), "", error, values)
        else:
            failures += changed._contradictions("")
        if failures:
            raise InputError(failures)
        new = {key for key in settings if changed._value(key) != self._value(key)}
        sources = {**self.sources, **dict.fromkeys(sorted(new), _SETTING)}
        given = {**self.given, **dict.fromkeys(settings, Given())}
        return self._with(values, sources=sources, given=given)

    def with_mitigation_of(self, other: RuleBook) -> RuleBook:
        """Give the same rulebook with the `mitigation` section of another, its sources included."""
        sources = {k: v for k, v in self.sources.items() if not _mitigation(k)}
        given = {k: v for k, v in self.given.items() if not _mitigation(k)}
        return self._with(
            {**self.model_dump(), "mitigation": other.mitigation.model_dump()},
            as_of=other.as_of or self.as_of,
            sources=sources | {k: v for k, v in other.sources.items() if _mitigation(k)},
            given=given | {k: v for k, v in other.given.items() if _mitigation(k)},
        )

    def _with(self, values: Mapping[str, Any], **record: Any) -> RuleBook:
        """Other values with the record of this rulebook, but for what is given of it.

        Not model_copy: it would carry over the hash that this rulebook has worked out.
        """
        kept = {name: record.get(name, getattr(self, name)) for name in _RECORD}
        return type(self).model_validate({**values, **kept})

    def _settled(self, date: dt.date | None) -> RuleBook:
        if date is not None and date != self.as_of:
            raise InputError.one("", None, "as_of", "as_of", _settled_text(self.as_of))
        return self

    def _value(self, key: str) -> Any:
        value: Any = self
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
        return value

    def _contradictions(self, file: str) -> list[Failure]:
        found = [*contradictions(self.mitigation)]
        if self.offers.floor > self.offers.cap:
            message = f"{self.offers.floor:g} lies above the cap of {self.offers.cap:g}"
            found.append(("offers.floor", message))
        if self.offers.cap < self.offers.soft_cap < float("inf"):
            message = f"{self.offers.soft_cap:g} lies above the cap of {self.offers.cap:g}"
            found.append(("offers.soft_cap", message))
        found += [("losses.segment_ends", text) for text in _bad_ends(self.losses.segment_ends)]
        return [Failure(file, None, key, "contradiction", text) for key, text in found]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RuleBook):
            return NotImplemented
        return self._content() == other._content()

    def __hash__(self) -> int:
        return hash(self.hash)

    def _content(self) -> dict[str, Any]:
        return {
            "values": self.model_dump(),
            "sources": {key: source.model_dump() for key, source in self.sources.items()},
        }

    @cached_property
    def hash(self) -> str:
        """SHA-256 of all values and their sources."""
        text = json.dumps(self._content(), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def evidence(self) -> dict[str, str]:
        """Where values come from, as text: key or section -> `[H] 2026-01: tariff 23.3`."""
        return {key: str(source) for key, source in self.sources.items()}

    def source_of(self, key: str) -> Source | None:
        """Tell where a value comes from: what is said of its key, or of the closest section around.

        Of a section that nothing is said of, the source that most keys in it have; None where
        there is none.
        """
        found = closest(self.sources, key)
        if key in self.sources:
            return found
        inside = [source for name, source in self.sources.items() if name.startswith(f"{key}.")]
        if not inside:
            return found or schema_source(type(self), key)
        return max(inside, key=lambda source: (inside.count(source), -inside.index(source)))

    def evidence_for(self, key: str) -> str:
        """Tell where a value comes from in one line; "" where nothing is known.

        `[H] 2026-01: clause, in force from 2017-01-01`: how sure it is, when it was read, where,
        and since when it holds.
        """
        source = self.source_of(key)
        return "" if source is None else str(source)

    def value_of(self, key: str) -> Any:
        """Value of a key such as `mitigation.conduct.energy.percent`; None where there is none."""
        return self._value(key)

    def to_toml(self) -> str:
        """Give the whole rulebook as TOML; loading it gives an equal rulebook."""
        date = {} if self.as_of is None else {"as_of": self.as_of}
        return written(date | self.model_dump(), self.sources, self.given)


def rulebook_keys() -> dict[str, str]:
    """Every key that can be set, with what it means."""
    return {
        key: field.description or ""
        for key, field in keys_of(RuleBook)
        if not key.startswith(_RECORD)
    }


def area_keys() -> dict[str, str]:
    """Every key of a constrained area, `mitigation.areas.NAME.key`, with what it means."""
    return {key: field.description or "" for key, field in keys_of(AreaRules)}


def _bad_ends(lists: tuple[tuple[float, ...], ...]) -> list[str]:
    """What is wrong with the ends of loss segments."""
    return [
        f"{list(ends)} must rise from above 0 to 1"
        for ends in lists
        if not ends
        or ends[-1] != 1.0
        or any(b <= a for a, b in zip((0.0, *ends), ends, strict=False))
    ]


def _mitigation(key: str) -> bool:
    return key == _SECTION or key.startswith(f"{_SECTION}.")


def _no_value(label: str, key: str, date: dt.date | None, first: dt.date) -> str:
    if key == "from":
        return f"{label} holds from {first.isoformat()}: it says nothing of {date}"
    return f"has no value on {date}: its first one holds from {first.isoformat()}"


def _settled_text(settled: Any) -> str:
    on = f"those of {settled}" if settled else "the newest"
    return (
        f"the values of this rulebook are settled ({on}): name a rulebook, or a file, to take "
        "those of another date"
    )


def _free(value: Any) -> Any:
    """A value of a free key as TOML reads it; text that is no TOML value stays text."""
    if not isinstance(value, str):
        return value
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except (tomllib.TOMLDecodeError, KeyError):
        return value
