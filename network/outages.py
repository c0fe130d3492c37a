"""Which outages can overload which lines: the pairs that screening looks at, found in blocks.

All outages of one group take out the same number n of branches. For an outage c of branches M the
flows afterwards are ``F_l + sum_j factor_lcj * F_Mj`` (see `network.sensitivities`), so with caps
on the flows before the outage, a line l can exceed its limit only if

    sum_j |factor_lcj| * cap_Mj > limit_l - cap_l.

Only such pairs are kept; how many there are depends on the caps, never on the intervals.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from network.arrays import Flags, Floats, Positions
from network.diakoptics import tear
from network.factor import BLOCK, blocks
from network.sensitivities import is_degenerate

if TYPE_CHECKING:
    from network.grid import Grid

__all__ = ["OutageGroup", "Pairs"]

Index = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of a line and an outage with their factors, sorted by line, then outage."""

    line: Index
    """Position of the branch that is watched, (P,)."""
    outage: Index
    """Position of the outage in its group, (P,)."""
    factors: Floats
    """Outage factors, (P, n), in the order of the outage's branches."""

    def __len__(self) -> int:
        return len(self.line)

    @classmethod
    def none(cls, branches_out: int) -> Pairs:
        """No pairs of outages of so many branches."""
        empty = np.zeros(0, np.int32)
        return cls(empty, empty, np.zeros((0, branches_out)))

    @classmethod
    def merged(cls, parts: list[Pairs]) -> Pairs:
        """All pairs of `parts`, which must not overlap."""
        line = np.concatenate([part.line for part in parts])
        outage = np.concatenate([part.outage for part in parts])
        factors = np.concatenate([part.factors for part in parts])
        order = np.lexsort((outage, line))
        return cls(line[order], outage[order], factors[order])

    def select(self, keep: Flags | slice) -> Pairs:
        """Return the pairs marked in `keep`."""
        return Pairs(self.line[keep], self.outage[keep], self.factors[keep])


