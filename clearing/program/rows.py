"""Rows that join the model when they are violated: how they are named, held and told apart.

A soft row is ``coefficients @ x - excess <= limit, excess >= 0``, the excess paid at the penalty
of its kind. Rows are held as columns of one integer key each, so that sets of thousands are
joined and compared without loops.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, vstack

from cases import RuleBook
from network.arrays import Flags, Floats, Positions

__all__ = ["Keys", "Kind", "RowSet", "SoftRows"]

Keys = npt.NDArray[np.int64]
_EXCESS_DECIMALS = 6


class Kind(IntEnum):
    """What a row limits."""

    BRANCH = 0
    INTERFACE = 1
    CONTINGENCY = 2
    RAMP = 3

    @property
    def label(self) -> str:
        """Its name in results and in the rulebook's penalties."""
        return self.name.lower()

    @classmethod
    def penalties(cls, rules: RuleBook) -> Floats:
        """Penalty of each kind, money per MW and hour, in the order of their values."""
        return np.array([getattr(rules.penalties, kind.label) for kind in cls], dtype=float)


@dataclass(frozen=True, eq=False)
class RowSet:
    """Names of rows, (N,) each: what is limited, under which contingency, when, which way."""

    kind: Positions
    element: Positions
    """Position of the branch, interface or unit."""
    contingency: Positions
    """Position of the contingency; -1 in the base case."""
    interval: Positions
    direction: Positions
    """+1 for the upper limit, -1 for the lower one."""
    excess: Floats
    """MW beyond the limit when the row was found, so far that noise orders no equals."""

    def __len__(self) -> int:
        return len(self.element)

    @classmethod
    def of(
        cls,
        kind: Kind,
        element: Positions,
        interval: Positions,
        direction: npt.NDArray[np.signedinteger] | Positions,
        excess: Floats,
        contingency: Positions | None = None,
    ) -> RowSet:
        """Rows of one kind."""
        base = np.full(len(element), -1, dtype=np.intp) if contingency is None else contingency
        return cls(
            np.full(len(element), kind, dtype=np.intp),
            np.asarray(element, dtype=np.intp),
            base,
            np.asarray(interval, dtype=np.intp),
            np.asarray(direction, dtype=np.intp),
            np.round(np.asarray(excess, dtype=float), _EXCESS_DECIMALS),
        )

    @classmethod
    def none(cls) -> RowSet:
        """No rows."""
        empty = np.zeros(0, dtype=np.intp)
        return cls(empty, empty, empty, empty, empty, np.zeros(0))

    @classmethod
    def joined(cls, parts: list[RowSet]) -> RowSet:
        """All rows of `parts` in order."""
        if not parts:
            return cls.none()
        names = ("kind", "element", "contingency", "interval", "direction", "excess")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def __getitem__(self, rows: Positions | Flags | slice) -> RowSet:
        """Give the rows at these places."""
        return RowSet(
            self.kind[rows],
            self.element[rows],
            self.contingency[rows],
            self.interval[rows],
            self.direction[rows],
            self.excess[rows],
        )

    @property
    def keys(self) -> Keys:
        """One integer per row, the same for the same row, (N,)."""
        upper = (self.direction > 0).astype(np.int64)
        what = (self.kind.astype(np.int64) << 28) + self.element
        where = (self.contingency.astype(np.int64) + 1 << 14) + self.interval
        return np.asarray((what * (1 << 32) + where) * 2 + upper, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class SoftRows:
    """Rows ready for the solver: ``coefficients @ x - excess <= limit`` at a penalty per MW."""

    rows: RowSet
    coefficients: csr_array
    limit: Floats
    penalty: Floats
    """Money per MW of excess over the interval, (N,)."""

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: Positions | Flags) -> SoftRows:
        """Give the rows at these places."""
        return SoftRows(
            self.rows[rows],
            csr_array(self.coefficients[np.asarray(rows)]),
            self.limit[rows],
            self.penalty[rows],
        )

    @classmethod
    def none(cls, columns: int) -> SoftRows:
        """No rows over so many columns."""
        return cls(RowSet.none(), csr_array((0, columns)), np.zeros(0), np.zeros(0))

    def with_rows(self, more: SoftRows) -> SoftRows:
        """These rows, then those."""
        return SoftRows(
            RowSet.joined([self.rows, more.rows]),
            csr_array(vstack([self.coefficients, more.coefficients], format="csr")),
            np.concatenate([self.limit, more.limit]),
            np.concatenate([self.penalty, more.penalty]),
        )
