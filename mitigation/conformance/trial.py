"""A random day under a rulebook: cleared, and mitigated as often as a check asks."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

import clearing
from cases.case import Case
from cases.errors import DataWarning
from cases.rulebook.book import RuleBook
from cases.run import Run
from mitigation.keys import KEY
from mitigation.mitigate import Mitigation, mitigate_offers

__all__ = ["Trial"]


@dataclass(frozen=True, eq=False)
class Trial:
    """A day, its reference levels and the rules that it is mitigated by.

    Attributes
    ----------
    name
        What a failure calls it.
    case, levels
        The day and the reference levels of its offers.
    rulebook
        The rules; the day is cleared by them too.
    commitment
        Choose who is on, or have every unit on.
    """

    name: str
    case: Case
    levels: pd.DataFrame
    rulebook: RuleBook
    commitment: bool = False

    @cached_property
    def run(self) -> Run:
        """The day as it was bid."""
        return self.cleared(self.case)

    @cached_property
    def mitigated(self) -> Mitigation:
        """The day after mitigation."""
        return self.mitigate(self.run)

    def cleared(self, case: Case) -> Run:
        """Clear a day by the trial's rules."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            return clearing.clear(case, rulebook=self.rulebook, commitment=self.commitment)

    def mitigate(
        self, run: Run, *, levels: pd.DataFrame | None = None, rulebook: RuleBook | None = None
    ) -> Mitigation:
        """Mitigate a run by the trial's rules and levels, or by others."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            return mitigate_offers(
                run, rulebook or self.rulebook, levels=self.levels if levels is None else levels
            )

    @property
    def decisions(self) -> pd.DataFrame:
        """Decisions of the mitigated day, by key."""
        return by_key(self.mitigated)


def by_key(made: Mitigation) -> pd.DataFrame:
    """Decisions sorted by unit, interval and component."""
    decisions: pd.DataFrame = made.tables["decisions"]
    return decisions.sort_values(KEY, ignore_index=True)
