"""The clearing engine as the live model that structural tests ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from cases.errors import InputError
from clearing.limits.names import row_names
from clearing.model import ClearedModel
from clearing.program.rows import Kind, RowSet
from clearing.session.cleared import Cleared
from clearing.session.custom_prices import CustomPlaces
from mitigation.again.protocols import Resolved
from network.arrays import Floats, Integers

_ZERO: Final = 1e-9
LIMIT: Final = ["interval_start", "constraint", "contingency", "direction"]


@dataclass(eq=False)
class EngineModel:
    """A cleared model, solved again with one thing changed and then put back as it was.

    Rows of the grid that such a solve finds violated stay in the model, where they hold nothing
    back; the model's answers do not depend on what was asked before.
    """

    model: ClearedModel
    _basis: object = field(init=False)

    def __post_init__(self) -> None:
        """Keep the basis of the clearing, from which every solve starts."""
        self._basis = self.model.live.highs.getBasis()

    def solve_without(self, limits: pd.DataFrame, *, alike: float) -> Resolved:
        """Solve with the given limits free, and those that stand in for them.

        ``limits`` has interval_start, constraint, contingency, direction. Custom constraints are
        set free as rows of their own.
        """
        custom = self._custom(limits, self.model.cleared)
        own = np.isin(np.arange(len(limits)), custom.asked)
        asked = self.model.live.soft[self._places(limits[~own])]
        free = asked
        live, compiled = self.model.live, self.model.cleared.compiled
        endless = np.full(len(custom.row), np.inf)
        try:
            live.set_row_limits(custom.row, -endless, endless)
            while True:
                self._set_penalty(free, 0.0)
                found = self._solve()
                # A row that left the model and came back is held again: free it once more.
                if self.model.live.penalty[self._held(free)].any():
                    continue
                more = self._stand_ins(asked, free, found, alike)
                if not len(more):
                    break
                free = RowSet.joined([free, more])
            flow = np.empty(len(limits))
            flow[~own] = self.model.cleared.network.flow_on(asked, found.flows, found.output)
            moved = self._custom(limits, found)
            flow[moved.asked] = moved.amount
            return self._resolved(found, limits.assign(flow_mw=flow))
        finally:
            self._set_penalty(free, self._penalty(free))
            row = custom.row
            live.set_row_limits(row, compiled.row_low[row], compiled.row_high[row])

    def _custom(self, limits: pd.DataFrame, cleared: Cleared) -> CustomPlaces:
        """The user's own constraints among some limits, at a solution."""
        starts = cleared.day.case.interval_starts
        first = starts.get_indexer(pd.DatetimeIndex(limits["interval_start"])).astype(np.intp)
        names = limits["constraint"].tolist()
        return CustomPlaces.of(cleared.compiled, cleared.solution.x, names, first)

    def _stand_ins(self, asked: RowSet, free: RowSet, found: Cleared, alike: float) -> RowSet:
        """Binding rows whose relief factors are those of a row that was asked for."""
        soft = self.model.live.soft
        if not len(asked):
            return soft[:0]
        binds = (found.shadow > _ZERO) & (soft.kind != Kind.RAMP)
        binds &= np.isin(soft.interval, asked.interval) & ~np.isin(soft.keys, free.keys)
        rows = soft[binds]
        if not len(rows):
            return rows
        alignment = self._relief(rows) @ self._relief(asked).T
        same_interval = rows.interval[:, None] == asked.interval
        return rows[((alignment >= alike) & same_interval).any(axis=1)]

    def _relief(self, rows: RowSet) -> Floats:
        """Relief factors at the units' buses, centered and of length 1, (N, buses with units).

        The slack adds one number to all factors of an island, so centering takes it out; a row that
        no unit can change has the length 0.
        """
        day = self.model.cleared.day
        buses = np.unique(day.unit_bus)
        sensitivity, which = self.model.cleared.network.sensitivities(rows)
        factors = sensitivity[:, buses]
        size = np.bincount(day.grid.islands[buses], minlength=day.islands)
        for island in np.flatnonzero(size):
            inside = day.grid.islands[buses] == island
            factors[:, inside] -= factors[:, inside].mean(axis=1, keepdims=True)
        length = np.linalg.norm(factors, axis=1, keepdims=True)
        unit = np.divide(factors, length, out=np.zeros_like(factors), where=length > _ZERO)
        return np.asarray(-rows.direction[:, None] * unit[which])

    def solve_with_output(self, fixed: pd.DataFrame) -> Resolved:
        """Solve with the output of some units fixed: interval_start, unit, mw."""
        day, ramps, live = self.model.cleared.day, self.model.cleared.ramps, self.model.live
        interval = day.case.interval_starts.get_indexer(pd.DatetimeIndex(fixed["interval_start"]))
        unit = day.units.get_indexer(pd.Index(fixed["unit"]))
        column = ramps.column[interval, unit]
        free = column >= 0
        column, interval, unit = column[free], interval[free], unit[free]
        mw = fixed["mw"].to_numpy(dtype=float)[free]
        low, high = day.low[interval, unit], day.high[interval, unit]
        try:
            live.set_bounds(column, np.clip(mw, low, high), np.clip(mw, low, high))
            return self._resolved(self._solve(), pd.DataFrame(columns=[*LIMIT, "flow_mw"]))
        finally:
            live.set_bounds(column, low, high)

    def _solve(self) -> Cleared:
        highs = self.model.live.highs
        if len(self._basis.row_status) == highs.getNumRow():  # type: ignore[attr-defined]
            highs.setBasis(self._basis)
        return self.model.session.solve()

    def _places(self, limits: pd.DataFrame) -> Integers:
        """Places of named limits among the soft rows."""
        cleared, soft = self.model.cleared, self.model.live.soft
        constraint, contingency = row_names(cleared.network, soft)
        held = pd.DataFrame(
            {
                "interval_start": cleared.day.case.interval_starts[soft.interval],
                "constraint": constraint,
                "contingency": contingency,
                "direction": np.where(soft.direction > 0, "upper", "lower"),
                "place": np.arange(len(soft)),
            }
        )
        found = limits[LIMIT].merge(held, on=LIMIT, how="left", sort=False)["place"]
        if found.isna().any():
            unknown = limits[found.isna().to_numpy()].iloc[0].to_list()
            raise InputError.one(
                "", None, "limits", "limits", f"the model holds no limit {unknown}"
            )
        return found.to_numpy(dtype=np.int64)

    def _held(self, rows: RowSet) -> Integers:
        """Places of rows that are in the model now."""
        return np.flatnonzero(np.isin(self.model.live.soft.keys, rows.keys))

    def _set_penalty(self, rows: RowSet, penalty: float | Floats) -> None:
        held = self._held(rows)
        self.model.live.set_penalty(held, np.broadcast_to(penalty, held.shape).astype(float))

    def _penalty(self, rows: RowSet) -> Floats:
        soft = self.model.live.soft
        day, kinds = self.model.cleared.day, soft.kind[self._held(rows)]
        return Kind.penalties(day.rulebook)[kinds] * day.hours

    def _resolved(self, found: Cleared, flows: pd.DataFrame) -> Resolved:
        day = found.day
        starts = day.case.interval_starts

        def long(names: pd.Index[str], column: str, **values: object) -> pd.DataFrame:
            tiled = names.take(np.tile(np.arange(len(names)), len(starts)))
            return pd.DataFrame(
                {"interval_start": np.repeat(starts, len(names)), column: tiled, **values}
            )

        dispatch = long(day.units, "unit", mw=found.output.ravel())
        prices = long(day.grid.buses, "bus", lmp=found.prices.lmp.ravel())
        return Resolved(dispatch, prices, flows)
