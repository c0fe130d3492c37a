"""A mitigation key that the user gives and the chosen procedure does not read is an error.

In: the rulebook with the keys that the user gave, and the keys that the slots of its procedure say
they read. Out: nothing, or an InputError with every such key, its file and line, and which profiles
do read it.
"""

from __future__ import annotations

from cases.errors import InputError
from cases.rulebook.book import RuleBook, rulebook_names
from cases.rulebook.mitigation import MitigationRules
from cases.rulebook.procedures import ProcedureRules
from cases.rulebook.read_by import read_by
from cases.rulebook.unused import covers, unused_keys
from mitigation.procedures.shipped import CHAIN, REGISTRY, keys_read

__all__ = ["profiles_reading", "refuse_unused", "refuse_unused_by_tests"]


def refuse_unused(rulebook: RuleBook, before: RuleBook) -> None:
    """Refuse mitigation keys that the user gave and that the rulebook's procedure does not read.

    Parameters
    ----------
    rulebook
        The rules of a mitigation; ``given`` tells which keys the user gave, and where.
    before
        The rules of the run that is mitigated. What is set for this very mitigation must count in
        it; a file, or what the day was cleared with, may have keys that other commands read.

    Raises
    ------
    InputError
        Every such key; as :func:`mitigation.keys_read`.
    """
    rules = rulebook.mitigation
    elsewhere = {
        key
        for key, given in rulebook.given.items()
        if read_by(key) and (given.file or key in before.given)
    }

    def told(key: str) -> str:
        return f"{_named(rules)} does not read it; {_readers(key, rules)}"

    failures = unused_keys(rulebook, (*keys_read(rules), *elsewhere), told=told)
    if failures:
        raise InputError(failures)


def refuse_unused_by_tests(rulebook: RuleBook, before: RuleBook) -> None:
    """Refuse mitigation keys set for structural tests alone that these do not read.

    Raises
    ------
    InputError
        Every key that is set here and not below ``mitigation.structure``.
    """
    standing = {key for key, given in rulebook.given.items() if given.file or key in before.given}
    failures = unused_keys(
        rulebook,
        ("mitigation.structure", *standing),
        told=lambda key: "structural tests read keys below mitigation.structure and not this one",
    )
    if failures:
        raise InputError(failures)


def profiles_reading(key: str, rules: MitigationRules | None = None) -> list[str]:
    """Name the profiles that read a key, or a key below it; ["all"] where all of them do.

    A shipped profile is asked by its own rulebook, another one by ``rules``.
    """
    if any(covers(section, key) for section in CHAIN):
        return ["all"]
    found = []
    for name in sorted(REGISTRY.profiles):
        shipped = name in rulebook_names()
        own = RuleBook.load(name).mitigation if shipped or rules is None else rules
        own = own.model_copy(update={"profile": name, "procedure": ProcedureRules()})
        if any(covers(section, key) or covers(key, section) for section in keys_read(own)):
            found.append(name)
    return found


def _named(rules: MitigationRules) -> str:
    changed = ", ".join(f"{slot} {name}" for slot, name in rules.procedure if name)
    return f"profile {rules.profile}" + (f" with {changed}" if changed else "")


def _readers(key: str, rules: MitigationRules) -> str:
    profiles = profiles_reading(key, rules)
    if profiles:
        return f"{', '.join(profiles)} {'do' if len(profiles) > 1 else 'does'}"
    other = read_by(key)
    return f"it is for {other}" if other else "no profile does"
