"""The grid torn into pieces, so that all transfer factors come from small dense products.

Kron's diakoptics (Happ, *Diakoptics and Networks*, 1971): let separator buses S tear the grid into
pieces C that touch each other only through S. With K the susceptance matrix, P the inverse of a
piece's own block and H = -P K_CS the angles inside a piece per angle on its boundary, a transfer
over branch l is seen from the separator as ``alpha_l = H' a_l[C] + a_l[S]``, and

    a_l' K^-1 a_m = alpha_l' Z alpha_m  (+ a_l' P a_m when both lie in the same piece)

with Z the inverse of K reduced to S. A piece has a few hundred branches and a few dozen boundary
buses, so every factor of the grid costs a few dozen multiplications instead of its share of a
sparse solve, and pieces that cannot influence each other enough are skipped by a bound: alpha sums
to zero, so Z may be centered, and the product is no larger than the norms of its parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from network.arrays import Floats, Positions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from network.grid import Grid

__all__ = ["Piece", "TornGrid", "elimination_tree", "tear"]

_TRUSTED_ERROR = 1e-6


@dataclass(frozen=True, eq=False)
class Piece:
    """Branches of one piece, and how they reach its boundary."""

    branches: Positions
    """Positions in the grid, (k,)."""
    boundary: Positions
    """Places in the separator, (s,)."""
    reach: Floats
    """What a transfer over each branch injects at the boundary: alpha, (k, s)."""
    local: Floats
    """What the piece adds to the factors among its own branches, (k, k)."""


@dataclass(frozen=True, eq=False)
class TornGrid:
    """All pieces, and the angles among separator buses per injection there, Z."""

    pieces: tuple[Piece, ...]
    separator: Floats

    def own_transfer(self, branches: int) -> Floats:
        """Angle over each branch when it carries a transfer itself, (L,): a_m' K^-1 a_m."""
        own = np.zeros(branches)
        for piece in self.pieces:
            z = self.separator[np.ix_(piece.boundary, piece.boundary)]
            own[piece.branches] = np.sum((piece.reach @ z) * piece.reach, axis=1)
            own[piece.branches] += np.diagonal(piece.local)
        return own

    def large_factors(
        self, row_scale: Floats, column_scale: Floats
    ) -> Iterator[tuple[Positions, Positions, Floats]]:
        """Find every |row_scale[l] * a_l' K^-1 a_m * column_scale[m]| > 1, l and m different.

        Scales are (L,), zero where a branch is not asked for. Yields branches l, branches m and
        the scaled factors, (n,) each, in parts that do not overlap.
        """
        lines = [_scaled(piece, row_scale) for piece in self.pieces]
        outages = [_scaled(piece, column_scale) for piece in self.pieces]
        for p, (line, rows, row_norm) in enumerate(lines):
            if not len(line):
                continue
            across = self.separator[self.pieces[p].boundary]
            for q, (outage, columns, column_norm) in enumerate(outages):
                if not len(outage):
                    continue
                z = across[:, self.pieces[q].boundary]
                if p == q:
                    at_line = np.searchsorted(self.pieces[p].branches, line)
                    at_outage = np.searchsorted(self.pieces[p].branches, outage)
                    values = rows @ (z @ columns.T)
                    local = self.pieces[p].local[np.ix_(at_line, at_outage)]
                    values += local * row_scale[line][:, None] * column_scale[outage]
                    values[line[:, None] == outage] = 0.0
                    yield _above_one(line, outage, values)
                    continue
                z = z - z.mean(axis=0)
                z -= z.mean(axis=1)[:, None]
                if row_norm.max() * column_norm.max() * np.sqrt(np.vdot(z, z)) <= 1.0:
                    continue
                seen = z @ columns.T
                seen_norm = np.sqrt(np.einsum("sm,sm->m", seen, seen))
                near = seen_norm * row_norm.max() > 1.0
                if not near.any():
                    continue
                far = row_norm * seen_norm.max() > 1.0
                yield _above_one(line[far], outage[near], rows[far] @ seen[:, near])


