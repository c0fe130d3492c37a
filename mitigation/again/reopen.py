"""The one way to reopen a run: clear it again from its own case, rules and settings."""

from __future__ import annotations

from typing import Final

import clearing
from cases.errors import CheckFailed
from cases.proof import Proof
from cases.run import Run
from mitigation.again.engine import EngineModel
from mitigation.again.protocols import LiveModel

__all__ = ["gap_money", "live_model", "reopened"]

_SAME: Final = 1e-6


def reopened(run: Run) -> Run:
    """Give the run with a live model: a run that was read from a folder is cleared again.

    Raises
    ------
    CheckFailed
        The clearing does not find the objective of the run, within what the gaps of both leave
        open: the program has changed since.
    """
    again = clearing.reclear(run, run.case)
    left_open = _proven_gap(again) + _proven_gap(run)
    if abs(again.objective - run.objective) > left_open + _SAME * max(1.0, abs(run.objective)):
        raise CheckFailed(
            [
                f"clearing the run again gives the objective {again.objective:.6f}, not its own "
                f"{run.objective:.6f}: clear the case anew, then test or mitigate it"
            ]
        )
    return again


def live_model(run: Run, given: LiveModel | None = None) -> LiveModel | None:
    """Return the live model to ask: the given one, or else that of the run.

    A run that was read from its folder has none: it is cleared again, from its own case and rules;
    so is one whose model has gone on to another run, as reruns of mitigation do. None where the run
    does not say how it was cleared.
    """
    if given is not None:
        return given
    if isinstance(run.model, LiveModel):
        return run.model
    if run.model is not None and run.model.session.day is run.model.cleared.day:
        return EngineModel(run.model)
    return EngineModel(reopened(run).model) if "security" in run.settings else None


def gap_money(run: Run) -> float:
    """Money by which the objective of a run may lie above the best there is; 0 for an LP."""
    return Proof.of(run.stated).open_money(run.objective)


def _proven_gap(run: Run) -> float:
    """Money that the gap proven for a run leaves open."""
    return abs(run.objective) * max(0.0, Proof.of(run.stated).gap or 0.0)