class OutageGroup:
    """Outages that each take out the same number of branches.

    Parameters
    ----------
    grid
        The grid before the outages.
    branches
        Positions of the branches of each outage, (C, n); none of them may island the grid.
    """

    def __init__(self, grid: Grid, branches: Positions) -> None:
        self.grid = grid
        self.branches = branches
        self.degenerate = np.zeros(len(branches), dtype=bool)
        """Outages after which susceptances cancel; they have no factors and are never paired."""
        self._inverse = np.full((*branches.shape, branches.shape[1]), np.nan)

    @property
    def size(self) -> int:
        """Number of branches that each outage takes out."""
        return int(self.branches.shape[1])

    def pairs_of_all(self, lines: Positions, margin: Floats, cap: Floats) -> Pairs:
        """Pairs of every outage of the group, as `pairs_by_outage` finds them.

        Single outages are found without solves, from the torn grid, where it can be trusted.
        """
        every = np.arange(len(self.branches))
        out = self.branches[:, 0]
        plain = self.size == 1 and len(np.unique(out)) == len(out)
        torn = tear(self.grid, _piece_size(len(self.grid.buses))) if plain else None
        if torn is None:
            return self.pairs_by_outage(every, lines, margin, cap)
        count = len(self.grid.branches)
        susceptance = self.grid.susceptance
        own = susceptance[out] * torn.own_transfer(count)[out]
        inverse = self._invert(every, (1.0 - own)[:, None, None])[:, 0, 0]

        apart = margin > 0.0
        margin_of, row_scale, column_scale = np.ones(count), np.zeros(count), np.zeros(count)
        margin_of[lines[apart]] = margin[apart]
        row_scale[lines[apart]] = susceptance[lines[apart]] / margin[apart]
        column_scale[out] = np.nan_to_num(cap[out] * inverse)
        outage_of = np.zeros(count, dtype=np.intp)
        outage_of[out] = every
        found = [self.pairs_by_line(lines[~apart], every, margin[~apart], cap)]
        for line, branch, value in torn.large_factors(row_scale, column_scale):
            factors = value * margin_of[line] / cap[branch]
            found.append(self._checked(line, outage_of[branch], factors[:, None]))
        return Pairs.merged(found)

    def pairs_by_outage(
        self, outages: Positions, lines: Positions, margin: Floats, cap: Floats
    ) -> Pairs:
        """Pairs of some outages with `lines` whose possible change exceeds `margin`.

        `margin` is in MW by line, (K,), `cap` in MW by branch, (L,). Costs n solves per outage.
        """
        grid, size = self.grid, self.size
        start, end = grid.from_bus[lines], grid.to_bus[lines]
        susceptance = grid.susceptance[lines]
        found: list[Pairs] = [Pairs.none(size)]
        for block in blocks(len(outages), max(1, BLOCK // size)):
            outage = outages[block]
            out = self.branches[outage]
            angles = self._angles_after(outage)
            change = np.take(angles, start, axis=-1)
            change -= np.take(angles, end, axis=-1)
            change *= susceptance  # (c, n, K): the factors
            reach = np.abs(change)
            reach *= cap[out][:, :, None]
            total = reach[:, 0] if size == 1 else reach.sum(axis=1)
            at, line = np.divmod(np.flatnonzero(total > margin), len(lines))
            found.append(self._checked(lines[line], outage[at], change[at, :, line]))
        return Pairs.merged(found)

    def pairs_by_line(
        self, lines: Positions, outages: Positions, margin: Floats, cap: Floats
    ) -> Pairs:
        """Find the same pairs as `pairs_by_outage` with one solve per line instead."""
        out = self.branches[outages]
        found: list[Pairs] = [Pairs.none(self.size)]
        for block in blocks(len(lines)):
            change = self.factors(lines[block], outages)
            total = np.einsum("kcj,cj->kc", np.abs(change), cap[out])
            line, at = np.nonzero(total > margin[block, None])
            found.append(self._checked(lines[block][line], outages[at], change[line, at]))
        return Pairs.merged(found)

    def factors(self, lines: Positions, outages: Positions) -> Floats:
        """Factors of every given line for every given outage, (K, C, n); one solve per line."""
        grid = self.grid
        angles = grid.factor.transfer_angles(grid.from_bus[lines], grid.to_bus[lines])
        out = self.branches[outages]
        # K is symmetric: what a transfer over m does to l follows from a transfer over l.
        change = angles[:, grid.from_bus[out]] - angles[:, grid.to_bus[out]]
        change *= grid.susceptance[lines][:, None, None]
        inverse = self._inverse[outages]
        if self.size == 1:
            change *= inverse[:, :, 0]
            return np.asarray(change)
        return np.asarray(np.einsum("kci,cij->kcj", change, inverse))

    def pair_factors(self, lines: Positions, outages: Positions) -> Floats:
        """Factors of each line for the outage beside it, (N, n), a line's own outage included."""
        factors = np.empty((len(lines), self.size))
        for line in np.unique(lines):
            rows = np.flatnonzero(lines == line)
            factors[rows] = self.factors(np.array([line]), outages[rows])[0]
        own = self.branches[outages] == lines[:, None]
        factors[own.any(axis=1)] = 0.0
        factors[own] = -1.0
        return factors

    def _checked(self, line: Positions, outage: Positions, factors: Floats) -> Pairs:
        """Pairs without those of a line with its own outage."""
        other = ~np.any(self.branches[outage] == line[:, None], axis=1)
        return Pairs(line[other].astype(np.int32), outage[other].astype(np.int32), factors[other])

    def _angles_after(self, outages: Positions) -> Floats:
        """Angles, (c, n, B), whose branch flows are the factors of each outage.

        Finds and keeps ``(I - H_M)^-1`` on the way; NaN for a degenerate outage, whose angles
        are then NaN and never exceed anything.
        """
        grid, size = self.grid, self.size
        out = self.branches[outages]
        flat = out.ravel()
        angles = grid.factor.transfer_angles(grid.from_bus[flat], grid.to_bus[flat])
        angles = angles.reshape(len(outages), size, -1)
        here = np.arange(len(outages))[:, None, None]
        transfer = np.arange(size)[None, None, :]
        start, end = grid.from_bus[out][:, :, None], grid.to_bus[out][:, :, None]
        # own[c, i, j]: flow on the i-th branch of c when the j-th carries a transfer.
        own = angles[here, transfer, start] - angles[here, transfer, end]
        own *= grid.susceptance[out][:, :, None]
        inverse = self._invert(outages, np.eye(size) - own)
        if size == 1:
            angles *= inverse
            return np.asarray(angles)
        return np.asarray(np.einsum("cib,cij->cjb", angles, inverse))

    def _invert(self, outages: Positions, remainder: Floats) -> Floats:
        """Invert and keep ``I - H_M`` of each outage, (c, n, n); NaN where it is degenerate."""
        dead = is_degenerate(remainder)
        self.degenerate[outages] = dead
        safe = np.where(dead[:, None, None], np.eye(self.size), remainder)
        inverse = np.linalg.inv(safe)
        inverse[dead] = np.nan
        self._inverse[outages] = inverse
        return inverse


def _piece_size(buses: int) -> int:
    """Buses per piece of a torn grid; measured from 2,000 to 70,000 buses, and flat around it."""
    return max(100, round(1.6 * math.sqrt(buses)))
