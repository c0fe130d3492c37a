"""The factorized susceptance matrix of a grid: every angle and sensitivity is a solve with it.

The matrix is symmetric but, with negative reactances, not definite, so it is factorized by sparse
LU with threshold pivoting along the diagonal. MMD_AT_PLUS_A in symmetric mode was the leanest of
SuperLU's orderings on every grid measured from 2,000 to 70,000 buses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from scipy.sparse import csc_array
from scipy.sparse.linalg import SuperLU, splu

from network.arrays import Floats, Positions
from network.errors import DegenerateNetwork

__all__ = ["BLOCK", "Factor", "blocks"]

BLOCK = 16
"""Right-hand sides per solve: so few stay in cache, and never wake BLAS threads."""

# Ordering, pivot threshold on the diagonal, symmetric mode; the second is slower and sturdier.
_ATTEMPTS: tuple[tuple[Literal["MMD_AT_PLUS_A", "COLAMD"], float, bool], ...] = (
    ("MMD_AT_PLUS_A", 0.1, True),
    ("COLAMD", 1.0, False),
)
_TRUSTED_ERROR = 1e-6


def blocks(count: int, size: int = BLOCK) -> Iterator[slice]:
    """Slices of at most `size` that cover ``range(count)``."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


class Factor:
    """Sparse LU of a grid's susceptance matrix without one reference bus per island.

    Parameters
    ----------
    matrix
        The symmetric (B, B) matrix of all buses, in per unit.
    references
        Position of the bus of each island whose angle is zero.

    Raises
    ------
    DegenerateNetwork
        If the reduced matrix is singular, which only negative susceptances can cause.
    """

    def __init__(self, matrix: csc_array, references: Positions) -> None:
        self.buses = int(matrix.shape[0])
        kept = np.ones(self.buses, dtype=bool)
        kept[references] = False
        self._kept: Positions = np.flatnonzero(kept)
        self._reduced = np.full(self.buses, -1, dtype=np.intp)
        self._reduced[self._kept] = np.arange(len(self._kept))
        self._lu = _factorize(csc_array(matrix[self._kept][:, self._kept]))

    @property
    def elimination_order(self) -> Positions:
        """Buses in the order in which the factorization eliminates them, references left out."""
        if self._lu is None:
            return self._kept
        order = np.empty_like(self._kept)
        order[self._lu.perm_c] = self._kept
        return order

    def solve(self, injections: Floats) -> Floats:
        """Angles for per-unit injections, (B,) or (B, n): zero at the reference buses.

        What an island's injections do not sum to is withdrawn at its reference bus.
        """
        angles = np.zeros(injections.shape)
        if self._lu is None:
            return angles
        if injections.ndim == 1:
            angles[self._kept] = self._lu.solve(injections[self._kept])
            return angles
        for block in blocks(injections.shape[1]):
            angles[self._kept, block] = self._lu.solve(injections[self._kept, block])
        return angles

    def transfer_angles(self, sources: Positions, sinks: Positions) -> Floats:
        """Angles, (n, B), when one per-unit MW goes from each source to its sink.

        Memory is n * B numbers: ask for few at a time.
        """
        count = len(sources)
        angles = np.zeros((count, self.buses))
        if self._lu is None:
            return angles
        row = np.arange(min(BLOCK, count))
        for block in blocks(count):
            right = np.zeros((block.stop - block.start, len(self._kept)))
            here = row[: len(right)]
            source, sink = self._reduced[sources[block]], self._reduced[sinks[block]]
            right[here[source >= 0], source[source >= 0]] = 1.0
            right[here[sink >= 0], sink[sink >= 0]] -= 1.0
            angles[block, self._kept] = self._lu.solve(right.T).T
        return angles


def _factorize(matrix: csc_array) -> SuperLU | None:
    if matrix.shape[0] == 0:
        return None
    for ordering, threshold, symmetric in _ATTEMPTS:
        try:
            lu: SuperLU = splu(
                matrix,
                permc_spec=ordering,
                diag_pivot_thresh=threshold,
                options={"SymmetricMode": symmetric},
            )
        except RuntimeError:
            continue
        if _recovery_error(matrix, lu) <= _TRUSTED_ERROR:
            return lu
    raise DegenerateNetwork(
        message="the susceptances cancel (see negative reactances): no unique angles exist"
    )


def _recovery_error(matrix: csc_array, lu: SuperLU) -> float:
    """Largest error with which known angles of size one are found again."""
    known = np.random.default_rng(0).uniform(-1.0, 1.0, int(matrix.shape[0]))
    return float(np.max(np.abs(lu.solve(matrix @ known) - known)))
