"""Where the functions of the four slots and their named combinations are found."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol, TypeAlias, TypeVar, get_args

from cases.errors import Failure, InputError
from cases.files.convert import nearest
from cases.files.hashing import value_hash
from cases.rulebook.mitigation import MitigationRules
from mitigation.slots.assessed import AssessedRun
from mitigation.slots.parts import Applied, Impact, Replacement, Subjects

__all__ = ["SLOTS", "Procedure", "Profile", "Reads", "Registry", "Slot", "SlotFunction"]

Slot = Literal["subject", "replacement", "impact", "apply"]
SLOTS: Final[tuple[Slot, ...]] = get_args(Slot)

Reads: TypeAlias = tuple[str, ...] | Callable[[MitigationRules], tuple[str, ...]]
"""Rulebook keys that a function reads, each with all that lies below it: such as
``("mitigation.impact.price", "mitigation.own.floor")``; or a function that gives them, where they
depend on the rules."""

F = TypeVar("F", bound=Callable[..., Any])


class SubjectFunction(Protocol):
    """Says whose offers may be replaced."""

    def __call__(self, assessed: AssessedRun, /) -> Subjects:
        """Choose among ``assessed.failing``."""
        ...


class ReplacementFunction(Protocol):
    """Says by what they are replaced."""

    def __call__(self, assessed: AssessedRun, subjects: Subjects, /) -> Replacement:
        """Give levels for the keys of ``subjects``."""
        ...


class ImpactFunction(Protocol):
    """Says which replacements moved something."""

    def __call__(self, assessed: AssessedRun, replacement: Replacement, /) -> Impact:
        """Choose among the keys of ``replacement``."""
        ...


class ApplyFunction(Protocol):
    """Says what follows."""

    def __call__(
        self, assessed: AssessedRun, replacement: Replacement, impact: Impact, /
    ) -> Applied:
        """Make the market result of the keys of ``impact``."""
        ...


@dataclass(frozen=True, slots=True)
class SlotFunction:
    """A function that fills a slot under a name.

    ``reads`` are the keys of the rulebook that it reads beside those that every procedure reads.
    """

    slot: Slot
    name: str
    function: Callable[..., Any]
    reads: Reads = ()

    def keys(self, rules: MitigationRules) -> tuple[str, ...]:
        """Keys of the rulebook that it reads, by these rules."""
        return self.reads(rules) if callable(self.reads) else self.reads

    @property
    def shipped(self) -> bool:
        """Whether it is part of this package."""
        return str(self.function.__module__).partition(".")[0] == "mitigation"

    def origin(self) -> dict[str, str]:
        """Where the function is from, and a hash of its text: for the record of a run."""
        try:
            text = inspect.getsource(self.function)
        except (OSError, TypeError):
            text = ""
        return {
            "module": str(self.function.__module__),
            "source": value_hash({"source": text}) if text else "",
        }


@dataclass(frozen=True, slots=True)
class Profile:
    """A named combination of four slots: the order and the kind of a market's tests."""

    subject: str
    replacement: str
    impact: str
    apply: str

    def of(self, slot: Slot) -> str:
        """Name of the function of a slot."""
        return str(getattr(self, slot))


@dataclass(frozen=True, slots=True)
class Procedure:
    """The four functions that a rulebook asks for."""

    profile: str
    subject: SlotFunction
    replacement: SlotFunction
    impact: SlotFunction
    apply: SlotFunction

    @property
    def functions(self) -> tuple[SlotFunction, ...]:
        """The four in the order in which they run."""
        return self.subject, self.replacement, self.impact, self.apply

    @property
    def names(self) -> dict[str, str]:
        """Slot to name."""
        return {each.slot: each.name for each in self.functions}

    def keys_read(self, rules: MitigationRules) -> tuple[str, ...]:
        """Keys of the rulebook that the four read, each with all that lies below it, sorted."""
        return tuple(sorted({key for each in self.functions for key in each.keys(rules)}))