def _scaled(piece: Piece, scale: Floats) -> tuple[Positions, Floats, Floats]:
    """Branches of a piece with a scale, their scaled reach, and its norms."""
    wanted = scale[piece.branches] != 0.0
    reach = piece.reach[wanted] * scale[piece.branches[wanted]][:, None]
    return piece.branches[wanted], reach, np.sqrt(np.einsum("ks,ks->k", reach, reach))


def _above_one(
    line: Positions, outage: Positions, values: Floats
) -> tuple[Positions, Positions, Floats]:
    row, column = np.nonzero(np.abs(values) > 1.0)
    return line[row], outage[column], values[row, column]


def tear(grid: Grid, piece_size: int) -> TornGrid | None:
    """Tear a grid into pieces of about `piece_size` buses.

    Returns None when the parts, put together again, do not reproduce known angles: the block of a
    piece can be singular where negative susceptances cancel although the grid is sound.
    """
    piece_of = _assign_pieces(grid, piece_size)
    connected = np.zeros(len(grid.buses), dtype=bool)
    connected[grid.from_bus[grid.in_service]] = True
    connected[grid.to_bus[grid.in_service]] = True
    separator = np.flatnonzero(connected & (piece_of < 0))
    place = np.full(len(grid.buses), -1, dtype=np.intp)
    place[separator] = np.arange(len(separator))

    matrix = grid.susceptance_matrix
    reduced = matrix[separator][:, separator].toarray()
    parts: list[_Interior] = []
    try:
        for buses in _groups(piece_of):
            part = _Interior.of(matrix, buses, place)
            reduced[np.ix_(part.boundary, part.boundary)] += part.coupling.T @ part.to_boundary
            parts.append(part)
        free = ~np.isin(separator, grid.references)
        z = np.zeros_like(reduced)
        z[np.ix_(free, free)] = np.linalg.inv(reduced[np.ix_(free, free)])
    except np.linalg.LinAlgError:
        return None
    z = 0.5 * (z + z.T)
    if _recovery_error(matrix, separator, parts, z, grid.references) > _TRUSTED_ERROR:
        return None
    return TornGrid(tuple(_pieces(grid, piece_of, place, parts, piece_size)), z)


@dataclass(frozen=True, eq=False)
class _Interior:
    """The buses of a piece: inverse P of their block, K_CS, and H = -P K_CS."""

    buses: Positions
    boundary: Positions
    inverse: Floats
    coupling: Floats
    to_boundary: Floats

    @classmethod
    def of(cls, matrix: csr_array, buses: Positions, place: Positions) -> _Interior:
        rows = matrix[buses]
        own = rows[:, buses].toarray()
        touched = np.unique(rows.indices)
        outside = touched[place[touched] >= 0]
        coupling = rows[:, outside].toarray()
        inverse = np.linalg.inv(own)
        inverse = 0.5 * (inverse + inverse.T)
        return cls(buses, place[outside], inverse, coupling, -inverse @ coupling)


def _pieces(
    grid: Grid, piece_of: Positions, place: Positions, parts: list[_Interior], size: int
) -> Iterator[Piece]:
    start, end = grid.from_bus, grid.to_bus
    # A branch belongs to the piece of its inner end; no branch joins two pieces.
    owner = np.where(grid.in_service, np.maximum(piece_of[start], piece_of[end]), -2)
    inside = np.full(len(piece_of), -1, dtype=np.intp)
    for number, part in enumerate(parts):
        branches = np.flatnonzero(owner == number)
        inside[part.buses] = np.arange(len(part.buses))
        at_inner = np.zeros((len(branches), len(part.buses)))
        reach = np.zeros((len(branches), len(part.boundary)))
        for ends, sign in ((start[branches], 1.0), (end[branches], -1.0)):
            inner, k = inside[ends], np.arange(len(branches))
            at_inner[k[inner >= 0], inner[inner >= 0]] += sign
            outer = inner < 0
            at = np.searchsorted(part.boundary, place[ends[outer]])
            reach[k[outer], at] += sign
        reach += at_inner @ part.to_boundary
        local = at_inner @ part.inverse @ at_inner.T
        inside[part.buses] = -1
        if len(branches):
            yield Piece(branches, part.boundary, reach, local)
    between = np.flatnonzero(owner == -1)
    for first in range(0, len(between), size):
        branches = between[first : first + size]
        ends = np.column_stack([place[start[branches]], place[end[branches]]])
        boundary, at = np.unique(ends, return_inverse=True)
        at = at.reshape(ends.shape)
        reach = np.zeros((len(branches), len(boundary)))
        k = np.arange(len(branches))
        reach[k, at[:, 0]] += 1.0
        reach[k, at[:, 1]] -= 1.0
        yield Piece(branches, boundary, reach, np.zeros((len(branches), len(branches))))


