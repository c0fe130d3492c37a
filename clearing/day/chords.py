"""Quadratic losses replaced by chords: shapes of segments, and the losses that they give.

A branch that carries F MW loses ``r F^2 / base`` MW. Between points e_0 = 0 < e_1 < ... < e_n = 1
of its capacity C in the direction of flow, the parabola is replaced by its chords, whose slopes are

    s_j = r C / base * (e_(j-1) + e_j),   the first times `losses.first_chord`       (chord slopes)

the last segment having no end. Where energy is worth something at the receiving end, segments fill
in order by themselves, for their slopes rise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cases.rulebook.clearing import LossRules
from network.arrays import Floats, Positions

__all__ = ["Chords"]


@dataclass(frozen=True, eq=False)
class Chords:
    """Segments of some lines in one direction, S of them, sorted by line and number."""

    of: Positions
    """Position of the line of each segment, (S,)."""
    number: Positions
    """Number of the segment, from 0, (S,)."""
    width: Floats
    """MW, (S,); inf for the last one of a line."""
    slope: Floats
    """MW lost per MW, (S,)."""
    start: Floats
    """MW at which each begins, (S,)."""

    @classmethod
    def of_lines(
        cls, rules: LossRules, count: Positions, r: Floats, capacity: Floats, base: float
    ) -> Chords:
        """Segments of lines: so many each (0 = no losses), r per unit, capacity MW, (N,) each."""
        of, number, width, slope, start = [], [], [], [], []
        for n in np.unique(count[count > 0]).tolist():
            lines = np.flatnonzero(count == n)
            ends = np.array(_ends(rules, n))
            before = np.concatenate([[0.0], ends[:-1]])
            share = ends + before
            if n > 1:
                share[0] *= rules.first_chord
            size = capacity[lines]
            of.append(np.repeat(lines, n))
            number.append(np.tile(np.arange(n), len(lines)))
            wide = np.outer(size, ends - before)
            wide[:, -1] = np.inf
            width.append(wide.ravel())
            slope.append(np.outer(r[lines] * size / base, share).ravel())
            start.append(np.outer(size, before).ravel())
        none = [np.zeros(0)]
        line = np.concatenate([np.zeros(0, dtype=np.intp), *of]).astype(np.intp)
        order = np.argsort(line, kind="stable")
        return cls(
            line[order],
            np.concatenate([np.zeros(0, dtype=np.intp), *number]).astype(np.intp)[order],
            np.concatenate(none + width)[order],
            np.concatenate(none + slope)[order],
            np.concatenate(none + start)[order],
        )

    def __len__(self) -> int:
        return len(self.of)

    def losses(self, flow: Floats) -> Floats:
        """MW lost, (..., N), at flows in this direction (..., N), MW; none at flows below 0."""
        inside = np.clip(flow[..., self.of] - self.start, 0.0, self.width)
        lost = np.zeros_like(flow)
        np.add.at(lost.T, self.of, (inside * self.slope).T)
        return lost


def _ends(rules: LossRules, count: int) -> tuple[float, ...]:
    """Where segments end, as shares of the capacity."""
    for ends in rules.segment_ends:
        if len(ends) == count:
            return ends
    return tuple((k + 1.0) / count for k in range(count))
