"""The flow before reserve is shared: the segment of its losses, moved until the flow lies in it."""

from __future__ import annotations

import numpy as np

from cases import NoClearing
from clearing.formulation.sharing import Sharing
from clearing.program.live import LiveProgram, LpSolution

__all__ = ["SharedFlow"]

_MOVES = 20
_SAME_MW = 1e-6


class SharedFlow:
    """Shared reserve in a live model."""

    def __init__(self, live: LiveProgram, sharing: Sharing) -> None:
        self._live, self._sharing = live, sharing
        self._columns = live.compiled.column_of(sharing.before)
        self._moved = 0

    def begin(self) -> None:
        """Start to count anew."""
        self._moved = 0

    def flow(self, solution: LpSolution) -> float:
        """Flow of the links before reserve, MW."""
        return float(solution.x[self._columns].sum())

    @property
    def segment(self) -> int:
        """Segment in which the flow is held."""
        high = self._live.high[self._columns]
        return int(np.flatnonzero(np.isinf(high))[0])

    def settled(self, solution: LpSolution) -> bool:
        """Whether the flow lies in its segment; where not, hold it in the one where it lies.

        NoClearing where that goes on for ever.
        """
        curve, now, flow = self._sharing.curve, self.segment, self.flow(solution)
        if curve.start[now] - _SAME_MW <= flow <= curve.start[now] + curve.width[now] + _SAME_MW:
            return True
        if self._moved >= _MOVES:
            raise NoClearing(
                "no clearing: the flow before reserve is shared lies in no segment of its losses "
                f"({flow:.3f} MW)",
                (),
                reason="solver_error",
            )
        self._moved += 1
        low, high = self._sharing.bounds(max(0, self._sharing.segment_of(flow)))
        self._live.set_bounds(self._columns, low, high)
        return False
