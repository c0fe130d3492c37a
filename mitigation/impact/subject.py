"""Procedures: the order of the tests that a market's design prescribes, registered by name.

A procedure takes a :class:`Subject` (a run whose offers have been tested against their reference
levels) and gives an :class:`Outcome`: what is replaced, the impact that was measured, the final
run. A market is a profile: a rulebook file whose ``mitigation.profile`` names a procedure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import pandas as pd

from cases.errors import InputError
from cases.rulebook.mitigation import MitigationRules
from cases.run import Run
from mitigation.again.rerun import Rerun
from mitigation.conduct import Areas
from mitigation.keys import KEY

__all__ = ["Outcome", "Procedure", "Subject", "procedure", "procedures", "registered"]


@dataclass(frozen=True, eq=False)
class Subject:
    """What a procedure works on.

    Attributes
    ----------
    run
        The run with offers as submitted.
    rules
        The ``mitigation`` section of the rulebook.
    levels
        Reference levels, as the run table ``reference_levels``.
    failing
        Keys (unit, interval_start, component) that failed the conduct test and whose impact is to
        be measured; those that a manual override settles are not among them.
    forced
        Keys that a manual override has replaced whatever the impact.
    areas
        Constrained areas of the day.
    owner_of
        Unit to its group of affiliates.
    rerun
        Clears the day again.
    kept
        Keys that a manual override, or the same rules before, have left as submitted.
    tests
        The run table ``tests_conduct``.
    """

    run: Run
    rules: MitigationRules
    levels: pd.DataFrame
    failing: pd.DataFrame
    forced: pd.DataFrame
    areas: Areas
    owner_of: Mapping[str, str]
    rerun: Rerun
    kept: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=KEY))
    tests: pd.DataFrame = field(default_factory=pd.DataFrame)

    @cached_property
    def candidates(self) -> pd.DataFrame:
        """All keys that may be replaced in the end."""
        both = pd.concat([self.failing[KEY], self.forced[KEY]], ignore_index=True)
        return both.drop_duplicates(ignore_index=True)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a procedure found.

    Attributes
    ----------
    final
        The run of the market result: the tested run itself where nothing is replaced.
    mitigated
        Keys (unit, interval_start, component) that are at their reference in it.
    impact
        Rows of ``tests_impact``, with ``near`` and ``area``.
    verdicts
        One row per key of ``failing``: the row of ``impact`` that decided (KEY, scope, subject,
        counterfactual, with_offer, with_reference, difference, limit, result, near, gap_bound,
        rule_id, note).
    events
        What was done, in order: entries of ``events.jsonl``.
    said
        What the procedure itself says of a key: KEY and columns of ``decisions``, which hold where
        they are not blank (NaN), such as rule_id, note, offer_used, or what was tested.
    tables
        Further run tables that it made, such as ``tests_structure``.
    notes
        What a reader must know; they become warnings of the run.
    """

    final: Run
    mitigated: pd.DataFrame
    impact: pd.DataFrame
    verdicts: pd.DataFrame
    events: list[dict[str, Any]] = field(default_factory=list)
    said: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=KEY))
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


Procedure = Callable[[Subject], Outcome]

_KNOWN: Final[dict[str, Procedure]] = {}


def registered(*names: str) -> Callable[[Procedure], Procedure]:
    """Register a procedure under the names of ``mitigation.profile`` that it serves."""

    def register(made: Procedure) -> Procedure:
        for name in names:
            if name in _KNOWN:
                raise ValueError(f"there is a procedure {name} already")
            _KNOWN[name] = made
        return made

    return register


def procedures() -> list[str]:
    """Names of all procedures."""
    _load()
    return sorted(_KNOWN)


def procedure(name: str) -> Procedure:
    """Return the procedure of a profile.

    Raises
    ------
    InputError
        There is none of this name; the message lists those there are.
    """
    _load()
    if name not in _KNOWN:
        message = (
            f"there is no procedure {name} in this version; known: {', '.join(sorted(_KNOWN))}"
        )
        raise InputError.one("", None, "mitigation.profile", "unknown_profile", message)
    return _KNOWN[name]


def _load() -> None:
    """Import the modules whose procedures register themselves."""
    import mitigation.impact.measure
    import mitigation.procedures
    import mitigation.procedures.guangdong
    import mitigation.procedures.nyiso  # noqa: F401
