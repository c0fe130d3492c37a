"""The lazy loop: solve, find what is violated, add it, solve again, until nothing is left.

Network rows enter first and ramps once few network rows are missing: a program of intervals that
do not yet depend on each other is far quicker to bring to its congested state. When rows pile up,
those that hold nothing back leave again, and those that are exceeded, whose price is their
penalty, are charged in the objective instead of being rows; each at most once, so the loop ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from clearing.limits.network import NetworkLimits
from clearing.limits.ramps import RampLimits
from clearing.program.live import LiveProgram, LpSolution
from clearing.program.rows import Keys, Kind, RowSet
from network.arrays import Floats

__all__ = ["Loop", "Progress", "Secured"]

Progress = Callable[[dict[str, Any]], None]

_RAMPS_AFTER = 50
"""Ramps join once fewer network rows than this are missing."""
_CROWD = 1000
"""Rows that are loaded before some leave."""
_TOUCHING_MW = 1e-7
"""MW below its limit at which a flow counts as meeting it."""
_CHARGED_MW = 1e-2
"""MW beyond its limit from which a row may be charged in the objective instead."""


@dataclass(frozen=True, eq=False)
class Secured:
    """A solution that keeps every limit, or pays for it."""

    solution: LpSolution
    flows: Floats
    """Base-case flows, (L, T)."""
    passes: int


@dataclass(eq=False)
class Loop:
    """What one clearing keeps between passes."""

    live: LiveProgram
    network: NetworkLimits
    ramps: RampLimits | None
    tolerance: float
    rows_per_pass: int
    progress: Progress | None = None
    screening_seconds: float = 0.0
    row_seconds: float = 0.0
    events: list[dict[str, Any]] = field(default_factory=list)
    """What each pass did, for the run's event log."""
    _left: set[int] = field(default_factory=set)
    _returned: set[int] = field(default_factory=set)

    def run(self) -> Secured:
        """Iterate until no limit is violated that the model does not hold."""
        begin, passes = time.perf_counter(), 0
        with_ramps = False
        while True:
            solution = self.live.solve()
            passes += 1
            start = time.perf_counter()
            flows = self.network.flows(solution.x)
            known = np.concatenate([self.live.soft.keys, self.live.charged.rows.keys])
            spared = self.live.spared(solution.x)
            found = self.network.violated(solution.x, flows, self.tolerance, known)
            missing = len(found)
            with_ramps = with_ramps or missing < _RAMPS_AFTER
            if with_ramps and self.ramps is not None and self.ramps.exist:
                output = self.ramps.output(solution.x)
                ramps = self.ramps.violated(output, self.tolerance, known)
                found = RowSet.joined([found, ramps])
            self.screening_seconds += time.perf_counter() - start
            self._report(passes, missing, len(found) - missing, time.perf_counter() - begin)
            if not len(found) and not len(self.live.charged):
                solution = self._with_touching(solution, flows, known)
                return Secured(solution, flows, passes)
            start = time.perf_counter()
            if len(found):
                self._make_room(solution.excess)
                self._returned.update(self.live.charged.rows.keys[spared].tolist())
                self.live.load(spared)
                self._add(found)
            else:
                self.live.load(np.arange(len(self.live.charged)))
            self.row_seconds += time.perf_counter() - start

    def _with_touching(self, solution: LpSolution, flows: Floats, known: Keys) -> LpSolution:
        """Load limits that are met exactly but were never broken: prices may hang on them."""
        touching = self.network.met(flows, -_TOUCHING_MW, known)
        if self.ramps is not None and self.ramps.exist:
            output = self.ramps.output(solution.x)
            at_ramp = self.ramps.violated(output, -_TOUCHING_MW, known)
            touching = RowSet.joined([touching, at_ramp])
        if not len(touching):
            return solution
        self._add(touching)
        return self.live.solve()

    def _add(self, found: RowSet) -> None:
        ramp = found.kind == Kind.RAMP
        network = found[~ramp]
        if len(network) > self.rows_per_pass:
            network = network[np.argsort(-network.excess, kind="stable")[: self.rows_per_pass]]
        if len(network):
            self.live.add(self.network.soft_rows(network))
        if ramp.any() and self.ramps is not None:
            self.live.add(self.ramps.soft_rows(found[ramp]))

    def _make_room(self, excess: Floats) -> None:
        """Where rows pile up, drop those that are idle and charge those that are exceeded."""
        live = self.live
        if len(live.soft) < _CROWD:
            return
        keys, network = live.soft.keys, live.soft.kind != Kind.RAMP
        left = np.fromiter(self._left, dtype=np.int64, count=len(self._left))
        idle = live.inactive() & network & ~np.isin(keys, left)
        self._left.update(keys[idle].tolist())
        returned = np.fromiter(self._returned, dtype=np.int64, count=len(self._returned))
        exceeded = (excess > _CHARGED_MW) & network & ~np.isin(keys, returned)
        exceeded &= live.penalty > 0.0
        live.drop(np.flatnonzero(idle))
        live.charge(np.flatnonzero(exceeded[~idle]))

    def _report(self, passes: int, network: int, ramps: int, seconds: float) -> None:
        done = {
            "pass": passes,
            "rows": len(self.live.soft),
            "violated": network,
            "ramps": ramps,
            "iterations": self.live.iterations,
        }
        self.events.append({"event": "pass", **done})
        if self.progress is not None:
            self.progress({"stage": "network", **done, "gap": None, "seconds": seconds})
