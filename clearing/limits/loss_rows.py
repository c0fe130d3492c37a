"""Losses in a live model: tangents of the energy balance, and the iteration that finds them.

Where losses are convex (r >= 0) every tangent is a valid limit of the balance of an island:

    w_k' inj >= w_k' inj_k       at every state k that was looked at             (loss tangents)

What enters an island must at least cover the losses as linearized there. As long as energy is worth
something the dearest of them holds with equality, so the schedule meets the quadratic losses once
the last state is its own. Keeping the tangents of former states lets a schedule rest between them
(units whose prices differ by less than the loss factors move), where one tangent alone would make
it jump from side to side (cutting planes: Kelley 1960). Where energy is worth nothing or less, the
balance of the last state holds with equality instead, so that no energy vanishes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array, vstack

from cases import NoClearing
from clearing.limits.losses import Losses, Tangent
from clearing.limits.network import NetworkLimits
from clearing.program.live import LiveProgram, LpSolution
from clearing.program.program import Tangents
from clearing.program.rows import Kind, SoftRows
from network.arrays import Flags, Floats, Positions

__all__ = ["LossRows"]

_FREE = 1e-7
"""Price, money per MWh, up to which energy counts as worth nothing."""
_INVALID_MW = 1e-6
_SLACK_MW = 1e-2
"""MW above a tangent from which it is left out again."""
_SAME_FACTOR = 1e-7
"""Delivery factors that differ by less make the same prices."""
_FLIPS = 2
"""Times that an interval may go back from an equation to tangents."""


@dataclass(eq=False)
class LossRows:
    """The tangents of the balance that a live model holds, C of them."""

    losses: Losses
    live: LiveProgram
    network: NetworkLimits
    balance: Positions
    """Rows of the lossless energy balance, by interval and island, (T * I,)."""

    def __post_init__(self) -> None:
        """Start without tangents."""
        compiled = self.live.compiled
        self._intervals, self._buses = compiled.fixed_injection.shape
        self._islands = len(self.losses.grid.references)
        self._equal: Flags = np.zeros(self._intervals * self._islands, dtype=bool)
        self._flips = np.zeros(len(self._equal), dtype=np.intp)
        self._clear()
        self.home: Tangent | None = None
        """State that every solve starts from: the one that the first ended with, or that given."""
        self.iterations = 0
        self.residual = np.inf
        """MW by which the last schedule misses the quadratic losses, at most."""
        self.total = 0.0
        """MWh lost in all in the last schedule."""
        self.flows: Floats = np.zeros((len(self.losses.grid.branches), self._intervals))

    def _clear(self) -> None:
        self._matrix = csr_array((0, len(self.live.compiled.cost)))
        self._least = np.zeros(0)
        self._place: Positions = np.zeros(0, dtype=np.intp)
        self._weight = np.zeros((0, self._buses))
        self._newest: Flags = np.zeros(0, dtype=bool)

    def start_at(self, tangent: Tangent | None) -> None:
        """Let every solve start from a state of another model."""
        self.home = tangent

    def begin(self) -> None:
        """Start a solve from the state given, or from that which the first solve ended with."""
        self.iterations, self.residual = 0, np.inf
        self._equal[:] = False
        self._flips[:] = 0
        if self.home is not None:
            gone = len(self._least)
            self._clear()
            self._take(self.home, np.zeros(gone, dtype=bool))

    def advance(self, solution: LpSolution, flows: Floats) -> bool:
        """Linearize at a solution and the flows that its rows see; False where that is settled.

        Settled means that its quadratic losses are covered to the tolerance and that its flows with
        them are those that its rows saw.
        """
        rules = self.live.rulebook.losses
        injections = np.ascontiguousarray(self.live.compiled.injections(solution.x).T)
        real = self.losses.flows(injections)
        missed = self.losses.imbalance(injections, real)
        before = self.residual
        self.residual = max(float(np.abs(missed).max()), float(np.abs(real - flows).max(initial=0)))
        self.flows = real
        self.total = float(self.losses.on_branches(real).sum()) * self.network.day.hours
        worthless = self._worthless(solution)
        tangent = self.losses.tangent(real)
        settled = len(self._least) > 0 and self.residual <= rules.tolerance_mw
        settled = settled and not (worthless != self._equal).any()
        # Prices move with the square root of what is missed: go on while that still helps.
        if settled and (self._priced(solution, tangent) or self.residual > 0.5 * before):
            self.home = self.home or tangent
            return False
        if self.iterations >= rules.iterations:
            raise NoClearing(
                f"no clearing: the losses did not settle in {rules.iterations} iterations, "
                f"{self.residual:.6f} MW are left (losses.iterations, losses.tolerance_mw)",
                (),
                reason="solver_error",
            )
        self.iterations += 1
        self._equal = worthless
        self.add(tangent, solution.x)
        return True

    def _priced(self, solution: LpSolution, tangent: Tangent) -> bool:
        """Whether the delivery factors that made the prices are those of the solution's flows."""
        worth = np.zeros((len(self._equal), 1))
        np.add.at(worth, self._place, np.abs(solution.cut_dual)[:, None])
        used = np.zeros((len(self._equal), self._buses))
        np.add.at(used, self._place, np.abs(solution.cut_dual)[:, None] * self._weight)
        real = np.repeat(tangent.weight.T, self._islands, axis=0)
        inside = (used != 0.0) & (worth > 0.0)
        gap = np.abs(used / np.where(worth > 0.0, worth, 1.0) - real)
        return bool(gap[inside].max(initial=0.0) <= _SAME_FACTOR)

    def _worthless(self, solution: LpSolution) -> Flags:
        """Where the balance must be an equation: energy is worth nothing or less, (T * I,)."""
        if not len(self._least):
            worth = solution.row_dual[self.balance]
        else:
            worth = np.zeros(len(self._equal))
            np.add.at(worth, self._place, solution.cut_dual)
        worthless: Flags = worth / self.network.day.hours <= _FREE
        back = self._equal & ~worthless
        self._flips[back] += 1
        worthless[back & (self._flips > _FLIPS)] = True
        return worthless

    def add(self, tangent: Tangent, x: Floats) -> None:
        """Take one more state in; leave out tangents that a solution (n,) is far above."""
        exact = tangent.injections.T
        above = self._matrix @ x - self._least
        fixed = self.live.compiled.fixed_injection
        when = self._place // self._islands
        there = ((exact - fixed)[when] * self._weight).sum(axis=1)
        keep = (above < _SLACK_MW) & (there >= self._least - _INVALID_MW)
        keep &= ~self._equal[self._place]
        self._take(tangent, keep)

    def learn(self, other: LossRows, x: Floats | None) -> bool:
        """Take in the state that another model ended with; whether x (n, ...) falls short there."""
        self._equal = other._equal.copy()
        self._take(self.losses.tangent(other.flows), ~self._equal[self._place])
        if x is None:
            return False
        short = self._least - self._matrix @ x[: len(self.live.compiled.cost)]
        return bool(short.max() > _SLACK_MW)

    def _take(self, tangent: Tangent, keep: Flags) -> None:
        """Load the tangents to keep and those of a new state, and all rows of the grid anew."""
        compiled, islands = self.live.compiled, self.losses.grid.islands
        t, b = np.divmod(np.arange(self._intervals * self._buses), self._buses)
        weight = tangent.weight.T
        place = t * self._islands + islands[b]
        shape = (len(self._equal), len(t))
        rows = csr_array((weight.ravel(), (place, np.arange(len(t)))), shape=shape)
        least = np.zeros(len(self._equal))
        moved = weight * (tangent.injections.T - compiled.fixed_injection)
        np.add.at(least, place, moved.ravel())
        matrix = csr_array(rows @ compiled.injection)
        count = len(self._equal)
        every = np.arange(count)
        inside = np.zeros((count, self._buses))
        inside[place, b] = weight[t, b]
        kept = np.flatnonzero(keep) if len(self._least) else np.zeros(0, dtype=np.intp)
        if len(self._least):
            self._matrix = csr_array(vstack([self._matrix[kept], matrix], format="csr"))
        else:
            self._matrix = matrix
        self._least = np.concatenate([self._least[kept], least])
        self._place = np.concatenate([self._place[kept], every]).astype(np.intp)
        self._weight = np.concatenate([self._weight[kept], inside])
        most = np.full(len(self._least), np.inf)
        newest = np.arange(len(self._least)) >= len(kept)
        held = newest & self._equal[self._place]
        most[held] = self._least[held]
        self.network.linearize(tangent)
        self.live.relinearize(
            Tangents(self._matrix, self._least, most, self._place, self.balance),
            np.concatenate([kept, np.full(count, -1, dtype=np.intp)]),
            self._soft_rows(),
        )

    def _soft_rows(self) -> SoftRows:
        """Write the rows of the grid that are loaded anew, at the penalties of now."""
        loaded = self.live.loaded
        ramp = loaded.rows.kind == Kind.RAMP
        network = np.flatnonzero(~ramp)
        if not len(network):
            return loaded
        new = self.network.soft_rows(loaded.rows[network])
        order = np.concatenate([np.flatnonzero(ramp), network])
        rows = csr_array(vstack([loaded.coefficients[np.flatnonzero(ramp)], new.coefficients]))
        limit = loaded.limit.copy()
        limit[network] = new.limit
        coefficients = csr_array(rows[np.argsort(order)])
        return SoftRows(loaded.rows, coefficients, limit, loaded.penalty)

    def energy(self, solution: LpSolution) -> Floats:
        """What the balance is worth at every bus, money per MWh, (T, B)."""
        worth = np.zeros((self._intervals, self._buses))
        np.add.at(worth, self._place // self._islands, solution.cut_dual[:, None] * self._weight)
        return worth / self.network.day.hours

    @property
    def factors(self) -> tuple[Positions, Floats]:
        """Interval of each tangent, (C,), and its delivery factors, (C, B)."""
        return self._place // self._islands, self._weight

    @property
    def report(self) -> dict[str, Any]:
        """What the manifest says."""
        return {
            "method": "marginal",
            "mwh": self.total,
            "iterations": self.iterations,
            "residual_mw": self.residual,
        }
