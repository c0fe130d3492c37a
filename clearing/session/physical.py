"""Losses by chords that are those of the flow: where energy is worth nothing, segments are held.

Slopes rise from segment to segment, so a linear program fills them in order and one way only, as
long as energy is worth something at the receiving end. Where it is not, losing more than the flow
does costs nothing or earns. A line that does so is held in the segment in which its flow lies: the
segments before it full, those behind it and those of the other way empty, its own open at both
ends. Where the flow then lies elsewhere, it is held there, until every flow lies in its segment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cases import NoClearing
from clearing.day.chords import Chords
from clearing.formulation.links import link_chords
from clearing.formulation.market import Market
from clearing.program.live import LiveProgram, LpSolution
from network.arrays import Floats, Positions

__all__ = ["PhysicalLosses"]

_EXCESS_MW = 1e-5
_ROUNDS = 50
_SAME_MW = 1e-6


@dataclass(frozen=True, eq=False)
class _Lines:
    """Lines of one kind: their segments in both ways as columns, by interval."""

    kind: str
    names: list[str]
    chords: tuple[Chords, Chords]
    columns: tuple[Positions, Positions]
    """Columns of the segments, (T, S) each."""

    def sent(self, x: Floats) -> tuple[Floats, Floats]:
        """MW each way, (T, N) each."""
        both = []
        for chords, columns in zip(self.chords, self.columns, strict=True):
            mw = np.zeros((len(columns), len(self.names)))
            np.add.at(mw.T, chords.of, x[columns].T)
            both.append(mw)
        return both[0], both[1]

    def excess(self, x: Floats) -> Floats:
        """MW lost beyond what the flow loses, (T, N)."""
        flow = self.sent(x)[0] - self.sent(x)[1]
        lost = np.zeros_like(flow)
        for chords, columns in zip(self.chords, self.columns, strict=True):
            np.add.at(lost.T, chords.of, (x[columns] * chords.slope).T)
        forward, back = self.chords
        return lost - forward.losses(flow) - back.losses(-flow)


class PhysicalLosses:
    """Segments of branches and links in a live model, and which of them are held."""

    def __init__(self, live: LiveProgram) -> None:
        self._live = live
        self._lines = [lines for lines in _all(live.compiled.market, live) if len(lines.names)]
        self._held: dict[tuple[int, int, int], int] = {}
        """Segment of each held line by kind, interval and line; -1 - k stands for back."""

    def release(self) -> None:
        """Let all segments act again."""
        compiled = self._live.compiled
        for kind, t, line in self._held:
            for chords, columns in self._ways(kind):
                at = columns[t][chords.of == line]
                self._live.set_bounds(at, compiled.low[at], compiled.high[at])
        self._held = {}

    def _ways(self, kind: int) -> list[tuple[Chords, Positions]]:
        lines = self._lines[kind]
        return list(zip(lines.chords, lines.columns, strict=True))

    @property
    def held(self) -> list[str]:
        """Names of lines that are held somewhere."""
        found = {(self._lines[k].kind, self._lines[k].names[line]) for k, _, line in self._held}
        return [f"{kind} {name}" for kind, name in sorted(found)]

    def settled(self, solution: LpSolution, rounds: int) -> bool:
        """Whether all losses are those of the flows; where not, hold lines and say False.

        NoClearing where that goes on for ever.
        """
        moved = False
        for kind, lines in enumerate(self._lines):
            ahead, back = lines.sent(solution.x)
            flow = ahead - back
            for t, line in zip(*np.nonzero(lines.excess(solution.x) > _EXCESS_MW), strict=True):
                key = (kind, int(t), int(line))
                if key not in self._held:
                    moved |= self._hold(key, float(flow[t, line]))
            for key, segment in [item for item in self._held.items() if item[0][0] == kind]:
                if self._outside(key, segment, float(flow[key[1], key[2]])):
                    moved |= self._hold(key, float(flow[key[1], key[2]]))
        if moved and rounds >= _ROUNDS:
            raise NoClearing(
                "no clearing: losses by chords did not settle where energy is worth nothing",
                tuple(self.held[:10]),
                reason="solver_error",
            )
        return not moved

    def _outside(self, key: tuple[int, int, int], segment: int, flow: float) -> bool:
        """Whether a held flow has left its segment."""
        chords, _ = self._ways(key[0])[0 if segment >= 0 else 1]
        own = np.flatnonzero(chords.of == key[2])
        k = own[segment if segment >= 0 else -1 - segment]
        mw = flow if segment >= 0 else -flow
        low, high = chords.start[k], chords.start[k] + chords.width[k]
        return bool(mw < low - _SAME_MW or mw > high + _SAME_MW)

    def _hold(self, key: tuple[int, int, int], flow: float) -> bool:
        """Hold a line in the segment of its flow; False where that has no segment."""
        kind, t, line = key
        forward = flow >= 0.0 and bool((self._ways(kind)[0][0].of == line).any())
        for way, (chords, columns) in enumerate(self._ways(kind)):
            own = np.flatnonzero(chords.of == line)
            if not len(own):
                continue
            at = columns[t][own]
            if (way == 0) != forward:
                self._live.set_bounds(at, np.zeros(len(own)), np.zeros(len(own)))
                continue
            mw = abs(flow)
            segment = max(0, int(np.searchsorted(chords.start[own], mw, side="right")) - 1)
            number = np.arange(len(own))
            width = np.where(np.isfinite(chords.width[own]), chords.width[own], 0.0)
            full = np.where(number < segment, width, 0.0)
            low = np.where(number == segment, -np.inf, full)
            high = np.where(number == segment, np.inf, full)
            self._live.set_bounds(at, low, high)
            self._held[key] = segment if way == 0 else -1 - segment
        return True


def _all(market: Market, live: LiveProgram) -> list[_Lines]:
    day, found = market.day, []
    if market.nodal is not None:
        nodal = market.nodal
        columns = [live.compiled.column_of(at).reshape(day.intervals, -1) for at in nodal.segments]
        names = [str(name) for name in day.grid.branches]
        chords = (nodal.forward, nodal.back)
        found.append(_Lines("branch", names, chords, (columns[0], columns[1])))
        links = day.case.tables["links"]["link"].tolist()
        parts = []
        for name, own in zip(("link_segment", "link_back_segment"), link_chords(day), strict=True):
            family = market.families.get(name)
            at = np.zeros(0, dtype=np.intp) if family is None else family.at
            parts.append(live.compiled.column_of(at).reshape(day.intervals, len(own)))
        found.append(_Lines("link", links, link_chords(day), (parts[0], parts[1])))
    return found
