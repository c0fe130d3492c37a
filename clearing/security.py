"""The lazy loop: solve, find what is violated, add it, solve again, until nothing is left.

Network rows enter first and ramps once few network rows are missing: a program of intervals that
do not yet depend on each other is far quicker to bring to its congested state. When rows pile up,
those that hold nothing back leave again, each at most once, so the loop ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from clearing.limits import NetworkLimits
from clearing.live import LiveModel, LpSolution
from clearing.ramps import RampLimits
from clearing.rows import Kind, RowSet
from network.arrays import Floats, Positions

__all__ = ["Loop", "Progress", "Secured"]

Progress = Callable[[dict[str, Any]], None]

_RAMPS_AFTER = 50
"""Ramps join once fewer network rows than this are missing."""
_CROWD = 1000
"""Rows that are loaded before idle ones leave."""


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

    live: LiveModel
    network: NetworkLimits
    ramps: RampLimits
    tolerance: float
    rows_per_pass: int
    progress: Progress | None = None
    screening_seconds: float = 0.0
    row_seconds: float = 0.0
    events: list[dict[str, Any]] = field(default_factory=list)
    """What each pass did, for the run's event log."""
    _left: set[int] = field(default_factory=set)

    def run(self) -> Secured:
        """Iterate until no limit is violated that the model does not hold."""
        begin, passes = time.perf_counter(), 0
        with_ramps = False
        while True:
            solution = self.live.solve()
            passes += 1
            start = time.perf_counter()
            flows = self.network.flows(solution.x)
            known = self.live.soft.keys
            found = self.network.violated(flows, self.tolerance, known)
            missing = len(found)
            with_ramps = with_ramps or missing < _RAMPS_AFTER
            if with_ramps and self.ramps.exist:
                output = self.ramps.output(solution.x)
                ramps = self.ramps.violated(output, self.tolerance, known)
                found = RowSet.joined([found, ramps])
            self.screening_seconds += time.perf_counter() - start
            self._report(passes, missing, len(found) - missing, time.perf_counter() - begin)
            if not len(found):
                return Secured(solution, flows, passes)
            start = time.perf_counter()
            self._drop_idle()
            self._add(found)
            self.row_seconds += time.perf_counter() - start

    def _add(self, found: RowSet) -> None:
        ramp = found.kind == Kind.RAMP
        network = found[~ramp]
        if len(network) > self.rows_per_pass:
            network = network[np.argsort(-network.excess, kind="stable")[: self.rows_per_pass]]
        if len(network):
            self.live.add(self.network.soft_rows(network))
        if ramp.any():
            self.live.add(self.ramps.soft_rows(found[ramp]))

    def _drop_idle(self) -> None:
        if len(self.live.soft) < _CROWD:
            return
        keys = self.live.soft.keys
        idle = self.live.inactive() & (self.live.soft.kind != Kind.RAMP)
        chosen: Positions = np.flatnonzero(idle)
        fresh = np.array([k not in self._left for k in keys[chosen].tolist()], dtype=bool)
        chosen = chosen[fresh]
        self._left.update(keys[chosen].tolist())
        self.live.drop(chosen)

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
