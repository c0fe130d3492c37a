"""The linear program whose duals are the prices, at its optimum: what explains them starts here."""

from __future__ import annotations

from dataclasses import dataclass

from clearing.day.day import Day
from clearing.limits.loss_rows import LossRows
from clearing.limits.network import NetworkLimits
from clearing.program.live import LiveProgram
from clearing.session.session import Session
from network.arrays import Positions

__all__ = ["Priced"]


@dataclass(frozen=True, eq=False)
class Priced:
    """A solved program and the rows that prices are made from."""

    live: LiveProgram
    network: NetworkLimits
    balance: Positions
    """Rows of the energy balance by interval and island, (T * I,)."""
    losses: LossRows | None

    @classmethod
    def of(cls, session: Session) -> Priced:
        """The dispatch of a session, where that makes the prices."""
        return cls(session.live, session.network, session.balance, session.losses)

    @property
    def day(self) -> Day:
        """The market day."""
        return self.network.day

    def apart(self) -> LiveProgram:
        """The program at the same basis in a solver of its own, free to be used up."""
        own = LiveProgram.holding(self.live.program(), self.live.rulebook)
        own.highs.passModel(self.live.highs.getLp())
        own.highs.setBasis(self.live.highs.getBasis())
        own.solve()
        return own
