"""The steps of a study: what depends on what, and a hash of all that goes into each."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from cases import InputError
from cases.files.hashing import file_hash
from cases.run import code_version
from counterflow.studies.days import DaySource, day_source, days_of, real_time_source
from counterflow.studies.file import Given
from counterflow.studies.scenarios import Scenario, scenario_count, scenarios

__all__ = ["KINDS", "MANY", "Kind", "Plan", "Step", "make_plan", "step_count"]

Kind = Literal["import", "import_rt", "clear", "mitigate", "real_time", "settle"]
KINDS: Final[tuple[Kind, ...]] = (
    "import",
    "import_rt",
    "clear",
    "mitigate",
    "real_time",
    "settle",
)
MANY: Final = 1000
"""Steps above which a study asks first."""
_TOO_MANY: Final = 1_000_000
_ONE_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True)
class Step:
    """One task: a day of a scenario, cleared, mitigated by one rulebook, or settled."""

    kind: Kind
    scenario: str
    day: dt.date
    book: str = ""
    """Rulebook of the mitigation; blank for as cleared."""
    key: str = ""
    """Hash of everything that goes into it; equal keys, equal results."""
    uses: Mapping[str, str] = field(default_factory=dict)
    """Role (case, before, day_ahead, real_time) to the step that plays it."""
    history: tuple[str, ...] = ()
    """Steps of earlier days in the look-back, in order."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """What the step is told, in plain values."""
    same_as: str = ""
    """The step that does the same and is done in its place."""

    @property
    def id(self) -> str:
        """Scenario, day and step: its folder below ``runs``."""
        book = f".{self.book}" if self.book else ""
        return f"{self.scenario}/{self.day}/{self.kind}{book}"

    @property
    def needs(self) -> tuple[str, ...]:
        """Ids of the steps that come before it."""
        if self.same_as:
            return (self.same_as,)
        return tuple(dict.fromkeys((*self.uses.values(), *self.history)))

    @property
    def solves(self) -> int:
        """Clearings that it makes at least; reruns of a mitigation come on top."""
        if self.same_as or self.kind not in ("clear", "mitigate", "real_time"):
            return 0
        return 2 if self.kind == "clear" and self.arguments["look_ahead_hours"] else 1


@dataclass(frozen=True)
class Plan:
    """All steps of a study, each after those that it needs."""

    steps: dict[str, Step]
    scenarios: tuple[Scenario, ...]
    days: tuple[dt.date, ...]


def step_count(given: Given, days: int) -> int:
    """How many steps a study of some days has, without making them."""
    file = given.file
    runs = 1 + (0 if file.mitigate is None else len(file.mitigate.rulebooks))
    real_time = 0 if file.real_time is None else 1 + runs
    settled = 0 if file.settle is None else runs
    return scenario_count(file) * days * (1 + runs + real_time + settled)


def make_plan(given: Given) -> Plan:
    """Make the steps of a study; nothing runs.

    Raises
    ------
    InputError
        Days without data, rulebooks that do not exist, keys that nothing reads, too many steps.
    """
    source = day_source(given, "days.source", given.file.days.source)
    days = days_of(given, source)
    count = step_count(given, len(days))
    if count > _TOO_MANY:
        message = f"{count:,} steps: a study has at most {_TOO_MANY:,}"
        raise InputError([given.failure("vary", "too_many", message)])
    live = None
    if given.file.real_time is not None:
        live = real_time_source(given)
        days_of(given, live, "real_time.source")
    found = scenarios(given)
    contents: dict[tuple[str, dt.date], str] = {}
    steps: dict[str, Step] = {}
    first: dict[str, str] = {}
    for scenario in found:
        maker = _Maker(given, scenario, source, live, steps, contents)
        for day in days:
            for step in maker.steps_of(day):
                same = first.setdefault(step.key, step.id)
                steps[step.id] = step if same == step.id else replace(step, same_as=same)
    return Plan(steps, tuple(found), tuple(days))


@dataclass
class _Maker:
    """Makes the steps of one scenario, day after day."""

    given: Given
    scenario: Scenario
    source: DaySource
    live: DaySource | None
    steps: dict[str, Step]
    contents: dict[tuple[str, dt.date], str]

    def steps_of(self, day: dt.date) -> Iterator[Step]:
        file = self.scenario.file
        case = self._import("import", self.source, day, file.days.look_ahead_hours)
        yield case
        live = None
        if self.live is not None:
            live = self._import("import_rt", self.live, day, 0)
            yield live
        cleared = self._clear(day, case)
        yield cleared
        finals = [cleared]
        for name in self.scenario.books:
            mitigated = self._mitigate(day, name, cleared)
            yield mitigated
            finals.append(mitigated)
        for final in finals:
            real_time = None
            if live is not None:
                real_time = self._step(
                    "real_time",
                    day,
                    final.book,
                    {"case": live, "day_ahead": final},
                    {"security": file.clear.security, "time_limit": file.clear.time_limit},
                )
                yield real_time
            if file.settle is not None:
                uses = {"day_ahead": final}
                if real_time is not None:
                    uses["real_time"] = real_time
                yield self._step("settle", day, final.book, uses, self._tables())

    def _import(self, kind: Kind, source: DaySource, day: dt.date, ahead: int) -> Step:
        file = self.scenario.file
        at = source.place, day
        if at not in self.contents:
            self.contents[at] = source.content_of(day, ahead)
        options = {"load": file.stress.load, "rating": file.stress.rating}
        owners = file.days.owners
        inputs = [source.kind, source.market, self.contents[at], ahead]
        if owners is not None:
            owners = self.given.path(owners)
            inputs.append(file_hash(Path(owners)) if Path(owners).is_file() else owners)
        arguments = {"hours_more": ahead, "owners": owners, **options}
        step = self._step(kind, day, "", {}, {**options, "inputs": inputs, "day": str(day)})
        return replace(step, arguments={**arguments, "source": source})

    def _clear(self, day: dt.date, case: Step) -> Step:
        file, rules = self.scenario.file, self.scenario.rules
        clear = file.clear
        uses = {"case": case}
        if file.days.chain == "rolling":
            kind, _, label = file.days.chain_from.partition(":")
            books = (
                {}
                if file.mitigate is None
                else dict(zip(file.mitigate.rulebooks, self.scenario.books, strict=True))
            )
            book = f".{books[label]}" if label else ""
            before = f"{self.scenario.name}/{day - _ONE_DAY}/{kind}{book}"
            if before in self.steps:
                uses["before"] = self.steps[before]
        arguments = {
            "rulebook": self.given.path(clear.rulebook),
            "as_of": None if clear.as_of is None else str(clear.as_of),
            "settings": dict(self.scenario.settings),
            "commitment": clear.commitment,
            "security": clear.security,
            "gap": clear.gap,
            "time_limit": clear.time_limit,
            "look_ahead_hours": file.days.look_ahead_hours,
        }
        return self._step("clear", day, "", uses, arguments, rules.hash)

    def _mitigate(self, day: dt.date, name: str, cleared: Step) -> Step:
        part = self.scenario.file.mitigate
        assert part is not None
        book = self.scenario.books[name]
        earlier = [day - k * _ONE_DAY for k in range(part.history_days, 0, -1)]
        ids = [f"{self.scenario.name}/{d}/mitigate.{name}" for d in earlier]
        history = [self.steps[i] for i in ids if i in self.steps]
        arguments = {
            "rulebook": book.label,
            "as_of": None if part.as_of is None else str(part.as_of),
            "settings": dict(book.settings),
        }
        uses = {"day_ahead": cleared}
        return self._step("mitigate", day, name, uses, arguments, book.rules.hash, history)

    def _tables(self) -> dict[str, Any]:
        part = self.scenario.file.settle
        assert part is not None
        found: dict[str, Any] = {}
        for name in ("contracts", "futures", "rights"):
            path = getattr(part, name)
            if path is not None:
                whole = Path(self.given.path(path))
                if not whole.exists():
                    message = f"there is no {path}"
                    raise InputError([self.given.failure(f"settle.{name}", "missing", message)])
                found[name] = str(whole)
                beside = whole if whole.is_dir() else whole.parent
                files = sorted(p for p in beside.glob("*.*") if p.suffix in (".csv", ".parquet"))
                found[f"{name}_content"] = [[p.name, file_hash(p)] for p in files]
        return found

    def _step(
        self,
        kind: Kind,
        day: dt.date,
        book: str,
        uses: Mapping[str, Step],
        arguments: Mapping[str, Any],
        rules: str = "",
        history: list[Step] | None = None,
    ) -> Step:
        before = history or []
        content = {
            "code": code_version(),
            "kind": kind,
            "rules": rules,
            "book": book,
            "uses": {role: step.key for role, step in uses.items()},
            "history": [step.key for step in before],
            "arguments": {k: v for k, v in arguments.items() if k != "rulebook"},
        }
        key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        ids = {role: step.id for role, step in uses.items()}
        past = tuple(step.id for step in before)
        return Step(kind, self.scenario.name, day, book, key, ids, past, arguments)