@dataclass(eq=False)
class Registry:
    """Functions by slot and name, and profiles by name."""

    functions: dict[tuple[str, str], SlotFunction] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)

    @classmethod
    def of(cls, functions: Iterable[SlotFunction], profiles: Mapping[str, Profile]) -> Registry:
        """Make a registry of a table of functions and a table of profiles."""
        registry = cls()
        for each in functions:
            registry.add(each)
        for name, profile in profiles.items():
            registry.add_profile(name, profile)
        return registry

    def register(self, slot: str, name: str, *, reads: Reads = ()) -> Callable[[F], F]:
        """Register a function for a slot, as a decorator.

        Parameters
        ----------
        slot
            ``subject``, ``replacement``, ``impact`` or ``apply``.
        name
            The name by which a rulebook asks for it.
        reads
            Keys of the rulebook that the function reads, such as ``("mitigation.own.floor",)``. A
            key that the user gives and no slot of the procedure reads is refused.

        Raises
        ------
        InputError
            There is no such slot, or it has a function of this name already.
        """
        if slot not in SLOTS:
            raise _unknown("slot", f"there is no slot {slot}{nearest(slot, SLOTS)}")

        def add(function: F) -> F:
            self.add(SlotFunction(slot, name, function, reads))
            return function

        return add

    def add(self, function: SlotFunction) -> None:
        """Add a function; see :meth:`register`. The same function again changes nothing."""
        place = (function.slot, function.name)
        before = self.functions.get(place)
        if before is not None and not _same(before.function, function.function):
            message = (
                f"the slot {function.slot} has a function {function.name} already, of "
                f"{before.function.__module__}: give yours another name"
            )
            raise InputError.one("", None, f"{_KEY}.{function.slot}", "registered_twice", message)
        self.functions[place] = function

    def add_profile(self, name: str, profile: Profile) -> None:
        """Add a named combination.

        Raises
        ------
        InputError
            There is another profile of this name, or a slot has no function of the name given.
        """
        if self.profiles.get(name, profile) != profile:
            message = f"there is a profile {name} already: give yours another name"
            raise InputError.one("", None, "mitigation.profile", "registered_twice", message)
        for slot in SLOTS:
            self.find(slot, profile.of(slot), f"profile {name}, {slot}")
        self.profiles[name] = profile

    def names(self, slot: Slot) -> list[str]:
        """Names of all functions of a slot."""
        return sorted(name for kind, name in self.functions if kind == slot)

    def find(self, slot: Slot, name: str, where: str) -> SlotFunction:
        """Return a slot's function by name; ``where`` is the key that asks for it.

        Raises
        ------
        InputError
            There is none of this name.
        """
        if (slot, name) not in self.functions:
            known = self.names(slot)
            raise _unknown(where, f"there is no {slot} {name}{nearest(name, known)}")
        return self.functions[slot, name]

    def procedure(self, rules: MitigationRules) -> Procedure:
        """Return the procedure of a rulebook: its profile, with the slots that it sets otherwise.

        Raises
        ------
        InputError
            There is no such profile, or a slot has no function of the name that is asked for.
        """
        if rules.profile not in self.profiles:
            message = (
                f"there is no procedure {rules.profile} (one of your own is registered first: "
                "import its module, or give the file with --plugin)"
                f"{nearest(rules.profile, sorted(self.profiles))}"
            )
            raise InputError.one("", None, "mitigation.profile", "unknown_profile", message)
        profile = self.profiles[rules.profile]
        found: dict[Slot, SlotFunction] = {}
        failures: list[Failure] = []
        for slot in SLOTS:
            name = str(getattr(rules.procedure, slot)) or profile.of(slot)
            try:
                found[slot] = self.find(slot, name, f"{_KEY}.{slot}")
            except InputError as error:
                failures += error.failures
        if failures:
            raise InputError(failures)
        return Procedure(rules.profile, **found)


_KEY: Final = "mitigation.procedure"


def _unknown(where: str, message: str) -> InputError:
    return InputError.one("", None, where, "unknown_slot", message)


def _same(one: Callable[..., Any], other: Callable[..., Any]) -> bool:
    """Whether two functions are the same, also where their file was loaded again."""
    if one is other:
        return True
    here = [(each.__module__, each.__qualname__) for each in (one, other)]
    return (
        here[0] == here[1]
        and SlotFunction("subject", "", one).origin() == SlotFunction("subject", "", other).origin()
    )
