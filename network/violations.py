"""Violations after outages: the flows themselves, and the worst few per line and interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from network.arrays import Floats, Positions

__all__ = ["Hits", "Violations", "collect", "worst_hits"]

RANKED_DECIMALS = 6
"""Decimals of MW that rank violations, so that noise does not order equal ones."""


@dataclass(frozen=True, eq=False)
class Violations:
    """Flows after outages beyond emergency ratings, (N,) each, the largest excess first.

    The flow after the outage is ``F[line] + sum_j factors[:, j] * F[outages[:, j]]``, and its PTDF
    row ``ptdf[line] + sum_j factors[:, j] * ptdf[outages[:, j]]``.
    """

    line: Positions
    contingency: Positions
    """Position in `ContingencyScreen.contingencies`."""
    interval: Positions
    direction: npt.NDArray[np.int8]
    """+1 where the flow exceeds its upper limit, -1 where it exceeds its lower limit."""
    flow: Floats
    """Flow after the outage, MW, signed."""
    excess: Floats
    """MW beyond the emergency rating, as far as it ranks them."""
    outages: Positions
    """Positions of the branches that go out, (N, n); -1 fills up rows of smaller outages."""
    factors: Floats
    """Outage factors of `outages`, (N, n); 0 where it is -1."""
    found: int
    """Violations found in all; the arrays hold the worst of them per line and interval."""

    def __len__(self) -> int:
        return len(self.line)


@dataclass(frozen=True, eq=False)
class Hits:
    """The worst violations per line and interval among some of the pairs."""

    line: Positions
    contingency: Positions
    interval: Positions
    flow: Floats
    outages: Positions
    factors: Floats
    found: int


def worst_hits(
    flows: Floats,
    line: Positions,
    out: Positions,
    factors: Floats,
    contingency: Positions,
    emergency: Floats,
    tolerance: float,
    worst: int,
) -> Hits:
    """Find violations among pairs that are sorted by line, in all intervals.

    `flows` (L, T) in MW before the outages; `line` (P,), `out` and `factors` (P, n) and
    `contingency` (P,) describe the pairs; `emergency` (L,). Of equals the first is kept.
    """
    after = flows[line]
    for j in range(out.shape[1]):
        after += factors[:, j, None] * flows[out[:, j]]
    excess = np.abs(after)
    excess -= emergency[line][:, None]
    bad = excess > tolerance
    found = int(np.count_nonzero(bad))
    excess[~bad] = -np.inf
    rows = np.flatnonzero(bad.any(axis=1))
    excess = np.round(excess[rows], RANKED_DECIMALS)
    new_line = np.diff(line[rows], prepend=-1) != 0
    first, of_line = np.flatnonzero(new_line), np.cumsum(new_line) - 1
    number = np.arange(len(rows))[:, None]
    chosen = np.zeros(excess.shape, dtype=bool)
    for _ in range(worst if len(rows) else 0):
        top = np.maximum.reduceat(excess, first, axis=0)
        is_top = excess == top[of_line]
        best = np.minimum.reduceat(np.where(is_top, number, len(rows)), first, axis=0)
        at, interval = best[top > -np.inf], np.nonzero(top > -np.inf)[1]
        chosen[at, interval] = True
        excess[at, interval] = -np.inf
    at, interval = np.nonzero(chosen)
    pair = rows[at]
    return Hits(
        line[pair],
        contingency[pair],
        interval,
        after[pair, interval],
        out[pair],
        factors[pair],
        found,
    )


def collect(hits: Sequence[Hits], emergency: Floats, worst: int, widest: int) -> Violations:
    """Join hits, keep the worst per line and interval over all of them, sort by excess."""
    total = sum(len(part.line) for part in hits)
    line, contingency, interval = (np.empty(total, np.intp) for _ in range(3))
    flow = np.empty(total)
    outages, factors = np.full((total, widest), -1, np.intp), np.zeros((total, widest))
    start = 0
    for part in hits:
        here = slice(start, start + len(part.line))
        line[here], contingency[here] = part.line, part.contingency
        interval[here], flow[here] = part.interval, part.flow
        outages[here, : part.outages.shape[1]] = part.outages
        factors[here, : part.factors.shape[1]] = part.factors
        start = here.stop
    excess = np.round(np.abs(flow) - emergency[line], RANKED_DECIMALS)
    order = np.lexsort((contingency, -excess, interval, line))
    place = np.arange(total)
    new = (np.diff(line[order], prepend=-1) != 0) | (np.diff(interval[order], prepend=-1) != 0)
    rank = place - np.maximum.accumulate(np.where(new, place, 0))
    order = order[rank < worst]
    order = order[np.lexsort((interval[order], contingency[order], line[order], -excess[order]))]
    return Violations(
        line[order],
        contingency[order],
        interval[order],
        np.sign(flow[order]).astype(np.int8),
        flow[order],
        excess[order],
        outages[order],
        factors[order],
        sum(part.found for part in hits),
    )
