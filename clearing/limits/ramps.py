"""Ramp limits between intervals: soft rows that join the model when a schedule breaks them."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from clearing.program.compiled import Compiled
from clearing.program.rows import Keys, Kind, RowSet, SoftRows
from network.arrays import Floats, Positions

__all__ = ["RampLimits"]


class RampLimits:
    """Ramps of a dispatch with the units that are on given.

        p[u,t] - p[u,t-1] - excess <= ramp_up[u] * hours                              (ramp up)
        p[u,t-1] - p[u,t] - excess <= ramp_down[u] * hours                          (ramp down)

    with p[u,-1] the initial output where it is given. A blank ramp is no limit. Between two
    self-schedules there is nothing to decide and no row. A unit that starts or
    comes back from an outage keeps to `startup_ramp` instead, one that stops to `shutdown_ramp`.
    """

    def __init__(self, compiled: Compiled) -> None:
        day = self.day = compiled.market.day
        self._compiled = compiled
        up, down = day.unit_column("ramp_up"), day.unit_column("ramp_down")
        self._up = np.where(day.was_on, _unlimited(up) * day.hours, self._event("startup_ramp"))
        self._down = np.where(day.on, _unlimited(down) * day.hours, self._event("shutdown_ramp"))
        self._initial = day.initial_output

    def _event(self, column: str) -> Floats:
        return _unlimited(self.day.unit_column(column))

    @property
    def exist(self) -> bool:
        """Whether any unit has a ramp limit that could matter."""
        several = self.day.intervals > 1 or bool(np.isfinite(self._initial).any())
        return several and bool(np.isfinite(self._up).any() or np.isfinite(self._down).any())

    @cached_property
    def column(self) -> Positions:
        """Column of each unit's output, (T, U); -1 where the output is a constant."""
        day, p = self.day, self._compiled.market.model.p
        column = np.full((day.intervals, len(day.units)), -1, dtype=np.intp)
        if len(p):
            names, when = zip(*p.keys(), strict=True)
            column[np.array(when), day.units.get_indexer(pd.Index(names))] = self._compiled.columns(
                "p"
            )
        return column

    def output(self, x: Floats) -> Floats:
        """Output of every unit, (T, U), at a solution (n,)."""
        return np.where(self.column >= 0, x[self.column], self.day.low)

    def violated(self, output: Floats, tolerance: float, known: Keys) -> RowSet:
        """Ramps that `output` (T, U) breaks by more than `tolerance` MW, but for `known` keys."""
        before = np.vstack([self._initial[None, :], output[:-1]])
        change = output - before
        own = ~np.isnan(self.day.self_scheduled)
        still = own & np.vstack([np.ones((1, own.shape[1]), dtype=bool), own[:-1]])
        parts = []
        for direction, limit in ((1, self._up), (-1, self._down)):
            excess = np.where(still, -np.inf, direction * change - limit)
            when, unit = np.nonzero(np.nan_to_num(excess, nan=-np.inf) > tolerance)
            rows = RowSet.of(
                Kind.RAMP, unit, when, np.full(len(unit), direction), excess[when, unit]
            )
            parts.append(rows[~np.isin(rows.keys, known)])
        return RowSet.joined(parts)

    def soft_rows(self, rows: RowSet) -> SoftRows:
        """Write ramp rows for the solver."""
        unit, when, direction = rows.element, rows.interval, rows.direction
        limit = np.where(direction > 0, self._up[when, unit], self._down[when, unit])
        entries = []
        for sign, at in ((1.0, when), (-1.0, when - 1)):
            first = at < 0
            column = np.where(first, -1, self.column[at, unit])
            constant = np.where(first, self._initial[unit], self.day.low[at, unit])
            fixed = column < 0
            limit = limit - np.where(fixed, sign * direction * constant, 0.0)
            row = np.flatnonzero(~fixed)
            entries.append((row, column[row], sign * direction[row]))
        row, column, value = (np.concatenate(part) for part in zip(*entries, strict=True))
        shape = (len(rows), len(self._compiled.cost))
        penalty = Kind.penalties(self.day.rulebook)[rows.kind] * self.day.hours
        return SoftRows(
            rows,
            csr_array((value, (row, column)), shape=shape),
            limit,
            penalty,
        )

    def limit_and_change(self, rows: RowSet, output: Floats) -> tuple[Floats, Floats]:
        """Limit in each row's direction and the change of output, MW per interval, (N,) each."""
        unit, when = rows.element, rows.interval
        limit = np.where(rows.direction > 0, self._up[when, unit], self._down[when, unit])
        before = np.where(when > 0, output[when - 1, unit], self._initial[unit])
        return limit, output[when, unit] - before


def _unlimited(limit: Floats) -> Floats:
    return np.where(np.isnan(limit), np.inf, limit)
