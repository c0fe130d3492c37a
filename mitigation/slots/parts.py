"""What the four slots of a procedure give, and what comes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from cases.run import Run
from mitigation.keys import AT, KEY
from network.arrays import Booleans

__all__ = [
    "DECIDED",
    "Applied",
    "Impact",
    "Outcome",
    "Replacement",
    "Subjects",
    "among",
    "no_details",
    "no_impact",
    "no_terms",
]

DECIDED: Final = [
    "scope",
    "subject",
    "at",
    "counterfactual",
    "with_offer",
    "with_reference",
    "difference",
    "limit",
    "result",
    "near",
    "gap_bound",
    "control_shift",
    "last_step",
    "rule_id",
    "note",
]
"""Columns of the row of ``tests_impact`` that decided a key; ``at`` is the interval of that row."""


def no_details() -> pd.DataFrame:
    """Give no row of details: KEY and columns of ``decisions``."""
    return pd.DataFrame(columns=KEY)


def no_terms() -> pd.DataFrame:
    """Give no row of terms: KEY, term, value, unit."""
    return pd.DataFrame(columns=[*KEY, "term", "value", "unit_of_value"])


def no_impact() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give no rows of ``tests_impact`` and no verdicts."""
    return (
        pd.DataFrame(columns=["scope", *DECIDED[1:]]),
        pd.DataFrame(columns=[*KEY, *DECIDED]),
    )


def among(keys: pd.DataFrame, others: pd.DataFrame) -> Booleans:
    """Tell which keys are among others, (n,)."""
    index = pd.MultiIndex.from_frame(keys[KEY])
    return np.asarray(index.isin(pd.MultiIndex.from_frame(others[KEY])), dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class Subjects:
    """Slot ``subject``: whose offers may be replaced.

    Attributes
    ----------
    keys
        Those of ``AssessedRun.failing`` that are subject to mitigation: KEY.
    places
        Where units were found to matter: unit, interval_start, role and any columns of
        ``decisions`` that were found of them there (constraint, rsi3, ...). A blank role is a
        unit that was found and is not subject. Left out, they are the cells of ``keys``.
    details
        What was found of each key: KEY and columns of ``decisions``, which hold where they are not
        blank (NaN), such as rule_id, note, constraint, rsi3.
    terms
        Numbers that led to it and have no column: KEY, term, value, unit_of_value.
    events
        What was done, in order: entries of ``events.jsonl``.
    notes
        What a reader must know; they become warnings of the run.
    """

    keys: pd.DataFrame
    places: pd.DataFrame | None = None
    details: pd.DataFrame = field(default_factory=no_details)
    terms: pd.DataFrame = field(default_factory=no_terms)
    events: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()

    def roles(self) -> pd.DataFrame:
        """Units and intervals that were found, with their role: ``places`` or cells of ``keys``."""
        if self.places is not None:
            return self.places
        cells = self.keys.loc[self.keys["interval_start"].notna(), AT].drop_duplicates()
        return cells.assign(role="above its limit").reset_index(drop=True)


@dataclass(frozen=True, eq=False)
class Replacement:
    """Slot ``replacement``: what each component is replaced by.

    Attributes
    ----------
    keys
        What would be replaced: KEY, and optionally ``bundle``: keys of the same unit and bundle are
        replaced together or not at all.
    levels
        The prices that take the place of the offers, as ``reference_levels``.
    whole
        Prices are those of the levels also where they are the higher ones: one schedule takes the
        place of another. Else a price becomes the lower of offer and level at the same MW.
    details, terms, events, notes
        As of :class:`Subjects`; details go before those of the subject.
    """

    keys: pd.DataFrame
    levels: pd.DataFrame
    whole: bool = False
    details: pd.DataFrame = field(default_factory=no_details)
    terms: pd.DataFrame = field(default_factory=no_terms)
    events: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Impact:
    """Slot ``impact``: which replacements moved something.

    Attributes
    ----------
    keys
        What is still to be replaced: KEY, among those of the replacement.
    rows
        Rows of ``tests_impact``, with ``near`` and ``area``.
    verdicts
        One row per key that was measured: the row of ``rows`` that decided (KEY, DECIDED).
    runs
        What was cleared for it: the keys that were replaced, and the run.
    result
        Name of the pass that makes the market result.
    events
        What was done, in order.
    """

    keys: pd.DataFrame
    rows: pd.DataFrame
    verdicts: pd.DataFrame
    runs: tuple[tuple[pd.DataFrame, Run], ...] = ()
    result: str = "final"
    events: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, eq=False)
class Applied:
    """Slot ``apply``: what follows.

    Attributes
    ----------
    run
        The run of the market result: the tested run itself where the market stands.
    mitigated
        Keys that count at their replacement from here on.
    details, terms, events, notes
        As of :class:`Subjects`; details go before those of the replacement.
    """

    run: Run
    mitigated: pd.DataFrame
    details: pd.DataFrame = field(default_factory=no_details)
    terms: pd.DataFrame = field(default_factory=no_terms)
    events: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a procedure came to.

    Attributes
    ----------
    final
        The run of the market result: the tested run itself where nothing is replaced.
    mitigated
        Keys (unit, interval_start, component) that count at their replacement.
    impact, verdicts
        As of :class:`Impact`.
    events
        What was done, in order: entries of ``events.jsonl``.
    details
        Frames of KEY and columns of ``decisions``, which hold where they are not blank; a later one
        goes before an earlier one.
    terms
        Numbers that led to decisions and have no column: KEY, term, value, unit_of_value.
    tables
        Further run tables, such as ``tests_structure``.
    notes
        What a reader must know; they become warnings of the run.
    whole
        Schedules were replaced as wholes, so that single prices may have risen.
    """

    final: Run
    mitigated: pd.DataFrame
    impact: pd.DataFrame
    verdicts: pd.DataFrame
    events: list[Mapping[str, Any]] = field(default_factory=list)
    details: tuple[pd.DataFrame, ...] = ()
    terms: pd.DataFrame = field(default_factory=no_terms)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    whole: bool = False
