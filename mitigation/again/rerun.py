"""Clearing a run's day again with other offers: commitment held, or chosen anew."""

from __future__ import annotations

from typing import Protocol

import clearing
from cases.case import Case
from cases.errors import CheckFailed
from cases.run import Run
from mitigation.again.reopen import reopened

__all__ = ["EngineRerun", "Rerun"]


class Rerun(Protocol):
    """Clears the day of a run again with the offers of another case."""

    def held(self, case: Case, *, check: bool = True) -> Run:
        """Clear with the run's commitment; only offers may differ.

        Without ``check`` the validator is left out, for a run that is only compared.
        """
        ...

    def checked(self, run: Run) -> Run:
        """Validate a run that was made without, before it becomes the market result."""
        ...

    def reoptimized(self, case: Case) -> Run:
        """Clear with the commitment chosen anew; offers and unit parameters may differ."""
        ...


class EngineRerun:
    """Reruns on the live model of a run; one that was read from a folder is cleared again once."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._live: Run | None = run if run.model is not None else None

    def held(self, case: Case, *, check: bool = True) -> Run:
        """Clear again with prices of offers changed in place; raises as :meth:`live`."""
        return clearing.reclear(self.live(), case, check=check)

    def live(self) -> Run:
        """Return the run with its live model; one that was read is cleared again, once.

        Raises
        ------
        CheckFailed
            The run was read from a folder and clearing it again gives another objective.
        """
        if self._live is None:
            self._live = reopened(self._run)
        return self._live

    def checked(self, run: Run) -> Run:
        """Validate a run.

        Raises
        ------
        CheckFailed
            It fails some of its own checks.
        """
        found = clearing.validate(run)
        if len(found):
            first = found.iloc[0]
            raise CheckFailed(
                [
                    f"the market result fails {len(found)} of its own checks, first "
                    f"{first['check']} {first['subject']} at {first['interval_start']}"
                ]
            )
        return run

    def reoptimized(self, case: Case) -> Run:
        """Clear anew, from the run's commitment as first schedule, by its own rules and settings.

        A run without commitment has none to choose: its market is built anew.
        """
        if self._run.settings.get("commitment"):
            return clearing.recommit(self._run, case, extend=clearing.extension_of(self._run))
        return clearing.clear(
            case,
            rulebook=self._run.rulebook,
            commitment=False,
            security=self._run.settings["security"],
            extend=clearing.extension_of(self._run),
        )
