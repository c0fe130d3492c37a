"""What every slot of a procedure works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from cases.rulebook.mitigation import MitigationRules
from cases.rulebook.structure import StructureRules
from cases.run import Run
from mitigation.again.rerun import Rerun
from mitigation.conduct import Areas
from mitigation.keys import KEY
from mitigation.structure.owners import Ownership, owners_of
from mitigation.structure.run import StructureTests, structure_tests

__all__ = ["AssessedRun"]


@dataclass(frozen=True, eq=False)
class AssessedRun:
    """A run whose offers have been measured against their reference levels.

    Attributes
    ----------
    run
        The run with offers as submitted.
    rules
        The ``mitigation`` section of the rulebook; ``rules.own`` holds a user's own keys.
    levels
        Reference levels, as the run table ``reference_levels``.
    failing
        Keys (unit, interval_start, component) that failed the conduct test and are to be judged;
        those that a manual override settles are not among them.
    forced
        Keys that a manual override has replaced, whatever the procedure says.
    areas
        Constrained areas of the day.
    rerun
        Clears the day again.
    kept
        Keys that a manual override, or the same rules before, have left as submitted.
    tests
        The run table ``tests_conduct``.
    owners
        Control over units instead of the case's, for what-ifs.
    """

    run: Run
    rules: MitigationRules
    levels: pd.DataFrame
    failing: pd.DataFrame
    forced: pd.DataFrame
    areas: Areas
    rerun: Rerun
    kept: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=KEY))
    tests: pd.DataFrame = field(default_factory=pd.DataFrame)
    owners: Ownership | None = None
    _structure: list[StructureTests] = field(default_factory=list, repr=False)

    @cached_property
    def owner_of(self) -> Mapping[str, str]:
        """Unit to its group of affiliates, the largest share where several hold it.

        Raises
        ------
        InputError
            Units without owner and the like.
        """
        shares = (self.owners or owners_of(self.run)).shares
        shares = shares.sort_values(["share", "owner"], ascending=[False, True])
        largest = shares.drop_duplicates("unit")
        stored = self.run.case.tables["storage"]
        return {
            **dict(zip(stored["storage"], stored["owner"], strict=True)),
            **dict(zip(largest["unit"], largest["owner"], strict=True)),
        }

    @property
    def structure(self) -> StructureTests | None:
        """The structural tests that a slot has made, if any."""
        return self._structure[-1] if self._structure else None

    def structure_tests(self, rules: StructureRules | None = None) -> StructureTests:
        """Make the structural tests, once for all slots that ask by the same rules.

        Parameters
        ----------
        rules
            Rules to use instead of the rulebook's ``mitigation.structure``.

        A run that was read from a folder is cleared again once, for the tests and the result.
        """
        rules = rules or self.rules.structure
        if self.structure is None or self.structure.rules != rules:
            self._structure.append(structure_tests(self.run, rules=rules, owners=self.owners))
        return self._structure[-1]