def _recovery_error(
    matrix: csr_array,
    separator: Positions,
    parts: list[_Interior],
    z: Floats,
    references: Positions,
) -> float:
    """Largest error with which known angles of size one are found again from the parts."""
    known = np.random.default_rng(0).uniform(-1.0, 1.0, int(matrix.shape[0]))
    known[references] = 0.0
    injection = matrix @ known
    at_separator = injection[separator]
    for part in parts:
        at_separator[part.boundary] += part.to_boundary.T @ injection[part.buses]
    angles = z @ at_separator
    error = float(np.max(np.abs(angles - known[separator]), initial=0.0))
    for part in parts:
        inner = part.inverse @ injection[part.buses] + part.to_boundary @ angles[part.boundary]
        error = max(error, float(np.max(np.abs(inner - known[part.buses]))))
    return error


def _assign_pieces(grid: Grid, size: int) -> Positions:
    """Piece of each bus, (B,), or -1 for buses of the separator and references.

    Subtrees of the elimination tree touch each other only through their ancestors: those of up to
    `size` buses are the raw material, and neighbors in the order of elimination share pieces.
    """
    order = grid.factor.elimination_order
    live = grid.in_service
    parent = elimination_tree(order, grid.from_bus[live], grid.to_bus[live], len(grid.buses))
    count = len(order)
    sizes = [1] * (count + 1)
    for k, above in enumerate(parent):
        sizes[above] += sizes[k]
    root = list(range(count))
    for k in range(count - 1, -1, -1):
        above = parent[k]
        if above < count and sizes[above] <= size:
            root[k] = root[above]
    roots = [k for k in range(count) if root[k] == k and sizes[k] <= size]
    roots.sort(key=lambda k: (parent[k], k))
    group: dict[int, int] = {}
    number, filled = 0, 0
    for k in roots:
        if filled and filled + sizes[k] > size:
            number, filled = number + 1, 0
        filled += sizes[k]
        group[k] = number
    piece_of = np.full(len(grid.buses), -1, dtype=np.intp)
    piece_of[order] = [group.get(root[k], -1) for k in range(count)]
    return piece_of


def elimination_tree(
    order: Positions, from_bus: Positions, to_bus: Positions, buses: int
) -> list[int]:
    """Parent of each bus in the elimination tree, by place in `order`; the top has len(order).

    Liu, "The role of elimination trees in sparse factorization", SIAM J. Matrix Analysis 11(1),
    1990, algorithm 4.2. Buses that are not in `order` take no part.
    """
    count = len(order)
    place = np.full(buses, -1, dtype=np.intp)
    place[order] = np.arange(count)
    f, t = place[from_bus], place[to_bus]
    both = (f >= 0) & (t >= 0)
    low, high = np.minimum(f, t)[both], np.maximum(f, t)[both]
    by_high = np.lexsort((low, high))
    parent, ancestor = [count] * count, [count] * count
    for k, i in zip(low[by_high].tolist(), high[by_high].tolist(), strict=True):
        here = k
        while ancestor[here] not in (count, i):
            ancestor[here], here = i, ancestor[here]
        if ancestor[here] == count and here != i:
            ancestor[here] = parent[here] = i
    return parent


def _groups(piece_of: Positions) -> list[Positions]:
    order = np.argsort(piece_of, kind="stable")
    order = order[piece_of[order] >= 0]
    return np.split(order, np.flatnonzero(np.diff(piece_of[order])) + 1) if len(order) else []
