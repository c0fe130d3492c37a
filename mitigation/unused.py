"""A mitigation key that the user gives and the chosen procedure does not read is an error.

In: the rulebook with the keys that the user gave, and what each profile reads. Out: nothing, or
an InputError with every such key, its file and line, and which profiles do read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from cases.errors import InputError
from cases.rulebook.book import RuleBook
from cases.rulebook.read_by import read_by
from cases.rulebook.unused import covers, unused_keys

__all__ = ["ALWAYS", "READ", "profiles_reading", "refuse_unused"]

ALWAYS: Final = (
    "mitigation.profile",
    "mitigation.reference",
    "mitigation.reference_at_or_below_zero",
    "mitigation.conduct",
    "mitigation.areas.*",
    "mitigation.near_miss",
    "mitigation.rerun",
)
"""What the chain itself reads, whatever the procedure: references, the conduct test, reruns."""

_PIVOTAL: Final = ("mitigation.structure.system", "mitigation.conduct")
_IMPACT: Final = ("mitigation.impact.price", "mitigation.impact.guarantee")
_RELIEF: Final = tuple(
    f"mitigation.structure.{name}"
    for name in (
        "tests",
        "base",
        "slack",
        "slack_bus",
        "relief_tolerance_mw",
        "shadow_price_min",
        "alike",
        "supply",
        "three_pivotal",
        "competitive_path",
        "two_step",
        "system",
    )
)
READ: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        ("default", "isone", "miso", "spp", "ieso"), (*_IMPACT, "mitigation.impact.mode", *_PIVOTAL)
    ),
    "nyiso": (*_IMPACT, *_PIVOTAL),
    "pjm": (*_RELIEF, "mitigation.pjm"),
    "caiso": (*_RELIEF, "mitigation.caiso"),
    "ercot": (*_RELIEF, "mitigation.ercot"),
    "guangdong": ("mitigation.monthly_auction",),
}
"""Keys and sections that each profile's procedure reads beside those that are always read."""


def refuse_unused(
    rulebook: RuleBook,
    before: RuleBook,
    *,
    read: Mapping[str, Iterable[str]] = READ,
) -> None:
    """Refuse mitigation keys that the user gave and that the rulebook's procedure does not read.

    Parameters
    ----------
    rulebook
        The rules of a mitigation; ``given`` tells which keys the user gave, and where.
    before
        The rules of the run that is mitigated. What is set for this very mitigation must count in
        it; a file, or what the day was cleared with, may have keys that other commands read.
    read
        Profile to the keys and sections that it reads; a profile that is not in it reads all.

    Raises
    ------
    InputError
        Every such key.
    """
    profile = rulebook.mitigation.profile
    if profile not in read:
        return
    here = (*ALWAYS, *read[profile])

    def told(key: str) -> str:
        return f"profile {profile} does not read it; {_readers(key, read)}"

    elsewhere = {
        key
        for key, given in rulebook.given.items()
        if read_by(key) and (given.file or key in before.given)
    }
    failures = unused_keys(rulebook, (*here, *elsewhere), told=told)
    if failures:
        raise InputError(failures)


def profiles_reading(key: str, read: Mapping[str, Iterable[str]] = READ) -> list[str]:
    """Name the profiles whose procedure reads a key, or a key below it."""
    return sorted(
        name
        for name, sections in read.items()
        if any(covers(section, key) or covers(key, section) for section in (*ALWAYS, *sections))
    )


def _readers(key: str, read: Mapping[str, Iterable[str]]) -> str:
    profiles = profiles_reading(key, read)
    if profiles:
        return f"{', '.join(profiles)} {'do' if len(profiles) > 1 else 'does'}"
    other = read_by(key)
    return f"it is read by {other}" if other else "no profile does"
