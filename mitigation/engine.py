"""The clearing engine as the live model that structural tests ask."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from clearing.model import ClearedModel
from clearing.names import row_names
from clearing.prices import price
from clearing.rows import Kind
from clearing.security import Secured
from mitigation.pivotal import Floats, Integers
from mitigation.rerun import Resolved

LIMIT = ["interval_start", "constraint", "contingency", "direction"]


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

    def solve_without(self, limits: pd.DataFrame) -> Resolved:
        """Solve with the given limits (interval_start, constraint, contingency, direction) free."""
        if limits.empty:
            return self._resolved(self._solve(), limits.assign(flow_mw=0.0))
        held = self._places(limits)
        penalty = self._penalty(held)
        try:
            self._set_cost(held, np.zeros(len(held)))
            secured = self._solve()
            # A row that left the model and came back is held again: free it once more.
            while self._costs(held := self._places(limits)).any():
                self._set_cost(held, np.zeros(len(held)))
                secured = self._solve()
            rows = self.model.live.soft[held]
            flow = self.model.cleared.network.flow_on(rows, secured.flows)
            return self._resolved(secured, limits.assign(flow_mw=flow))
        finally:
            self._set_cost(self._places(limits), penalty)

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

    def _solve(self) -> Secured:
        highs = self.model.live.highs
        if len(self._basis.row_status) == highs.getNumRow():  # type: ignore[attr-defined]
            highs.setBasis(self._basis)
        return self.model.loop.run()

    def _places(self, limits: pd.DataFrame) -> Integers:
        """Places of limits among the soft rows."""
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
        return found.to_numpy(dtype=np.int64)

    def _penalty(self, places: Integers) -> Floats:
        day, kinds = self.model.cleared.day, self.model.live.soft.kind[places]
        prices = [getattr(day.rulebook.penalties, Kind(kind).label) for kind in kinds.tolist()]
        return np.array(prices, dtype=float) * day.hours

    def _costs(self, places: Integers) -> Floats:
        first = len(self.model.live.compiled.cost)
        get = self.model.live.highs.getCol
        return np.array([get(int(first + place))[1] for place in places], dtype=float)

    def _set_cost(self, places: Integers, cost: Floats) -> None:
        first = len(self.model.live.compiled.cost)
        columns = np.asarray(first + places, dtype=np.int32)
        self.model.live.highs.changeColsCost(len(columns), columns, cost)

    def _resolved(self, secured: Secured, flows: pd.DataFrame) -> Resolved:
        cleared, soft = self.model.cleared, self.model.live.soft
        day, compiled = cleared.day, cleared.compiled
        balance = compiled.rows(compiled.market.model.energy_balance)
        lmp = price(day, cleared.network, secured.solution, soft, balance).lmp
        starts = day.case.interval_starts
        output = np.clip(cleared.ramps.output(secured.solution.x), day.low, day.high)

        def long(names: pd.Index[str], column: str, **values: object) -> pd.DataFrame:
            tiled = names.take(np.tile(np.arange(len(names)), len(starts)))
            return pd.DataFrame(
                {"interval_start": np.repeat(starts, len(names)), column: tiled, **values}
            )

        dispatch = long(day.units, "unit", mw=output.ravel())
        prices = long(day.grid.buses, "bus", lmp=lmp.ravel())
        return Resolved(dispatch, prices, flows)
