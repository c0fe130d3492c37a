"""The live model of a run, and what its proof leaves open."""

from __future__ import annotations

from cases.proof import Proof
from cases.run import Run
from mitigation.again.engine import EngineModel
from mitigation.again.protocols import LiveModel

__all__ = ["gap_money", "live_model"]


def live_model(run: Run, given: LiveModel | None = None) -> LiveModel | None:
    """Return the live model to ask: the given one, or else that of the run.

    That of a run that was read from its folder is made from its own case and rules, once, and that
    of a run whose live solver has gone on to another run, as reruns of mitigation do, opens another
    one. None where the run does not say how it was cleared.

    Raises
    ------
    CheckFailed
        Clearing a run that was read does not find its objective: the program has changed since.
    """
    if given is not None:
        return given
    if isinstance(run.model, LiveModel):
        return run.model
    return None if run.model is None else EngineModel(run.model)


def gap_money(run: Run) -> float:
    """Money by which the objective of a run may lie above the best there is; 0 for an LP."""
    return Proof.of(run.stated).open_money(run.objective)
