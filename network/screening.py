"""Screening of flows after outages against emergency ratings, in blocks, missing nothing.

Three filters, each exact: pairs that can never bind under the caps (`network.outages`), found
once; pairs that cannot bind in any interval of this pass, by the largest flows of the pass; and
the flows themselves, for what is left. Caps hold while flows obey ratings; where soft limits let
flows past them, or a branch has no rating, the pairs are widened before anything is concluded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cases.errors import Failure, InputError
from network.arrays import Floats, Positions
from network.contingencies import Contingency
from network.errors import IslandingOutage
from network.outages import OutageGroup, Pairs
from network.violations import Hits, Violations, collect, worst_hits

if TYPE_CHECKING:
    from network.grid import Grid

__all__ = ["ContingencyScreen"]

_PAIRS_AT_ONCE = 1 << 18
_ENTRIES_AT_ONCE = 1 << 20
# Above this share of changed lines and outages, finding all pairs anew costs less than solves.
_FEW = 0.2
# Until it carries more, a watched line is taken to stay this far below its emergency rating.
_HEADROOM = 1.05
_OVERSHOOT = 1.02
_AT_LIMIT_MW = 1e-3


@dataclass(eq=False)
class _Part:
    """Contingencies that take out the same number of branches, and their pairs so far."""

    group: OutageGroup
    members: Positions
    pairs: Pairs


class ContingencyScreen:
    """Finds the violations after any of the contingencies, for many intervals at once.

    Parameters
    ----------
    grid
        The grid before the outages.
    contingencies
        Outages of one or several branches that do not island the grid.
    rating, emergency
        Limits in MW before and after an outage, (L,), inf = none; by default the grid's.

    Raises
    ------
    IslandingOutage
        For contingencies that split the grid.
    InputError
        For contingencies that take units out: their clearing is not part of this screen.
    """

    def __init__(
        self,
        grid: Grid,
        contingencies: Iterable[Contingency],
        rating: Floats | None = None,
        emergency: Floats | None = None,
    ) -> None:
        self.grid = grid
        self.contingencies: tuple[Contingency, ...] = tuple(contingencies)
        _refuse(grid, self.contingencies)
        self._rating = grid.rating if rating is None else np.asarray(rating, float)
        self._emergency = (
            grid.emergency_rating if emergency is None else np.asarray(emergency, float)
        )
        self._watched: Positions = np.flatnonzero(np.isfinite(self._emergency) & grid.in_service)
        # Caps on flows before the outage: of a line that is watched, of a branch that goes out.
        self._line_cap = np.minimum(self._rating, self._emergency / _HEADROOM)
        self._outage_cap = np.where(np.isfinite(self._rating), self._rating, 0.0)
        sizes = np.array([len(c.branches) for c in self.contingencies], dtype=np.intp)
        self._parts: list[_Part] = []
        for size in np.unique(sizes).tolist():
            members = np.flatnonzero(sizes == size)
            out = np.array([self.contingencies[m].branches for m in members], dtype=np.intp)
            group = OutageGroup(grid, out)
            pairs = group.pairs_of_all(self._watched, self._margin(), self._outage_cap)
            self._parts.append(_Part(group, members, pairs))

    @property
    def pairs(self) -> int:
        """Number of pairs of line and contingency that can bind under the present caps."""
        return sum(len(part.pairs) for part in self._parts)

    @property
    def degenerate(self) -> tuple[Contingency, ...]:
        """Contingencies after which negative susceptances cancel: they cannot be screened."""
        return tuple(
            self.contingencies[m]
            for part in self._parts
            for m in part.members[part.group.degenerate].tolist()
        )

    def violations(self, base_flows: Floats, tolerance: float, worst: int = 2) -> Violations:
        """Find flows beyond the emergency rating by more than `tolerance` MW after an outage.

        Parameters
        ----------
        base_flows
            Flows in MW before any outage, (L, T) or (L,), phase shifts included.
        tolerance
            Excess in MW that counts as none, >= 0.
        worst
            How many contingencies to return for each line and interval, the worst ones.
        """
        flows = np.asarray(base_flows, dtype=float).reshape(len(self.grid.branches), -1)
        peak = np.abs(flows).max(axis=1, initial=0.0)
        if not np.all(np.isfinite(peak)):
            raise InputError.one("", None, "base_flows", "finite", "flows must be finite numbers")
        self._widen(peak)
        limit = self._emergency + tolerance
        rows_at_once = max(1, _ENTRIES_AT_ONCE // max(1, flows.shape[1]))
        hits: list[Hits] = []
        for part in self._parts:
            for start in range(0, len(part.pairs), _PAIRS_AT_ONCE):
                pairs = part.pairs.select(slice(start, start + _PAIRS_AT_ONCE))
                out = part.group.branches[pairs.outage]
                reach = peak[pairs.line] + np.sum(np.abs(pairs.factors) * peak[out], axis=1)
                alive = np.flatnonzero(reach > limit[pairs.line])
                for first in range(0, len(alive), rows_at_once):
                    some = alive[first : first + rows_at_once]
                    hits.append(
                        worst_hits(
                            flows,
                            pairs.line[some].astype(np.intp),
                            out[some],
                            pairs.factors[some],
                            part.members[pairs.outage[some]],
                            self._emergency,
                            tolerance,
                            worst,
                        )
                    )
        return collect(hits, self._emergency, worst, self._widest)

    def pair_lodf(
        self, lines: Sequence[int] | Positions, contingencies: Sequence[int] | Positions
    ) -> Floats:
        """Outage factors of pairs, (N, n), in the order of each contingency's branches, then 0.

        `contingencies` are positions in `self.contingencies`. Costs one solve per different line.
        `Violations.factors` holds the same for what was found.
        """
        line, contingency = np.asarray(lines, np.intp), np.asarray(contingencies, np.intp)
        factors = np.zeros((len(line), self._widest))
        for part in self._parts:
            rows = np.flatnonzero(np.isin(contingency, part.members))
            outage = np.searchsorted(part.members, contingency[rows])
            factors[rows, : part.group.size] = part.group.pair_factors(line[rows], outage)
        return factors

    @property
    def _widest(self) -> int:
        return max((part.group.size for part in self._parts), default=1)

    def _margin(self) -> Floats:
        """MW between the cap of each watched line and its emergency rating."""
        return np.asarray(self._emergency[self._watched] - self._line_cap[self._watched])

    def _widen(self, peak: Floats) -> None:
        """Raise the caps that the largest flows exceed, and find the pairs that this adds."""
        over = np.zeros(len(peak), dtype=bool)
        over[self._watched] = (peak > self._line_cap)[self._watched]
        grown = peak > self._outage_cap
        raised = _raised(peak, self._rating)
        self._line_cap[over] = raised[over]
        self._outage_cap[grown] = np.where(np.isfinite(self._rating), raised, 2.0 * peak)[grown]
        lines = np.flatnonzero(over)
        margin = self._emergency[lines] - self._line_cap[lines]
        for part in self._parts:
            usable = ~part.group.degenerate
            touched = usable & grown[part.group.branches].any(axis=1)
            solves = len(lines) + np.count_nonzero(touched)
            if not solves:
                continue
            if solves > _FEW * len(touched):
                part.pairs = part.group.pairs_of_all(
                    self._watched, self._margin(), self._outage_cap
                )
                continue
            kept = part.pairs.select(~over[part.pairs.line] & ~touched[part.pairs.outage])
            by_outage = part.group.pairs_by_outage(
                np.flatnonzero(touched), self._watched, self._margin(), self._outage_cap
            )
            by_line = part.group.pairs_by_line(
                lines, np.flatnonzero(usable & ~touched), margin, self._outage_cap
            )
            part.pairs = Pairs.merged([kept, by_outage, by_line])


def _raised(peak: Floats, rating: Floats) -> Floats:
    """Choose a cap above `peak`: halfway to the rating, at it, or beyond where it is passed."""
    within = np.isfinite(rating) & (peak <= rating + _AT_LIMIT_MW)
    halfway = 0.5 * (peak + np.where(within, rating, peak))
    below = np.where(peak < 0.999 * rating, halfway, rating + _AT_LIMIT_MW)
    return np.where(within, below, _OVERSHOOT * peak)


def _refuse(grid: Grid, contingencies: Sequence[Contingency]) -> None:
    units = [c.name for c in contingencies if c.units]
    if units:
        raise InputError(
            Failure(
                "contingencies",
                None,
                "kind",
                "branches only",
                f"{name} takes units out; only outages of branches are screened in this version",
            )
            for name in units
        )
    bridges = grid.forest.bridges
    islanding: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    for contingency in contingencies:
        if len(contingency.branches) == 1 and not bridges[contingency.branches[0]]:
            continue
        branches = np.array(contingency.branches, dtype=np.intp)
        cut_off = grid.cut_off(branches)
        if cut_off:
            islanding.append((tuple(str(b) for b in grid.branches[branches]), cut_off))
    if islanding:
        raise IslandingOutage([out for out, _ in islanding], [cut for _, cut in islanding])
