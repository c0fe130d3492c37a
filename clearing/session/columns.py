"""What the columns and rows of a solved program are: family, index, interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo

from clearing.limits.names import limited, row_names
from clearing.limits.network import NetworkLimits
from clearing.program.live import LiveProgram
from network.arrays import Positions

__all__ = ["EXCESS", "Named", "Names"]

EXCESS = "excess"
"""Family of the MW beyond a limit that was found on the way."""
_INTERVAL_AT = {"reserve": 2, "reserve_shortage": 2, "match": 2}
"""Place of the interval in the index of a family; the second one in all others."""


@dataclass(frozen=True, slots=True)
class Named:
    """A column or row: its family, its index there, and the interval (-1 = of no single one)."""

    family: str
    key: tuple[Any, ...]
    interval: int


class Names:
    """Names of the columns (n + N) and rows (m + C + N) of a program, looked up one by one."""

    def __init__(self, live: LiveProgram, network: NetworkLimits) -> None:
        self._live, self._network = live, network
        compiled = live.compiled
        self._families = list(compiled.market.families.items())
        self._of: Positions = np.full(len(compiled.cost), -1, dtype=np.intp)
        self._member: Positions = np.zeros(len(compiled.cost), dtype=np.intp)
        for k, (name, family) in enumerate(self._families):
            columns = compiled.columns(name)
            self._of[columns] = k
            self._member[columns] = np.arange(len(family))
        self._rows: dict[int, Named] | None = None
        self._limits: list[tuple[tuple[str, str, str], int]] | None = None

    def column(self, column: int) -> Named:
        """Name a column; what exceeds a soft row goes by (constraint, contingency, kind)."""
        count = len(self._of)
        if column >= count:
            return self._soft(EXCESS, column - count)
        k = int(self._of[column])
        if k < 0:
            return Named("", (), -1)
        name, family = self._families[k]
        return _named(name, family.members[int(self._member[column])].index())

    def row(self, row: int) -> Named:
        """Name a row; soft rows go by (constraint, contingency, kind) in the family `limit`."""
        if row >= self._live.hard:
            return self._soft("limit", row - self._live.hard)
        if self._rows is None:
            self._rows = dict(self._named_rows())
        return self._rows.get(row, Named("loss_tangent", (), -1))

    def _soft(self, family: str, k: int) -> Named:
        if self._limits is None:
            rows = self._live.soft
            constraint, contingency = row_names(self._network, rows)
            kind = limited(self._network, rows)["kind"]
            keys = zip(constraint.tolist(), contingency.tolist(), kind.tolist(), strict=True)
            self._limits = list(zip(keys, rows.interval.tolist(), strict=True))
        return Named(family, *self._limits[k])

    def _named_rows(self) -> Iterator[tuple[int, Named]]:
        compiled = self._live.compiled
        for component in compiled.market.model.component_objects(pyo.Constraint):
            rows = compiled.rows(component).tolist()
            for row, key in zip(rows, component.keys(), strict=True):
                yield row, _named(str(component.local_name), key)


def _named(family: str, index: Any) -> Named:
    key = index if isinstance(index, tuple) else (index,)
    at = _INTERVAL_AT.get(family, 1)
    interval = key[at] if len(key) > at and isinstance(key[at], int) else -1
    return Named(family, key, interval)
