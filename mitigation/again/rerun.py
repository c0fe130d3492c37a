"""Clearing a run's day again with other offers: commitment held, over few units, or anew."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import clearing
from cases.case import Case
from cases.errors import CheckFailed
from cases.run import Run
from clearing import LocalPair, LocalRerun

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

    def paired(self, case: Case, replaced: Collection[str]) -> LocalPair | None:
        """Clear as submitted and with the case's offers over the same few free units.

        None where not even the first set of them closes; see
        :meth:`clearing.local.LocalRerun.pair`.
        """
        ...

    def local(self, case: Case, free: Collection[str]) -> Run | None:
        """Clear with the commitment of some units chosen anew; None where it does not close."""
        ...


class EngineRerun:
    """Reruns on the live model of a run; that of a run that was read is made once."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._local: LocalRerun | None = None

    def held(self, case: Case, *, check: bool = True) -> Run:
        """Clear again with prices of offers changed in place.

        Raises
        ------
        CheckFailed
            The run was read from a folder and clearing it again gives another objective.
        """
        if self._run.model is not None:
            self._run.model.open()
        return clearing.reclear(self._run, case, check=check)

    def paired(self, case: Case, replaced: Collection[str]) -> LocalPair | None:
        """Clear as submitted and with other offers over the same few free units."""
        return self._few().pair(case, replaced)

    def local(self, case: Case, free: Collection[str]) -> Run | None:
        """Clear with the commitment of some units chosen anew."""
        return self._few().over(case, free)

    def _few(self) -> LocalRerun:
        if self._run.model is not None:
            self._run.model.open()
        if self._local is None:
            self._local = clearing.local_rerun(self._run)
        return self._local

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
