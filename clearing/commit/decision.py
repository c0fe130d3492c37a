"""What a decided commitment is: its dispatch, its proof, and what the search says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cases import Proof
from clearing.commit.settled import Settled
from clearing.day.schedule import Commitment
from clearing.session.cleared import Cleared
from clearing.session.session import Session

__all__ = ["Decision"]


@dataclass(eq=False)
class Decision:
    """A commitment, its secured dispatch, and how far it can be from the best."""

    commitment: Commitment
    session: Session
    cleared: Cleared
    bound: float
    """With what the schedule exceeds at the rulebook's penalties, as in its objective."""
    gap: float
    status: str
    """optimal within the gap, or limit."""
    stopped_by: str = ""
    """What ended the search before the gap; see `cases.proof.Proof`."""
    events: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    times: dict[str, float] = field(default_factory=dict)
    rounds: int = 0
    settled: Settled | None = None
    """The program that decided it; None where there was nothing to decide."""

    @property
    def proof(self) -> Proof:
        """What is proven of the commitment."""
        gap, bound = (v if np.isfinite(v) else None for v in (self.gap, self.bound))
        return Proof("commitment", gap, bound, self.stopped_by)
